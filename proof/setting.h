/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Settings of which nothing is known but what their makers see to. */
#ifndef SETTING_H
#define SETTING_H

#include "any.h"
#include "ep_policy.h"

/** Fills in everything but the names. */
static void any_setting(ep_setting *setting)
{
    static const char *const words[2] = { NULL, "word" };

    setting->file = words[ANY_BIT];
    setting->line = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    setting->directive = words[ANY_BIT];
    setting->number = Frama_C_long_interval(INT64_MIN, INT64_MAX);
    setting->code = words[ANY_BIT];
    setting->message = words[ANY_BIT];
    setting->status = Frama_C_interval(INT32_MIN, INT32_MAX);
}

/** @return the setting or NULL */
static const ep_setting *maybe(const ep_setting *setting)
{
    const ep_setting *const both[2] = { NULL, setting };

    return both[ANY_BIT];
}

#endif
