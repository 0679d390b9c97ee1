/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Written by tools/embed-scripts from the scripts beside it. */
#ifndef EP_SCRIPTS_H
#define EP_SCRIPTS_H

#define EP_SCRIPTS_COMMON \
    "local t=redis.call('TIME')\n" \
    "local now=t[1]*1000+math.floor(t[2]/1000)\n" \
    "local DAY=86400000\n" \
    "local S,V=ARGV[1],ARGV[2]\n" \
    "local L=setmetatable({},{__index=function(l,s)\n" \
    "l[s]=tonumber(redis.call('HGET',KEYS[1],s)) or false\n" \
    "return l[s]\n" \
    "end})\n" \
    "if not L[S] or L[S]<=now then return {now,0,'gone'} end\n" \
    "local function text(n) return string.format('%.0f',n==0 and 0 or n) end\n" \
    "local function seq() return redis.call('HINCRBY',KEYS[2],'seq',1) end\n" \
    "local function field(C,k) return C..':'..string.match(k,'[^:]*$') end\n" \
    "local function read(k)\n" \
    "local a={h=0,u=0,n=0,p=0,mine=0,us={}}\n" \
    "local f=redis.call('HGETALL',k)\n" \
    "for i=1,#f,2 do\n" \
    "local w,v=string.sub(f[i],1,2),tonumber(f[i+1])\n" \
    "if w=='h:' then\n" \
    "local s=string.sub(f[i],3)\n" \
    "if not L[s] then redis.call('HDEL',k,f[i])\n" \
    "else\n" \
    "a.n=a.n+1\n" \
    "if s==S then a.mine=1 end\n" \
    "if math.abs(L[s])>now then a.h=a.h+v end\n" \
    "end\n" \
    "elseif w=='u:' then\n" \
    "a.u=a.u+v\n" \
    "a.us[#a.us+1]=f[i]\n" \
    "elseif w=='p' then a.p=v end\n" \
    "end\n" \
    "return a\n" \
    "end\n" \
    "local function tree(k)\n" \
    "local a={h=0,own=0,n=0,v=0,lapsed=0,p=0,xs=0,lm=''}\n" \
    "for _,w in ipairs({'m','k','mc','mt','tk','as','d','c','mv','st','su','l','mk','lu','dm','b'}) do\n" \
    "a[w]=0\n" \
    "end\n" \
    "local f=redis.call('HGETALL',k)\n" \
    "a.is_there=#f>0\n" \
    "for i=1,#f,2 do\n" \
    "local w,v=string.sub(f[i],1,2),tonumber(f[i+1])\n" \
    "if w=='h:' or w=='n:' or w=='v:' then\n" \
    "local s=string.sub(f[i],3)\n" \
    "local to=string.sub(w,1,1)\n" \
    "if not L[s] then redis.call('HDEL',k,f[i])\n" \
    "elseif math.abs(L[s])>now then\n" \
    "a[to]=a[to]+v\n" \
    "if s==S and w=='h:' then a.own=v end\n" \
    "elseif w=='n:' and v>0 then a.lapsed=math.max(a.lapsed,math.abs(L[s])) end\n" \
    "elseif f[i]=='lm' then a.lm=f[i+1]\n" \
    "else\n" \
    "if w=='x:' then a.xs=a.xs+1 end\n" \
    "a[f[i]]=v\n" \
    "end\n" \
    "end\n" \
    "return a\n" \
    "end\n" \
    "local function put(k,...)\n" \
    "local w={...}\n" \
    "for i=2,#w,2 do w[i]=text(w[i]) end\n" \
    "redis.call('HSET',k,unpack(w))\n" \
    "end\n" \
    "local function pause(a) return math.max(5000,math.floor(a.tk/50)) end\n" \
    "local function left_of(a,limit,overdraft,own,want)\n" \
    "local most=math.max(limit,overdraft>0 and a.b or 0)+overdraft\n" \
    "local wait=-1\n" \
    "local rest=math.max(a.mt+pause(a)-now,0)\n" \
    "if want<=most and (a.d~=0 or (rest==0 and a.as>a.mt)) then wait=rest+math.ceil(a.tk/1000) end\n" \
    "return math.max(most-a.m-math.max(a.h-own,0),0),wait,most\n" \
    "end\n" \
    "local function count_part(k,s,by,mover)\n" \
    "if redis.call('HINCRBY',k,'n:'..s,by)<=0 then redis.call('HDEL',k,'n:'..s) end\n" \
    "if mover=='1' and redis.call('HINCRBY',k,'v:'..s,by)<=0 then\n" \
    "redis.call('HDEL',k,'v:'..s)\n" \
    "end\n" \
    "end\n" \
    "local function doubt(k,a)\n" \
    "if not a.is_there then return end\n" \
    "a.d=1\n" \
    "a.as=now\n" \
    "a.c=a.c+1\n" \
    "put(k,'d',1,'as',now,'c',a.c)\n" \
    "end\n" \
    "local function heal(k,a,used)\n" \
    "if a.mc==0 and used>=0 and (a.k==0 or used>a.m) then\n" \
    "a.m=math.max(a.m,used)\n" \
    "a.k=1\n" \
    "a.b=math.max(a.b,a.m)\n" \
    "a.is_there=true\n" \
    "put(k,'m',a.m,'k',1,'as',now,'b',a.b)\n" \
    "redis.call('PEXPIRE',k,text(30*DAY))\n" \
    "end\n" \
    "end\n" \
    "local function begin_period(k,a,p)\n" \
    "if a.p~=p then\n" \
    "a.p=p\n" \
    "redis.call('HSET',k,'p',text(p))\n" \
    "end\n" \
    "end\n" \
    "local function turn(k,a,period)\n" \
    "if a.p<=now then\n" \
    "for _,f in ipairs(a.us) do redis.call('HDEL',k,f) end\n" \
    "a.u=0\n" \
    "a.us={}\n" \
    "end\n" \
    "if a.p<=now or a.p-now>period or (a.n==0 and a.u==0) then\n" \
    "begin_period(k,a,now+period)\n" \
    "end\n" \
    "end\n" \
    "local function keep(k,a,is_held)\n" \
    "redis.call('PEXPIRE',k,text(math.max((is_held and 30 or 1)*DAY,a.p-now)))\n" \
    "end\n" \
    "local function hold(k,by)\n" \
    "redis.call('HINCRBY',k,'h:'..S,text(by))\n" \
    "end\n" \
    "local function give_back(k,s,by)\n" \
    "if redis.call('HINCRBY',k,'h:'..s,text(-by))>0 then return 0 end\n" \
    "return redis.call('HDEL',k,'h:'..s)\n" \
    "end\n" \
    "local function tell_the_truth() redis.call('PEXPIRE',KEYS[2],text(2*DAY)) end\n"

