/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/copy.h"

#include <sys/stat.h>

#include "apr_dbm.h"
#include "apr_strings.h"
#include "util_filter.h"

#include "core/book/amount.h"
#include "ledger/charge.h"
#include "ledger/claim.h"
#include "ledger/ledger.h"
#include "ledger/replaced.h"
#include "ledger/walk.h"
#include "request/facts.h"
#include "request/filter.h"
#include "request/judgement.h"

/* ep_walk_go() calls is_enough() once for so many entries. */
#define ENTRIES_A_QUESTION 32

/* mod_dav_fs keeps the properties of files in this directory, and those of a
 * directory in this file. */
#define STATE_DIRECTORY "/.DAV/"
#define STATE_OF_DIRECTORY ".state_for_dir"

/* One COPY or MOVE. */
typedef struct copy {
    request_rec *r;
    request_rec *destination;
    /* the paths as mod_dav_fs makes them; source is the file or directory at from */
    const char *from;
    const char *to;
    struct stat source;
    /* the size of the source */
    int64_t bytes;
    /* replaced: the file at the destination */
    ep_ledger_claim claim;
    ep_replaced replaced;
    /* a claim of 0 bytes in the trees within which a MOVE only moves files */
    ep_ledger_claim within;
} copy;

static ap_filter_rec_t *end_filter;

/* ---------------------------------------------------------------- size */

static const char *path_of(request_rec *r)
{
    char *path = apr_pstrcat(r->pool, r->filename, r->path_info, NULL);
    const size_t length = strlen(path);

    if (length > 1 && path[length - 1] == '/') {
        path[length - 1] = '\0';
    }
    return path;
}

static int64_t size_of(const char *file)
{
    struct stat found;

    return file != NULL && lstat(file, &found) == 0 && S_ISREG(found.st_mode)
               ? ep_amount_of(found.st_size)
               : 0;
}

int64_t ep_copy_file_size(request_rec *r)
{
    struct stat found;
    const char *path = path_of(r);

    return stat(path, &found) == 0 && S_ISREG(found.st_mode)
               ? ep_amount_of(found.st_size)
               : 0;
}

/* @return bytes of the properties that mod_dav_fs copies with a file or directory */
static int64_t size_of_properties(apr_pool_t *pool, const char *path,
                                  int is_directory)
{
    const char *slash = strrchr(path, '/');
    const char *base, *first = NULL, *second = NULL;

    if (is_directory) {
        base = apr_pstrcat(pool, path, STATE_DIRECTORY STATE_OF_DIRECTORY, NULL);
    }
    else if (slash != NULL) {
        base = apr_pstrcat(pool, apr_pstrmemdup(pool, path,
                                                (apr_size_t)(slash - path)),
                           STATE_DIRECTORY, slash + 1, NULL);
    }
    else {
        return 0;
    }
    apr_dbm_get_usednames(pool, base, &first, &second);
    return ep_amount_plus(size_of(first), size_of(second));
}

/* The bound of a walk. */
typedef struct bound {
    apr_time_t until;
    int questions;
} bound;

static int is_enough(void *data)
{
    bound *left = data;

    return --left->questions <= 0 || apr_time_now() > left->until;
}

/* @return 0: the tree is too large to be added up here, or cannot be read */
static int add_up(apr_pool_t *pool, const char *path, int64_t *bytes)
{
    ep_walk *walk = apr_palloc(pool, sizeof(*walk));
    ep_walk_turns turns = { NULL };
    bound left = { apr_time_now() + apr_time_from_msec(EP_COPY_MILLISECONDS_MAX),
                   EP_COPY_ENTRIES_MAX / ENTRIES_A_QUESTION };
    ep_walk_result result;

    ep_walk_begin(walk, &turns, path);
    result = ep_walk_go(walk, is_enough, &left);
    *bytes = walk->bytes;
    ep_walk_end(walk);
    return result == EP_WALK_DONE || result == EP_WALK_NONE;
}

/* @param found the file or directory at @a path
 * @return 0: the size cannot be found out */
