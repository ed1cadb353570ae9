-- ARGV: token, channel, message, idle after, ttl, keep calls, keep bytes,
-- keep for, this replica if it watches or '', then the replicas that live
if get('t') ~= ARGV[1] then return {'gone'} end
local now = clock()
local watching = record('w') or {}
if ARGV[9] ~= '' then
  watching[ARGV[9]] = now + ARGV[4]
  save('w', watching)
  local pins = record('p') or {}
  for pin in pairs(pins) do
    if pin:find(ARGV[9] .. ':', 1, true) == 1 then pins[pin] = now + ARGV[4] end
  end
  save('p', pins)
end
forget(now, ARGV[6], ARGV[7], ARGV[8])
if now - number('s') < tonumber(ARGV[4]) then return {'kept'} end
for _, lease in pairs(watching) do
  if lease > now then
    prolong(ARGV[5])
    return {'kept'}
  end
end
local living = {}
for i = 10, #ARGV do living[ARGV[i]] = true end
for id in pairs(record('i') or {}) do
  if living[record('c:' .. id).r] then
    prolong(ARGV[5])
    return {'kept'}
  end
end
wake(get('w'), ARGV[2], ARGV[3])
redis_call('UNLINK', key)
return {'deleted'}