#define EP_SCRIPTS_ASSERT \
    EP_SCRIPTS_COMMON \
    "tell_the_truth()\n" \
    "local before=ARGV[3]\n" \
    "local reply={now,0,'done'}\n" \
    "for i=4,#KEYS do\n" \
    "local j=4+(i-4)*5\n" \
    "local k,f,kind=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+1]\n" \
    "local a=kind=='1' and tree(k) or read(k)\n" \
    "if kind=='2' then turn(k,a,tonumber(ARGV[j+3])) end\n" \
    "local have=tonumber(redis.call('HGET',KEYS[2],f) or -1)\n" \
    "if kind=='1' and have<0 then count_part(k,S,1,ARGV[j+4]) end\n" \
    "have=math.max(have,0)\n" \
    "redis.call('HSET',KEYS[2],f,ARGV[j+2])\n" \
    "hold(k,ARGV[j+2]-have)\n" \
    "if before~=S then\n" \
    "local old=redis.call('HGET',KEYS[3],f)\n" \
    "if old then\n" \
    "redis.call('HDEL',KEYS[3],f)\n" \
    "give_back(k,before,old)\n" \
    "if kind=='1' then count_part(k,before,-1,ARGV[j+4]) end\n" \
    "end\n" \
    "end\n" \
    "keep(k,a,true)\n" \
    "reply[i]=kind=='1' and a.dm or a.p\n" \
    "end\n" \
    "reply[2]=seq()\n" \
    "return reply\n"

