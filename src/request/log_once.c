/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/log_once.h"

#include "apr_atomic.h"
#include "apr_shm.h"
#include "apr_strings.h"
#include "http_log.h"

APLOG_USE_MODULE(expect_policy);

/*
 * A set of hashes in anonymous shared memory, inherited by every child:
 *
 *     seen[0] seen[1] ... seen[SLOTS - 1]       0: free, else a hash
 *
 * A hash is searched from its own slot on, PROBES places far.  Slots are taken
 * by compare-and-swap, so no thread waits.  If two lines have the same hash, the
 * second is not logged.  After a slot was freed, a hash behind it may not be found
 * any more, and its line is logged again.
 *
 * After the slots comes the time of the last line that ep_log_once_a_second()
 * allowed: in milliseconds; only differences are used.
 */
#define SLOTS 4096u
#define PROBES 16u
#define SIZE ((SLOTS + 1) * sizeof(apr_uint32_t))

static volatile apr_uint32_t *seen;

int ep_log_once_init(apr_pool_t *pool, server_rec *main_server)
{
    apr_shm_t *shm;
    const apr_status_t rv = apr_shm_create(&shm, SIZE, NULL, pool);

    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, main_server,
                     "cannot make %u bytes of shared memory",
                     (unsigned int)SIZE);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    seen = apr_shm_baseaddr_get(shm);
    memset(apr_shm_baseaddr_get(shm), 0, SIZE);
    return OK;
}

/* FNV-1a: neighbouring lines of one file must not look alike.  0 is taken. */
static apr_uint32_t hash_of(const char *key)
{
    apr_uint32_t hash = 2166136261u;

    for (; *key != '\0'; key++) {
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    }
    return hash != 0 ? hash : 1;
}

int ep_log_once_text(const char *text)
{
    const apr_uint32_t hash = hash_of(text);
    unsigned int i;

    for (i = 0; i < PROBES; i++) {
        const apr_uint32_t slot = (hash + i) % SLOTS;
        const apr_uint32_t held = apr_atomic_cas32(&seen[slot], hash, 0);

        if (held == 0) {
            return 1;
        }
        if (held == hash) {
            return 0;
        }
    }
    return 0;
}

int ep_log_once(apr_pool_t *pool, const char *what, const ep_setting *setting)
{
    return ep_log_once_text(apr_psprintf(pool, "%s %s:%u", what, setting->file,
                                         setting->line));
}

void ep_log_once_forget(const char *text)
{
    const apr_uint32_t hash = hash_of(text);
    unsigned int i;

    for (i = 0; i < PROBES; i++) {
        apr_atomic_cas32(&seen[(hash + i) % SLOTS], 0, hash);
    }
}

int ep_log_once_a_second(apr_int64_t now)
{
    volatile apr_uint32_t *last = &seen[SLOTS];
    const apr_uint32_t then = apr_atomic_read32(last);
    const apr_uint32_t msec = (apr_uint32_t)(now / 1000);

    return msec - then >= 1000 && apr_atomic_cas32(last, msec, then) == then;
}