static int measure(const copy *copied, const char *path,
                   const struct stat *found, int64_t *bytes)
{
    apr_pool_t *pool = copied->r->pool;
    const int is_directory = S_ISDIR(found->st_mode);

    *bytes = S_ISREG(found->st_mode) ? ep_amount_of(found->st_size) : 0;
    if (is_directory && !ep_facts_is_shallow(copied->r)) {
        /* the properties of a directory are files in it */
        return add_up(pool, path, bytes);
    }
    *bytes = ep_amount_plus(*bytes,
                            size_of_properties(pool, path, is_directory));
    return 1;
}

/* ---------------------------------------------------------------- end */

/* Measures the destination, since mod_dav may have written files before it failed.
 * @return bytes that the destination has more than before */
static int64_t stored(const copy *copied)
{
    struct stat found;
    int64_t bytes = 0;

    if (lstat(copied->to, &found) != 0) {
        return 0;
    }
    if (!measure(copied, copied->to, &found, &bytes) && bytes < copied->bytes) {
        bytes = copied->bytes;
    }
    return ep_replaced_stored(&copied->replaced, bytes);
}

/* Runs twice: before the answer, and when the pool is destroyed.  The second time,
 * there is no claim. */
static apr_status_t end(void *data)
{
    copy *copied = data;
    const int status = copied->r->status;

    if (copied->claim.is_held != 0) {
        /* mod_dav answers 4xx before it changes any file */
        if (status >= HTTP_BAD_REQUEST && status < HTTP_INTERNAL_SERVER_ERROR) {
            ep_ledger_release(&copied->claim);
        }
        else {
            ep_ledger_settle(&copied->claim, 0, stored(copied));
        }
    }
    ep_ledger_release(&copied->within);
    ep_replaced_drop(&copied->replaced);
    return APR_SUCCESS;
}

/* The claim ends before the client has the answer, since the client may send the next
 * request at once. */
static apr_status_t end_before_answer(ap_filter_t *f, apr_bucket_brigade *bb)
{
    if (f->ctx == NULL) {
        return ep_filter_leave_output(f, bb);
    }
    if (!APR_BRIGADE_EMPTY(bb)) {
        end(f->ctx);
        ap_remove_output_filter(f);
    }
    return ap_pass_brigade(f->next, bb);
}

void ep_copy_register(void)
{
    end_filter = ap_register_output_filter("EXPECT_POLICY_COPY",
                                           end_before_answer, NULL,
                                           AP_FTYPE_PROTOCOL);
}

/* ---------------------------------------------------------------- claim */

static int is_on_other_device(const copy *copied, const char *directory)
{
    struct stat found;

    return directory == NULL || stat(directory, &found) != 0
           || found.st_dev != copied->source.st_dev;
}

/* 1 if the request adds bytes to what a limit counts.  A MOVE within one tree or one
 * file system adds none. */
static int adds_to(const copy *copied, const ep_setting *setting,
                   const char *directory)
{
    const char *tree;

    if (copied->r->method_number == M_COPY) {
        return 1;
    }
    if (setting->count->rule == EP_RULE_FREE_SPACE) {
        return is_on_other_device(copied, directory);
    }
    tree = ep_charge_directory(copied->destination, setting);
    return tree == NULL
           || !ep_replaced_lies_below(tree, copied->from, &copied->source);
}

/* A walk misses a moved file if it has read the destination before the MOVE and reads
 * the source after it.  So its number must not be used. */
static void disturb(copy *copied, ep_ledger_charge *charge)
{
    if (charge->kind == EP_CHARGE_QUOTA) {
        charge->client = 0;
        charge->amount = 0;
        ep_ledger_disturb(charge, &copied->within);
    }
}

/* @param is_known out: 0 if the account of some limit is not known, and its charge is
 *        left out
 * @return how many charges there are */
static size_t make_charges(copy *copied, const ep_policy *policy,
                           ep_ledger_charge *charges, const ep_setting **by,
                           int *is_known)
{
    size_t count = 0, i;

    *is_known = 1;
    for (i = 0; i < policy->counted_count; i++) {
        const ep_setting *setting = policy->counted[i];
        const char *directory;
        int made;

        if (setting->count->rule != EP_RULE_QUOTA
            && setting->count->rule != EP_RULE_FREE_SPACE) {
            continue;
        }
        made = ep_charge_make(copied->destination, setting, &charges[count],
                            &directory);
        if (made < 0) {
            *is_known = 0;
        }
        else if (made && adds_to(copied, setting, directory)) {
            by[count++] = setting;
        }
        else if (made) {
            disturb(copied, &charges[count]);
        }
    }
    return count;
}

