-- Broken on purpose: never comes back. Its first call must end at the step budget, and the script with it.

local S = { api = 1, name = "loop" }

function S.score(o, p)
  while true do end
end

return S
