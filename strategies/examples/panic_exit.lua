-- Opens nothing and closes, by takers, whatever its strategy holds: a text to save over a strategy's own file.
--
-- As a file of its own it does nothing. A position belongs to the strategy that opened it, by name, and a file that
-- opens nothing holds nothing. To use it, copy this text into the file of the strategy whose positions are to go, put
-- that file's name where `name` says "panic_exit", and save: the running host takes it for the next version of that
-- strategy, and asks its exit about every pair it holds. Live, `neap reload NAME` lets it take over. Going back is
-- saving the old text again.
--
-- To close everything there is `neap flatten`, which needs no script. This is for one strategy among several, while
-- the others go on.
--
-- What to expect: taker fees and the width of every pair held, 0.15 to 0.20 % of a leg at base tier, whatever the
-- position stands at. Traps: like any exit of a script it waits while the host is halted, while an entry of the pair
-- is being executed, and in the last minute before a settlement that pays. A variable of .env that only the old text
-- bound is unknown to a start of the host until the old text is back, so do not start it anew in between.

local S = {
  api           = 1,
  name          = "panic_exit",
  pairs         = "*",
  adopts        = true,
  -- Write the old text's number here, and what it kept in `state` is kept for its return. With another number it is
  -- dropped by `migrate`, and the old text returns with the state of its file.
  state_version = 911,
}

function S.score(o, p)
  return nil, "panic_exit_opens_nothing"
end

function S.exit(pos, o, p)
  return "panic exit", "taker"
end

function S.migrate(state, from_version)
  return nil
end

return S
