-- ARGV: channel, message
local token = get('t')
if not token then return {'not found'} end
wake(get('w'), ARGV[1], ARGV[2])
redis_call('UNLINK', key)
return {'ok', token}
