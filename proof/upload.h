/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** An upload and a policy of which nothing is known but what fill() says. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include "any.h"
#include "core/policy/check.h"
#include "setting.h"

ANY_TEXT(field, 4);
ANY_TEXT(name, 3);

static ep_setting settings[EP_RULES][2];
static ep_setting ceiling;
static ep_setting mode;
static ep_setting limit;
static ep_count count;
static const char *names[2];

static ep_policy policy;
static ep_facts facts;
static ep_total_field totals[1];

static const char *field_or_none(size_t length)
{
    const char *const both[2] = { NULL, ANY_OF(field, length) };

    return both[ANY_BIT];
}

/** Fields of @a field_length characters, names of @a name_length, or none; the
 * texts are to be filled before. */
static void fill(size_t field_length, size_t name_length)
{
    int rule, half;

    names[0] = ANY_OF(name, name_length);
    names[1] = ANY_OF(name, name_length);
    for (rule = 0; rule < EP_RULES; rule++) {
        for (half = 0; half < 2; half++) {
            any_setting(&settings[rule][half]);
            settings[rule][half].names = names;
            settings[rule][half].names_count = (size_t)Frama_C_interval(0, 2);
            policy.rule[rule][half] = maybe(&settings[rule][half]);
        }
    }
    any_setting(&ceiling);
    any_setting(&mode);
    any_limit(&limit, &count, ANY_OF(name, name_length), NULL);
    policy.counted[0] = &limit;
    policy.counted_count = (size_t)Frama_C_interval(0, 1);
    policy.ceiling = maybe(&ceiling);
    policy.mode_by = maybe(&mode);
    policy.mode = (ep_mode)Frama_C_interval(EP_MODE_OFF, EP_MODE_ON);
    for (rule = 0; rule < EP_CODES; rule++) {
        policy.status[rule] = (ep_status_choice)Frama_C_interval(
            EP_STATUS_AUTO, EP_STATUS_417);
    }
    facts.method = ANY_OF(field, field_length);
    facts.ignores_continue = ANY_BIT;
    facts.expect = field_or_none(field_length);
    facts.content = (ep_content)Frama_C_interval(EP_CONTENT_NONE,
                                                 EP_CONTENT_UNSIZED);
    facts.declared = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    facts.hint = Frama_C_long_interval(EP_UNKNOWN, INT64_MAX);
    facts.has_range = (ep_range_result)Frama_C_interval(EP_RANGE_NONE,
                                                        EP_RANGE_MALFORMED);
    facts.range.first = Frama_C_long_interval(0, INT64_MAX);
    facts.range.last = Frama_C_long_interval(0, INT64_MAX);
    facts.range.complete = Frama_C_long_interval(0, INT64_MAX);
    totals[0].name = ANY_OF(name, name_length);
    totals[0].value = ANY_OF(field, field_length);
    facts.totals = totals;
    facts.totals_count = (size_t)Frama_C_interval(0, 1);
    facts.source = Frama_C_long_interval(0, INT64_MAX);
    facts.content_type = field_or_none(field_length);
    facts.content_encoding = field_or_none(field_length);
    facts.authorization = field_or_none(field_length);
}

#endif
