-- Looks at every pair, trades nothing: draws the break-even map once a minute. For each pair and direction it says how
-- near each style came to paying: the spread there was, the one at which it pays, and what would have been left.

local S = {
  api        = 1,
  name       = "observer",
  pairs      = "*",
  directions = { "carry", "reverse" },
  params = {
    every = { 60, min = 1, max = 86400, unit = "s", doc = "How often the map is logged." },
  },
  -- By pair and direction, then by style: the moment at which most would have been left.
  state = { best = {}, last_ms = 0 },
  state_version = 2,
}

local styles = {
  { key = "taker", words = "taker", gross = "gross_pct" },
  { key = "rest_spot", words = "rest spot", gross = "gross_rest_spot_pct" },
  { key = "rest_perp", words = "rest perp", gross = "gross_rest_perp_pct" },
  { key = "rest_both", words = "rest both", gross = "gross_rest_both_pct" },
}

local function note(best, o)
  local key = o.pair .. " " .. o.direction
  local row = best[key]
  if row == nil then
    row = {}
    best[key] = row
  end
  for _, style in ipairs(styles) do
    local net = o["net_" .. style.key .. "_pct"]
    if row[style.key] == nil or net > row[style.key].net then
      row[style.key] = { net = net, gross = o[style.gross], pays_at = o["breakeven_" .. style.key .. "_pct"] }
    end
  end
end

local function draw(key, row)
  local parts = {}
  for _, style in ipairs(styles) do
    local at = row[style.key]
    table.insert(parts,
      string.format("%s %.4f of %.4f (net %.4f)", style.words, at.gross, at.pays_at, at.net))
  end
  log.info("break-even map, % " .. key .. ": " .. table.concat(parts, ", "))
end

function S.score(o, p)
  note(S.state.best, o)
  if o.now_ms - S.state.last_ms >= p.every * 1000 then
    if S.state.last_ms > 0 then
      for key, row in pairs(S.state.best) do draw(key, row) end
      S.state.best = {}
    end
    S.state.last_ms = o.now_ms
  end
  return nil, "observes"
end

--- The figures of one interval are no loss.
function S.migrate(state, from_version)
  return { best = {}, last_ms = state.last_ms or 0 }
end

return S
