/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: ep_notice ep_sink ep_policy ep_text ep_expect ep_media ep_auth
 * lengths: a code of 6, a message of 8, names of 3; any numbers
 * joined: put_details put_names put_page ep_notice
 */
#include "ep_notice.h"
#include "setting.h"

enum { SIZE = 2048 };

ANY_TEXT(error, 6);
ANY_TEXT(message, 8);
ANY_TEXT(name, 3);

static const char *names[1];
static ep_setting listed;
static ep_policy policy;
static ep_verdict verdict;
static char out[SIZE];
static char title[EP_TITLE_SIZE];

int main(void)
{
    int rule, code;
    size_t length;

    ANY_FILL(error);
    ANY_FILL(message);
    ANY_FILL(name);
    any_setting(&listed);
    names[0] = ANY_OF(name, 3);
    listed.names = names;
    listed.names_count = 1;
    //@ loop unroll EP_RULES;
    for (rule = 0; rule < EP_RULES; rule++) {
        policy.rule[rule][0] = maybe(&listed);
    }
    verdict.limit = Frama_C_long_interval(INT64_MIN, INT64_MAX);
    verdict.requested = Frama_C_long_interval(INT64_MIN, INT64_MAX);
    verdict.remaining = Frama_C_long_interval(INT64_MIN, INT64_MAX);
    verdict.retry_after = Frama_C_long_interval(INT64_MIN, INT64_MAX);
    //@ loop unroll EP_CODES;
    for (code = 0; code < EP_CODES; code++) {
        verdict.code = (ep_code)code;
        length = ep_notice(out, SIZE, ANY_OF(error, 6), ANY_OF(message, 8),
                           &policy, &verdict);
        //@ check something_was_written: length > 0;
    }
    ep_notice(out, SIZE, ANY_OF(error, 6), ANY_OF(message, 8), NULL, NULL);
    ep_notice_title(ANY_OF(error, 6), title);
    //@ check ends: title[EP_TITLE_SIZE - 1] == 0;
    return 0;
}
