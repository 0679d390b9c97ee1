-- A tree was measured: ep_book_measured().  KEYS[3] the tree; ARGV[3] bytes, below 0: it
-- cannot be measured, and -1-bytes were seen; ARGV[4] how long it took; ARGV[5] 1: the
-- caller insists; ARGV[6...] c, mv, st and measurements as they were before, mark.
-- done or kept: bytes used, 1 if they are known, measurements; turns in which this server
-- and others have found different numbers.
local k=KEYS[3]
local bytes,took,insists=tonumber(ARGV[3]),tonumber(ARGV[4]),ARGV[5]=='1'
local a=tree(k)
if a.lm==S then redis.call('HDEL',k,'lm','lu') end
local function answer(word) return {now,seq(),word,a.m,a.k,a.mc,a.fl or 0} end
if a.mc~=tonumber(ARGV[9]) then return answer('kept') end
local changed=a.c~=tonumber(ARGV[6])
local disturbed=changed or a.n>0 or a.lapsed>a.mt
if bytes<0 then
  local seen=-1-bytes
  a.su=a.su+math.max(seen-a.m,0)
  a.m=math.max(a.m,seen)
  put(k,'su',a.su,'m',a.m,'k',0)
  a.k=0
else
  local used=bytes
  if disturbed then used=bytes+math.max(a.st-ARGV[8],0) end
  if disturbed and a.k==1 and not insists
     and (used>=a.m or a.mv~=tonumber(ARGV[7]) or a.v>0) then
    return answer('kept')
  end
  local exact=not disturbed or (a.k==0 and a.mc==0)
  local others=exact and math.max(bytes-math.max(a.m-a.su,0)-a.h,0) or 0
  local base=math.min(math.max(a.b,a.l)+others,used)
  local su=0
  if not exact then
    su=math.max(a.su-math.max(a.m-used,0),0)+math.max(used-a.m,0)
  end
  -- storage that is not shared has other numbers on each server
  local mine,last=a['x:'..V],a.lb
  local by=redis.call('HGET',k,'lw')
  if by and by~=V and mine and last then
    a.fl=math.abs(bytes-mine)<math.abs(bytes-last) and (a.fl or 0)+1 or 0
    put(k,'fl',a.fl)
  end
  redis.call('HSET',k,'lw',V)
  -- each start of a server has another name
  if a.xs>16 then
    for w in pairs(a) do
      if string.sub(w,1,2)=='x:' then redis.call('HDEL',k,w) end
    end
  end
  put(k,'x:'..V,bytes,'lb',bytes)
  if disturbed then put(k,'as',now+1,'dm',a.dm+1) end
  a.m=used
  a.k=1
  put(k,'m',used,'k',1,'b',base,'su',su,'mk',ARGV[10])
end
if not changed then put(k,'d',0) end
a.mc=a.mc+1
put(k,'tk',took,'mt',now,'mc',a.mc)
keep(k,a,true)
return answer('done')
