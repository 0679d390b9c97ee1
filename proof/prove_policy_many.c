/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * More names than the array has places.  Here the analysis keeps the number of names
 * as a range; prove_policy.c shows that only written elements are read.
 *
 * sources: policy auth expect media text
 * targets: ep_policy_names
 * below: ep_policy_names 97% both halves make a demand here
 * lengths: 0 to 600 names in each half, of 0 or 1 character
 * joined: all
 * options: -eva-domains-function octagon:ep_policy_names -eva-slevel-function ep_text_json_length:8
 */
#include "any.h"
#include "core/policy/policy.h"
#include "setting.h"

ANY_TEXT(name, 1);

int main(void)
{
    static const char *listed[600];
    static const char *out[EP_NAMES_MAX];
    static ep_policy policy;
    static ep_setting one, other;
    int complete;
    size_t count, i;

    ANY_FILL(name);
    //@ loop unroll 600;
    for (i = 0; i < 600; i++) {
        listed[i] = ANY_OF(name, 1);
    }
    //@ loop unroll 256;
    for (i = 0; i < EP_NAMES_MAX; i++) {
        out[i] = "";
    }
    any_setting(&one);
    any_setting(&other);
    one.names = listed;
    other.names = listed;
    one.names_count = Frama_C_unsigned_long_interval(0, 600);
    other.names_count = Frama_C_unsigned_long_interval(0, 600);
    policy.rule[EP_RULE_METHODS][0] = &one;
    policy.rule[EP_RULE_METHODS][1] = &other;
    count = ep_policy_names(&policy, EP_RULE_METHODS, out,
                            Frama_C_unsigned_long_interval(0, SIZE_MAX),
                            &complete);
    //@ check no_more_than_places: count <= EP_NAMES_MAX;
    return 0;
}
