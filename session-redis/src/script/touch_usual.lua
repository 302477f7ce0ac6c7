-- KEYS: the record. ARGV: 1 the version, 2 when it was seen and the deadline (times as six bytes), 3 until when the
-- record is kept with that deadline, in decimal, 4 until when the index has to live, as six bytes, 5 what the names of
-- the owners' indexes begin with ('' if they may be on other nodes), 6 the session key's bytes, 7 '1' if the caller has
-- seen to the index.
--
-- The usual case comes first, ahead of what only the others need: both times move on, and the index lives long enough.
local key = KEYS[1]
local start = redis.pcall('GETRANGE', key, '0', '43')
if #start >= 30 and string.sub(start, 1, 3) == '\245S\1' and string.sub(start, 5, 12) == ARGV[1] then
  local unpack, length = struct.unpack, string.byte(start, 4)
  local before, over = unpack('>I6I6', start, 19)
  local seen, expires = unpack('>I6I6', ARGV[2])
  if
    before < seen
    and seen < over
    and over <= expires
    and (length == 0 or #start == 44 and unpack('>I6', start, 39) >= tonumber(ARGV[3]))
  then
    -- What is cut short within its owner's name can never be read, so its times do not matter.
    if redis.call('SETRANGE', key, '18', ARGV[2]) < 44 + length and length > 0 then return 4 end
    if over < expires then redis.call('PEXPIREAT', key, ARGV[3]) end
    return 1
  end
end

