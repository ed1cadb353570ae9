if not exists() then return {'not found'} end
local found = {'ok'}
for id in pairs(record('i') or {}) do
  found[#found + 1] = view('', id, record('c:' .. id))
end
return found
