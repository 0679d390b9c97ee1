-- KEYS[3...] accounts; ARGV[3] the claim; for each account: kind, limit, amount, period.
-- granted: ends of periods; denied: part, remaining, wait.
local C=ARGV[3]
local A={}
for i=3,#KEYS do
  local j=4+(i-3)*4
  local kind,limit=ARGV[j],tonumber(ARGV[j+1])
  local amount,period=tonumber(ARGV[j+2]),tonumber(ARGV[j+3])
  local a=read(KEYS[i])
  a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)
  a.kind=kind
  a.amount=amount
  a.period=period
  local u=(kind=='2' and a.p<=now) and 0 or a.u
  local own=math.max(a.have,0)
  local left=math.max(limit-u-(a.h-own),0)
  local want=a.have>=0 and a.have or amount
  if want>left then
    local wait=-1
    if kind=='2' and want<=limit then
      wait=a.p>now and math.min(a.p-now,period) or period
    end
    return {now,seq(),'denied',i-3,left,wait}
  end
  A[i]=a
end
local reply={now,0,'granted'}
for i=3,#KEYS do
  local a=A[i]
  if a.kind=='2' then turn(KEYS[i],a,a.period) end
  if a.have<0 then
    redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(a.amount))
    hold(KEYS[i],a.amount)
  end
  keep(KEYS[i],a,true)
  reply[i+1]=a.p
end
reply[2]=seq()
return reply
