-- KEYS: the record. ARGV: 1 the new record's bytes, 2 the head of the record to replace up to its version, as if the
-- owner stayed ('' to create), 3 until when the new record is kept, in decimal, 4 what the names of the owners' indexes
-- begin with ('' if they may be on other nodes), 5 the session key's bytes, 6 the tag that the caller has entered in
-- the owner's index, 7 when (both '' if it has not).
--
-- The usual case comes first, ahead of what only the others need: the record is the one to be replaced, and its
-- owner's index needs nothing. Every call costs the server about a microsecond, and every string a nanosecond for each
-- byte of it, which is why no payload is read or put together here.
local key, bytes = KEYS[1], ARGV[1]
local length = string.byte(bytes, 4)
local found = redis.pcall('GETRANGE', key, '0', length == 0 and '29' or '298')
if #found >= 30 and string.sub(found, 1, 12) == ARGV[2] and string.sub(bytes, 1, 12) ~= ARGV[2] then
  local unpack = struct.unpack
  if unpack('>I6', found, 25) > unpack('>I6', bytes, 19) then
    if length == 0 then
      redis.call('SET', key, bytes, 'PXAT', ARGV[3])
      return 1
    end
    local last = 44 + length
    local stays = string.sub(found, 45, last) == string.sub(bytes, 45, last)
    if stays and unpack('>I6', found, 39) >= tonumber(ARGV[3]) then
      redis.call('SET', key, bytes, 'PXAT', ARGV[3])
      redis.call('SETRANGE', key, '30', string.sub(found, 31, 44))
      return 1
    end
  end
end

