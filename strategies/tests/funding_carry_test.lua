-- Cases of funding_carry: from which funding it enters, how large a slice is, and when funding has gone.

return {
  {
    "enters at the mean it asks for, at no running rate and at the least net", call = "score",
    o = {
      funding_mean_pct_h = 0.0020, funding_pct_h = 0, net_rest_spot_pct = 0.05, net_rest_perp_pct = 0.10,
      size_usd = 150, depth_spot_usd = 20000,
    },
    expect = { 0.8, 150 },
  },
  {
    "stays out one step below that mean", call = "score",
    o = { funding_mean_pct_h = 0.00199999 },
    expect = { nil, "funding_mean_too_low" },
  },
  {
    "stays out while the running rate is negative, whatever the mean", call = "score",
    o = { funding_mean_pct_h = 0.0100, funding_pct_h = -0.00000001 },
    expect = { nil, "funding_turned" },
  },
  {
    "stays out when neither leg leaves enough at rest", call = "score",
    o = {
      funding_mean_pct_h = 0.0020, funding_pct_h = 0.0020, net_rest_spot_pct = 0.09999999,
      net_rest_perp_pct = 0.09,
    },
    expect = { nil, "net_too_small" },
  },
  {
    "cuts a slice to a quarter of the spot depth", call = "score",
    o = {
      funding_mean_pct_h = 0.0030, funding_pct_h = 0.0030, net_rest_spot_pct = 0.50, net_rest_perp_pct = 0.50,
      size_usd = 150, depth_spot_usd = 400,
    },
    expect = { 0.8, 100 },
  },
  {
    "rests the perp when both legs leave the same, for an hour, and takes nothing", call = "choose",
    o = { net_rest_spot_pct = 0.50, net_rest_perp_pct = 0.50 },
    expect = { "maker", { rest = "perp", peg = "touch", timeout_s = 3600, fallback = "cancel" } },
  },
  {
    "rests spot when that leaves more", call = "choose",
    o = { net_rest_spot_pct = 0.50000001, net_rest_perp_pct = 0.50 },
    expect = { "maker", { rest = "spot", peg = "touch", timeout_s = 3600, fallback = "cancel" } },
  },
  {
    "holds at the mean at which it would just leave", call = "exit",
    o = { funding_mean_pct_h = 0.0005, funding_pct_h = 0.0001, next_funding_s = 1800 },
    pos = { pair = "SOL", age_s = 7200 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 0, rate = 0.0001, next_s = 1800, age_s = 7200 } } },
  },
  {
    "leaves by resting the perp one step below that mean", call = "exit",
    o = { funding_mean_pct_h = 0.00049999, funding_pct_h = 0.0001, next_funding_s = 1800 },
    pos = { pair = "SOL", age_s = 7200 },
    expect = { "funding faded", "maker", { rest = "perp", peg = "touch", timeout_s = 300, fallback = "taker" } },
  },
  {
    "counts a settlement whose rate was bad when last seen", call = "exit",
    state = { looks = { SOL = { bad = 0, rate = -0.0101, next_s = 1, age_s = 7200 } } },
    o = { funding_mean_pct_h = 0.0020, funding_pct_h = 0.0010, next_funding_s = 3600 },
    pos = { pair = "SOL", age_s = 7201 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 1, rate = 0.0010, next_s = 3600, age_s = 7201 } } },
  },
  {
    "leaves by takers at the second bad settlement running", call = "exit",
    state = { looks = { SOL = { bad = 1, rate = -0.0101, next_s = 60, age_s = 10800 } } },
    o = { funding_pct_h = -0.0200, next_funding_s = 3590 },
    pos = { pair = "SOL", age_s = 10870 },
    expect = { "funding turned", "taker" },
  },
  {
    "does not count between settlements, however bad the rate", call = "exit",
    state = { looks = { SOL = { bad = 1, rate = -0.0500, next_s = 3600, age_s = 10800 } } },
    o = { funding_mean_pct_h = 0.0020, funding_pct_h = -0.0500, next_funding_s = 3599 },
    pos = { pair = "SOL", age_s = 10801 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 1, rate = -0.0500, next_s = 3599, age_s = 10801 } } },
  },
  {
    "counts nothing when it is asked twice at the same time", call = "exit",
    state = { looks = { SOL = { bad = 1, rate = -0.0500, next_s = 3599, age_s = 10801 } } },
    o = { funding_mean_pct_h = 0.0020, funding_pct_h = -0.0500, next_funding_s = 3599 },
    pos = { pair = "SOL", age_s = 10801 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 1, rate = -0.0500, next_s = 3599, age_s = 10801 } } },
  },
  {
    "begins counting anew after a settlement that was not below the limit", call = "exit",
    state = { looks = { SOL = { bad = 1, rate = -0.0100, next_s = 1, age_s = 10800 } } },
    o = { funding_mean_pct_h = 0.0020, funding_pct_h = -0.0100, next_funding_s = 3600 },
    pos = { pair = "SOL", age_s = 10801 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 0, rate = -0.0100, next_s = 3600, age_s = 10801 } } },
  },
  {
    "does not count a settlement in whose last minute nobody looked", call = "exit",
    state = { looks = { SOL = { bad = 1, rate = -0.0500, next_s = 60.5, age_s = 10800 } } },
    o = { funding_mean_pct_h = 0.0020, funding_pct_h = -0.0500, next_funding_s = 3600 },
    pos = { pair = "SOL", age_s = 10861 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 0, rate = -0.0500, next_s = 3600, age_s = 10861 } } },
  },
  {
    "forgets what it counted for an earlier position of the pair", call = "exit",
    state = { looks = { SOL = { bad = 1, rate = -0.0500, next_s = 1, age_s = 90000 } } },
    o = { funding_mean_pct_h = 0.0020, funding_pct_h = 0.0020, next_funding_s = 3600 },
    pos = { pair = "SOL", age_s = 2 },
    expect = {},
    expect_state = { looks = { SOL = { bad = 0, rate = 0.0020, next_s = 3600, age_s = 2 } } },
  },
}
