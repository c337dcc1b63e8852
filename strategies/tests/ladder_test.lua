-- Cases of ladder: three rungs, each at its spread, none too soon, and never a fourth.

return {
  {
    "takes a third of the room at the first rung", call = "score",
    o = { held_usd = 0, gross_pct = 0.35, index_dev_spot_pct = -0.30, index_dev_perp_pct = 0.60, size_usd = 150 },
    expect = { 0.8, 50 },
    expect_state = { rungs = {} },
  },
  {
    "waits one step below the first rung", call = "score",
    o = { held_usd = 0, gross_pct = 0.34999999 },
    expect = { nil, "below_rung" },
  },
  {
    "refuses a spread whose legs are both off the index", call = "score",
    o = { held_usd = 0, gross_pct = 0.90, index_dev_spot_pct = -0.30000001, index_dev_perp_pct = 0.60 },
    expect = { nil, "both_legs_off_index" },
  },
  {
    "takes coins left over from earlier rounds for no rung, and forgets the old ladder", call = "score",
    state = { rungs = { SOL = { held = 3, since_ms = 1 }, BTC = { held = 1, since_ms = 2 } } },
    o = {
      held_usd = 4.99, gross_pct = 0.35, index_dev_spot_pct = 0, index_dev_perp_pct = 0.35, size_usd = 90,
    },
    expect = { 0.8, 30 },
    expect_state = { rungs = { BTC = { held = 1, since_ms = 2 } } },
  },
  {
    "does not take the spread of the first rung for the second", call = "score",
    state = { rungs = { SOL = { held = 1, since_ms = 0 } } },
    o = { held_usd = 50, adds_left = 2, gross_pct = 0.49999999 },
    expect = { nil, "below_rung" },
  },
  {
    "takes the second rung after thirty seconds, as large as the first", call = "score",
    state = { rungs = { SOL = { held = 1, since_ms = 1000000 } } },
    o = {
      held_usd = 50, adds_left = 2, now_ms = 1030000, gross_pct = 0.50, index_dev_spot_pct = 0,
      index_dev_perp_pct = 0.50, size_usd = 150,
    },
    expect = { 0.8, 50 },
  },
  {
    "does not take it a millisecond sooner", call = "score",
    state = { rungs = { SOL = { held = 1, since_ms = 1000000 } } },
    o = { held_usd = 50, adds_left = 2, now_ms = 1029999, gross_pct = 0.60 },
    expect = { nil, "too_soon" },
  },
  {
    "begins to wait when it first sees a rung held", call = "score",
    state = { rungs = { SOL = { held = 1, since_ms = 1000000 } } },
    o = { held_usd = 100, adds_left = 1, now_ms = 1040000, gross_pct = 0.90 },
    expect = { nil, "too_soon" },
    expect_state = { rungs = { SOL = { held = 2, since_ms = 1040000 } } },
  },
  {
    "takes the third rung within the room that is left", call = "score",
    state = { rungs = { SOL = { held = 2, since_ms = 1000000 } } },
    o = {
      held_usd = 100, adds_left = 1, now_ms = 1100000, gross_pct = 0.80, index_dev_spot_pct = 0.1,
      index_dev_perp_pct = 0.9, size_usd = 40,
    },
    expect = { 0.8, 40 },
  },
  {
    "makes the third rung no larger than those before, however much room is left", call = "score",
    state = { rungs = { SOL = { held = 2, since_ms = 1000000 } } },
    o = {
      held_usd = 100, adds_left = 1, now_ms = 1100000, gross_pct = 0.80, index_dev_spot_pct = 0.9,
      index_dev_perp_pct = 0.3, size_usd = 100,
    },
    expect = { 0.8, 50 },
  },
  {
    "takes a holding at the limit of leftovers for a rung", call = "score",
    o = { held_usd = 5, adds_left = 2, now_ms = 1000000, gross_pct = 0.40 },
    expect = { nil, "below_rung" },
    expect_state = { rungs = { SOL = { held = 1, since_ms = 1000000 } } },
  },
  {
    "never takes a fourth rung", call = "score",
    state = { rungs = { SOL = { held = 3, since_ms = 0 } } },
    o = { held_usd = 150, adds_left = 0 },
    expect = { nil, "ladder_is_full" },
  },
  {
    "leaves all of it when the spread has converged and nothing is lost", call = "exit",
    state = { rungs = { SOL = { held = 3, since_ms = 0 } } },
    o = { held_usd = 150, adds_left = 0, exit_pct = 0.05 }, pos = { net_usd = 0 },
    expect = { "converged", "taker" },
  },
  {
    "holds a converged ladder that would lose by leaving", call = "exit",
    state = { rungs = { SOL = { held = 2, since_ms = 0 } } },
    o = { held_usd = 100, adds_left = 1, exit_pct = 0.05 }, pos = { net_usd = -0.01 },
    expect = {},
  },
  {
    "notes at the exit, which is asked first, when a rung came to be held", call = "exit",
    o = { held_usd = 50, adds_left = 2, now_ms = 1000000, exit_pct = 0.40 }, pos = {},
    expect = {},
    expect_state = { rungs = { SOL = { held = 1, since_ms = 1000000 } } },
  },
}
