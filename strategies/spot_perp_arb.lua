-- Spot-perp arbitrage, the documented rule: buy spot and sell the perpetual when the executable spread is wide
-- enough, leave when it has converged (the host's own exit). Wide spreads may rest one leg instead of taking.
--
-- Honest expectation at base-tier fees: a round of 150 USD costs about 0.50 USD. On recorded markets the net gate
-- passed a handful of times a year. It is a demonstration and a harvester of dislocations.

local S = {
  api   = 1,
  name  = "spot_perp_arb",
  pairs = "*",
  params = {
    min_spread    = { 0.15, min = -1, max = 5, unit = "%", env = "MIN_SPREAD_THRESHOLD",
                      doc = "Below this executable spread an opportunity is not looked at." },
    min_execution = { 0.20, min = -1, max = 5, unit = "%", env = "MIN_EXECUTION_THRESHOLD",
                      doc = "Below this executable spread nothing is entered." },
    large_spread  = { 0.40, min = -1, max = 5, unit = "%", env = "LARGE_SPREAD_THRESHOLD",
                      doc = "At and above this spread an order may rest instead of taking." },
    use_maker     = { true, env = "USE_MAKER_FOR_LARGE_SPREADS",
                      doc = "false takes always." },
    maker_rule    = { "always", choices = { "always", "expected" },
                      doc = "always: rest at every large spread; expected: only where resting is worth more." },
    timeout       = { 15, min = 1, max = 3600, unit = "s", env = "ORDER_TIMEOUT_SECONDS",
                      doc = "How long an order rests." },
    fall_back     = { true, env = "FALLBACK_TO_TAKER",
                      doc = "Take what did not fill while resting, if it still pays." },
    half_life     = { 5, min = 0.1, max = 3600, unit = "s",
                      doc = "Half-life of a deviation from the mean basis, for the expected rule." },
  },
  wake  = { gross_pct = "min_spread" },
  -- Own resting entries and how many of them became positions, for the expected rule.
  state = { attempts = 0, fills = 0, waiting = {} },
  state_version = 1,
}

--- The documented confidence in hundredths: 50, plus depth, plus a spread in the usual range.
local function confidence(o)
  local points = 50
  if o.liquidity >= 10 then points = points + 30
  elseif o.liquidity >= 3 then points = points + 20
  elseif o.liquidity >= 1 then points = points + 10 end
  if o.gross_pct >= 0.20 and o.gross_pct <= 1.00 then points = points + 20
  elseif o.gross_pct >= 0.15 and o.gross_pct < 0.20 then points = points + 10 end
  return points / 100
end

--- The leg that leaves more when it rests, and what it leaves.
local function better_leg(o)
  if o.net_rest_spot_pct > o.net_rest_perp_pct then return "spot", o.net_rest_spot_pct end
  return "perp", o.net_rest_perp_pct
end

--- What resting is worth: the share that fills, and for the rest a taker entry after the deviation has decayed.
local function value_of_resting(o, p, net_rest)
  local filled = (S.state.fills + 1) / (S.state.attempts + 4)
  local side = o.direction == "carry" and 1 or -1
  local deviation = side * (o.mid_spread_pct - o.basis_mean_pct)
  local decayed = deviation * (1 - 2 ^ (-p.timeout / p.half_life))
  return filled * net_rest + (1 - filled) * math.max(0, o.net_taker_pct - decayed)
end

function S.score(o, p)
  if o.gross_pct < p.min_execution then
    return nil, "below_execution_threshold"
  end
  return confidence(o), o.size_usd
end

function S.choose(o, p)
  if not p.use_maker or o.gross_pct < p.large_spread then return "taker" end
  local leg, net = better_leg(o)
  if p.maker_rule == "expected" and value_of_resting(o, p, net) <= o.net_taker_pct then return "taker" end
  S.state.attempts = S.state.attempts + 1
  S.state.waiting[o.pair] = true
  return "maker", {
    rest = leg, peg = "touch", timeout_s = p.timeout, fallback = p.fall_back and "taker" or "cancel",
  }
end

--- Only counts which resting entries filled; when to leave is decided by the host's exits.
function S.exit(pos, o, p)
  if S.state.waiting[pos.pair] then
    S.state.waiting[pos.pair] = nil
    if pos.style ~= "taker" then S.state.fills = S.state.fills + 1 end
  end
  return nil
end

function S.migrate(state, from_version)
  return { attempts = 0, fills = 0, waiting = {} }
end

return S
