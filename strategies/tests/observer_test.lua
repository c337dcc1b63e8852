-- Cases of observer: it wants nothing, keeps the best of each style, and begins anew after each report.

return {
  {
    "wants nothing and keeps what it first sees", call = "score",
    o = {
      now_ms = 1000000, net_taker_pct = -0.31, net_rest_spot_pct = -0.29, net_rest_perp_pct = -0.28,
      net_rest_both_pct = -0.26,
    },
    expect = { nil, "observes" },
    expect_state = {
      best = { ["SOL carry"] = { taker = -0.31, rest_spot = -0.29, rest_perp = -0.28, rest_both = -0.26 } },
      last_ms = 1000000,
    },
  },
  {
    "keeps the better figure of each style on its own", call = "score",
    state = {
      best = { ["SOL carry"] = { taker = -0.31, rest_spot = -0.29, rest_perp = -0.28, rest_both = -0.26 } },
      last_ms = 1000000,
    },
    o = {
      now_ms = 1001000, net_taker_pct = -0.10, net_rest_spot_pct = -0.40, net_rest_perp_pct = -0.28,
      net_rest_both_pct = -0.25,
    },
    expect = { nil, "observes" },
    expect_state = {
      best = { ["SOL carry"] = { taker = -0.10, rest_spot = -0.29, rest_perp = -0.28, rest_both = -0.25 } },
      last_ms = 1000000,
    },
  },
  {
    "keeps the two directions of a pair apart", call = "score",
    state = {
      best = { ["SOL carry"] = { taker = -0.31, rest_spot = -0.29, rest_perp = -0.28, rest_both = -0.26 } },
      last_ms = 1000000,
    },
    o = {
      direction = "reverse", now_ms = 1001000, net_taker_pct = -0.50, net_rest_spot_pct = -0.49,
      net_rest_perp_pct = -0.48, net_rest_both_pct = -0.47,
    },
    expect = { nil, "observes" },
    expect_state = {
      best = {
        ["SOL carry"] = { taker = -0.31, rest_spot = -0.29, rest_perp = -0.28, rest_both = -0.26 },
        ["SOL reverse"] = { taker = -0.50, rest_spot = -0.49, rest_perp = -0.48, rest_both = -0.47 },
      },
      last_ms = 1000000,
    },
  },
  {
    "reports nothing a millisecond before the minute is over", call = "score",
    state = { best = {}, last_ms = 1000000 },
    o = {
      now_ms = 1059999, net_taker_pct = 0.01, net_rest_spot_pct = 0.02, net_rest_perp_pct = 0.03,
      net_rest_both_pct = 0.04,
    },
    expect = { nil, "observes" },
    expect_state = {
      best = { ["SOL carry"] = { taker = 0.01, rest_spot = 0.02, rest_perp = 0.03, rest_both = 0.04 } },
      last_ms = 1000000,
    },
  },
  {
    "reports when the minute is over and begins anew", call = "score",
    state = { best = {}, last_ms = 1000000 },
    o = {
      now_ms = 1060000, net_taker_pct = 0.01, net_rest_spot_pct = 0.02, net_rest_perp_pct = 0.03,
      net_rest_both_pct = 0.04,
    },
    expect = { nil, "observes" },
    expect_state = { best = {}, last_ms = 1060000 },
  },
  {
    "reports as often as its parameter says", call = "score",
    p = { every = 1 },
    state = { best = {}, last_ms = 1000000 },
    o = {
      now_ms = 1001000, net_taker_pct = 0.01, net_rest_spot_pct = 0.02, net_rest_perp_pct = 0.03,
      net_rest_both_pct = 0.04,
    },
    expect = { nil, "observes" },
    expect_state = { best = {}, last_ms = 1001000 },
  },
}
