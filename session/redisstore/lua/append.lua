-- ARGV: call, owner or '', '1' if final, stream, channel, message without the
-- stream, events per stream, bytes per stream, keep calls, keep bytes,
-- keep for, then the events
local first_event = 12
if not exists() then return {'not found'} end
local id, owner, final, name = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local call
if owner ~= '' then
  call = record('c:' .. id)
  if not call or call.o ~= owner then return {'fenced'} end
  if call.t > 0 then
    if final then return {'ok', call.l} end
    return {'fenced'}
  end
  name = call.s
end

local stream = record('s:' .. name)
if not stream then
  if name ~= '0' then return {'not found'} end
  stream = new_stream()
end
for i = first_event, #ARGV do
  stream.l = stream.l + 1
  set(stream.l .. ':' .. name, ARGV[i])
  stream.b = stream.b + event_size(ARGV[i])
end

local keep = math.max(#ARGV - first_event + 1, 0)
local max_events, max_bytes = tonumber(ARGV[7]), tonumber(ARGV[8])
while stream.l - stream.k + 1 > keep and (stream.l - stream.k + 1 > max_events or stream.b > max_bytes) do
  local field = stream.k .. ':' .. name
  stream.b = stream.b - event_size(get(field))
  drop(field)
  stream.k = stream.k + 1
end

if final then
  local now = clock()
  stream.n = stream.n - 1
  call.t, call.l, call.f = now, stream.l, keep > 0 and stream.l or 0
  save('c:' .. id, call)
  drop('x:' .. id)
  local flying = record('i')
  flying[id] = nil
  save('i', flying)
  local tail = number('ft')
  set('f:' .. tail, id)
  set('ft', tail + 1)
  if stream.n == 0 and name ~= '0' then
    stream.q = stream.b
    redis_call('HINCRBY', key, 'b', stream.q)
  end
  save('s:' .. name, stream)
  forget(now, ARGV[9], ARGV[10], ARGV[11])
else
  save('s:' .. name, stream)
end
wake(ARGV[5], ARGV[6] .. name)
return {'ok', stream.l}
