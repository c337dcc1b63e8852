-- Broken on purpose: misspells a field of `o`. Its first call must end with an error that names the field meant.

local S = { api = 1, name = "typo" }

function S.score(o, p)
  if o.gros_pct < 0.20 then return nil, "below_threshold" end
  return 0.8, o.size_usd
end

return S
