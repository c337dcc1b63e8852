-- Enters a widening spread in three rungs instead of one: a third of the size each, all of it left at once.
--
-- What to expect at base-tier fees: very little, very rarely. In 14 months of 5-minute closes SOL had four episodes
-- of 0.40 % and more. A first rung at 0.35 % is close to break-even; it is the second and third that lift the average
-- entry, and an episode may end before them. Fees are those of the same notional taken at once.
--
-- Traps: never a fourth rung. A spread that goes on widening is a halted market, a stale leg or a lost peg, and adding
-- to it is how a small loss becomes a day's. So a rung needs one leg near the index, and 30 s since the last. The host
-- checks the room under MAX_DAILY_LOSS at each rung for that rung alone: leave room for three before you start it. The
-- executable spread decides, and the host may still refuse a rung whose net is below MIN_NET_EDGE.

local S = {
  api      = 1,
  name     = "ladder",
  pairs    = "*",
  adds     = 2,
  -- The same rule as the host's, with a threshold of its own.
  replaces = { "converged" },
  params = {
    rung_1     = { 0.35, min = -1, max = 5, unit = "%", doc = "Executable spread of the first rung." },
    rung_2     = { 0.50, min = -1, max = 5, unit = "%", doc = "Executable spread of the second rung." },
    rung_3     = { 0.80, min = -1, max = 5, unit = "%", doc = "Executable spread of the third rung." },
    wait       = { 30, min = 0, max = 86400, unit = "s",
                   doc = "Least time since the last rung was seen to be held." },
    near_index = { 0.30, min = 0, max = 5, unit = "%",
                   doc = "At least one leg must lie as close to the index." },
    converged  = { 0.05, min = -5, max = 5, unit = "%",
                   doc = "At and below this cost of closing everything is left, if nothing is lost by it." },
    dust       = { 5, min = 0, max = 1000, unit = "USD",
                   doc = "Holdings below this are leftovers of earlier rounds, not a rung." },
    confidence = { 0.80, min = 0, max = 1, unit = "0…1",
                   doc = "What it answers; the host's CONFIDENCE_THRESHOLD must not be above it." },
  },
  -- By pair: how many rungs are held, and since when. A wish is no rung until the host holds it.
  state = { rungs = {} },
  state_version = 1,
}

--- Rungs held, from what the host says is left; notes when their number changed.
local function held_rungs(o, p)
  if o.held_usd < p.dust then
    S.state.rungs[o.pair] = nil
    return 0
  end
  local held = S.adds + 1 - o.adds_left
  local seen = S.state.rungs[o.pair]
  if seen == nil or seen.held ~= held then S.state.rungs[o.pair] = { held = held, since_ms = o.now_ms } end
  return held
end

function S.score(o, p)
  local held = held_rungs(o, p)
  local least = ({ p.rung_1, p.rung_2, p.rung_3 })[held + 1]
  if least == nil then return nil, "ladder_is_full" end
  if o.gross_pct < least then return nil, "below_rung" end
  if held > 0 and o.now_ms - S.state.rungs[o.pair].since_ms < p.wait * 1000 then return nil, "too_soon" end
  local nearest = math.min(math.abs(o.index_dev_spot_pct), math.abs(o.index_dev_perp_pct))
  if nearest > p.near_index then return nil, "both_legs_off_index" end
  if held == 0 then return p.confidence, o.size_usd / (S.adds + 1) end
  -- The room shrinks by what is held: later rungs go by the earlier ones, not by a third of what is left.
  return p.confidence, math.min(o.size_usd, o.held_usd / held)
end

function S.exit(pos, o, p)
  held_rungs(o, p)
  if o.exit_pct <= p.converged and pos.net_usd >= 0 then return "converged", "taker" end
  return nil
end

function S.migrate(state, from_version)
  return { rungs = {} }
end

return S
