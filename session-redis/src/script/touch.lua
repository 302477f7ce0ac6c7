-- KEYS: the record. ARGV: 1 the version, 2 when it was seen, 3 the deadline, 4 until when the index has to live (times
-- as six bytes), 5 what the names of the owners' indexes begin with ('' if they may be on other nodes), 6 the session
-- key's bytes, 7 '1' if the caller has seen to the index.
local found = head(KEYS[1])
if type(found) == 'table' then return found end
if found == '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return CORRUPT end
  return GONE
end
local old = parse(found)
if not old then return CORRUPT end
local seen, expires = number(ARGV[2], 1), number(ARGV[3], 1)
if old.version ~= ARGV[1] or old.expires <= seen then return GONE end

local times = { string.sub(found, 19, 24), string.sub(found, 25, 30) }
if seen > old.seen then times[1] = ARGV[2] end
if expires > old.expires then
  times[2] = ARGV[3]
  if old.owner and old.lives < expires + SLACK then
    if ARGV[5] ~= '' then
      enter(ARGV[5] .. old.owner, ARGV[6] .. old.tag, number(ARGV[4], 1), true)
    elseif ARGV[7] == '' then
      return { NEEDED, old.tag, old.owner }
    end
    redis.call('SETRANGE', KEYS[1], 38, ARGV[4])
  end
end
if seen > old.seen or expires > old.expires then redis.call('SETRANGE', KEYS[1], 18, times[1] .. times[2]) end
if expires > old.expires then redis.call('PEXPIREAT', KEYS[1], expires + SLACK) end
return STORED