#define EP_SCRIPTS_BEGIN \
    "local t=redis.call('TIME')\n" \
    "local now=t[1]*1000+math.floor(t[2]/1000)\n" \
    "local DAY=86400000\n" \
    "local function text(n) return string.format('%.0f',n) end\n" \
    "local function lease(s) return tonumber(redis.call('HGET',KEYS[1],s) or 0) end\n" \
    "local ends=now+ARGV[2]\n" \
    "if lease(ARGV[1])<0 then return {now,0,'closed'} end\n" \
    "redis.call('PEXPIRE',KEYS[2],text(2*DAY))\n" \
    "if ARGV[4]~='' and lease(ARGV[4])>0 then\n" \
    "redis.call('HSET',KEYS[1],ARGV[4],text(-ends))\n" \
    "redis.call('PEXPIRE',KEYS[4],text(2*ARGV[2]))\n" \
    "end\n" \
    "redis.call('HSET',KEYS[1],ARGV[1],text(ends))\n" \
    "redis.call('SET',KEYS[3],ARGV[3],'NX')\n" \
    "local s=redis.call('HINCRBY',KEYS[2],'seq',1)\n" \
    "redis.call('PEXPIRE',KEYS[2],text(2*DAY))\n" \
    "return {now,s,'begun',redis.call('GET',KEYS[3])}\n"

#define EP_SCRIPTS_COUNT \
    "local t=redis.call('TIME')\n" \
    "local now=t[1]*1000+math.floor(t[2]/1000)\n" \
    "local L={}\n" \
    "local raw=redis.call('HGETALL',KEYS[1])\n" \
    "for i=1,#raw,2 do L[raw[i]]=tonumber(raw[i+1]) end\n" \
    "redis.call('HSET',KEYS[3],ARGV[1],ARGV[2])\n" \
    "redis.call('PEXPIRE',KEYS[3],86400000)\n" \
    "local servers,claims=0,0\n" \
    "local c=redis.call('HGETALL',KEYS[3])\n" \
    "for i=1,#c,2 do\n" \
    "local e=L[c[i]]\n" \
    "if not e then redis.call('HDEL',KEYS[3],c[i])\n" \
    "elseif e>now then\n" \
    "servers=servers+1\n" \
    "claims=claims+c[i+1]\n" \
    "end\n" \
    "end\n" \
    "return {now,0,'done',servers,claims}\n"

#define EP_SCRIPTS_END \
    EP_SCRIPTS_COMMON \
    "tell_the_truth()\n" \
    "local reply={now,0,'done'}\n" \
    "for i=3,#KEYS do\n" \
    "local j=3+(i-3)*5\n" \
    "local k,f,received=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+3]\n" \
    "local have=tonumber(redis.call('HGET',KEYS[2],f) or -1)\n" \
    "if received=='-' then\n" \
    "if have>0 then\n" \
    "redis.call('HSET',KEYS[2],f,0)\n" \
    "hold(k,-have)\n" \
    "end\n" \
    "reply[i+1]=0\n" \
    "elseif ARGV[j+1]=='1' then\n" \
    "if have>=0 then\n" \
    "local a=tree(k)\n" \
    "local stored=tonumber(received)\n" \
    "redis.call('HDEL',KEYS[2],f)\n" \
    "give_back(k,S,have)\n" \
    "count_part(k,S,-1,ARGV[j+4])\n" \
    "if stored<0 and a.dm~=tonumber(ARGV[j+2]) then stored=0 end\n" \
    "put(k,'c',a.c+1,'m',math.max(a.m+stored,0),'st',a.st+math.max(stored,0))\n" \
    "if ARGV[j+4]=='1' then put(k,'mv',a.mv+1) end\n" \
    "keep(k,a,true)\n" \
    "end\n" \
    "reply[i+1]=0\n" \
    "else\n" \
    "local a=read(k)\n" \
    "if have>=0 and ARGV[j+1]=='2' and received~='0' then\n" \
    "turn(k,a,tonumber(ARGV[j+2]))\n" \
    "end\n" \
    "if have>=0 then\n" \
    "redis.call('HDEL',KEYS[2],f)\n" \
    "a.n=a.n-math.min(a.mine,give_back(k,S,have))\n" \
    "end\n" \
    "if have>=0 and ARGV[j+1]=='2' and received~='0' then\n" \
    "redis.call('HINCRBY',k,'u:'..V,received)\n" \
    "keep(k,a,a.n>0)\n" \
    "elseif a.n==0 and (a.u==0 or a.p<=now) then\n" \
    "redis.call('DEL',k)\n" \
    "end\n" \
    "reply[i+1]=a.p\n" \
    "end\n" \
    "end\n" \
    "reply[2]=seq()\n" \
    "return reply\n"

