-- A session is one hash, so that each step is atomic in one slot. Its fields:
--   r    the sealed record         v  version of the record
--   t    token in the registry     c  created, ms    s  last sign of life, ms
--   i    ids of the calls in flight, as a set
--   w    lease by replica, ms, for those that watch
--   p    lease by replica:stream, ms, for the streams that they watch
--   fh, ft     first and next number in the queue of finished calls
--   b          bytes that this queue's streams hold
--   f:<n>      a finished call's id
--   c:<id>     a call: s(tream), o(wner), r(unner), h(ash), a(fter),
--              f(inal), l(ast), t(ime of its end, 0 in flight)
--   x:<id>     what it takes to run the call again
--   s:<name>   a stream: l(ast), k (first number kept), b(ytes), c(alls),
--              n (calls in flight), q (bytes counted in b of the session)
--   <n>:<name> an event: length of the call's id in two bytes, id, data
local key = KEYS[1]
local redis_call, pack, unpack_record = redis.call, cmsgpack.pack, cmsgpack.unpack

local function get(field) return redis_call('HGET', key, field) end
local function number(field) return tonumber(get(field) or 0) end
local function set(field, value) redis_call('HSET', key, field, value) end
local function drop(field) redis_call('HDEL', key, field) end

local function unpacked(value) return value and unpack_record(value) end
local function record(field) return unpacked(get(field)) end
local function save(field, value) set(field, pack(value)) end

local function exists() return redis_call('EXISTS', key) == 1 end

local function clock()
  local t = redis_call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- prolong keeps the session from expiring, which is for sessions that no
-- replica sweeps any more.
local function prolong(ttl)
  if redis_call('PTTL', key) * 2 < tonumber(ttl) then redis_call('PEXPIRE', key, ttl) end
end

local function new_stream() return {l = 0, k = 1, b = 0, c = 0, n = 0, q = 0} end

-- wake publishes to the replicas of the field w; channel is all of a replica's
-- channel but its id.
local function wake(watching, channel, message)
  if not watching then return end
  local now = clock()
  for replica, lease in pairs(unpacked(watching)) do
    if lease > now then redis_call('PUBLISH', channel .. replica .. '}', message) end
  end
end

-- event_size is the length of an event's data.
local function event_size(value)
  return #value - 2 - value:byte(1) * 256 - value:byte(2)
end

-- forget_stream deletes a stream and its events.
local function forget_stream(name, stream)
  for n = stream.k, stream.l do drop(n .. ':' .. name) end
  drop('s:' .. name)
  if stream.q > 0 then redis_call('HINCRBY', key, 'b', -stream.q) end
end

-- forget_oldest forgets the finished call at the head of the queue.
local function forget_oldest(head, id, call)
  drop('f:' .. head)
  drop('c:' .. id)
  set('fh', head + 1)
  local stream = record('s:' .. call.s)
  stream.c = stream.c - 1
  if stream.c == 0 and call.s ~= '0' then
    forget_stream(call.s, stream)
  else
    save('s:' .. call.s, stream)
  end
end

-- put_back moves a finished call from the head of the queue to its end.
local function put_back(head, tail, id)
  drop('f:' .. head)
  redis_call('HSET', key, 'f:' .. tail, id, 'fh', head + 1, 'ft', tail + 1)
end

-- watched_streams is the set of streams that somebody watches.
local function watched_streams(now)
  local found = {}
  for pin, lease in pairs(record('p') or {}) do
    if lease > now then found[pin:sub(pin:find(':', 1, true) + 1)] = true end
  end
  return found
end

-- forget drops finished calls beyond their retention. Within keep_for two kinds
-- stay whatever the other bounds: the newest one, else nobody could read a large
-- answer, and those whose stream is watched.
local function forget(now, keep_calls, keep_bytes, keep_for)
  keep_calls, keep_bytes, keep_for = tonumber(keep_calls), tonumber(keep_bytes), tonumber(keep_for)
  local head, tail = number('fh'), number('ft')
  local newest, watched = tail - 1, nil
  while head <= newest do
    local id = get('f:' .. head)
    local call = record('c:' .. id)
    local old = now - call.t >= keep_for
    local over = tail - head > keep_calls or number('b') > keep_bytes
    if not old and (not over or head == newest) then return end
    watched = watched or watched_streams(now)
    if not old and watched[call.s] then
      put_back(head, tail, id)
      tail = tail + 1
    else
      forget_oldest(head, id, call)
    end
    head = head + 1
  end
end

-- view is a call as the other side decodes it.
local function view(status, id, call)
  local rerun = call.t == 0 and get('x:' .. id)
  return {status, id, call.s, call.o, call.r, call.a, call.f, call.t > 0 and 1 or 0, rerun}
end
