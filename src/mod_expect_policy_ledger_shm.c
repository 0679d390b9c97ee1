/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "mod_expect_policy_ledger_shm.h"

#include "apr_strings.h"
#include "http_log.h"

#include "ep_size.h"
#include "mod_expect_policy_ledger_block.h"

APLOG_USE_MODULE(expect_policy);

#define FILE_NAME "expect_policy.ledger"
#define DEFAULT_SIZE ((int64_t)8 << 20)
#define LEAST_SIZE ((int64_t)128 << 10)
#define MOST_SIZE ((int64_t)256 << 20)
/* How long a start waits for the children of a server that was stopped. */
#define PATIENCE apr_time_from_sec(5)
/* Under this name the block stays while the module is loaded anew. */
#define KEPT "mod_expect_policy ledger shm"

static const char *parse(apr_pool_t *pool, const char *argument,
                         void **config)
{
    int64_t *size = apr_palloc(pool, sizeof(*size));

    *size = DEFAULT_SIZE;
    if (argument != NULL
        && (!ep_size_parse(argument, size) || *size < LEAST_SIZE
            || *size > MOST_SIZE)) {
        return EP_LEDGER_SHM_LEGAL;
    }
    *config = size;
    return NULL;
}

/* The block of before a restart goes on. */
static void use_kept(server_rec *s, const ep_block *kept, apr_size_t size)
{
    if (kept->layout != EP_BLOCK_LAYOUT) {
        ep_block_use(NULL);
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "the ledger is of another version of the module: stop "
                     "and start the server");
        return;
    }
    ep_block_use(kept);
    if (kept->size != size) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "the ledger keeps its size of %" APR_SIZE_T_FMT
                     " bytes until the server is stopped and started",
                     kept->size);
    }
    if (ep_block_mend() == APR_EGENERAL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "the ledger is corrupt, and is made anew");
    }
}

static int open_block(apr_pool_t *pconf, server_rec *s, void *config)
{
    const apr_size_t size = (apr_size_t)*(const int64_t *)config;
    apr_pool_t *process = s->process->pool;
    const char *path;
    char why[EP_BLOCK_WHY_SIZE];
    ep_block *opened;
    void *kept = NULL;

    apr_pool_userdata_get(&kept, KEPT, process);
    if (kept != NULL) {
        use_kept(s, kept, size);
        return OK;
    }
    ep_block_use(NULL);
    path = ap_runtime_dir_relative(pconf, FILE_NAME);
    if (path == NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "there is no ledger: DefaultRuntimeDir is not legal");
        return OK;
    }
    opened = apr_palloc(process, sizeof(*opened));
    switch (ep_block_open(opened, path, size, PATIENCE, why)) {
    case EP_BLOCK_REFUSED:
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "the ledger %s %s", path,
                     why);
        return HTTP_INTERNAL_SERVER_ERROR;
    case EP_BLOCK_MISSING:
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "there is no ledger: %s %s", path, why);
        return OK;
    default:
        if (why[0] != '\0') {
            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "the ledger %s %s",
                         path, why);
        }
        /* a copy of the name, which is the module's; no cleanup, which would
         * be, too */
        apr_pool_userdata_set(opened, KEPT, NULL, process);
        ep_block_use(opened);
        return OK;
    }
}

const ep_ledger_provider ep_ledger_shm = {
    parse,
    open_block,
    ep_block_reserve,
    ep_block_grow,
    ep_block_settle,
    ep_block_release,
    ep_block_recover,
    ep_block_tree,
    ep_block_plant,
    ep_block_ask,
    ep_block_measured,
    ep_block_balance,
    ep_block_count
};
