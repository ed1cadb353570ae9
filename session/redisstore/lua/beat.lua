-- KEYS: the replica's key, which names its channel too
-- ARGV: how long it counts as alive, ms
redis.call('SET', KEYS[1], 'alive', 'PX', ARGV[1])
return {'ok', redis.call('PUBSUB', 'NUMSUB', KEYS[1])[2]}
