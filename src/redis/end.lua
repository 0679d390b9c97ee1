-- Ends parts, of several claims.  KEYS[3...] an account for each part; for each of
-- them: claim, kind, period, bytes received or '-': the part stays, with 0; for a tree
-- its measurements when it was reserved in place of the period, and bytes stored; 1: the
-- claim may have moved files.
-- done: ends of the periods, 0: there is none.
tell_the_truth()
local reply={now,0,'done'}
for i=3,#KEYS do
  local j=3+(i-3)*5
  local k,f,received=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+3]
  local have=tonumber(redis.call('HGET',KEYS[2],f) or -1)
  if received=='-' then
    if have>0 then
      redis.call('HSET',KEYS[2],f,0)
      hold(k,-have)
    end
    reply[i+1]=0
  elseif ARGV[j+1]=='1' then
    if have>=0 then
      local a=tree(k)
      local stored=tonumber(received)
      redis.call('HDEL',KEYS[2],f)
      give_back(k,S,have)
      count_part(k,S,-1,ARGV[j+4])
      -- a number that was taken meanwhile may have what was removed
      if stored<0 and a.dm~=tonumber(ARGV[j+2]) then stored=0 end
      put(k,'c',a.c+1,'m',math.max(a.m+stored,0),'st',a.st+math.max(stored,0))
      if ARGV[j+4]=='1' then put(k,'mv',a.mv+1) end
      keep(k,a,true)
    end
    reply[i+1]=0
  else
    -- the period that the upload has begun is not begun once more
    local a=read(k)
    if have>=0 and ARGV[j+1]=='2' and received~='0' then
      turn(k,a,tonumber(ARGV[j+2]))
    end
    if have>=0 then
      redis.call('HDEL',KEYS[2],f)
      a.n=a.n-math.min(a.mine,give_back(k,S,have))
    end
    if have>=0 and ARGV[j+1]=='2' and received~='0' then
      redis.call('HINCRBY',k,'u:'..V,received)
      keep(k,a,a.n>0)
    elseif a.n==0 and (a.u==0 or a.p<=now) then
      redis.call('DEL',k)
    end
    reply[i+1]=a.p
  end
end
reply[2]=seq()
return reply
