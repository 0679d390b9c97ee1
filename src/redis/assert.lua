-- The claims have these parts, whatever the limits say.  KEYS[3] parts of the
-- incarnation before, KEYS[4...] an account for each part; ARGV[3] the incarnation
-- before, which loses the same parts, or S; for each account: claim, kind, amount,
-- period, 1: the claim may move files.
-- done: ends of the periods.
tell_the_truth()
local before=ARGV[3]
local reply={now,0,'done'}
for i=4,#KEYS do
  local j=4+(i-4)*5
  local k,f,kind=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+1]
  local a=kind=='1' and tree(k) or read(k)
  if kind=='2' then turn(k,a,tonumber(ARGV[j+3])) end
  local have=tonumber(redis.call('HGET',KEYS[2],f) or -1)
  if kind=='1' and have<0 then count_part(k,S,1,ARGV[j+4]) end
  have=math.max(have,0)
  redis.call('HSET',KEYS[2],f,ARGV[j+2])
  hold(k,ARGV[j+2]-have)
  if before~=S then
    local old=redis.call('HGET',KEYS[3],f)
    if old then
      redis.call('HDEL',KEYS[3],f)
      give_back(k,before,old)
      if kind=='1' then count_part(k,before,-1,ARGV[j+4]) end
    end
  end
  keep(k,a,true)
  reply[i]=kind=='1' and a.dm or a.p
end
reply[2]=seq()
return reply