#define EP_SCRIPTS_GROW \
    EP_SCRIPTS_COMMON \
    "local C,least,g=ARGV[3],tonumber(ARGV[4]),tonumber(ARGV[5])\n" \
    "local A={}\n" \
    "local unknown\n" \
    "for i=3,#KEYS do\n" \
    "local j=6+(i-3)*4\n" \
    "local kind,limit,period=ARGV[j],tonumber(ARGV[j+1]),tonumber(ARGV[j+2])\n" \
    "local a=kind=='1' and tree(KEYS[i]) or read(KEYS[i])\n" \
    "a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)\n" \
    "if a.have<0 then return {now,seq(),'none'} end\n" \
    "local left,wait\n" \
    "if kind=='1' then\n" \
    "left,wait=left_of(a,limit,tonumber(ARGV[j+3]),0,a.have+least)\n" \
    "else\n" \
    "local u=a.p<=now and 0 or a.u\n" \
    "left=math.max(limit-u-a.h,0)\n" \
    "wait=-1\n" \
    "if a.have+least<=limit then\n" \
    "wait=a.p>now and math.min(a.p-now,period) or period\n" \
    "end\n" \
    "end\n" \
    "if left<least then return {now,seq(),'denied',i-3,left,wait} end\n" \
    "if kind=='1' and a.k==0 and a.mc==0 then\n" \
    "local unasked=math.max(65536-a.have,0)\n" \
    "if unasked<least then unknown=unknown or {now,0,'unknown',i-3,1}\n" \
    "else left=math.min(left,unasked) end\n" \
    "end\n" \
    "g=math.min(g,least+math.floor((left-least)/2))\n" \
    "a.kind=kind\n" \
    "a.period=period\n" \
    "A[i]=a\n" \
    "end\n" \
    "if unknown then\n" \
    "unknown[2]=seq()\n" \
    "return unknown\n" \
    "end\n" \
    "local done={}\n" \
    "for i=3,#KEYS do\n" \
    "if not done[KEYS[i]] then\n" \
    "done[KEYS[i]]=true\n" \
    "if A[i].kind=='2' then turn(KEYS[i],A[i],A[i].period) end\n" \
    "redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(A[i].have+g))\n" \
    "hold(KEYS[i],g)\n" \
    "keep(KEYS[i],A[i],true)\n" \
    "end\n" \
    "end\n" \
    "return {now,seq(),'granted',g}\n"

#define EP_SCRIPTS_MEASURED \
    EP_SCRIPTS_COMMON \
    "local k=KEYS[3]\n" \
    "local bytes,took,insists=tonumber(ARGV[3]),tonumber(ARGV[4]),ARGV[5]=='1'\n" \
    "local a=tree(k)\n" \
    "if a.lm==S then redis.call('HDEL',k,'lm','lu') end\n" \
    "local function answer(word) return {now,seq(),word,a.m,a.k,a.mc,a.fl or 0} end\n" \
    "if a.mc~=tonumber(ARGV[9]) then return answer('kept') end\n" \
    "local changed=a.c~=tonumber(ARGV[6])\n" \
    "local disturbed=changed or a.n>0 or a.lapsed>a.mt\n" \
    "if bytes<0 then\n" \
    "local seen=-1-bytes\n" \
    "a.su=a.su+math.max(seen-a.m,0)\n" \
    "a.m=math.max(a.m,seen)\n" \
    "put(k,'su',a.su,'m',a.m,'k',0)\n" \
    "a.k=0\n" \
    "else\n" \
    "local used=bytes\n" \
    "if disturbed then used=bytes+math.max(a.st-ARGV[8],0) end\n" \
    "if disturbed and a.k==1 and not insists\n" \
    "and (used>=a.m or a.mv~=tonumber(ARGV[7]) or a.v>0) then\n" \
    "return answer('kept')\n" \
    "end\n" \
    "local exact=not disturbed or (a.k==0 and a.mc==0)\n" \
    "local others=exact and math.max(bytes-math.max(a.m-a.su,0)-a.h,0) or 0\n" \
    "local base=math.min(math.max(a.b,a.l)+others,used)\n" \
    "local su=0\n" \
    "if not exact then\n" \
    "su=math.max(a.su-math.max(a.m-used,0),0)+math.max(used-a.m,0)\n" \
    "end\n" \
    "local mine,last=a['x:'..V],a.lb\n" \
    "local by=redis.call('HGET',k,'lw')\n" \
    "if by and by~=V and mine and last then\n" \
    "a.fl=math.abs(bytes-mine)<math.abs(bytes-last) and (a.fl or 0)+1 or 0\n" \
    "put(k,'fl',a.fl)\n" \
    "end\n" \
    "redis.call('HSET',k,'lw',V)\n" \
    "if a.xs>16 then\n" \
    "for w in pairs(a) do\n" \
    "if string.sub(w,1,2)=='x:' then redis.call('HDEL',k,w) end\n" \
    "end\n" \
    "end\n" \
    "put(k,'x:'..V,bytes,'lb',bytes)\n" \
    "if disturbed then put(k,'as',now+1,'dm',a.dm+1) end\n" \
    "a.m=used\n" \
    "a.k=1\n" \
    "put(k,'m',used,'k',1,'b',base,'su',su,'mk',ARGV[10])\n" \
    "end\n" \
    "if not changed then put(k,'d',0) end\n" \
    "a.mc=a.mc+1\n" \
    "put(k,'tk',took,'mt',now,'mc',a.mc)\n" \
    "keep(k,a,true)\n" \
    "return answer('done')\n"

