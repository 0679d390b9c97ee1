/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Input: a scheme's letter, and what an administrator wrote behind the scheme. */

#include "redis/url.h"

#include <string.h>

#include "apr_general.h"
#include "apr_strings.h"

#include "fuzz.h"

static void check(const ep_url *url)
{
    int i;

    PROMISE((url->scheme == EP_URL_UNIX) == (url->count == 0));
    PROMISE((url->scheme == EP_URL_UNIX) == (url->path != NULL));
    PROMISE(url->count >= 0 && url->count <= EP_URL_NODES_MAX);
    for (i = 0; i < url->count; i++) {
        PROMISE(url->nodes[i].host[0] != '\0');
        PROMISE(url->nodes[i].port > 0 && url->nodes[i].port < 65536);
    }
    PROMISE(url->db >= 0 && url->db < 16384);
    PROMISE(url->timeout >= 5000 && url->timeout <= 5000000);
    PROMISE(url->lease >= 1000000 && url->lease <= 600000000);
    PROMISE(url->name[0] != '\0' && strlen(url->name) <= EP_URL_NAME_MAX);
    PROMISE(strpbrk(url->name, "{}: ") == NULL);
    PROMISE(url->user == NULL || url->user[0] != '\0');
    PROMISE(url->password == NULL || url->password[0] != '\0');
    PROMISE(url->password == NULL || url->password_file == NULL);
    PROMISE(url->path == NULL || strlen(url->path) < 108);
}

/* What is shown is a URL of the same place, without a user. */
static void check_shown(apr_pool_t *pool, const char *scheme,
                        const ep_url *url)
{
    ep_url *again;
    int i;

    PROMISE(strncmp(url->shown, scheme, strlen(scheme)) == 0);
    if (url->scheme == EP_URL_UNIX) {
        return;
    }
    PROMISE(strchr(url->shown, '@') == NULL);
    PROMISE(ep_url_parse(pool, scheme, url->shown + strlen(scheme) + 1, &again)
            == NULL);
    PROMISE(again->user == NULL && again->password == NULL);
    PROMISE(again->count == url->count && again->db == url->db);
    for (i = 0; i < url->count; i++) {
        PROMISE(strcmp(again->nodes[i].host, url->nodes[i].host) == 0);
        PROMISE(again->nodes[i].port == url->nodes[i].port);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemes[] = { "redis", "redis+unix", "rediss",
                                           "other" };
    const char *scheme = schemes[size > 0 ? data[0] % 4 : 0];
    apr_pool_t *pool;
    char *text;

    if (size == 0) {
        return 0;
    }
    data++;
    size--;
    text = fuzz_line(&data, &size);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (text != NULL) {
        ep_url *url = NULL;

        if (ep_url_parse(pool, scheme, text, &url) == NULL) {
            check(url);
            check_shown(pool, scheme, url);
        }
        else {
            PROMISE(url == NULL);
        }
    }
    free(text);
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
