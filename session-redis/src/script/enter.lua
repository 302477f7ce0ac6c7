-- KEYS: an owner's index. ARGV: 1 the member, 2 until when the index has to live, as six bytes, 3 '1' if its record stays.
-- Gives when, and how many entries there are.
local entries = enter(KEYS[1], ARGV[1], number(ARGV[2], 1), ARGV[3] == '1')
return { micros(), entries }
