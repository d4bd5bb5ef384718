"""The one step of Redis that applies changes to a board and reads a part of it (`sets.py`)."""

# KEYS: the sorted set, the hash of members, the state. ARGV: the state that the changes build on, the new state, how
# many seconds to keep it, the window (kind, number or score, member, count), me or "", NEAR, how many changes, the
# changes (person, score or "", member), the people asked for. Returns {"stale"}, or the total, the first rank and
# rows of the window, my rank and the rows around me, the rank and member of each person asked for.
SCRIPT = """
local z, h, s = KEYS[1], KEYS[2], KEYS[3]
if redis.call('GET', s) ~= ARGV[1] then return {'stale'} end
local kind, at, member, count = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local me, near, n = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local i = 11
for _ = 1, n do
  local who, score, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  i = i + 3
  local old = redis.call('HGET', h, who)
  if old and (score == '' or old ~= new) then redis.call('ZREM', z, old) end
  if score == '' then redis.call('HDEL', h, who)
  else
    redis.call('ZADD', z, score, new)
    if old ~= new then redis.call('HSET', h, who, new) end
  end
end
local total = redis.call('ZCARD', z)
if total ~= redis.call('HLEN', h) then redis.call('DEL', s) return {'stale'} end
if ARGV[2] ~= ARGV[1] then
  redis.call('SET', s, ARGV[2])
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
end
local first = 0
if kind == 'first' then first = tonumber(at) - 1
else
  redis.call('ZADD', z, at, member .. '~')
  local above = redis.call('ZRANK', z, member .. '~')
  redis.call('ZREM', z, member .. '~')
  if kind == 'after' then first = above
  else
    local own = redis.call('ZSCORE', z, member)
    if own and tonumber(own) == tonumber(at) then above = above - 1 end
    first = math.max(0, above - count)
    count = above - first
  end
end
local rows = {}
if count > 0 then rows = redis.call('ZRANGE', z, first, first + count - 1, 'WITHSCORES') end
local rank, around, low = -1, {}, 0
local mine = me ~= '' and redis.call('HGET', h, me)
if mine then
  rank = redis.call('ZRANK', z, mine)
  low = math.max(0, rank - near)
  around = redis.call('ZRANGE', z, low, rank + near, 'WITHSCORES')
end
local found = {}
while ARGV[i] do
  local whose = redis.call('HGET', h, ARGV[i])
  if whose then
    found[#found + 1] = redis.call('ZRANK', z, whose)
    found[#found + 1] = whose
    found[#found + 1] = redis.call('ZSCORE', z, whose)
  end
  i = i + 1
end
return {total, first, rows, low, around, found}
"""
