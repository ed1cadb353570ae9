-- KEYS: as of reserve
-- ARGV: cursor, count
-- It returns the next cursor, then a token and its session in turn.
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local found = {page[1]}
for i = 1, #page[2], 2 do
  found[#found + 1] = page[2][i]
  found[#found + 1] = cmsgpack.unpack(page[2][i + 1]).s
end
return found
