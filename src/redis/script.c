/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/script.h"

#include <stdio.h>
#include <string.h>

#include "apr_sha1.h"

/*
 * Common to all but `renew`: KEYS[1] leases, KEYS[2] the parts of S, KEYS[3...] the
 * accounts; ARGV[1] S, ARGV[2] SERVER, ARGV[3] the claim, ARGV[4] the last time at
 * which the script may run, 0: any.  L has the ends of leases, and reads each when it is
 * first asked for: few accounts know all servers of the ledger.  read() adds what living
 * servers hold, and forgets what servers hold that have had no lease for a day.
 * hold() knows that 0 may be negative, which HINCRBY does not take.
 */
#define TIME \
    "local t=redis.call('TIME')\n" \
    "local now=t[1]*1000+math.floor(t[2]/1000)\n"
#define DAY "86400000"
#define BEGIN TIME \
    "local S,V,C,valid=ARGV[1],ARGV[2],ARGV[3],tonumber(ARGV[4])\n" \
    "local L=setmetatable({},{__index=function(l,s)\n" \
    "  l[s]=tonumber(redis.call('HGET',KEYS[1],s)) or false\n" \
    "  return l[s]\n" \
    "end})\n" \
    "if valid>0 and now>valid then return {now,0,'late'} end\n" \
    "local function seq() return redis.call('HINCRBY',KEYS[2],'seq',1) end\n" \
    "local function field(k) return C..':'..string.match(k,'[^:]*$') end\n" \
    "local function read(k)\n" \
    "  local a={h=0,u=0,n=0,p=0,mine=0,us={}}\n" \
    "  local f=redis.call('HGETALL',k)\n" \
    "  for i=1,#f,2 do\n" \
    "    local w,v=string.sub(f[i],1,2),tonumber(f[i+1])\n" \
    "    if w=='h:' then\n" \
    "      local s=string.sub(f[i],3)\n" \
    "      if not L[s] then redis.call('HDEL',k,f[i])\n" \
    "      else a.n=a.n+1 if L[s]>now then a.h=a.h+v end end\n" \
    "    elseif w=='u:' then a.u=a.u+v a.us[#a.us+1]=f[i]\n" \
    "    elseif w=='p' then a.p=v end\n" \
    "  end\n" \
    "  return a\n" \
    "end\n" \
    "local function turn(k,a,period)\n" \
    "  if a.p<=now then\n" \
    "    for _,f in ipairs(a.us) do redis.call('HDEL',k,f) end\n" \
    "    a.u=0 a.us={}\n" \
    "  end\n" \
    "  if a.p<=now or a.p-now>period or (a.n==0 and a.u==0) then\n" \
    "    a.p=now+period\n" \
    "    redis.call('HSET',k,'p',string.format('%.0f',a.p))\n" \
    "  end\n" \
    "end\n" \
    "local function keep(k,a)\n" \
    "  redis.call('PEXPIRE',k,string.format('%.0f',math.max(" DAY ",a.p-now)))\n" \
    "end\n" \
    "local function hold(k,by)\n" \
    "  if by==0 then by=0 end\n" \
    "  redis.call('HINCRBY',k,'h:'..S,string.format('%.0f',by))\n" \
    "end\n"
/* no writes for a server whose lease has ended */
#define LIVES \
    "if not L[S] or L[S]<=now then return {now,seq(),'gone'} end\n"

