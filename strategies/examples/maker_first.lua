-- Rests one leg, always: works spreads that are too narrow for takers, and leaves by resting as well.
--
-- What to expect at base-tier fees. With one leg resting at the entry a round pays from a mid spread of about 0.33 %,
-- against 0.37 % for takers on a liquid book; about 0.30 % where the exit rests too and fills. It rests the wider leg:
-- 150 USD behind 170,000 on a deep touch are not filled. On thin pairs that is none to three fills a week, 0.03 to
-- 0.10 % each: cents on 150 USD. Most posts end unfilled, and weeks without a round are normal.
--
-- Traps: a post is filled just when the index moves, 0.4 to 1 bp against it; the host pulls a post that no longer
-- earns, and that is what saves it. Each re-post is two requests of the venue's budget. An exit that rests does not
-- follow the market and takes after exit_timeout, so it starts only where taking would not lose. min_net decides
-- whether there is a post; its price ("edge") is bounded by the host's MIN_NET_EDGE, which also refuses a post whose
-- touch does not earn it. The reverse sells coins you declared (INVENTORY_SOL=10): keep ALLOW_BORROW=false, or it
-- borrows what you do not own.

local S = {
  api        = 1,
  name       = "maker_first",
  pairs      = "*",
  directions = { "carry", "reverse" },
  -- The host would leave by takers at once.
  replaces   = { "converged", "max_hold" },
  params = {
    min_net      = { 0.03, min = -5, max = 5, unit = "%",
                     doc = "What must be left with the wider leg resting at its touch." },
    timeout      = { 3600, min = 1, max = 3600, unit = "s",
                     doc = "How long an entry rests; what did not fill is given up." },
    converged    = { 0.05, min = -5, max = 5, unit = "%",
                     doc = "At and below this cost of closing it leaves, if nothing is lost by it." },
    exit_timeout = { 60, min = 1, max = 3600, unit = "s",
                     doc = "How long an exit rests before it takes." },
    max_hold     = { 8, min = 0, max = 2160, unit = "h",
                     doc = "After this it leaves by takers, whatever it costs." },
    confidence   = { 0.80, min = 0, max = 1, unit = "0…1",
                     doc = "What it answers; the host's CONFIDENCE_THRESHOLD must not be above it." },
  },
}

--- Width of a book in percent; none when a side of it is empty, as can be while a pair is held.
local function width(bid, ask)
  if bid == nil or ask == nil then return 0 end
  return 200 * (ask - bid) / (ask + bid)
end

--- The leg whose book is wider; the perp when they are alike, where resting saves more.
local function wider_leg(o)
  if width(o.spot_bid, o.spot_ask) > width(o.perp_bid, o.perp_ask) then return "spot" end
  return "perp"
end

function S.score(o, p)
  local net = wider_leg(o) == "spot" and o.net_rest_spot_pct or o.net_rest_perp_pct
  if net < p.min_net then return nil, "net_too_small" end
  return p.confidence, o.size_usd
end

function S.choose(o, p)
  return "maker", { rest = wider_leg(o), peg = "edge", timeout_s = p.timeout, fallback = "cancel" }
end

function S.exit(pos, o, p)
  if pos.age_s >= p.max_hold * 3600 then return "max hold", "taker" end
  if o.exit_pct <= p.converged and pos.net_usd >= 0 then
    return "converged", "maker", {
      rest = wider_leg(o), peg = "touch", timeout_s = p.exit_timeout, fallback = "taker",
    }
  end
  return nil
end

return S
