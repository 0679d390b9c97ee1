/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

void *guarded_room(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (size + page - 1) / page * page;
    char *at = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED || mprotect(at + room, page, PROT_NONE) != 0) {
        abort();
    }
    return at + room - size;
}

const char *guarded(const char *text)
{
    const size_t size = strlen(text) + 1;

    return memcpy(guarded_room(size), text, size);
}

int span_is(const char *at, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(at, text, length) == 0;
}

void given(scenario *s, ep_policy *policy, const char *lines,
           const char *more)
{
    const size_t size = strlen(lines) + 1 + strlen(more) + 1;
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    snprintf(text, size, "%s\n%s", lines, more);
    scenario_read(s, text, size - 1);
    ck_assert_msg(s->rejected == 0, "lines rejected in:\n%s", text);
    free(text);
    scenario_compose(s, policy);
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner) > 0
             || srunner_ntests_run(runner) == 0;
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
