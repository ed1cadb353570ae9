-- ARGV: ttl
if not exists() then return {'not found'} end
set('s', clock())
prolong(ARGV[1])
return {'ok'}