#define EP_SCRIPTS_RENEW \
    "local t=redis.call('TIME')\n" \
    "local now=t[1]*1000+math.floor(t[2]/1000)\n" \
    "local DAY=86400000\n" \
    "local function text(n) return string.format('%.0f',n) end\n" \
    "local e=tonumber(redis.call('HGET',KEYS[1],ARGV[1]) or 0)\n" \
    "if e<=0 then return {now,0,e<0 and 'closed' or 'new'} end\n" \
    "redis.call('PEXPIRE',KEYS[2],text(2*DAY))\n" \
    "redis.call('HSET',KEYS[1],ARGV[1],text(now+ARGV[2]))\n" \
    "local own=ARGV[4]..'.'\n" \
    "local f=redis.call('HGETALL',KEYS[1])\n" \
    "for i=1,#f,2 do\n" \
    "local is_own=ARGV[4]~='' and string.sub(f[i],1,#own)==own and f[i]~=ARGV[1]\n" \
    "if is_own or math.abs(f[i+1])+DAY<now then redis.call('HDEL',KEYS[1],f[i]) end\n" \
    "end\n" \
    "redis.call('SET',KEYS[3],ARGV[3],'NX')\n" \
    "local s=redis.call('HINCRBY',KEYS[2],'seq',1)\n" \
    "return {now,s,'known',redis.call('GET',KEYS[3])}\n"

#define EP_SCRIPTS_RESERVE \
    EP_SCRIPTS_COMMON \
    "local C,mover,lenient=ARGV[3],ARGV[4],ARGV[5]=='1'\n" \
    "local A={}\n" \
    "local unknown\n" \
    "for i=3,#KEYS do\n" \
    "local j=6+(i-3)*7\n" \
    "local kind,limit=ARGV[j],tonumber(ARGV[j+1])\n" \
    "local amount,period=tonumber(ARGV[j+2]),tonumber(ARGV[j+3])\n" \
    "local a=kind=='1' and tree(KEYS[i]) or read(KEYS[i])\n" \
    "a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)\n" \
    "a.kind=kind\n" \
    "a.amount=amount\n" \
    "a.period=period\n" \
    "a.limit=limit\n" \
    "local own=math.max(a.have,0)\n" \
    "local want=a.have>=0 and a.have or amount\n" \
    "local left,wait\n" \
    "if kind=='1' then\n" \
    "heal(KEYS[i],a,tonumber(ARGV[j+5]))\n" \
    "if ARGV[j+6]=='1' then doubt(KEYS[i],a) end\n" \
    "left,wait,a.most=left_of(a,limit,tonumber(ARGV[j+4]),own,want)\n" \
    "if a.is_there then\n" \
    "put(KEYS[i],'as',now)\n" \
    "keep(KEYS[i],a,true)\n" \
    "end\n" \
    "if a.k==0 and not unknown and (not lenient or (a.mc==0 and want>65536)) then\n" \
    "unknown={now,0,'unknown',i-3,a.mc==0 and 1 or 0}\n" \
    "end\n" \
    "else\n" \
    "local u=(kind=='2' and a.p<=now) and 0 or a.u\n" \
    "left=math.max(limit-u-(a.h-own),0)\n" \
    "wait=-1\n" \
    "if kind=='2' and want<=limit then\n" \
    "wait=a.p>now and math.min(a.p-now,period) or period\n" \
    "end\n" \
    "end\n" \
    "if want>left then return {now,seq(),'denied',i-3,left,wait} end\n" \
    "A[i]=a\n" \
    "end\n" \
    "if unknown then\n" \
    "unknown[2]=seq()\n" \
    "return unknown\n" \
    "end\n" \
    "local reply={now,0,'granted'}\n" \
    "local done={}\n" \
    "for i=3,#KEYS do\n" \
    "local a=A[i]\n" \
    "if a.kind=='2' then turn(KEYS[i],a,a.period) end\n" \
    "if a.have<0 and not done[KEYS[i]] then\n" \
    "redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(a.amount))\n" \
    "hold(KEYS[i],a.amount)\n" \
    "if a.kind=='1' then\n" \
    "count_part(KEYS[i],S,1,mover)\n" \
    "put(KEYS[i],'as',now)\n" \
    "end\n" \
    "end\n" \
    "if a.kind=='1' and (not done[KEYS[i]] or a.most<done[KEYS[i]]) then\n" \
    "put(KEYS[i],'l',a.limit)\n" \
    "done[KEYS[i]]=a.most\n" \
    "end\n" \
    "done[KEYS[i]]=done[KEYS[i]] or true\n" \
    "keep(KEYS[i],a,true)\n" \
    "reply[i+1]=a.kind=='1' and a.dm or a.p\n" \
    "end\n" \
    "reply[2]=seq()\n" \
    "return reply\n"

