-- For status pages: nothing depends on it.  KEYS leases, parts of S, claims of all;
-- ARGV S, its claims.
-- done: servers that live, and the claims of these.
local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
local L={}
local raw=redis.call('HGETALL',KEYS[1])
for i=1,#raw,2 do L[raw[i]]=tonumber(raw[i+1]) end
redis.call('HSET',KEYS[3],ARGV[1],ARGV[2])
redis.call('PEXPIRE',KEYS[3],86400000)
local servers,claims=0,0
local c=redis.call('HGETALL',KEYS[3])
for i=1,#c,2 do
  local e=L[c[i]]
  if not e then redis.call('HDEL',KEYS[3],c[i])
  elseif e>now then
    servers=servers+1
    claims=claims+c[i+1]
  end
end
return {now,0,'done',servers,claims}
