-- Looks at every pair, trades nothing: remembers how close each style came to paying, and says so once a minute.

local S = {
  api        = 1,
  name       = "observer",
  pairs      = "*",
  directions = { "carry", "reverse" },
  params = {
    every = { 60, min = 1, max = 86400, unit = "s", doc = "How often the best figures are logged." },
  },
  state = { best = {}, last_ms = 0 },
  state_version = 1,
}

local styles = { "taker", "rest_spot", "rest_perp", "rest_both" }

local function note(best, o)
  local key = o.pair .. " " .. o.direction
  local row = best[key]
  if row == nil then
    row = {}
    best[key] = row
  end
  for _, style in ipairs(styles) do
    local net = o["net_" .. style .. "_pct"]
    if row[style] == nil or net > row[style] then row[style] = net end
  end
end

function S.score(o, p)
  note(S.state.best, o)
  if o.now_ms - S.state.last_ms >= p.every * 1000 then
    if S.state.last_ms > 0 then
      for key, row in pairs(S.state.best) do
        log.info(string.format("best net %s: taker %.4f, rest spot %.4f, rest perp %.4f, both %.4f %%",
          key, row.taker, row.rest_spot, row.rest_perp, row.rest_both))
      end
      S.state.best = {}
    end
    S.state.last_ms = o.now_ms
  end
  return nil, "observes"
end

return S