#define EP_SCRIPTS_TREE \
    EP_SCRIPTS_COMMON \
    "local k,what=KEYS[3],ARGV[3]\n" \
    "local one,two=tonumber(ARGV[4]),tonumber(ARGV[5])\n" \
    "local a=tree(k)\n" \
    "local word,was='done',0\n" \
    "local is_held=a.lm~='' and a.lu>now and L[a.lm] and L[a.lm]>now\n" \
    "if what=='begin' then\n" \
    "if is_held and a.lm~=S then word='busy'\n" \
    "elseif a.mc~=one then word='rest'\n" \
    "else\n" \
    "redis.call('HSET',k,'lm',S,'lu',text(now+two))\n" \
    "if a.as==0 then put(k,'as',now) end\n" \
    "keep(k,a,true)\n" \
    "end\n" \
    "elseif what=='renew' and a.lm==S then redis.call('HSET',k,'lu',text(now+one))\n" \
    "elseif what=='drop' and a.lm==S then redis.call('HDEL',k,'lm','lu')\n" \
    "elseif what=='doubt' then doubt(k,a)\n" \
    "elseif what=='assert' then\n" \
    "a.m=math.max(a.m,one)\n" \
    "a.k=1\n" \
    "a.as=now\n" \
    "put(k,'m',a.m,'k',1,'as',now,'c',a.c+1,'b',a.mc==0 and a.m or a.b)\n" \
    "keep(k,a,true)\n" \
    "end\n" \
    "if what~='look' then was=seq() end\n" \
    "return {now,was,word,a.m,a.h-a.own,a.k,a.mc,a.mt>0 and now-a.mt or -1,a.tk,\n" \
    "now-math.min(math.max(a.as,a.lapsed),now+1),a.c,a.mv,a.st,a.mk,a.h}\n"

#define EP_SCRIPTS_USED \
    EP_SCRIPTS_COMMON \
    "tell_the_truth()\n" \
    "local reply={now,0,'done'}\n" \
    "for i=3,#KEYS do\n" \
    "local j=3+(i-3)*3\n" \
    "local k,p,used=KEYS[i],tonumber(ARGV[j]),tonumber(ARGV[j+2])\n" \
    "local a=read(k)\n" \
    "p=math.min(p,now+ARGV[j+1])\n" \
    "if p>now then\n" \
    "if a.p<=now then turn(k,a,p-now)\n" \
    "elseif p<a.p then begin_period(k,a,p) end\n" \
    "if used>tonumber(redis.call('HGET',k,'u:'..V) or 0) then\n" \
    "redis.call('HSET',k,'u:'..V,ARGV[j+2])\n" \
    "end\n" \
    "keep(k,a,a.n>0)\n" \
    "end\n" \
    "reply[i+1]=a.p\n" \
    "end\n" \
    "reply[2]=seq()\n" \
    "return reply\n"

#endif
