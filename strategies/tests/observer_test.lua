-- Cases of observer: it wants nothing, keeps the best moment of each style, and begins anew after each map.

--- A market in which the four styles leave this, with a spread of 0.1 and break-evens from 0.4 down.
local function market(more, taker, rest_spot, rest_perp, rest_both)
  local o = {
    net_taker_pct = taker, net_rest_spot_pct = rest_spot, net_rest_perp_pct = rest_perp,
    net_rest_both_pct = rest_both,
    gross_pct = 0.1, gross_rest_spot_pct = 0.11, gross_rest_perp_pct = 0.12, gross_rest_both_pct = 0.13,
    breakeven_taker_pct = 0.40, breakeven_rest_spot_pct = 0.39, breakeven_rest_perp_pct = 0.38,
    breakeven_rest_both_pct = 0.37,
  }
  for key, value in pairs(more) do o[key] = value end
  return o
end

--- What is kept of it.
local function row(taker, rest_spot, rest_perp, rest_both)
  return {
    taker = { net = taker, gross = 0.1, pays_at = 0.40 },
    rest_spot = { net = rest_spot, gross = 0.11, pays_at = 0.39 },
    rest_perp = { net = rest_perp, gross = 0.12, pays_at = 0.38 },
    rest_both = { net = rest_both, gross = 0.13, pays_at = 0.37 },
  }
end

return {
  {
    "wants nothing and keeps what it first sees", call = "score",
    o = market({ now_ms = 1000000 }, -0.31, -0.29, -0.28, -0.26),
    expect = { nil, "observes" },
    expect_state = { best = { ["SOL carry"] = row(-0.31, -0.29, -0.28, -0.26) }, last_ms = 1000000 },
  },
  {
    "keeps the better moment of each style on its own", call = "score",
    state = { best = { ["SOL carry"] = row(-0.31, -0.29, -0.28, -0.26) }, last_ms = 1000000 },
    o = market({ now_ms = 1001000 }, -0.10, -0.40, -0.28, -0.25),
    expect = { nil, "observes" },
    expect_state = { best = { ["SOL carry"] = row(-0.10, -0.29, -0.28, -0.25) }, last_ms = 1000000 },
  },
  {
    "keeps the spread and the break-even of the moment that left most", call = "score",
    state = {
      best = { ["SOL carry"] = {
        taker = { net = -0.05, gross = 0.3, pays_at = 0.35 }, rest_spot = { net = -0.5, gross = 0, pays_at = 0.5 },
        rest_perp = { net = -0.5, gross = 0, pays_at = 0.5 }, rest_both = { net = -0.5, gross = 0, pays_at = 0.5 },
      } },
      last_ms = 1000000,
    },
    o = market({ now_ms = 1001000 }, -0.06, -0.29, -0.28, -0.26),
    expect = { nil, "observes" },
    expect_state = {
      best = { ["SOL carry"] = {
        taker = { net = -0.05, gross = 0.3, pays_at = 0.35 }, rest_spot = row(0, -0.29, 0, 0).rest_spot,
        rest_perp = row(0, 0, -0.28, 0).rest_perp, rest_both = row(0, 0, 0, -0.26).rest_both,
      } },
      last_ms = 1000000,
    },
  },
  {
    "keeps the two directions of a pair apart", call = "score",
    state = { best = { ["SOL carry"] = row(-0.31, -0.29, -0.28, -0.26) }, last_ms = 1000000 },
    o = market({ direction = "reverse", now_ms = 1001000 }, -0.50, -0.49, -0.48, -0.47),
    expect = { nil, "observes" },
    expect_state = {
      best = {
        ["SOL carry"] = row(-0.31, -0.29, -0.28, -0.26), ["SOL reverse"] = row(-0.50, -0.49, -0.48, -0.47),
      },
      last_ms = 1000000,
    },
  },
  {
    "draws nothing a millisecond before the minute is over", call = "score",
    state = { best = {}, last_ms = 1000000 },
    o = market({ now_ms = 1059999 }, 0.01, 0.02, 0.03, 0.04),
    expect = { nil, "observes" },
    expect_state = { best = { ["SOL carry"] = row(0.01, 0.02, 0.03, 0.04) }, last_ms = 1000000 },
  },
  {
    "draws when the minute is over and begins anew", call = "score",
    state = { best = {}, last_ms = 1000000 },
    o = market({ now_ms = 1060000 }, 0.01, 0.02, 0.03, 0.04),
    expect = { nil, "observes" },
    expect_state = { best = {}, last_ms = 1060000 },
  },
  {
    "draws as often as its parameter says", call = "score",
    p = { every = 1 },
    state = { best = {}, last_ms = 1000000 },
    o = market({ now_ms = 1001000 }, 0.01, 0.02, 0.03, 0.04),
    expect = { nil, "observes" },
    expect_state = { best = {}, last_ms = 1001000 },
  },
}
