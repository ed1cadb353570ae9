-- ARGV: call, from, owner, the runner of from that is dead or '' to ask for it,
-- the new runner
if not exists() then return {'not found'} end
local id, from, owner = ARGV[1], ARGV[2], ARGV[3]
local call = record('c:' .. id)
if not call or call.t > 0 then return {'fenced'} end
if call.o == owner then return view('ok', id, call) end
if call.o ~= from then return {'fenced'} end
if ARGV[4] == '' then return {'runner', call.r} end
if call.r ~= ARGV[4] then return {'fenced'} end
call.o, call.r = owner, ARGV[5]
save('c:' .. id, call)
return view('ok', id, call)