/* @return bytes that may be subtracted for a replaced file; INT64_MAX: none, since
 *         some quota does not count the file, or there is no quota */
static int64_t counted_in_all(const copy *copied, const ep_ledger_charge *charges,
                              const ep_setting *const *by, size_t count)
{
    int64_t most = INT64_MAX;
    size_t i;

    for (i = 0; i < count; i++) {
        if (charges[i].kind == EP_CHARGE_QUOTA) {
            const int64_t used = ep_ledger_used(&charges[i]);
            const char *tree = ep_charge_directory(copied->destination, by[i]);

            if (tree == NULL
                || !ep_replaced_is_counted(&copied->replaced, tree)) {
                return INT64_MAX;
            }
            most = used < most ? used : most;
        }
    }
    return most;
}

/* The size of a file that is replaced is subtracted, as for a PUT. */
static void take_credit(copy *copied, ep_ledger_charge *charges,
                        const ep_setting *const *by, size_t count)
{
    int64_t most;

    ep_replaced_look_at(&copied->replaced, copied->to);
    if (!ep_replaced_has_credit(&copied->replaced)) {
        return;
    }
    most = counted_in_all(copied, charges, by, count);
    if (most == 0) {
        ep_ledger_measure(charges, count);
        most = counted_in_all(copied, charges, by, count);
    }
    if (most != INT64_MAX) {
        ep_replaced_take(&copied->replaced, most);
    }
}

static void hold(copy *copied)
{
    request_rec *r = copied->r;

    /* no cleanup for a child process that is forked: the claim is not its own */
    apr_pool_cleanup_register(r->pool, copied, end, apr_pool_cleanup_null);
    ap_add_output_filter_handle(end_filter, copied, r, r->connection);
}

/* @param denied out: why, if 0 is returned
 * @return 1; 0: there is no room */
static int claim(copy *copied, const ep_policy *policy, const ep_facts *facts,
                 ep_verdict *denied)
{
    ep_ledger_charge charges[EP_CHARGES_MAX];
    const ep_setting *by[EP_CHARGES_MAX];
    ep_ledger_denial denial;
    size_t count, i;
    int is_known;

    hold(copied);
    count = make_charges(copied, policy, charges, by, &is_known);
    /* if one of the server's limits found no room, the request is refused */
    if (policy->surplus[0] != NULL
        || (!is_known && ep_ledger_failure(policy, 0) == EP_FAILURE_CLOSED)) {
        ep_claim_deny_unavailable(policy, facts, policy->surplus[0], denied);
        return 0;
    }
    if (count == 0) {
        return 1;
    }
    if (!measure(copied, copied->from, &copied->source, &copied->bytes)) {
        /* the size is not known, so the verdict tells only what is left */
        denial.remaining = ep_amount_minus(charges[0].limit,
                                           ep_ledger_used(&charges[0]));
        denial.wait = -1;
        ep_claim_deny(policy, facts, &charges[0], by[0], &denial, denied);
        return 0;
    }
    take_credit(copied, charges, by, count);
    for (i = 0; i < count; i++) {
        /* there is no content whose arrival could confirm the claim */
        charges[i].client = 0;
        charges[i].amount = charges[i].kind == EP_CHARGE_QUOTA
                              ? ep_replaced_growth(&copied->replaced,
                                                   copied->bytes, 1)
                              : copied->bytes;
    }
    return ep_claim_reserve(copied->r, policy, facts, copied->bytes, charges, by, count,
                            &copied->claim, denied);
}

const ep_judgement *ep_copy_claim(request_rec *r, request_rec *destination,
                                  const ep_request *state, const ep_policy *policy)
{
    copy *copied = apr_pcalloc(r->pool, sizeof(*copied));
    ep_verdict denied;

    ep_replaced_init(&copied->replaced);
    copied->r = r;
    copied->destination = destination;
    copied->from = path_of(r);
    copied->to = path_of(destination);
    if (stat(copied->from, &copied->source) != 0
        || claim(copied, policy, state->facts, &denied)) {
        return NULL;
    }
    /* the facts of the request itself, which has no content */
    return ep_judgement_make(r, policy, state->facts, &denied);
}
