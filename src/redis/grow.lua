-- KEYS[3...] accounts; ARGV[3] the claim, ARGV[4] least, ARGV[5] most; for each
-- account: limit, period.
-- granted: bytes; denied: part, remaining, wait.
local C,least,g=ARGV[3],tonumber(ARGV[4]),tonumber(ARGV[5])
local A={}
for i=3,#KEYS do
  local j=6+(i-3)*2
  local limit,period=tonumber(ARGV[j]),tonumber(ARGV[j+1])
  local a=read(KEYS[i])
  a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)
  if a.have<0 then return {now,seq(),'none'} end
  local u=a.p<=now and 0 or a.u
  local left=math.max(limit-u-a.h,0)
  if left<least then
    local wait=-1
    if a.have+least<=limit then
      wait=a.p>now and math.min(a.p-now,period) or period
    end
    return {now,seq(),'denied',i-3,left,wait}
  end
  -- others get their share of what is left
  g=math.min(g,least+math.floor((left-least)/2))
  a.period=period
  A[i]=a
end
for i=3,#KEYS do
  turn(KEYS[i],A[i],A[i].period)
  redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(A[i].have+g))
  hold(KEYS[i],g)
  keep(KEYS[i],A[i],true)
end
return {now,seq(),'granted',g}
