-- Common to all scripts but begin, renew and count, and put in front of them.
-- KEYS[1] leases, KEYS[2] the parts of S; ARGV[1] S, ARGV[2] SERVER.
-- The lease of a closed incarnation is below 0: its parts count, but it gets no more.
local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
local DAY=86400000
local S,V=ARGV[1],ARGV[2]
-- Reads each lease when it is first asked for: few accounts know all servers.
local L=setmetatable({},{__index=function(l,s)
  l[s]=tonumber(redis.call('HGET',KEYS[1],s)) or false
  return l[s]
end})
if not L[S] or L[S]<=now then return {now,0,'gone'} end
-- Not -0, which Redis does not take for a number.
local function text(n) return string.format('%.0f',n==0 and 0 or n) end
local function seq() return redis.call('HINCRBY',KEYS[2],'seq',1) end
local function field(C,k) return C..':'..string.match(k,'[^:]*$') end
-- What living incarnations hold (h), how many have ever held (n), whether S has
-- (mine), what is used (u).
-- Forgets what incarnations hold that are not known any more.
local function read(k)
  local a={h=0,u=0,n=0,p=0,mine=0,us={}}
  local f=redis.call('HGETALL',k)
  for i=1,#f,2 do
    local w,v=string.sub(f[i],1,2),tonumber(f[i+1])
    if w=='h:' then
      local s=string.sub(f[i],3)
      if not L[s] then redis.call('HDEL',k,f[i])
      else
        a.n=a.n+1
        if s==S then a.mine=1 end
        if math.abs(L[s])>now then a.h=a.h+v end
      end
    elseif w=='u:' then
      a.u=a.u+v
      a.us[#a.us+1]=f[i]
    elseif w=='p' then a.p=v end
  end
  return a
end
-- A tree, by the rules of core/book/book.  m used, k known, mc measurements, dm those
-- whose number was taken although an upload was under way or had ended, mt when and
-- tk how long the last one was (microseconds), as when it was asked for, d doubted, c what has ended in
-- it, mv what of it may have moved files, st bytes that were settled, b base, su what was
-- measured too much, l limit, mk mark; n:S parts and v:S those of claims that may move
-- files; x:SERVER what a server has measured last, xs how many of these; lm and lu who measures, and until when.
local function tree(k)
  local a={h=0,own=0,n=0,v=0,lapsed=0,p=0,xs=0,lm=''}
  for _,w in ipairs({'m','k','mc','mt','tk','as','d','c','mv','st','su','l','mk','lu','dm','b'}) do
    a[w]=0
  end
  local f=redis.call('HGETALL',k)
  a.is_there=#f>0
  for i=1,#f,2 do
    local w,v=string.sub(f[i],1,2),tonumber(f[i+1])
    if w=='h:' or w=='n:' or w=='v:' then
      local s=string.sub(f[i],3)
      local to=string.sub(w,1,1)
      if not L[s] then redis.call('HDEL',k,f[i])
      elseif math.abs(L[s])>now then
        a[to]=a[to]+v
        if s==S and w=='h:' then a.own=v end
      elseif w=='n:' and v>0 then a.lapsed=math.max(a.lapsed,math.abs(L[s])) end
    elseif f[i]=='lm' then a.lm=f[i+1]
    else
      if w=='x:' then a.xs=a.xs+1 end
      a[f[i]]=v
    end
  end
  return a
end
local function put(k,...)
  local w={...}
  for i=2,#w,2 do w[i]=text(w[i]) end
  redis.call('HSET',k,unpack(w))
end
local function pause(a) return math.max(5000,math.floor(a.tk/50)) end
-- What a limit leaves, how long to wait for another number, and what the tree may come
-- to.
local function left_of(a,limit,overdraft,own,want)
  local most=math.max(limit,overdraft>0 and a.b or 0)+overdraft
  local wait=-1
  local rest=math.max(a.mt+pause(a)-now,0)
  if want<=most and (a.d~=0 or (rest==0 and a.as>a.mt)) then wait=rest+math.ceil(a.tk/1000) end
  return math.max(most-a.m-math.max(a.h-own,0),0),wait,most
end
-- A part of a tree comes or goes.
local function count_part(k,s,by,mover)
  if redis.call('HINCRBY',k,'n:'..s,by)<=0 then redis.call('HDEL',k,'n:'..s) end
  if mover=='1' and redis.call('HINCRBY',k,'v:'..s,by)<=0 then
    redis.call('HDEL',k,'v:'..s)
  end
end
-- Files were removed, or may not have been stored.
local function doubt(k,a)
  if not a.is_there then return end
  a.d=1
  a.as=now
  a.c=a.c+1
  put(k,'d',1,'as',now,'c',a.c)
end
-- What this server has measured or counted, if Redis does not know better.
local function heal(k,a,used)
  if a.mc==0 and used>=0 and (a.k==0 or used>a.m) then
    a.m=math.max(a.m,used)
    a.k=1
    a.b=math.max(a.b,a.m)
    a.is_there=true
    put(k,'m',a.m,'k',1,'as',now,'b',a.b)
    redis.call('PEXPIRE',k,text(30*DAY))
  end
end
local function begin_period(k,a,p)
  if a.p~=p then
    a.p=p
    redis.call('HSET',k,'p',text(p))
  end
end
-- Begins a period, if there is none, or nothing is used in it, or it is too long.
local function turn(k,a,period)
  if a.p<=now then
    for _,f in ipairs(a.us) do redis.call('HDEL',k,f) end
    a.u=0
    a.us={}
  end
  if a.p<=now or a.p-now>period or (a.n==0 and a.u==0) then
    begin_period(k,a,now+period)
  end
end
-- An account that is held lives longer than any upload takes.
local function keep(k,a,is_held)
  redis.call('PEXPIRE',k,text(math.max((is_held and 30 or 1)*DAY,a.p-now)))
end
local function hold(k,by)
  redis.call('HINCRBY',k,'h:'..S,text(by))
end
-- s gives back what it holds.  1: it holds nothing more.
local function give_back(k,s,by)
  if redis.call('HINCRBY',k,'h:'..s,text(-by))>0 then return 0 end
  return redis.call('HDEL',k,'h:'..s)
end
-- The first write of a script fails if Redis' memory is full, unless it is one like
-- this.  What is so is told all the same.
local function tell_the_truth() redis.call('PEXPIRE',KEYS[2],text(2*DAY)) end
