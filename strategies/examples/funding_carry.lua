-- Earns funding: long spot and short perp for weeks, built in resting slices, left when the 72 h mean has faded.
--
-- What to expect at base-tier fees, N being the notional of one leg. A round costs about 0.29 % of N: that is 232
-- hours at the resting rate of 0.00125 % an hour, so nothing short pays. On recorded hourly funding of 2024-01 to
-- 2025-07 this rule made 10 to 16 % a year on N, with 0.30 % a round paid and the noise of the basis left out: five
-- or six rounds a year, in the market 30 to 75 % of the time. The second quarter of 2025 paid 3 to 5 % elsewhere. On
-- capital it is 0.83 of that, for USDC must lie beside the short. Past figures; the next year may pay nothing.
--
-- Traps: leaving on a 24 h mean churns (JUP: 37 rounds and 2.6 %). A rally is paid in USDC while the gain stays in
-- coins: the cash runway is what runs out, and the host closes pairs below 0.05. Coins lent out may be stuck at the
-- exit; coins not lent lose their staking yield. While a slice rests no exit is asked, so a patience of an hour can
-- delay leaving by as much. The host's MAX_POSITION_SIZE (200) holds little more than one slice of 150, and twenty
-- slices are twenty trades of MAX_TRADES_PER_DAY: raise them with care, or it stays a toy.

local S = {
  api        = 1,
  name       = "funding_carry",
  pairs      = "*",
  hold_h     = 720,
  exit_at    = "mean",
  max_hold_h = 2160,
  adds       = 19,
  -- Both would close a carry that has just paid for itself, or at two quiet hours.
  replaces   = { "converged", "funding_stop" },
  params = {
    enter_mean   = { 0.0020, min = 0, max = 1, unit = "% per hour",
                     doc = "The 72 h mean of funding from which it enters and adds; 0.0020 is 17.5 % a year." },
    enter_rate   = { 0, min = -1, max = 1, unit = "% per hour",
                     doc = "The running rate must be at least this." },
    min_net      = { 0.10, min = -5, max = 5, unit = "%",
                     doc = "What must be left over hold_h after all costs, resting." },
    slice        = { 25, min = 1, max = 100, unit = "%",
                     doc = "Largest slice, of the spot depth within 0.10 %." },
    patience     = { 3600, min = 1, max = 3600, unit = "s",
                     doc = "How long a slice rests; what did not fill is looked at anew." },
    leave_mean   = { 0.0005, min = -1, max = 1, unit = "% per hour",
                     doc = "The 72 h mean below which it leaves, resting." },
    leave_rate   = { -0.0100, min = -1, max = 1, unit = "% per hour",
                     doc = "A settlement at a rate below this counts as a bad one." },
    leave_count  = { 2, min = 1, max = 100, unit = "settlements",
                     doc = "So many bad ones running, and it leaves by takers." },
    last_look    = { 60, min = 1, max = 3600, unit = "s",
                     doc = "A settlement counts by the rate seen in this last time before it." },
    exit_leg     = { "perp", choices = { "spot", "perp" },
                     doc = "The leg that rests at the exit; resting saves 0.03 % on the perp, 0.02 % on spot." },
    exit_timeout = { 300, min = 1, max = 3600, unit = "s",
                     doc = "How long the exit rests before it takes; the post does not follow the market." },
    confidence   = { 0.80, min = 0, max = 1, unit = "0…1",
                     doc = "What it answers; the host's CONFIDENCE_THRESHOLD must not be above it." },
  },
  -- By pair: the last look at funding, and the bad settlements running.
  state = { looks = {} },
  state_version = 1,
}

--- The leg that leaves more when it rests, and what it leaves.
local function better_leg(o)
  if o.net_rest_spot_pct > o.net_rest_perp_pct then return "spot", o.net_rest_spot_pct end
  return "perp", o.net_rest_perp_pct
end

function S.score(o, p)
  if o.funding_mean_pct_h < p.enter_mean then return nil, "funding_mean_too_low" end
  if o.funding_pct_h < p.enter_rate then return nil, "funding_turned" end
  local _, net = better_leg(o)
  if net < p.min_net then return nil, "net_too_small" end
  return p.confidence, math.min(o.size_usd, p.slice / 100 * o.depth_spot_usd)
end

function S.choose(o, p)
  local leg = better_leg(o)
  return "maker", { rest = leg, peg = "touch", timeout_s = p.patience, fallback = "cancel" }
end

--- Bad settlements running. One has gone by when the time to the next is longer than it was; the rate it had is the
--- one last seen before it. Nobody looked in its last minute: then it was not bad, for the host keeps exits from a
--- script only before a settlement that pays, and while a slice rests, which a bad rate ends at once.
local function bad_settlements(pos, o, p)
  local last = S.state.looks[pos.pair]
  local bad = 0
  -- A position younger than the one last looked at is another one.
  if last and pos.age_s >= last.age_s then
    bad = last.bad
    if o.next_funding_s > last.next_s then
      bad = last.next_s <= p.last_look and last.rate < p.leave_rate and bad + 1 or 0
    end
  end
  S.state.looks[pos.pair] = { bad = bad, rate = o.funding_pct_h, next_s = o.next_funding_s, age_s = pos.age_s }
  return bad
end

function S.exit(pos, o, p)
  if bad_settlements(pos, o, p) >= p.leave_count then return "funding turned", "taker" end
  if o.funding_mean_pct_h < p.leave_mean then
    return "funding faded", "maker", {
      rest = p.exit_leg, peg = "touch", timeout_s = p.exit_timeout, fallback = "taker",
    }
  end
  return nil
end

function S.migrate(state, from_version)
  return { looks = {} }
end

return S
