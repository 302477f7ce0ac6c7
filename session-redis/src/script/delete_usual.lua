-- KEYS: the record. ARGV: 1 what the names of the owners' indexes begin with ('' if they may be on other nodes), 2 the
-- session key's bytes.
--
-- What has no owner comes first, ahead of what only the others need.
local found = redis.pcall('GETRANGE', KEYS[1], '0', '298')
if redis.call('DEL', KEYS[1]) == 0 then return 3 end
if #found < 45 or string.sub(found, 1, 4) == '\245S\1\0' then return 1 end

