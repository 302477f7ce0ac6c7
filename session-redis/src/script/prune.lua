-- KEYS: an owner's index. ARGV: members and the scores they had, which were too old for a write under way and which no
-- record answers to. A member with another score was entered anew since, and stays.
local removed = 0
for at = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if score and tonumber(score) == tonumber(ARGV[at + 1]) then
    removed = removed + redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
if removed > 0 then settle(KEYS[1]) end
return removed
