/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Settings of which nothing is known but what their makers see to. */
#ifndef SETTING_H
#define SETTING_H

#include "any.h"
#include "core/policy/policy.h"

/** Fills in everything but the names, and what is counted. */
static void any_setting(ep_setting *setting)
{
    static const char *const words[2] = { NULL, "word" };

    setting->file = words[ANY_BIT];
    setting->line = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    setting->directive = words[ANY_BIT];
    setting->text = words[ANY_BIT];
    setting->number = Frama_C_long_interval(INT64_MIN, INT64_MAX);
    setting->code = words[ANY_BIT];
    setting->message = words[ANY_BIT];
    setting->status = Frama_C_interval(INT32_MIN, INT32_MAX);
    setting->count = NULL;
}

/**
 * Makes it a limit that counts.
 * @param text any; the same for all limits that are compared
 * @param before the line before it in its section, or NULL
 */
static void any_limit(ep_setting *setting, ep_count *count, const char *text,
                      const ep_setting *before)
{
    static ep_expression expression;
    const char *const texts[2] = { NULL, text };

    any_setting(setting);
    expression.text = text;
    setting->count = count;
    count->rule = (ep_rule)Frama_C_interval(EP_RULE_FREE_SPACE,
                                            EP_RULE_CONCURRENT);
    count->scope = text;
    count->is_owners = ANY_BIT;
    count->whom = (ep_for)Frama_C_interval(EP_FOR_CLIENT, EP_FOR_EXPRESSION);
    count->expression = &expression;
    count->period = Frama_C_long_interval(0, INT64_MAX);
    count->is_percent = ANY_BIT;
    count->directory = texts[ANY_BIT];
    count->depth = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    count->usage_file = texts[ANY_BIT];
    count->before = before;
}

/** Makes it a line that says Off. */
static void any_off(ep_setting *setting)
{
    any_setting(setting);
    setting->number = EP_UNLIMITED;
}

/** @return the setting or NULL */
static const ep_setting *maybe(const ep_setting *setting)
{
    const ep_setting *const both[2] = { NULL, setting };

    return both[ANY_BIT];
}

#endif
