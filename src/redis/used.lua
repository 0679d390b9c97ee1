-- What this server has used, in all.  KEYS[3...] accounts; for each: end of the
-- period, its length, bytes.
-- done: ends of the periods, as they are now.
tell_the_truth()
local reply={now,0,'done'}
for i=3,#KEYS do
  local j=3+(i-3)*3
  local k,p,used=KEYS[i],tonumber(ARGV[j]),tonumber(ARGV[j+2])
  local a=read(k)
  p=math.min(p,now+ARGV[j+1])
  if p>now then
    -- the period that ends first is right: another one began when Redis had forgotten
    if a.p<=now then turn(k,a,p-now)
    elseif p<a.p then begin_period(k,a,p) end
    if used>tonumber(redis.call('HGET',k,'u:'..V) or 0) then
      redis.call('HSET',k,'u:'..V,ARGV[j+2])
    end
    keep(k,a,a.n>0)
  end
  reply[i+1]=a.p
end
reply[2]=seq()
return reply
