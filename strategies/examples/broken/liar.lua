-- Broken on purpose: bears another name than its file. It must be refused, or two files could answer to one name.

local S = { api = 1, name = "honest" }

function S.score(o, p)
  return nil, "wants nothing"
end

return S
