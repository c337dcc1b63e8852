-- Broken on purpose: its confidence is not a number. The answer must be refused, whatever it is compared with.

local S = { api = 1, name = "nan" }

function S.score(o, p)
  return 0 / 0, 150
end

return S
