-- KEYS: the places (place by token), the principals (places by principal)
-- ARGV: token, session, principal, places per principal, places in all
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return {'ok'} end
if tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or 0) >= tonumber(ARGV[4]) then return {'too many'} end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return {'full'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], cmsgpack.pack({s = ARGV[2], p = ARGV[3], t = now}))
redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
return {'ok'}
