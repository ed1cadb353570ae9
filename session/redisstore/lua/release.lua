-- KEYS: as of reserve
-- ARGV: token, for how long the place must have been taken, ms
local packed = redis.call('HGET', KEYS[1], ARGV[1])
if not packed then return {'ok'} end
local place = cmsgpack.unpack(packed)
local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) - place.t < tonumber(ARGV[2]) then return {'ok'} end
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HINCRBY', KEYS[2], place.p, -1) <= 0 then redis.call('HDEL', KEYS[2], place.p) end
return {'ok'}
