/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/space.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "apr_atomic.h"
#include "apr_shm.h"
#include "http_config.h"
#include "http_core.h"
#include "http_log.h"

#include "core/book/amount.h"
#include "ledger/clock.h"

APLOG_USE_MODULE(expect_policy);

/* What was read last; shared by the children of one configuration.  Any child may have
 * written anything. */
typedef struct seen {
    /* the process that reads it now; 0: none */
    volatile apr_uint32_t busy;
    /* by ep_clock_now(); 0: it was never read */
    volatile apr_int64_t when;
    volatile apr_uint64_t device;
    volatile apr_int64_t free;
    volatile apr_int64_t size;
} seen;

/* Set while the configuration is read, and in post_config; then read-only. */
static struct watched {
    /* of const char * */
    apr_array_header_t *paths;
    int left_out;
    /* as many as paths; NULL: there is no memory */
    seen *seen;
} watched;

void ep_space_reset(void)
{
    memset(&watched, 0, sizeof(watched));
}

void ep_space_watch(apr_pool_t *pconf, const char *directory)
{
    int i;

    if (watched.paths == NULL) {
        watched.paths = apr_array_make(pconf, 8, sizeof(const char *));
    }
    for (i = 0; i < watched.paths->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(watched.paths, i, const char *), directory)
            == 0) {
            return;
        }
    }
    if (watched.paths->nelts == EP_SPACE_MAX) {
        watched.left_out++;
        return;
    }
    APR_ARRAY_PUSH(watched.paths, const char *) = directory;
}

void ep_space_start(apr_pool_t *pconf, server_rec *main_server)
{
    const server_rec *s;
    apr_shm_t *shm;
    apr_status_t rv;

    for (s = main_server; s != NULL; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(
            s->module_config);

        if (core->ap_document_root != NULL) {
            ep_space_watch(pconf, core->ap_document_root);
        }
    }
    if (watched.paths == NULL) {
        return;
    }
    rv = apr_shm_create(&shm,
                        (apr_size_t)watched.paths->nelts * sizeof(seen), NULL,
                        pconf);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, main_server,
                     "no memory for the free space of file systems");
        return;
    }
    watched.seen = apr_shm_baseaddr_get(shm);
}

/* 1 if this thread alone may read it.  One that died while it did is not waited for. */
static int take(seen *one)
{
    const apr_uint32_t busy = apr_atomic_read32(&one->busy);

    if (busy != 0 && busy <= INT32_MAX
        && (kill((pid_t)busy, 0) == 0 || errno != ESRCH)) {
        return 0;
    }
    return apr_atomic_cas32(&one->busy, (apr_uint32_t)getpid(), busy) == busy;
}

static void look(const char *path, seen *one)
{
    struct statvfs fs;
    struct stat found;

    if (!take(one)) {
        return;
    }
    if (stat(path, &found) == 0 && statvfs(path, &fs) == 0) {
        one->device = (apr_uint64_t)found.st_dev;
        one->free = ep_amount_times(fs.f_bavail, fs.f_frsize);
        one->size = ep_amount_times(fs.f_blocks, fs.f_frsize);
        one->when = ep_clock_now();
    }
    else {
        one->when = 0;
    }
    apr_atomic_set32(&one->busy, 0);
}

/* 1 if a directory before this one lies on the same file system */
static int is_known(int index)
{
    const seen *one = &watched.seen[index];
    int i;

    for (i = 0; i < index; i++) {
        const seen *other = &watched.seen[i];

        if (other->when > 0 && other->device == one->device
            && other->size == one->size) {
            return 1;
        }
    }
    return 0;
}

int ep_space_read(apr_pool_t *pool, ep_report_space *spaces, int *left_out)
{
    int count = 0, i;

    *left_out = watched.left_out;
    for (i = 0; watched.seen != NULL && i < watched.paths->nelts; i++) {
        const char *path = APR_ARRAY_IDX(watched.paths, i, const char *);
        seen *one = &watched.seen[i];
        apr_int64_t when;

        look(path, one);
        when = one->when;
        if (when > 0 && !is_known(i)) {
            ep_report_space *space = &spaces[count++];

            space->path = ap_escape_logitem(pool, path);
            space->free = ep_amount_of(one->free);
            space->size = ep_amount_of(one->size);
            space->age = ep_amount_minus(ep_clock_now(), when)
                         / APR_USEC_PER_SEC;
        }
    }
    return count;
}
