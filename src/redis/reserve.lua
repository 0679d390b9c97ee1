-- KEYS[3...] accounts; ARGV[3] the claim, ARGV[4] 1: it may move files, ARGV[5] 1: it is
-- asked leniently; for each account: kind, limit, amount, period, overdraft, bytes that
-- this server knows of a tree or -1, 1: its number is doubted.
-- granted: ends of periods, or measurements of a tree; denied: part, remaining, wait;
-- unknown: part, 1 if the tree was never measured.
local C,mover,lenient=ARGV[3],ARGV[4],ARGV[5]=='1'
local A={}
local unknown
for i=3,#KEYS do
  local j=6+(i-3)*7
  local kind,limit=ARGV[j],tonumber(ARGV[j+1])
  local amount,period=tonumber(ARGV[j+2]),tonumber(ARGV[j+3])
  local a=kind=='1' and tree(KEYS[i]) or read(KEYS[i])
  a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)
  a.kind=kind
  a.amount=amount
  a.period=period
  a.limit=limit
  local own=math.max(a.have,0)
  local want=a.have>=0 and a.have or amount
  local left,wait
  if kind=='1' then
    heal(KEYS[i],a,tonumber(ARGV[j+5]))
    if ARGV[j+6]=='1' then doubt(KEYS[i],a) end
    left,wait,a.most=left_of(a,limit,tonumber(ARGV[j+4]),own,want)
    -- nothing is left of an upload that is not admitted
    if a.is_there then
      put(KEYS[i],'as',now)
      keep(KEYS[i],a,true)
    end
    if a.k==0 and not unknown and (not lenient or (a.mc==0 and want>65536)) then
      unknown={now,0,'unknown',i-3,a.mc==0 and 1 or 0}
    end
  else
    local u=(kind=='2' and a.p<=now) and 0 or a.u
    left=math.max(limit-u-(a.h-own),0)
    wait=-1
    if kind=='2' and want<=limit then
      wait=a.p>now and math.min(a.p-now,period) or period
    end
  end
  if want>left then return {now,seq(),'denied',i-3,left,wait} end
  A[i]=a
end
if unknown then
  unknown[2]=seq()
  return unknown
end
local reply={now,0,'granted'}
local done={}
for i=3,#KEYS do
  local a=A[i]
  if a.kind=='2' then turn(KEYS[i],a,a.period) end
  if a.have<0 and not done[KEYS[i]] then
    redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(a.amount))
    hold(KEYS[i],a.amount)
    if a.kind=='1' then
      count_part(KEYS[i],S,1,mover)
      put(KEYS[i],'as',now)
    end
  end
  -- the strictest of several
  if a.kind=='1' and (not done[KEYS[i]] or a.most<done[KEYS[i]]) then
    put(KEYS[i],'l',a.limit)
    done[KEYS[i]]=a.most
  end
  done[KEYS[i]]=done[KEYS[i]] or true
  keep(KEYS[i],a,true)
  reply[i+1]=a.kind=='1' and a.dm or a.p
end
reply[2]=seq()
return reply
