-- ARGV: stream, after, max
if not exists() then return {'not found'} end
local name, after, max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local stream = record('s:' .. name)
if not stream then
  if after > 0 then return {'trimmed'} end
  return {'ok', 0, 1}
end
if after > stream.l or after < stream.k - 1 then return {'trimmed'} end
local to = math.min(after + math.max(max, 0), stream.l)
local page = {'ok', stream.l, (stream.n == 0 and to == stream.l) and 1 or 0}
for n = after + 1, to do page[#page + 1] = get(n .. ':' .. name) end
return page
