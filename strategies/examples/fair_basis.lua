-- Takes what stands far from its own mean: three standard deviations over the basis of the last hour, back to it.
--
-- What to expect at base-tier fees. The same events as spot_perp_arb, a handful a year in the large pairs, 4 to 5 bp
-- better while the basis rests near -0.045 %; and it refuses in months of premium (a mean of +0.1 %) where a fixed
-- threshold is too bold. The fast part of the basis has a standard deviation of 0.01 to 0.025 %, ten times below the
-- fees: three deviations are easily had, min_net hardly ever. Most days it does nothing.
--
-- Traps: a new regime looks like a deviation. That is why the mean must stand where it stood a day ago; and why it
-- trades nothing in its first day, for the means of past hours are its own. The mean of an hour follows a spread that
-- stays: then the mean is reached because it came up, and the round is closed at a loss. After max_hold as well.
-- Its state survives a saved file; where a start of the host begins it anew, the day begins anew.

local S = {
  api      = 1,
  name     = "fair_basis",
  pairs    = "*",
  exit_at  = "mean",
  -- The host converges to zero and holds for longer.
  replaces = { "converged", "max_hold" },
  params = {
    deviations = { 3, min = 0, max = 100, unit = "sd",
                   doc = "How many standard deviations the executable spread must lie above the mean." },
    min_net    = { 0.03, min = -5, max = 5, unit = "%",
                   doc = "What must be left by takers with the mean as exit." },
    samples    = { 1800, min = 1800, max = 3600, unit = "count",
                   doc = "Samples of a second that a mean needs; below 1800 the host expects the exit at zero." },
    drift      = { 0.03, min = 0, max = 5, unit = "%",
                   doc = "The mean must lie closer than this to the mean of `back` hours ago." },
    back       = { 24, min = 1, max = 24, unit = "h",
                   doc = "How far back it compares, in whole hours." },
    max_hold   = { 4, min = 0, max = 2160, unit = "h",
                   doc = "After this it leaves, whatever it costs." },
    confidence = { 0.80, min = 0, max = 1, unit = "0…1",
                   doc = "What it answers; the host's CONFIDENCE_THRESHOLD must not be above it." },
  },
  -- By pair, by hour since 1970: the first sound mean of that hour. At most 27 values a pair, so that seventy pairs
  -- fit into what a state may hold.
  state = { means = {} },
  state_version = 1,
}

local HOUR_MS, KEPT_H = 3600000, 25

--- Remembers the mean of this hour, forgets those that nobody asks for any more; returns those of the pair.
local function remember(o, p)
  local means = S.state.means[o.pair]
  if means == nil then
    means = {}
    S.state.means[o.pair] = means
  end
  local hour = o.now_ms // HOUR_MS
  if means[hour] == nil and o.basis_samples >= p.samples then
    means[hour] = o.basis_mean_pct
    for other in pairs(means) do
      if other < hour - KEPT_H then means[other] = nil end
    end
  end
  return means, hour
end

function S.score(o, p)
  local means, hour = remember(o, p)
  if o.basis_samples < p.samples then return nil, "too_few_samples" end
  local back = math.floor(p.back)
  -- An hour in which nothing moved has no mean; the one before it will do.
  local before = means[hour - back] or means[hour - back - 1]
  if before == nil then return nil, "no_mean_to_compare" end
  if math.abs(o.basis_mean_pct - before) >= p.drift then return nil, "mean_drifts" end
  if o.gross_pct - o.basis_mean_pct < p.deviations * o.basis_sd_pct then return nil, "no_deviation" end
  if o.net_taker_pct < p.min_net then return nil, "net_too_small" end
  return p.confidence, o.size_usd
end

function S.exit(pos, o, p)
  remember(o, p)
  if pos.age_s >= p.max_hold * 3600 then return "max hold", "taker" end
  -- Closing costs the basis and half of each width. A mean of few samples is where the market is: always reached.
  if o.basis_samples >= p.samples and o.exit_pct <= o.exit_level_pct + o.exit_cross_pct then
    return "at the mean", "taker"
  end
  return nil
end

function S.migrate(state, from_version)
  return { means = {} }
end

return S
