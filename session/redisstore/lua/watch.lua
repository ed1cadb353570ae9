-- ARGV: replica, lease in ms
if not exists() then return {'not found'} end
local watching, now = record('w') or {}, clock()
for replica, lease in pairs(watching) do
  if lease <= now then watching[replica] = nil end
end
watching[ARGV[1]] = now + ARGV[2]
save('w', watching)
return {'ok'}
