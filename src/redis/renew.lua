-- KEYS leases, parts of S, secret;
-- ARGV S, the lease, a secret, SERVER or '': forgets its other incarnations.
-- Forgets all that have had no lease for a day.  known, and the secret; new; closed.
local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
local DAY=86400000
local function text(n) return string.format('%.0f',n) end
local e=tonumber(redis.call('HGET',KEYS[1],ARGV[1]) or 0)
if e<=0 then return {now,0,e<0 and 'closed' or 'new'} end
-- a first write that runs when Redis' memory is full, too
redis.call('PEXPIRE',KEYS[2],text(2*DAY))
redis.call('HSET',KEYS[1],ARGV[1],text(now+ARGV[2]))
local own=ARGV[4]..'.'
local f=redis.call('HGETALL',KEYS[1])
for i=1,#f,2 do
  local is_own=ARGV[4]~='' and string.sub(f[i],1,#own)==own and f[i]~=ARGV[1]
  if is_own or math.abs(f[i+1])+DAY<now then redis.call('HDEL',KEYS[1],f[i]) end
end
redis.call('SET',KEYS[3],ARGV[3],'NX')
local s=redis.call('HINCRBY',KEYS[2],'seq',1)
return {now,s,'known',redis.call('GET',KEYS[3])}
