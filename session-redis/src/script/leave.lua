-- KEYS: an owner's index. ARGV: 1 the member.
leave(KEYS[1], ARGV[1])
return STORED
