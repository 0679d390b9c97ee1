/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * A policy and the head of a request, read from lines of text: unit tests, seeds and
 * the inputs that a fuzzer finds are written in one language.
 *
 * Policy lines begin with the side that has the setting:
 *
 *     server|owner ExpectPolicy On|DryRun|Off
 *     server|owner Expectations None|Any|NAME[=VALUE] ...
 *     server|owner RequireContinue BYTES|Off
 *     server|owner Methods NAME ...|Any
 *     server|owner RequireAuth CHALLENGE|Off        (lines add up)
 *     server|owner Refuse Off|CODE STATUS [MESSAGE]
 *     server|owner Types RANGE ...|Any
 *     server|owner Encodings CODING ...|Any
 *     server|owner RequireLength On|Off
 *     server|owner MaxSize BYTES|Unlimited|expr
 *     server|owner MaxTotal BYTES|Unlimited|expr
 *     server|owner TotalFields None|NAME ...
 *     server|owner Status Auto|Specific|417 [CODE|Refuse ...]
 *     server|owner Linger Full|Short|Abort
 *     server|owner EarlyErrors On|Off
 *     server|owner LedgerFailure Open|Closed|Local
 *     server|owner Format JSON|Problem|Negotiate
 *     server|owner Message CODE TEXT
 *     server|owner FreeSpace BYTES|PERCENT%|Off
 *     server|owner Quota BYTES TREE|Off             (lines add up)
 *     server|owner Allowance BYTES/MICROSECONDS KEY|Off
 *     server|owner Concurrent NUMBER KEY|Off        (the same)
 *     server|owner section        what follows stands further inside
 *     override Tighten|Any|None
 *     ceiling BYTES
 *
 * where TREE is an absolute path without a slash at its end, or *N for a
 * directory with wildcards that is N deep, and KEY client, user, host,
 * directory TREE or expr=TEXT.  Lines of the request's head name a part of it; a field
 * without a text is present and empty:
 *
 *     http10, http11
 *     method, expect, type, encoding, authorization, accept TEXT
 *     no-expect, no-type, no-encoding, no-authorization, no-accept
 *     empty, sized BYTES, unsized                   (the content)
 *     hint BYTES, no-hint
 *     range TEXT                  Content-Range of a PUT
 *     total NAME TEXT             one more field that may announce a total
 *
 * Defaults: server ExpectPolicy On, http11, method PUT, empty.  Of two lines for one
 * setting or field, the later one holds.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "core/policy/verdict.h"

/** The most fields that may announce a total; further lines are rejected. */
#define SCENARIO_TOTALS 4

struct scenario_memory;
struct scenario_section;

typedef struct scenario {
    /** what the sections of each side came to */
    ep_half server;
    ep_half owner;
    ep_override how;
    const ep_setting *ceiling;
    ep_facts facts;
    ep_total_field totals[SCENARIO_TOTALS];
    /** the server's and the owner's, from the innermost outwards */
    struct scenario_section *innermost[2];
    /** how many lines made no sense, or could not stand in a configuration */
    unsigned int rejected;
    /** what all that points to, each text in an allocation of its own so that
     *  a sanitizer sees a read past its end */
    struct scenario_memory *memory;
} scenario;

/** To be freed with scenario_free(), whatever the text was. */
void scenario_read(scenario *s, const char *text, size_t length);

/** Puts both halves and the ceiling together. */
void scenario_compose(const scenario *s, ep_policy *policy);

void scenario_free(scenario *s);

#endif
