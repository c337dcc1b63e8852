-- Cases of maker_first: the wider leg rests, at the entry and at the exit; takers only at the end.

return {
  {
    "posts when the wider leg leaves just enough at rest", call = "score",
    o = {
      spot_bid = 149.98, spot_ask = 150.02, perp_bid = 150.50, perp_ask = 150.51, net_rest_spot_pct = 0.03,
      size_usd = 150,
    },
    expect = { 0.8, 150 },
  },
  {
    "does not post one step below, whatever the narrower leg would leave", call = "score",
    o = {
      spot_bid = 149.98, spot_ask = 150.02, perp_bid = 150.50, perp_ask = 150.51, net_rest_spot_pct = 0.02999999,
    },
    expect = { nil, "net_too_small" },
  },
  {
    "goes by the perp where the books are alike", call = "score",
    o = {
      spot_bid = 150, spot_ask = 150.01, perp_bid = 150, perp_ask = 150.01, net_rest_perp_pct = 0.05,
      size_usd = 80,
    },
    expect = { 0.8, 80 },
  },
  {
    "works a reverse as it does a carry", call = "score",
    o = {
      direction = "reverse", spot_bid = 150.50, spot_ask = 150.51, perp_bid = 149.98, perp_ask = 150.02,
      net_rest_perp_pct = 0.03, size_usd = 150,
    },
    expect = { 0.8, 150 },
  },
  {
    "rests spot at the edge for an hour when its book is wider, and takes nothing", call = "choose",
    o = { spot_bid = 149.98, spot_ask = 150.02, perp_bid = 150.50, perp_ask = 150.51 },
    expect = { "maker", { rest = "spot", peg = "edge", timeout_s = 3600, fallback = "cancel" } },
  },
  {
    "rests the perp when its book is wider", call = "choose",
    o = { spot_bid = 150.00, spot_ask = 150.01, perp_bid = 150.45, perp_ask = 150.51 },
    expect = { "maker", { rest = "perp", peg = "edge", timeout_s = 3600, fallback = "cancel" } },
  },
  {
    "leaves by resting the wider leg when the spread has converged and nothing is lost", call = "exit",
    o = { exit_pct = 0.05, spot_bid = 149.98, spot_ask = 150.02, perp_bid = 150.04, perp_ask = 150.05 },
    pos = { age_s = 600, net_usd = 0 },
    expect = { "converged", "maker", { rest = "spot", peg = "touch", timeout_s = 60, fallback = "taker" } },
  },
  {
    "holds one step above the converged spread", call = "exit",
    o = { exit_pct = 0.05000001 }, pos = { age_s = 600 },
    expect = {},
  },
  {
    "holds a converged pair that would lose by leaving", call = "exit",
    o = { exit_pct = 0.01 }, pos = { age_s = 600, net_usd = -0.00000001 },
    expect = {},
  },
  {
    "holds a second before the longest hold is over", call = "exit",
    o = { exit_pct = 0.20 }, pos = { age_s = 28799 },
    expect = {},
  },
  {
    "leaves by takers when it is over, whatever it costs", call = "exit",
    o = {}, pos = { age_s = 28800 },
    expect = { "max hold", "taker" },
  },
}
