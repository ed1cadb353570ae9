-- ARGV: replica, stream
local pins = record('p')
if pins then
  pins[ARGV[1] .. ':' .. ARGV[2]] = nil
  save('p', pins)
end
return {'ok'}
