-- ARGV: replica, lease in ms, stream, how many streams may be kept so
if not exists() then return {'not found'} end
local now = clock()

local function prune(field)
  local leases, count = record(field) or {}, 0
  for name, lease in pairs(leases) do
    if lease <= now then leases[name] = nil else count = count + 1 end
  end
  return leases, count
end

local watching = prune('w')
watching[ARGV[1]] = now + ARGV[2]
save('w', watching)
if ARGV[3] ~= '0' then
  local pins, count = prune('p')
  if count < tonumber(ARGV[4]) then
    pins[ARGV[1] .. ':' .. ARGV[3]] = now + ARGV[2]
    save('p', pins)
  end
end
return {'ok'}
