/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: sink
 * lengths: text of 16, every number
 */
#include "any.h"
#include "core/text/sink.h"
#include "sink.h"

ANY_TEXT(text, 16);

static const ep_escape escapes[] = {
    { '<', "&lt;" }, { '&', "&amp;" }, { '\0', NULL }
};

int main(void)
{
    int length;

    ANY_FILL(text);
    //@ loop unroll 17;
    for (length = 0; length <= text_longest; length++) {
        ep_sink_text(&looking, ANY_OF(text, length));
        ep_sink_escaped(&looking, ANY_OF(text, length), escapes);
        ep_sink_html(&looking, ANY_OF(text, length));
        ep_sink_printable(&looking, ANY_OF(text, length));
    }
    ep_sink_bytes(&looking, Frama_C_long_long_interval(INT64_MIN, INT64_MAX));
    ep_sink_number(&looking, Frama_C_long_long_interval(INT64_MIN,
                                                        INT64_MAX));
    ep_sink_decimal(&looking, Frama_C_long_long_interval(INT64_MIN, INT64_MAX), 6);
    ep_sink_decimal(&looking, Frama_C_long_long_interval(INT64_MIN, INT64_MAX), 3);
    //@ check something_was_written: sink_took == 1;
    return 0;
}
