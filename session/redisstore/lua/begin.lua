-- ARGV: call, stream, hash, owner, runner, rerun or '', calls per session, ttl
if not exists() then return {'not found'} end
set('s', clock())
prolong(ARGV[8])
local id, name, hash, owner = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local call = record('c:' .. id)
if call then
  if call.h ~= hash then return {'reused'} end
  if call.t > 0 then return view('finished', id, call) end
  return view(call.o == owner and 'new' or 'attached', id, call)
end

local flying, count = record('i') or {}, 0
for _ in pairs(flying) do count = count + 1 end
if count >= tonumber(ARGV[7]) then return {'too many'} end
flying[id] = 1
save('i', flying)

local stream = record('s:' .. name) or new_stream()
if stream.q > 0 then
  redis_call('HINCRBY', key, 'b', -stream.q)
  stream.q = 0
end
stream.c, stream.n = stream.c + 1, stream.n + 1
save('s:' .. name, stream)

call = {s = name, o = owner, r = ARGV[5], h = hash, a = stream.l, f = 0, l = 0, t = 0}
save('c:' .. id, call)
if ARGV[6] ~= '' then set('x:' .. id, ARGV[6]) end
return view('new', id, call)
