-- KEYS[3] a tree; ARGV[3] what is asked, ARGV[4] and ARGV[5] numbers:
-- look; begin: measurements that were seen, and for how long to measure (ms): done if
-- nobody else measures and none was taken since; renew: how long; drop; doubt; assert:
-- bytes that this server knows.
-- done, busy or rest: see the end.
local k,what=KEYS[3],ARGV[3]
local one,two=tonumber(ARGV[4]),tonumber(ARGV[5])
local a=tree(k)
local word,was='done',0
local is_held=a.lm~='' and a.lu>now and L[a.lm] and L[a.lm]>now
if what=='begin' then
  if is_held and a.lm~=S then word='busy'
  elseif a.mc~=one then word='rest'
  else
    redis.call('HSET',k,'lm',S,'lu',text(now+two))
    if a.as==0 then put(k,'as',now) end
    keep(k,a,true)
  end
elseif what=='renew' and a.lm==S then redis.call('HSET',k,'lu',text(now+one))
elseif what=='drop' and a.lm==S then redis.call('HDEL',k,'lm','lu')
elseif what=='doubt' then doubt(k,a)
elseif what=='assert' then
  a.m=math.max(a.m,one)
  a.k=1
  a.as=now
  put(k,'m',a.m,'k',1,'as',now,'c',a.c+1,'b',a.mc==0 and a.m or a.b)
  keep(k,a,true)
end
if what~='look' then was=seq() end
return {now,was,word,a.m,a.h-a.own,a.k,a.mc,a.mt>0 and now-a.mt or -1,a.tk,
  now-math.min(math.max(a.as,a.lapsed),now+1),a.c,a.mv,a.st,a.mk,a.h}
