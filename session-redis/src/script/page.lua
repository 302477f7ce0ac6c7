-- KEYS: an owner's index. ARGV: 1 the score to begin behind, 2 how many. Gives, in order, members and their scores, and
-- for each 1 if a write that entered it may still be under way.
local entries = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local young = micros() - LONGEST * 1000
local page = {}
for at = 1, #entries, 2 do
  page[#page + 1] = entries[at]
  page[#page + 1] = entries[at + 1]
  page[#page + 1] = tonumber(entries[at + 1]) > young and 1 or 0
end
return page
