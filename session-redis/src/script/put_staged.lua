-- As `put_usual` and its arguments, but a long record waits under a name of its own: ARGV 1 is its head alone, and
-- ARGV 8 the name.
local key, bytes = KEYS[1], ARGV[1]
local length = string.byte(bytes, 4)
local found = redis.pcall('GETRANGE', key, '0', '298')

