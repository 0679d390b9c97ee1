/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/script.h"

#include <stdio.h>
#include <string.h>

#include "apr_sha1.h"

#include "redis/scripts.h"

static const char *const texts[EP_SCRIPTS] = {
    [EP_SCRIPT_BEGIN] = EP_SCRIPTS_BEGIN,
    [EP_SCRIPT_RENEW] = EP_SCRIPTS_RENEW,
    [EP_SCRIPT_RESERVE] = EP_SCRIPTS_RESERVE,
    [EP_SCRIPT_GROW] = EP_SCRIPTS_GROW,
    [EP_SCRIPT_END] = EP_SCRIPTS_END,
    [EP_SCRIPT_ASSERT] = EP_SCRIPTS_ASSERT,
    [EP_SCRIPT_USED] = EP_SCRIPTS_USED,
    [EP_SCRIPT_COUNT] = EP_SCRIPTS_COUNT,
    [EP_SCRIPT_TREE] = EP_SCRIPTS_TREE,
    [EP_SCRIPT_MEASURED] = EP_SCRIPTS_MEASURED
};

/* Written before the child has threads. */
static char digests[EP_SCRIPTS][EP_SCRIPT_DIGEST + 1];

void ep_script_init(void)
{
    int name, i;

    for (name = 0; name < EP_SCRIPTS; name++) {
        unsigned char digest[APR_SHA1_DIGESTSIZE];
        apr_sha1_ctx_t sha1;

        apr_sha1_init(&sha1);
        apr_sha1_update(&sha1, texts[name], (unsigned int)strlen(texts[name]));
        apr_sha1_final(digest, &sha1);
        for (i = 0; i < APR_SHA1_DIGESTSIZE; i++) {
            snprintf(digests[name] + 2 * i, 3, "%02x", digest[i]);
        }
    }
}

const char *ep_script_text(ep_script_name name)
{
    return texts[name];
}

const char *ep_script_digest(ep_script_name name)
{
    return digests[name];
}
