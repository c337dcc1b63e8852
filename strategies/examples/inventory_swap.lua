-- Swaps your own coins for the perp while shorts pay longs: sells spot, holds the perp instead, swaps back later.
--
-- Declare the coins first (INVENTORY_SOL=10) and keep ALLOW_BORROW=false: the host then sells what you declared and
-- nothing else. You stay as long as you were; you only hold it in another form.
--
-- What to expect at base-tier fees. Negative hours were 14 to 22 % of all, their worst hundredth -0.45 bp (SOL) to
-- -2.7 bp (JUP) an hour. At -1 bp an hour for 48 h a swap earns 0.48 % and costs 0.30 %; at -0.45 bp it earns 0.22 and
-- does not pay. Expect it seldom in the wilder pairs and perhaps never in the large ones.
--
-- Traps: a fall is paid out of the USDC the sale brought, for losses of a perp are settled in USDC: watch the margin.
-- Selling your coins and buying them back may be two taxable events. Coins that are staked or lent earn where they
-- are; the lend rate is counted, staking is not. The 72 h mean is slow: it goes on paying for a while after the turn.
-- Where the host counts a borrow cost although the coins are your own, the swap is merely asked to earn that too.

local S = {
  api        = 1,
  name       = "inventory_swap",
  pairs      = "*",
  directions = { "reverse" },
  hold_h     = 48,
  max_hold_h = 96,
  -- Both would end the swap as soon as it has paid for itself, or at two quiet hours.
  replaces   = { "converged", "funding_stop" },
  params = {
    margin     = { 0, min = 0, max = 5, unit = "%",
                   doc = "What must be left on top of all costs and of the host's MIN_NET_EDGE." },
    leave      = { 0, min = -1, max = 1, unit = "% per hour",
                   doc = "It swaps back when funding by the 72 h mean, less the lend rate, earns less than this." },
    confidence = { 0.80, min = 0, max = 1, unit = "0…1",
                   doc = "What it answers; the host's CONFIDENCE_THRESHOLD must not be above it." },
  },
}

local HOURS_A_YEAR = 8760

--- What the swap earns in an hour by the 72 h mean, less what the coins would have earned lent.
local function earned_pct_h(o)
  return -o.funding_mean_pct_h - o.lend_apr_pct / HOURS_A_YEAR
end

function S.score(o, p)
  -- The host's break-even has its own funding estimate taken off: put back, it is costs and MIN_NET_EDGE alone.
  local need = o.breakeven_taker_pct + o.funding_exp_pct
  if o.gross_pct + earned_pct_h(o) * S.hold_h < need + p.margin then return nil, "does_not_pay" end
  return p.confidence, o.size_usd
end

function S.exit(pos, o, p)
  if earned_pct_h(o) < p.leave then return "funding turned", "taker" end
  return nil
end

return S
