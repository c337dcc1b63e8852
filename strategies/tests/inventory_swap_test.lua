-- Cases of inventory_swap: what 48 hours of negative funding must pay for, and when it swaps back.

return {
  {
    "swaps where spread and funding just pay for costs", call = "score",
    o = {
      direction = "reverse", funding_mean_pct_h = -0.015625, lend_apr_pct = 0, gross_pct = -0.25,
      breakeven_taker_pct = -0.25, funding_exp_pct = 0.75, size_usd = 150,
    },
    expect = { 0.8, 150 },
  },
  {
    "does not swap one step below", call = "score",
    o = {
      direction = "reverse", funding_mean_pct_h = -0.015625, lend_apr_pct = 0, gross_pct = -0.25000001,
      breakeven_taker_pct = -0.25, funding_exp_pct = 0.75,
    },
    expect = { nil, "does_not_pay" },
  },
  {
    "counts what the coins would have earned lent", call = "score",
    o = {
      direction = "reverse", funding_mean_pct_h = -0.015625, lend_apr_pct = 4.38, gross_pct = -0.23,
      breakeven_taker_pct = -0.25, funding_exp_pct = 0.75,
    },
    expect = { nil, "does_not_pay" },
  },
  {
    "swaps when the spread makes up for the lend rate", call = "score",
    o = {
      direction = "reverse", funding_mean_pct_h = -0.015625, lend_apr_pct = 4.38, gross_pct = -0.22,
      breakeven_taker_pct = -0.25, funding_exp_pct = 0.75, size_usd = 60,
    },
    expect = { 0.8, 60 },
  },
  {
    "asks for the margin on top", call = "score",
    p = { margin = 0.5 },
    o = {
      direction = "reverse", funding_mean_pct_h = -0.015625, lend_apr_pct = 0, gross_pct = 0.24999999,
      breakeven_taker_pct = -0.25, funding_exp_pct = 0.75,
    },
    expect = { nil, "does_not_pay" },
  },
  {
    "wants nothing while longs pay shorts", call = "score",
    o = {
      direction = "reverse", funding_mean_pct_h = 0.00125, lend_apr_pct = 0, gross_pct = 0.20,
      breakeven_taker_pct = 0.40, funding_exp_pct = -0.06,
    },
    expect = { nil, "does_not_pay" },
  },
  {
    "holds while funding just makes up for the lend rate", call = "exit",
    o = { direction = "reverse", funding_mean_pct_h = -0.0009765625, lend_apr_pct = 8.5546875 }, pos = {},
    expect = {},
  },
  {
    "swaps back when it no longer does", call = "exit",
    o = { direction = "reverse", funding_mean_pct_h = -0.0009765, lend_apr_pct = 8.5546875 }, pos = {},
    expect = { "funding turned", "taker" },
  },
  {
    "swaps back when longs pay shorts", call = "exit",
    o = { direction = "reverse", funding_mean_pct_h = 0.00000001, lend_apr_pct = 0 }, pos = {},
    expect = { "funding turned", "taker" },
  },
}
