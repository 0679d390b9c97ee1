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

const struct longest_list_of longest_lists[LONGEST_LISTS] = {
    { EP_RULE_EXPECTATIONS, "supported_expectations", "nnn", 'n', 'n' },
    { EP_RULE_EXPECTATIONS, "supported_expectations", "nnn=\"", '\t', '"' },
    /* JSON escapes nearly every byte of it, which doubles it */
    { EP_RULE_EXPECTATIONS, "supported_expectations", "nnnn=\"", '\\', '"' },
    { EP_RULE_METHODS, "allowed_methods", "MMM", 'M', 'M' },
    { EP_RULE_TYPES, "supported_types", "ttt/", 's', 's' },
    { EP_RULE_ENCODINGS, "supported_encodings", "ccc", 'c', 'c' }
};

void longest_list(ep_setting *setting, int which)
{
    static char texts[LONGEST_LISTS][EP_NAMES_MAX][EP_NAME_MAX + 1];
    static const char *names[LONGEST_LISTS][EP_NAMES_MAX];
    const struct longest_list_of *of = &longest_lists[which];
    int i;

    for (i = 0; i < EP_NAMES_MAX; i++) {
        char *text = texts[which][i];

        memset(text, of->fill, EP_NAME_MAX);
        text[EP_NAME_MAX] = '\0';
        memcpy(text, of->begin, strlen(of->begin));
        text[EP_NAME_MAX - 1] = of->end;
        /* told apart in a place that every kind of name has */
        text[1] = (char)('a' + i % 26);
        text[2] = (char)('a' + i / 26);
        names[which][i] = text;
    }
    memset(setting, 0, sizeof(*setting));
    setting->names = names[which];
    setting->names_count = EP_NAMES_MAX;
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
