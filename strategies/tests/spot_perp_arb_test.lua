-- Cases of spot_perp_arb: its thresholds, the documented confidence, and when it rests.

return {
  {
    "does not enter one step below the execution threshold", call = "score",
    o = { gross_pct = 0.19999999 },
    expect = { nil, "below_execution_threshold" },
  },
  {
    "enters at the execution threshold with the room there is", call = "score",
    o = { gross_pct = 0.20, liquidity = 1, size_usd = 150 },
    expect = { 0.8, 150 },
  },
  {
    "is surest where the spread is usual and the books are deep", call = "score",
    o = { gross_pct = 0.45, liquidity = 10, size_usd = 150 },
    expect = { 1, 150 },
  },
  {
    "gives a spread above one percent no bonus", call = "score",
    o = { gross_pct = 1.00000001, liquidity = 3, size_usd = 150 },
    expect = { 0.7, 150 },
  },
  {
    "gives half the bonus between the two thresholds when it may enter there", call = "score",
    p = { min_execution = 0.15 },
    o = { gross_pct = 0.15, liquidity = 2.99999999, size_usd = 60 },
    expect = { 0.7, 60 },
  },
  {
    "takes one step below the large spread", call = "choose",
    o = { gross_pct = 0.39999999 },
    expect = { "taker" },
  },
  {
    "rests the leg that leaves more at the large spread, and counts the attempt", call = "choose",
    o = { gross_pct = 0.40, net_rest_spot_pct = 0.11, net_rest_perp_pct = 0.10 },
    expect = { "maker", { rest = "spot", peg = "touch", timeout_s = 15, fallback = "taker" } },
    expect_state = { attempts = 1, fills = 0, waiting = { SOL = true } },
  },
  {
    "rests the perp when both legs leave the same, and gives up what did not fill if told so", call = "choose",
    p = { fall_back = false, timeout = 30 },
    o = { gross_pct = 0.60, net_rest_spot_pct = 0.10, net_rest_perp_pct = 0.10 },
    expect = { "maker", { rest = "perp", peg = "touch", timeout_s = 30, fallback = "cancel" } },
  },
  {
    "always takes when makers are off", call = "choose",
    p = { use_maker = false },
    o = {},
    expect = { "taker" },
  },
  {
    "takes a large spread that is worth less at rest, by the expected rule", call = "choose",
    p = { maker_rule = "expected" },
    o = {
      gross_pct = 0.60, net_rest_spot_pct = 0, net_rest_perp_pct = 0.162, net_taker_pct = 0.124,
      mid_spread_pct = 0.45, basis_mean_pct = 0,
    },
    expect = { "taker" },
    expect_state = { attempts = 0, fills = 0, waiting = {} },
  },
  {
    "rests a large spread that is worth five times as much at rest, by the expected rule", call = "choose",
    p = { maker_rule = "expected" },
    o = {
      gross_pct = 0.60, net_rest_spot_pct = 0, net_rest_perp_pct = 0.62, net_taker_pct = 0.124,
      mid_spread_pct = 0.45, basis_mean_pct = 0,
    },
    expect = { "maker", { rest = "perp", peg = "touch", timeout_s = 15, fallback = "taker" } },
  },
  {
    "leaves the exit to the host and counts a resting entry that became a position", call = "exit",
    state = { attempts = 4, fills = 1, waiting = { SOL = true } },
    o = {}, pos = { pair = "SOL", style = "rest_perp" },
    expect = {},
    expect_state = { attempts = 4, fills = 2, waiting = {} },
  },
  {
    "does not count a position that was taken after all", call = "exit",
    state = { attempts = 4, fills = 1, waiting = { SOL = true } },
    o = {}, pos = { pair = "SOL", style = "taker" },
    expect = {},
    expect_state = { attempts = 4, fills = 1, waiting = {} },
  },
}
