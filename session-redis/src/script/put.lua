local new = parse(bytes)
local create = ARGV[2] == ''
-- An owner that the new record has not may be in the old one.
if length == 0 then found = head(key) end
if type(found) == 'table' then return found end
local old
if found ~= '' or redis.call('EXISTS', key) == 1 then
  old = parse(found)
  if not old then return CORRUPT end
  if old.version == new.version then return STORED end
  if create then return EXISTS end
  if old.expires <= new.seen then return GONE end
  if old.version ~= string.sub(ARGV[2], 5) then return redis.call('GET', key) end
elseif not create then
  return GONE
end

local entries, stay
if new.owner then
  -- A stay with one owner keeps its tag, and so its place in the index.
  local stays = old and old.owner == new.owner
  local tag = stays and old.tag or new.version
  local lives = string.sub(bytes, 39, 44)
  if stays and old.lives >= tonumber(ARGV[3]) then
    lives = string.sub(found, 39, 44)
  elseif ARGV[4] ~= '' then
    entries = enter(ARGV[4] .. new.owner, ARGV[5] .. tag, new.lives, stays)
  -- An entry that is older than the longest operation may be pruned before the record is there.
  elseif ARGV[6] ~= tag or micros() - tonumber(ARGV[7]) > LATE * 1000 then
    return { NEEDED, tag, new.owner, stays and 1 or 0 }
  end
  if stays then stay = tag .. lives end
end

if ARGV[8] then
  redis.call('RENAME', ARGV[8], key)
  redis.call('PEXPIREAT', key, ARGV[3])
else
  redis.call('SET', key, bytes, 'PXAT', ARGV[3])
end
if stay then redis.call('SETRANGE', key, '30', stay) end

if old and old.owner and old.owner ~= new.owner then
  if ARGV[4] == '' then return { LEFT, old.tag, old.owner } end
  -- The record is written, whatever is the matter with the index.
  pcall(leave, ARGV[4] .. old.owner, ARGV[5] .. old.tag)
end
if entries then return { ENTERED, entries } end
return STORED
