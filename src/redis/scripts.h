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
    "local j=4+(i-4)*4\n" \
    "local k,f,kind=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+1]\n" \
    "local a=read(k)\n" \
    "if kind=='2' then turn(k,a,tonumber(ARGV[j+3])) end\n" \
    "local have=tonumber(redis.call('HGET',KEYS[2],f) or 0)\n" \
    "redis.call('HSET',KEYS[2],f,ARGV[j+2])\n" \
    "hold(k,ARGV[j+2]-have)\n" \
    "if before~=S then\n" \
    "local old=redis.call('HGET',KEYS[3],f)\n" \
    "if old then\n" \
    "redis.call('HDEL',KEYS[3],f)\n" \
    "give_back(k,before,old)\n" \
    "end\n" \
    "end\n" \
    "keep(k,a,true)\n" \
    "reply[i]=a.p\n" \
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
    "local j=3+(i-3)*4\n" \
    "local k,f,received=KEYS[i],field(ARGV[j],KEYS[i]),ARGV[j+3]\n" \
    "local have=tonumber(redis.call('HGET',KEYS[2],f) or -1)\n" \
    "if received=='-' then\n" \
    "if have>0 then\n" \
    "redis.call('HSET',KEYS[2],f,0)\n" \
    "hold(k,-have)\n" \
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
    "for i=3,#KEYS do\n" \
    "local j=6+(i-3)*2\n" \
    "local limit,period=tonumber(ARGV[j]),tonumber(ARGV[j+1])\n" \
    "local a=read(KEYS[i])\n" \
    "a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)\n" \
    "if a.have<0 then return {now,seq(),'none'} end\n" \
    "local u=a.p<=now and 0 or a.u\n" \
    "local left=math.max(limit-u-a.h,0)\n" \
    "if left<least then\n" \
    "local wait=-1\n" \
    "if a.have+least<=limit then\n" \
    "wait=a.p>now and math.min(a.p-now,period) or period\n" \
    "end\n" \
    "return {now,seq(),'denied',i-3,left,wait}\n" \
    "end\n" \
    "g=math.min(g,least+math.floor((left-least)/2))\n" \
    "a.period=period\n" \
    "A[i]=a\n" \
    "end\n" \
    "for i=3,#KEYS do\n" \
    "turn(KEYS[i],A[i],A[i].period)\n" \
    "redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(A[i].have+g))\n" \
    "hold(KEYS[i],g)\n" \
    "keep(KEYS[i],A[i],true)\n" \
    "end\n" \
    "return {now,seq(),'granted',g}\n"

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
    "local C=ARGV[3]\n" \
    "local A={}\n" \
    "for i=3,#KEYS do\n" \
    "local j=4+(i-3)*4\n" \
    "local kind,limit=ARGV[j],tonumber(ARGV[j+1])\n" \
    "local amount,period=tonumber(ARGV[j+2]),tonumber(ARGV[j+3])\n" \
    "local a=read(KEYS[i])\n" \
    "a.have=tonumber(redis.call('HGET',KEYS[2],field(C,KEYS[i])) or -1)\n" \
    "a.kind=kind\n" \
    "a.amount=amount\n" \
    "a.period=period\n" \
    "local u=(kind=='2' and a.p<=now) and 0 or a.u\n" \
    "local own=math.max(a.have,0)\n" \
    "local left=math.max(limit-u-(a.h-own),0)\n" \
    "local want=a.have>=0 and a.have or amount\n" \
    "if want>left then\n" \
    "local wait=-1\n" \
    "if kind=='2' and want<=limit then\n" \
    "wait=a.p>now and math.min(a.p-now,period) or period\n" \
    "end\n" \
    "return {now,seq(),'denied',i-3,left,wait}\n" \
    "end\n" \
    "A[i]=a\n" \
    "end\n" \
    "local reply={now,0,'granted'}\n" \
    "for i=3,#KEYS do\n" \
    "local a=A[i]\n" \
    "if a.kind=='2' then turn(KEYS[i],a,a.period) end\n" \
    "if a.have<0 then\n" \
    "redis.call('HSET',KEYS[2],field(C,KEYS[i]),text(a.amount))\n" \
    "hold(KEYS[i],a.amount)\n" \
    "end\n" \
    "keep(KEYS[i],a,true)\n" \
    "reply[i+1]=a.p\n" \
    "end\n" \
    "reply[2]=seq()\n" \
    "return reply\n"

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
