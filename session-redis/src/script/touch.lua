local found = head(key)
if type(found) == 'table' then return found end
if found == '' then
  if redis.call('EXISTS', key) == 1 then return CORRUPT end
  return GONE
end
local old = parse(found)
if not old then return CORRUPT end
local seen, expires = number(ARGV[2], 1), number(ARGV[2], 7)
if old.version ~= ARGV[1] or old.expires <= seen then return GONE end

local times = { string.sub(found, 19, 24), string.sub(found, 25, 30) }
if seen > old.seen then times[1] = string.sub(ARGV[2], 1, 6) end
if expires > old.expires then
  times[2] = string.sub(ARGV[2], 7)
  if old.owner and old.lives < tonumber(ARGV[3]) then
    if ARGV[5] ~= '' then
      enter(ARGV[5] .. old.owner, ARGV[6] .. old.tag, number(ARGV[4], 1), true)
    elseif ARGV[7] == '' then
      return { NEEDED, old.tag, old.owner }
    end
    redis.call('SETRANGE', key, '38', ARGV[4])
  end
end
if seen > old.seen or expires > old.expires then redis.call('SETRANGE', key, '18', times[1] .. times[2]) end
if expires > old.expires then redis.call('PEXPIREAT', key, ARGV[3]) end
return STORED
