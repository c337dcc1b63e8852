-- Broken on purpose: wants all the memory there is. Its first call must end at the memory cap, and the script with it.

local S = { api = 1, name = "bomb" }

function S.score(o, p)
  local text = "boom"
  while true do text = text .. text end
end

return S
