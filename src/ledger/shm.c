/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/shm.h"

#include "apr_strings.h"
#include "http_log.h"

#include "core/text/number.h"
#include "ledger/shm_file.h"

APLOG_USE_MODULE(expect_policy);

#define FILE_NAME "expect_policy.ledger"
#define DEFAULT_SIZE ((int64_t)8 << 20)
#define LEAST_SIZE ((int64_t)128 << 10)
#define MOST_SIZE ((int64_t)256 << 20)
/* The key in the pool of the process: the data outlives reloading the module. */
#define KEPT "mod_expect_policy ledger shm"

/* Changed by the parent only; a child has the state of when it was forked.  NULL:
 * there is no ledger. */
static ep_shm_file *file;

static const char *parse(apr_pool_t *pool, const char *argument,
                         void **config)
{
    int64_t *size = apr_palloc(pool, sizeof(*size));

    *size = DEFAULT_SIZE;
    if (argument != NULL
        && (!ep_number_size(argument, size) || *size < LEAST_SIZE
            || *size > MOST_SIZE)) {
        return EP_LEDGER_SHM_LEGAL;
    }
    *config = size;
    return NULL;
}

/* @return NULL: DefaultRuntimeDir is not legal */
static const char *path_of(apr_pool_t *pool)
{
    return ap_runtime_dir_relative(pool, FILE_NAME);
}

static const char *check_config(apr_pool_t *pconf, void *config)
{
    const char *path = path_of(pconf);
    char why[EP_LEDGER_WHY_SIZE];
    ep_ledger_opened found;

    if (path == NULL) {
        return "there is no ledger: DefaultRuntimeDir is not legal";
    }
    found = ep_shm_file_check(path, (apr_size_t)*(const int64_t *)config,
                              why);
    return why[0] == '\0'
               ? NULL
               : apr_psprintf(pconf, "%s %s %s",
                              found == EP_LEDGER_MISSING ? "there is no ledger:"
                                                         : "the ledger",
                              path, why);
}

/* After a restart: continues with the open ledger. */
static void use_kept(server_rec *s, apr_size_t size)
{
    if (file->block.size != size) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "the ledger keeps its size of %" APR_SIZE_T_FMT
                     " bytes until the server is stopped and started",
                     file->block.size);
    }
    ep_shm_file_mend(file);
}

/* @return 1: the ledger that was opened before a restart can be used */
static int find_kept(apr_pool_t *process)
{
    void *kept = NULL;

    apr_pool_userdata_get(&kept, KEPT, process);
    file = kept;
    if (file == NULL || file->layout != EP_LEDGER_LAYOUT) {
        /* Another build of the module made it.  Its old children still use it, so it
         * is not closed here but when this process ends. */
        return 0;
    }
    if (!file->is_open) {
        ep_shm_file_close(file);
        return 0;
    }
    return 1;
}

static void open_file(apr_pool_t *pconf, server_rec *s, void *config)
{
    const apr_size_t size = (apr_size_t)*(const int64_t *)config;
    apr_pool_t *process = s->process->pool;
    char why[EP_LEDGER_WHY_SIZE];
    ep_shm_file *opened;
    ep_ledger_opened result;

    if (find_kept(process)) {
        use_kept(s, size);
        return;
    }
    file = NULL;
    /* apr_pool_userdata_set() copies the name.  No cleanup: its address would be in
     * the module, which may be unloaded. */
    apr_pool_userdata_set(NULL, KEPT, NULL, process);
    if (path_of(pconf) == NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "there is no ledger: DefaultRuntimeDir is not legal");
        return;
    }
    opened = apr_palloc(process, sizeof(*opened));
    result = ep_shm_file_open(opened, path_of(process), size, why);
    if (result == EP_LEDGER_MISSING) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "there is no ledger: %s %s",
                     path_of(pconf), why);
        return;
    }
    if (why[0] != '\0') {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "the ledger %s %s",
                     opened->block.path, why);
    }
    apr_pool_userdata_set(opened, KEPT, NULL, process);
    file = opened;
}

static void note_child(pid_t pid, int has_ended)
{
    if (file == NULL) {
        return;
    }
    if (has_ended) {
        ep_shm_file_ended(file, pid);
    }
    else {
        ep_shm_file_started(file, pid);
    }
}

static void retry(server_rec *s)
{
    if (file != NULL && !file->is_open && ep_shm_file_retry(file)) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     "the ledger %s is free, and counts from now on",
                     file->block.path);
    }
}

static void map(server_rec *s)
{
    apr_status_t rv;

    if (file == NULL) {
        return;
    }
    rv = ep_shm_book_map(&file->block);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     "the ledger %s cannot be mapped", file->block.path);
    }
}

static void start(server_rec *s)
{
    apr_status_t rv;

    if (file == NULL) {
        return;
    }
    rv = ep_shm_book_start();
    if (rv != APR_SUCCESS && rv != APR_EINIT) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     "the ledger %s cannot be used", file->block.path);
    }
}

static const char *take_news(void)
{
    return ep_shm_book_was_anew() ? "is corrupt, and is made anew" : NULL;
}

const ep_ledger_provider ep_shm = {
    .parse = parse,
    .check_config = check_config,
    .post_config = open_file,
    .child_status = note_child,
    .monitor = retry,
    .drop_privileges = map,
    .child_init = start,
    .take_news = take_news,
    .reserve = ep_shm_book_reserve,
    .foresee = ep_shm_book_foresee,
    .confirm = ep_shm_book_confirm,
    .end_content = ep_shm_book_end_content,
    .trim = ep_shm_book_trim,
    .grow = ep_shm_book_grow,
    .settle = ep_shm_book_settle,
    .release = ep_shm_book_release,
    .next_tree = ep_shm_book_next_tree,
    .announce_trees = ep_shm_book_announce_trees,
    .offer_tree = ep_shm_book_offer_tree,
    .end_offers = ep_shm_book_end_offers,
    .find_tree = ep_shm_book_find_tree,
    .doubt_usage = ep_shm_book_doubt_usage,
    .name_tree = ep_shm_book_name_tree,
    .report_usage = ep_shm_book_report_usage,
    .read_balance = ep_shm_book_read_balance,
    .count_entries = ep_shm_book_count_entries
};
