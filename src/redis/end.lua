-- Ends parts, of several claims.  KEYS[3...] an account for each part; for each of
-- them: claim, kind, period, bytes received or '-': the part stays, with 0.
-- done: ends of the periods, 0: there is none.
tell_the_truth()
local reply={now,0,'done'}
for i=3,#KEYS do
  local j=3+(i-3)*4
  local k,f,received=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+3]
  local have=tonumber(redis.call('HGET',KEYS[2],f) or -1)
  if received=='-' then
    if have>0 then
      redis.call('HSET',KEYS[2],f,0)
      hold(k,-have)
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
