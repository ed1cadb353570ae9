-- ARGV: call, or '' to ask whether the session exists
if not exists() then return {'not found'} end
local call = ARGV[1] ~= '' and record('c:' .. ARGV[1])
if not call or call.t > 0 then return {'ok', ''} end
return {'ok', call.r}
