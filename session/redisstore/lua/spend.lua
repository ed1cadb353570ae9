-- KEYS: the bucket, which holds when it is full, µs
-- ARGV: tokens that are wanted, how many there are at most, how long it takes to fill it, µs
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local wanted, burst, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
-- What rounding costs must not cost a token.
local granted = math.max(math.min(wanted, math.floor((per - (full - now)) / per * burst + 0.001)), 0)
if granted > 0 then
	full = full + granted * per / burst
	redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
end
return {'ok', granted, math.ceil(full - now)}
