-- ARGV: the version that was read, the new version, the new record
local version = get('v')
if not version then return {'not found'} end
if version == ARGV[2] then return {'ok'} end
if version ~= ARGV[1] then return {'conflict'} end
redis_call('HSET', key, 'v', ARGV[2], 'r', ARGV[3])
return {'ok'}
