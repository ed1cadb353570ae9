-- KEYS: a replica's key, which names its channel too
-- ARGV: a message for it, or ''
local state = redis.call('GET', KEYS[1])
if state == 'closed' then return {'closed'} end
if not state or redis.call('PUBSUB', 'NUMSUB', KEYS[1])[2] == 0 then return {'missing'} end
if ARGV[1] ~= '' then redis.call('PUBLISH', KEYS[1], ARGV[1]) end
return {'alive'}
