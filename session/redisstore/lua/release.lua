-- KEYS: as of reserve
-- ARGV: token, how many seconds the place must have been taken before
local packed = redis.call('HGET', KEYS[1], ARGV[1])
if not packed then return {'ok'} end
local place = cmsgpack.unpack(packed)
if tonumber(redis.call('TIME')[1]) - place.t < tonumber(ARGV[2]) then return {'ok'} end
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HINCRBY', KEYS[2], place.p, -1) <= 0 then redis.call('HDEL', KEYS[2], place.p) end
return {'ok'}
