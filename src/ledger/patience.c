/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/patience.h"

#include <sys/mman.h>

#include "apr_atomic.h"

/* One place for PART workers, at most PLACES_MOST; PLACES_EACH for one hash. */
#define PART 4
#define PLACES_MOST 64
#define PLACES_EACH 4

/* Made in the parent, inherited by children.  `until` is in milliseconds and wraps
 * around, so only differences have a meaning; 0: the place is free. */
static struct places {
    volatile apr_uint32_t *until;
    apr_uint32_t count;
} places;

static apr_status_t drop(void *data)
{
    (void)data;
    munmap((void *)(apr_uintptr_t)places.until, PLACES_MOST * sizeof(apr_uint32_t));
    places.until = NULL;
    places.count = 0;
    return APR_SUCCESS;
}

void ep_patience_make(apr_pool_t *pool, int workers)
{
    void *memory = mmap(NULL, PLACES_MOST * sizeof(apr_uint32_t),
                        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                        0);

    if (memory == MAP_FAILED) {
        return;
    }
    places.until = memory;
    places.count = workers > PART * PLACES_MOST ? PLACES_MOST
                   : workers > PART             ? (apr_uint32_t)workers / PART
                                                : 1;
    apr_pool_cleanup_register(pool, NULL, drop, apr_pool_cleanup_null);
}

static apr_uint32_t milliseconds(apr_int64_t time)
{
    const apr_uint32_t ms = (apr_uint32_t)(time / 1000);

    return ms != 0 ? ms : 1;
}

/* 1 if the time is over, or is damaged: too far in the future */
static int is_free(apr_uint32_t until, apr_uint32_t now)
{
    return until == 0
           || until - now > (apr_uint32_t)apr_time_as_msec(EP_PATIENCE_MOST);
}

int ep_patience_take(apr_uint64_t whom, apr_int64_t now, apr_int64_t until)
{
    apr_uint32_t i;

    for (i = 0; i < PLACES_EACH && i < places.count; i++) {
        const apr_uint32_t place = (apr_uint32_t)((whom + i) % places.count);
        const apr_uint32_t found = apr_atomic_read32(&places.until[place]);

        if (is_free(found, milliseconds(now))
            && apr_atomic_cas32(&places.until[place], milliseconds(until), found)
                   == found) {
            return (int)place;
        }
    }
    return -1;
}

void ep_patience_give(int place)
{
    if (place >= 0) {
        apr_atomic_set32(&places.until[place], 0);
    }
}
