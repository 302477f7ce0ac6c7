-- KEYS: the record. ARGV: 1 the new record's bytes, 2 the version to replace ('' to create), 3 what the names of the
-- owners' indexes begin with ('' if they may be on other nodes), 4 the session key's bytes, 5 the tag that the caller
-- has entered in the owner's index, 6 when (both '' if it has not).
local bytes = ARGV[1]
local new = parse(bytes)
local create = ARGV[2] == ''
local found = head(KEYS[1])
if type(found) == 'table' then return found end
local old
if found ~= '' or redis.call('EXISTS', KEYS[1]) == 1 then
  old = parse(found)
  if not old then return CORRUPT end
  if old.version == new.version then return STORED end
  if create then return EXISTS end
  if old.expires <= new.seen then return GONE end
  if old.version ~= ARGV[2] then return redis.call('GET', KEYS[1]) end
elseif not create then
  return GONE
end

local entries
if new.owner then
  -- A stay with one owner keeps its tag, and so its place in the index.
  local stays = old and old.owner == new.owner
  local tag = stays and old.tag or new.version
  local lives = string.sub(bytes, 39, 44)
  if stays and old.lives >= new.expires + SLACK then
    lives = string.sub(found, 39, 44)
  elseif ARGV[3] ~= '' then
    entries = enter(ARGV[3] .. new.owner, ARGV[4] .. tag, new.lives, stays)
  -- An entry that is older than the longest operation may be pruned before the record is there.
  elseif ARGV[5] ~= tag or micros() - tonumber(ARGV[6]) > LATE * 1000 then
    return { NEEDED, tag, new.owner, stays and 1 or 0 }
  end
  if stays then bytes = string.sub(bytes, 1, 30) .. tag .. lives .. string.sub(bytes, 45) end
end

redis.call('SET', KEYS[1], bytes, 'PXAT', new.expires + SLACK)

if old and old.owner and old.owner ~= new.owner then
  if ARGV[3] == '' then return { LEFT, old.tag, old.owner } end
  -- The record is written, whatever is the matter with the index.
  pcall(leave, ARGV[3] .. old.owner, ARGV[4] .. old.tag)
end
if entries then return { ENTERED, entries } end
return STORED
