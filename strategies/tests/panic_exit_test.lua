-- Cases of panic_exit: it opens nothing and closes everything, without looking.

return {
  {
    "opens nothing, however good it looks", call = "score",
    o = {},
    expect = { nil, "panic_exit_opens_nothing" },
  },
  {
    "opens nothing the other way round either", call = "score",
    o = { direction = "reverse" },
    expect = { nil, "panic_exit_opens_nothing" },
  },
  {
    "closes what it holds by takers", call = "exit",
    o = {}, pos = {},
    expect = { "panic exit", "taker" },
  },
  {
    "keeps closing whatever an earlier version kept", call = "exit",
    state = { attempts = 3, waiting = { SOL = true } },
    o = {}, pos = {},
    expect = { "panic exit", "taker" },
    expect_state = { attempts = 3, waiting = { SOL = true } },
  },
}
