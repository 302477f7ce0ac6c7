-- What the scripts begin with, behind the usual case if they have one. Numbers are doubles here: whole up to 2^53, which times are and versions are not, so
-- versions are compared as bytes. Strings are compared for equality alone: their order follows the server's locale.
local STORED, EXISTS, GONE, CORRUPT, NEEDED, LEFT, ENTERED = 1, 2, 3, 4, 5, 6, 7
local LONGEST, LATE = 600000, 300000 -- milliseconds

local function number(bytes, at)
  local a, b, c, d, e, f = string.byte(bytes, at, at + 5)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end

-- The head of a stored record, or nil if it is none. See layout.rs.
local function parse(bytes)
  if #bytes < 30 or string.sub(bytes, 1, 3) ~= '\245S\1' then return nil end
  local it = { version = string.sub(bytes, 5, 12), seen = number(bytes, 19), expires = number(bytes, 25) }
  local length = string.byte(bytes, 4)
  if length > 0 then
    if #bytes < 44 + length then return nil end
    it.tag = string.sub(bytes, 31, 38)
    it.lives = number(bytes, 39)
    it.owner = string.sub(bytes, 45, 44 + length)
  end
  return it
end

-- The head of what is under the key, as much of it as can matter here; '' if there is nothing.
local function head(key)
  return redis.pcall('GETRANGE', key, '0', '298')
end

local function micros()
  local now = redis.call('TIME')
  return now[1] * 1000000 + now[2]
end

-- Enters a member at the end of an owner's index, which lives until `lives` at least, and gives how many there are.
-- One that is there keeps its place if its record `stays`; else a write is tried again, and a write so late needs an
-- entry that nobody takes for a stale one.
-- The member '' bears the highest score that was ever given, negative so that no walk meets it: a score is never
-- given twice, and never one below those that a walk has seen, even if the clock steps back.
local function enter(index, member, lives, stays)
  local now = micros()
  local at = redis.call('ZSCORE', index, member)
  if not at or not stays and now - tonumber(at) > LATE * 1000 then
    local mark = redis.call('ZSCORE', index, '')
    local score = now
    if mark and -tonumber(mark) >= score then score = 1 - tonumber(mark) end
    redis.call('ZADD', index, -score, '', score, member)
  end
  local present = math.floor(now / 1000)
  lives = math.max(lives, present + LONGEST)
  local left = redis.call('PTTL', index)
  if left < lives - present then redis.call('PEXPIREAT', index, lives) end
  return redis.call('ZCARD', index) - 1
end

-- Lets an index in which nothing but the mark is left go soon: a walk under way may still rely on the mark.
local function settle(index)
  if redis.call('ZCARD', index) == 1 and redis.call('ZSCORE', index, '') then redis.call('PEXPIRE', index, LONGEST) end
end

local function leave(index, member)
  redis.call('ZREM', index, member)
  settle(index)
end
