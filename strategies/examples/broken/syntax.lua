-- Broken on purpose: does not parse. It must be refused with file and line before anything of it runs.

local S = { api = 1, name = "syntax" }

function S.score(o, p)
  if o.gross_pct < 0.20 return nil, "there is no `then` before this" end
  return 0.8, o.size_usd
end

return S
