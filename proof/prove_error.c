/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: error
 * below: ep_error_is_temporary 75% the block around the cases of a switch counts
 * lengths: every int
 */
#include <string.h>

#include "any.h"
#include "core/answer/error.h"

int main(void)
{
    const int status = Frama_C_interval(INT32_MIN, INT32_MAX);
    const char *token = ep_error_token(status);
    const int passes = ep_error_is_temporary(status);

    //@ check a_token: valid_read_string(token);
    //@ check yes_or_no: passes == 0 || passes == 1;
    //@ check not_empty: token[0] != 0;
    return 0;
}
