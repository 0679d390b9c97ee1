-- KEYS[3...] accounts; ARGV[3] the claim, ARGV[4] least, ARGV[5] most; for each
-- account: kind, limit, period, overdraft.
-- granted: bytes; denied: part, remaining, wait; unknown: as reserve.
local C,least,g=ARGV[3],tonumber(ARGV[4]),tonumber(ARGV[5])
local A={}
local unknown
for i=3,#KEYS do
  local j=6+(i-3)*4
  local kind,limit,period=ARGV[j],tonumber(ARGV[j+1]),tonumber(ARGV[j+2])
  local a=kind=='1' and tree(KEYS[i]) or read(KEYS[i])
  a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)
  if a.have<0 then return {now,seq(),'none'} end
  local left,wait
  if kind=='1' then
    left,wait=left_of(a,limit,tonumber(ARGV[j+3]),0,a.have+least)
  else
    local u=a.p<=now and 0 or a.u
    left=math.max(limit-u-a.h,0)
    wait=-1
    if a.have+least<=limit then
      wait=a.p>now and math.min(a.p-now,period) or period
    end
  end
  if left<least then return {now,seq(),'denied',i-3,left,wait} end
  if kind=='1' and a.k==0 and a.mc==0 then
    local unasked=math.max(65536-a.have,0)
    if unasked<least then unknown=unknown or {now,0,'unknown',i-3,1}
    else left=math.min(left,unasked) end
  end
  -- others get their share of what is left
  g=math.min(g,least+math.floor((left-least)/2))
  a.kind=kind
  a.period=period
  A[i]=a
end
if unknown then
  unknown[2]=seq()
  return unknown
end
local done={}
for i=3,#KEYS do
  if not done[KEYS[i]] then
    done[KEYS[i]]=true
    if A[i].kind=='2' then turn(KEYS[i],A[i],A[i].period) end
    redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(A[i].have+g))
    hold(KEYS[i],g)
    keep(KEYS[i],A[i],true)
  end
end
return {now,seq(),'granted',g}
