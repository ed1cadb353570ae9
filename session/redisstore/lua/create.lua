-- ARGV: token, version, record, ttl
local holder = get('t')
if holder then return {holder == ARGV[1] and 'ok' or 'exists'} end
local now = clock()
redis_call('HSET', key, 't', ARGV[1], 'v', ARGV[2], 'r', ARGV[3], 'c', now, 's', now)
redis_call('PEXPIRE', key, ARGV[4])
return {'ok'}