static const char *const texts[EP_SCRIPTS] = {
    /* KEYS leases, parts of S, secret, parts of the incarnation before; ARGV S, the
     * lease, a secret, the incarnation before or '' */
    [EP_SCRIPT_RENEW] = TIME
    "local was=redis.call('HGET',KEYS[1],ARGV[1])\n"
    "redis.call('HSET',KEYS[1],ARGV[1],string.format('%.0f',now+ARGV[2]))\n"
    "if ARGV[4]~='' then redis.call('HDEL',KEYS[1],ARGV[4])\n"
    "  redis.call('DEL',KEYS[4]) end\n"
    "local f=redis.call('HGETALL',KEYS[1])\n"
    "for i=1,#f,2 do if f[i+1]+" DAY "<now then\n"
    "  redis.call('HDEL',KEYS[1],f[i]) end end\n"
    "redis.call('SET',KEYS[3],ARGV[3],'NX')\n"
    "local s=redis.call('HINCRBY',KEYS[2],'seq',1)\n"
    "redis.call('PEXPIRE',KEYS[2],2*" DAY ")\n"
    "return {now,s,was and 'known' or 'new',redis.call('GET',KEYS[3])}\n",

    /* for each account: kind, limit, amount, period.
     * granted; denied: part, remaining, wait */
    [EP_SCRIPT_RESERVE] = BEGIN LIVES
    "local A={}\n"
    "for i=3,#KEYS do\n"
    "  local j=5+(i-3)*4\n"
    "  local kind,limit,amount,period=ARGV[j],tonumber(ARGV[j+1]),"
    "tonumber(ARGV[j+2]),tonumber(ARGV[j+3])\n"
    "  local a=read(KEYS[i])\n"
    "  a.have=tonumber(redis.call('HGET',KEYS[2],field(KEYS[i])) or -1)\n"
    "  a.kind=kind a.amount=amount a.period=period\n"
    "  local u=(kind=='2' and a.p<=now) and 0 or a.u\n"
    "  local own=math.max(a.have,0)\n"
    "  local left=math.max(limit-u-(a.h-own),0)\n"
    "  local want=a.have>=0 and a.have or amount\n"
    "  if want>left then\n"
    "    local wait=-1\n"
    "    if kind=='2' and want<=limit then\n"
    "      wait=a.p>now and math.min(a.p-now,period) or period end\n"
    "    return {now,seq(),'denied',i-3,left,wait}\n"
    "  end\n"
    "  A[i]=a\n"
    "end\n"
    "for i=3,#KEYS do\n"
    "  local a=A[i]\n"
    "  if a.kind=='2' then turn(KEYS[i],a,a.period) end\n"
    "  if a.have<0 then\n"
    "    redis.call('HSET',KEYS[2],field(KEYS[i]),"
    "string.format('%.0f',a.amount))\n"
    "    hold(KEYS[i],a.amount)\n"
    "  end\n"
    "  keep(KEYS[i],a)\n"
    "end\n"
    "return {now,seq(),'granted'}\n",

    /* ARGV[5] least, ARGV[6] most; for each account: limit, period.
     * granted: bytes; denied: part, remaining, wait */
    [EP_SCRIPT_GROW] = BEGIN LIVES
    "local least,g=tonumber(ARGV[5]),tonumber(ARGV[6])\n"
    "local A={}\n"
    "for i=3,#KEYS do\n"
    "  local j=7+(i-3)*2\n"
    "  local limit,period=tonumber(ARGV[j]),tonumber(ARGV[j+1])\n"
    "  local a=read(KEYS[i])\n"
    "  a.have=tonumber(redis.call('HGET',KEYS[2],field(KEYS[i])) or -1)\n"
    "  if a.have<0 then return {now,seq(),'gone'} end\n"
    "  local u=a.p<=now and 0 or a.u\n"
    "  local left=math.max(limit-u-a.h,0)\n"
    "  if left<least then\n"
    "    local wait=-1\n"
    "    if a.have+least<=limit then\n"
    "      wait=a.p>now and math.min(a.p-now,period) or period end\n"
    "    return {now,seq(),'denied',i-3,left,wait}\n"
    "  end\n"
    /* others get their share of what is left */
    "  g=math.min(g,least+math.floor((left-least)/2))\n"
    "  a.period=period A[i]=a\n"
    "end\n"
    "for i=3,#KEYS do\n"
    "  turn(KEYS[i],A[i],A[i].period)\n"
    "  redis.call('HSET',KEYS[2],field(KEYS[i]),"
    "string.format('%.0f',A[i].have+g))\n"
    "  hold(KEYS[i],g)\n"
    "  keep(KEYS[i],A[i])\n"
    "end\n"
    "return {now,seq(),'granted',g}\n",

    /* the accounts are those of uploads at once: their parts become 0 */
    [EP_SCRIPT_SLOTS] = BEGIN
    "for i=3,#KEYS do\n"
    "  local have=tonumber(redis.call('HGET',KEYS[2],field(KEYS[i])) or 0)\n"
    "  if have>0 then\n"
    "    redis.call('HSET',KEYS[2],field(KEYS[i]),0)\n"
    "    hold(KEYS[i],-have)\n"
    "  end\n"
    "end\n"
    "return {now,seq(),'done'}\n",

    /* ARGV[5] not before: until then a reserve() of unknown outcome may run;
     * ARGV[6] bytes received; for each account: kind, period */
    [EP_SCRIPT_END] = BEGIN
    "if now<=tonumber(ARGV[5]) then return {now,seq(),'later'} end\n"
    "for i=3,#KEYS do\n"
    "  local j=7+(i-3)*2\n"
    "  local have=redis.call('HGET',KEYS[2],field(KEYS[i]))\n"
    "  if have then\n"
    "    redis.call('HDEL',KEYS[2],field(KEYS[i]))\n"
    "    hold(KEYS[i],-have)\n"
    "    if tonumber(redis.call('HGET',KEYS[i],'h:'..S))<=0 then\n"
    "      redis.call('HDEL',KEYS[i],'h:'..S) end\n"
    "    local a=read(KEYS[i])\n"
    "    if ARGV[j]=='2' and ARGV[6]~='0' then\n"
    "      turn(KEYS[i],a,tonumber(ARGV[j+1]))\n"
    "      redis.call('HINCRBY',KEYS[i],'u:'..V,ARGV[6])\n"
    "      keep(KEYS[i],a)\n"
    "    elseif a.n==0 and (a.u==0 or a.p<=now) then\n"
    "      redis.call('DEL',KEYS[i]) end\n"
    "  end\n"
    "end\n"
    "return {now,seq(),'done'}\n",

    /* for each account: kind, amount, period: the claim has this, whatever the
     * limits say */
    [EP_SCRIPT_ASSERT] = BEGIN LIVES
    "for i=3,#KEYS do\n"
    "  local j=5+(i-3)*3\n"
    "  local a=read(KEYS[i])\n"
    "  local have=tonumber(redis.call('HGET',KEYS[2],field(KEYS[i])) or 0)\n"
    "  if ARGV[j]=='2' then turn(KEYS[i],a,tonumber(ARGV[j+2])) end\n"
    "  redis.call('HSET',KEYS[2],field(KEYS[i]),ARGV[j+1])\n"
    "  hold(KEYS[i],ARGV[j+1]-have)\n"
    "  keep(KEYS[i],a)\n"
    "end\n"
    "return {now,seq(),'done'}\n",

    /* for each account: what is left of the period, bytes used by this server */
    [EP_SCRIPT_USED] = BEGIN LIVES
    "for i=3,#KEYS do\n"
    "  local j=5+(i-3)*2\n"
    "  local a=read(KEYS[i])\n"
    "  if a.p<=now then turn(KEYS[i],a,tonumber(ARGV[j])) end\n"
    "  local u=tonumber(redis.call('HGET',KEYS[i],'u:'..V) or 0)\n"
    "  if tonumber(ARGV[j+1])>u then\n"
    "    redis.call('HSET',KEYS[i],'u:'..V,ARGV[j+1]) end\n"
    "  keep(KEYS[i],a)\n"
    "end\n"
    "return {now,seq(),'done'}\n",

    /* KEYS leases, parts of S, claims; ARGV S, its claims.  Nothing depends on it.
     * done: servers that live, and the claims of these */
    [EP_SCRIPT_COUNT] = TIME
    "local L={}\n"
    "local raw=redis.call('HGETALL',KEYS[1])\n"
    "for i=1,#raw,2 do L[raw[i]]=tonumber(raw[i+1]) end\n"
    "redis.call('HSET',KEYS[3],ARGV[1],ARGV[2])\n"
    "redis.call('PEXPIRE',KEYS[3]," DAY ")\n"
    "local servers,claims=0,0\n"
    "local c=redis.call('HGETALL',KEYS[3])\n"
    "for i=1,#c,2 do\n"
    "  local e=L[c[i]]\n"
    "  if not e then redis.call('HDEL',KEYS[3],c[i])\n"
    "  elseif e>now then servers=servers+1 claims=claims+c[i+1] end\n"
    "end\n"
    "return {now,0,'done',servers,claims}\n"
};

/* Written before the child has threads. */
static char digests[EP_SCRIPTS][EP_SCRIPT_DIGEST + 1];

void ep_script_init(void)
{
    int name, i;

    for (name = 0; name < EP_SCRIPTS; name++) {
        unsigned char digest[APR_SHA1_DIGESTSIZE];
        apr_sha1_ctx_t sha1;

        apr_sha1_init(&sha1);
        apr_sha1_update(&sha1, texts[name], (unsigned int)strlen(texts[name]));
        apr_sha1_final(digest, &sha1);
        for (i = 0; i < APR_SHA1_DIGESTSIZE; i++) {
            snprintf(digests[name] + 2 * i, 3, "%02x", digest[i]);
        }
    }
}

const char *ep_script_text(ep_script_name name)
{
    return texts[name];
}

const char *ep_script_digest(ep_script_name name)
{
    return digests[name];
}
