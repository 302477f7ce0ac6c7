-- KEYS: the record. ARGV: 1 what the names of the owners' indexes begin with ('' if they may be on other nodes), 2 the
-- session key's bytes.
local found = head(KEYS[1])
if redis.call('DEL', KEYS[1]) == 0 then return GONE end
local old = type(found) == 'string' and parse(found)
if old and old.owner then
  if ARGV[1] == '' then return { LEFT, old.tag, old.owner } end
  -- The session is gone, whatever is the matter with the index.
  pcall(leave, ARGV[1] .. old.owner, ARGV[2] .. old.tag)
end
return STORED
