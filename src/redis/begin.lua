-- KEYS leases, parts of S, secret, parts of the incarnation before;
-- ARGV S, the lease, a secret, the incarnation before or ''.
-- begun, and the secret; closed: a later one has begun.
local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
local DAY=86400000
local function text(n) return string.format('%.0f',n) end
local function lease(s) return tonumber(redis.call('HGET',KEYS[1],s) or 0) end
local ends=now+ARGV[2]
if lease(ARGV[1])<0 then return {now,0,'closed'} end
-- a first write that runs when Redis' memory is full, too
redis.call('PEXPIRE',KEYS[2],text(2*DAY))
if ARGV[4]~='' and lease(ARGV[4])>0 then
  redis.call('HSET',KEYS[1],ARGV[4],text(-ends))
  redis.call('PEXPIRE',KEYS[4],text(2*ARGV[2]))
end
redis.call('HSET',KEYS[1],ARGV[1],text(ends))
redis.call('SET',KEYS[3],ARGV[3],'NX')
local s=redis.call('HINCRBY',KEYS[2],'seq',1)
redis.call('PEXPIRE',KEYS[2],text(2*DAY))
return {now,s,'begun',redis.call('GET',KEYS[3])}
