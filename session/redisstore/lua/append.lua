-- ARGV: call, owner or '', '1' if final, stream, channel, message without the
-- stream, events per stream, bytes per stream, keep calls, keep bytes,
-- keep for, then the events
local first_event = 12
local id, owner, final, name = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local known = redis_call('HMGET', key, 't', 'w', owner ~= '' and 'c:' .. id or 's:' .. name)
if not known[1] then return {'not found'} end
local call, stream
if owner == '' then
  stream = unpacked(known[3])
else
  call = unpacked(known[3])
  if not call or call.o ~= owner then return {'fenced'} end
  if call.t > 0 then
    if final then return {'ok', call.l} end
    return {'fenced'}
  end
  name = call.s
  stream = record('s:' .. name)
end
if not stream then
  if name ~= '0' then return {'not found'} end
  stream = new_stream()
end
for i = first_event, #ARGV do
  stream.l = stream.l + 1
  if i < #ARGV then set(stream.l .. ':' .. name, ARGV[i]) end -- the last one is set with the stream
  stream.b = stream.b + event_size(ARGV[i])
end

local keep = #ARGV - first_event + 1
local max_events, max_bytes = tonumber(ARGV[7]), tonumber(ARGV[8])
while stream.l - stream.k + 1 > keep and (stream.l - stream.k + 1 > max_events or stream.b > max_bytes) do
  local field = stream.k .. ':' .. name
  stream.b = stream.b - event_size(get(field))
  drop(field)
  stream.k = stream.k + 1
end

if final then
  stream.n = stream.n - 1
  if stream.n == 0 and name ~= '0' then
    stream.q = stream.b
    redis_call('HINCRBY', key, 'b', stream.q)
  end
end
if keep > 0 then
  redis_call('HSET', key, 's:' .. name, pack(stream), stream.l .. ':' .. name, ARGV[#ARGV])
else
  save('s:' .. name, stream)
end

if final then
  local now = clock()
  call.t, call.l, call.f = now, stream.l, keep > 0 and stream.l or 0
  save('c:' .. id, call)
  drop('x:' .. id)
  local flying = record('i')
  flying[id] = nil
  save('i', flying)
  local tail = number('ft')
  set('f:' .. tail, id)
  set('ft', tail + 1)
  forget(now, ARGV[9], ARGV[10], ARGV[11])
end
wake(known[2], ARGV[5], ARGV[6] .. name)
return {'ok', stream.l}
