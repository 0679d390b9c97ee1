/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/error.h"

#include <string.h>

#include "core/policy/verdict.h"
#include "unit.h"

static const struct {
    int status;
    const char *token;
} names[] = {
    { 401, "unauthorized" },
    { 403, "forbidden" },
    { 404, "not_found" },
    { 409, "conflict" },
    { 423, "locked" },
    { 500, "internal_server_error" },
    { 503, "service_unavailable" },
    /* without a name */
    { 418, "client_error" },
    { 499, "client_error" },
    { 599, "server_error" }
};

START_TEST(a_status_has_its_name)
{
    ck_assert_str_eq(ep_error_token(names[_i].status), names[_i].token);
}
END_TEST

START_TEST(every_error_has_a_token_that_is_no_verdict_of_the_policy)
{
    int status, code;

    for (status = 400; status < 600; status++) {
        const char *token = ep_error_token(status);

        ck_assert_uint_gt(strlen(token), 0);
        ck_assert_uint_eq(strspn(token, "abcdefghijklmnopqrstuvwxyz_"),
                          strlen(token));
        for (code = 0; code < EP_CODES; code++) {
            const char *verdict = ep_check_of((ep_code)code)->token;

            ck_assert(verdict == NULL || strcmp(token, verdict) != 0);
        }
    }
}
END_TEST

START_TEST(some_errors_pass_by_themselves)
{
    static const int passing[] = { 408, 429, 502, 503, 504, 507 };
    int status, count = 0;
    size_t i;

    for (i = 0; i < COUNT(passing); i++) {
        ck_assert(ep_error_is_temporary(passing[i]));
    }
    for (status = 400; status < 600; status++) {
        count += ep_error_is_temporary(status);
    }
    ck_assert_uint_eq((size_t)count, COUNT(passing));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ep_error");
    TCase *tcase = tcase_create("tokens");

    ADD_ROWS(tcase, a_status_has_its_name, names);
    tcase_add_test(tcase,
                   every_error_has_a_token_that_is_no_verdict_of_the_policy);
    tcase_add_test(tcase, some_errors_pass_by_themselves);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
