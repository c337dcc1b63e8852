-- Cases of fair_basis: what a deviation is, and when its mean is to be trusted. Hour 1000 begins at 3,600,000,000 ms.

return {
  {
    "takes three deviations above a mean that stood there a day ago, with just enough left", call = "score",
    state = { means = { SOL = { [976] = -0.0625 } } },
    o = {
      now_ms = 3600000000, basis_samples = 1800, basis_mean_pct = -0.0625, basis_sd_pct = 0.125,
      gross_pct = 0.3125, net_taker_pct = 0.03, size_usd = 150,
    },
    expect = { 0.8, 150 },
    expect_state = { means = { SOL = { [976] = -0.0625, [1000] = -0.0625 } } },
  },
  {
    "does not take one step less than three deviations", call = "score",
    state = { means = { SOL = { [976] = -0.0625 } } },
    o = {
      now_ms = 3600000000, basis_samples = 1800, basis_mean_pct = -0.0625, basis_sd_pct = 0.125,
      gross_pct = 0.31249999,
    },
    expect = { nil, "no_deviation" },
  },
  {
    "does not take a deviation that leaves too little", call = "score",
    state = { means = { SOL = { [976] = 0 } } },
    o = {
      now_ms = 3600000000, basis_samples = 3600, basis_mean_pct = 0, basis_sd_pct = 0.01, gross_pct = 0.30,
      net_taker_pct = 0.02999999,
    },
    expect = { nil, "net_too_small" },
  },
  {
    "trusts no mean of fewer than 1,800 samples, and does not keep it", call = "score",
    state = { means = { SOL = { [976] = 0 } } },
    o = { now_ms = 3600000000, basis_samples = 1799 },
    expect = { nil, "too_few_samples" },
    expect_state = { means = { SOL = { [976] = 0 } } },
  },
  {
    "waits in its first day", call = "score",
    o = { now_ms = 3600000000, basis_samples = 3600, basis_mean_pct = 0.01 },
    expect = { nil, "no_mean_to_compare" },
    expect_state = { means = { SOL = { [1000] = 0.01 } } },
  },
  {
    "refuses a mean that has drifted as far as is allowed", call = "score",
    state = { means = { SOL = { [976] = 0 } } },
    o = { now_ms = 3600000000, basis_samples = 3600, basis_mean_pct = 0.03 },
    expect = { nil, "mean_drifts" },
  },
  {
    "compares with the hour before when that of a day ago had no mean", call = "score",
    state = { means = { SOL = { [975] = 0.02999999 } } },
    o = {
      now_ms = 3600000000, basis_samples = 3600, basis_mean_pct = 0, basis_sd_pct = 0.01, gross_pct = 0.50,
      net_taker_pct = 0.20, size_usd = 150,
    },
    expect = { 0.8, 150 },
  },
  {
    "keeps the first mean of an hour, and each pair for itself", call = "score",
    state = { means = { SOL = { [1000] = 0.02 }, BTC = { [976] = 0, [1000] = 0 } } },
    o = { now_ms = 3603599999, basis_samples = 3600 },
    expect = { nil, "no_mean_to_compare" },
    expect_state = { means = { SOL = { [1000] = 0.02 }, BTC = { [976] = 0, [1000] = 0 } } },
  },
  {
    "forgets what lies more than a day and an hour back", call = "score",
    state = { means = { SOL = { [900] = 0.5, [974] = 0.5, [975] = 0, [976] = 0.5 } } },
    o = { now_ms = 3600000000, basis_samples = 3600, basis_mean_pct = 0 },
    expect = { nil, "mean_drifts" },
    expect_state = { means = { SOL = { [975] = 0, [976] = 0.5, [1000] = 0 } } },
  },
  {
    "leaves at the mean, the crossing of both books allowed for", call = "exit",
    state = { means = { SOL = { [1000] = -0.0625 } } },
    o = {
      now_ms = 3600000000, basis_samples = 1800, exit_pct = -0.03125, exit_level_pct = -0.0625,
      exit_cross_pct = 0.03125,
    },
    pos = { age_s = 60 },
    expect = { "at the mean", "taker" },
  },
  {
    "holds one step above it", call = "exit",
    state = { means = { SOL = { [1000] = -0.0625 } } },
    o = {
      now_ms = 3600000000, basis_samples = 1800, exit_pct = -0.03124999, exit_level_pct = -0.0625,
      exit_cross_pct = 0.03125,
    },
    pos = { age_s = 60 },
    expect = {},
  },
  {
    "does not believe a mean of few samples at the exit either", call = "exit",
    state = { means = { SOL = { [1000] = 0 } } },
    o = { now_ms = 3600000000, basis_samples = 1799 },
    pos = { age_s = 14399 },
    expect = {},
  },
  {
    "leaves after four hours, whatever it costs", call = "exit",
    state = { means = { SOL = { [1000] = 0 } } },
    o = { now_ms = 3600000000 },
    pos = { age_s = 14400 },
    expect = { "max hold", "taker" },
  },
}
