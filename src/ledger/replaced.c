/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/replaced.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include "apr_strings.h"

#include "core/book/amount.h"
#include "ledger/charge.h"
#include "ledger/ledger.h"
#include "request/facts.h"

/* O_PATH: needs no right to read, and does not break a lease (fcntl(2)) that another
 * program has on the file. */
#ifdef O_PATH
#define NAME_ONLY O_PATH
#else
#define NAME_ONLY (O_RDONLY | O_NONBLOCK | O_NOCTTY)
#endif

/* The unit of st_blocks in bytes, on Linux for all file systems.  POSIX does not
 * define it. */
#define BLOCK 512

/* The name of mod_dav's handler. */
static const char dav_handler[] = "dav-handler";

void ep_replaced_init(ep_replaced *replaced)
{
    memset(replaced, 0, sizeof(*replaced));
    replaced->file = -1;
}

static int is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* @return bytes on disk; for a file with holes, this is less than its size */
static int64_t allocated(const struct stat *found)
{
    return found->st_blocks > 0
               ? ep_amount_times((uint64_t)found->st_blocks, BLOCK)
               : 0;
}

/* @return bytes that are freed with the file.  Replacing a link does not free its
 *         target, and a file with a second name stays.  Holes may never have been
 *         counted. */
static int64_t replaceable(const struct stat *found)
{
    if (!S_ISREG(found->st_mode) || found->st_nlink != 1) {
        return 0;
    }
    return allocated(found) < found->st_size ? allocated(found)
                                             : (int64_t)found->st_size;
}

/*
 * mod_dav's function that tells the provider of a place.  It is no optional function,
 * and this module has to load without mod_dav; httpd loads modules with RTLD_GLOBAL.
 * Set in post_config; then read-only.  NULL: mod_dav is linked into httpd or is not
 * there.
 */
static const char *(*provider_name)(request_rec *r);

void ep_replaced_start(void)
{
    *(void **)&provider_name = dlsym(RTLD_DEFAULT, "dav_get_provider_name");
}

/* 1 if mod_dav_fs stores the files of a place.  Other providers, such as mod_dav_svn,
 * keep them elsewhere, and keep the begin of content that was cut. */
static int is_file_system(request_rec *r)
{
    const char *name;

    if (provider_name == NULL) {
        return 1;
    }
    name = provider_name(r);
    return name != NULL && strcmp(name, "filesystem") == 0;
}

/* 1 if mod_dav's handler runs, or may run if the handler is not known yet */
static int is_dav(const request_rec *r, int is_final)
{
    return r->method_number == M_PUT && r->proxyreq == PROXYREQ_NONE
           && r->filename != NULL
           && (r->handler == NULL ? !is_final
                                  : strcmp(r->handler, dav_handler) == 0);
}

/* Makes the path as mod_dav_fs does. */
static const char *path_of(const request_rec *r)
{
    char *path = apr_pstrcat(r->pool, r->filename, r->path_info, NULL);
    const size_t length = strlen(path);

    if (length > 1 && path[length - 1] == '/') {
        path[length - 1] = '\0';
    }
    return path;
}

static void close_file(ep_replaced *replaced)
{
    if (replaced->file >= 0) {
        close(replaced->file);
        replaced->file = -1;
    }
}

void ep_replaced_drop(ep_replaced *replaced)
{
    close_file(replaced);
    replaced->credit = 0;
    ep_ledger_release(&replaced->claim);
}

/* With Content-Range, mod_dav_fs follows a link and writes into its target. */
static void open_file(ep_replaced *replaced)
{
    replaced->file = open(replaced->path,
                          NAME_ONLY | O_CLOEXEC
                              | (replaced->is_partial ? 0 : O_NOFOLLOW));
    replaced->is_found = replaced->file >= 0
                         && fstat(replaced->file, &replaced->found) == 0;
}

void ep_replaced_look(ep_replaced *replaced, request_rec *r, int is_final)
{
    ep_replaced now;
    ep_range_result found;

    ep_replaced_init(&now);
    now.is_asked = replaced->is_asked;
    found = ep_facts_range(r, &now.range);
    now.is_partial = found == EP_RANGE_BYTES;
    /* mod_dav answers a malformed range with 400, so it writes no file */
    if (is_dav(r, is_final) && found != EP_RANGE_MALFORMED && is_file_system(r)) {
        now.path = path_of(r);
    }
    if (now.path != NULL && replaced->path != NULL
        && strcmp(now.path, replaced->path) == 0
        && now.is_partial == replaced->is_partial
        && now.range.first == replaced->range.first
        && now.range.last == replaced->range.last) {
        return;
    }
    ep_replaced_drop(replaced);
    *replaced = now;
    if (now.path != NULL) {
        open_file(replaced);
    }
}

void ep_replaced_look_at(ep_replaced *replaced, const char *path)
{
    ep_replaced_drop(replaced);
    ep_replaced_init(replaced);
    replaced->path = path;
    open_file(replaced);
}

int ep_replaced_has_credit(const ep_replaced *replaced)
{
    return replaced->is_found && !replaced->is_partial
           && replaceable(&replaced->found) > 0;
}

/* @param directory a descriptor, closed here; -1: there is none
 * @param path relative to @a directory; changed
 * @return 1 if no segment is a link, and the last one is the file @a found */
static int leads_to(int directory, char *path, const struct stat *found)
{
    struct stat reached;
    char *segment, *rest = NULL;
    int is_there;

    for (segment = apr_strtok(path, "/", &rest);
         segment != NULL && directory >= 0;
         segment = apr_strtok(NULL, "/", &rest)) {
        const int next = openat(directory, segment,
                                NAME_ONLY | O_NOFOLLOW | O_CLOEXEC);

        close(directory);
        directory = next;
    }
    if (directory < 0) {
        return 0;
    }
    is_there = fstat(directory, &reached) == 0 && is_same(&reached, found);
    close(directory);
    return is_there;
}

int ep_replaced_lies_below(const char *tree, const char *path,
                           const struct stat *found)
{
    char below[APR_PATH_MAX];
    size_t length = strlen(tree);

    while (length > 0 && tree[length - 1] == '/') {
        length--;
    }
    if (strncmp(tree, path, length) != 0 || path[length] != '/'
        || strlen(path + length) >= sizeof(below)) {
        return 0;
    }
    apr_cpystrn(below, path + length, sizeof(below));
    return leads_to(open(tree, NAME_ONLY | O_DIRECTORY | O_CLOEXEC), below,
                    found);
}

int ep_replaced_is_counted(const ep_replaced *replaced, const char *tree)
{
    return ep_replaced_lies_below(tree, replaced->path, &replaced->found);
}

void ep_replaced_take(ep_replaced *replaced, int64_t most)
{
    const int64_t bytes = replaceable(&replaced->found);
    ep_ledger_charge charge;

    ep_charge_file(replaced->found.st_dev, replaced->found.st_ino, &charge);
    if (replaced->claim.is_held == 0
        && !ep_ledger_try(&charge, replaced->is_asked ? NULL : &replaced->claim)) {
        return;
    }
    replaced->credit = bytes < most ? bytes : most;
}

void ep_replaced_check(ep_replaced *replaced)
{
    struct stat now;
    int64_t bytes = 0;

    if (replaced->credit == 0) {
        return;
    }
    if (lstat(replaced->path, &now) == 0 && is_same(&now, &replaced->found)) {
        bytes = replaceable(&now);
    }
    if (bytes < replaced->credit) {
        replaced->credit = bytes;
    }
}

/* 1 if the file has holes.  They may never have been counted, so content that fills
 * them counts. */
static int has_holes(const struct stat *found)
{
    return allocated(found) < found->st_size;
}

static int64_t growth_of_part(const ep_replaced *replaced, int64_t bytes)
{
    const int64_t before = replaced->is_found ? replaced->found.st_size : 0;
    /* mod_dav writes all content, also if it is longer than the range */
    const int64_t growth = ep_amount_minus(ep_range_end(&replaced->range,
                                                        bytes),
                                           before);

    return replaced->is_found && has_holes(&replaced->found) && growth < bytes
               ? bytes
               : growth;
}

int64_t ep_replaced_growth(const ep_replaced *replaced, int64_t bytes,
                           int is_whole)
{
    if (replaced->path == NULL) {
        return bytes;
    }
    if (replaced->is_partial) {
        return growth_of_part(replaced, bytes);
    }
    return is_whole ? ep_amount_minus(bytes, replaced->credit) : bytes;
}

/* 1 if the file at the path is still the one that was found before */
static int is_still(const ep_replaced *replaced, const struct stat *now)
{
    return replaced->is_found && is_same(now, &replaced->found);
}

/* @param now the file at the path
 * @return bytes by which it is longer than before */
static int64_t longer_by(const ep_replaced *replaced, const struct stat *now)
{
    return is_still(replaced, now)
               ? ep_amount_minus(now->st_size, replaced->found.st_size)
               : (int64_t)now->st_size;
}

static int64_t stored_of_part(const ep_replaced *replaced, int64_t bytes)
{
    struct stat now;
    int64_t growth;

    if (stat(replaced->path, &now) != 0 || !S_ISREG(now.st_mode)) {
        return bytes;
    }
    growth = longer_by(replaced, &now);
    return is_still(replaced, &now) && has_holes(&replaced->found)
                   && growth < bytes
               ? bytes
               : growth;
}

/* 1 if the old file was deleted.  A file that was renamed meanwhile still has a
 * name. */
static int is_gone(const ep_replaced *replaced)
{
    struct stat found;

    return replaced->file >= 0 && fstat(replaced->file, &found) == 0
           && found.st_nlink == 0;
}

int ep_replaced_is_done(const ep_replaced *replaced)
{
    struct stat now;

    /* mod_dav_fs writes to a temporary file and renames it at the end.  The old file
     * is open, so the new one cannot have its inode number. */
    return replaced->path != NULL && !replaced->is_partial
           && lstat(replaced->path, &now) == 0 && S_ISREG(now.st_mode)
           && !(replaced->is_found && is_same(&now, &replaced->found));
}

int64_t ep_replaced_stored(const ep_replaced *replaced, int64_t bytes)
{
    struct stat now;

    if (replaced->path == NULL) {
        return bytes;
    }
    if (replaced->is_partial) {
        return stored_of_part(replaced, bytes);
    }
    /* another request may have stored a larger file there meanwhile */
    if (lstat(replaced->path, &now) == 0 && S_ISREG(now.st_mode)
        && now.st_size > bytes) {
        bytes = now.st_size;
    }
    return is_gone(replaced) ? bytes - replaced->credit : bytes;
}

int64_t ep_replaced_left(const ep_replaced *replaced)
{
    struct stat now;

    if (replaced->path == NULL || !replaced->is_partial
        || stat(replaced->path, &now) != 0 || !S_ISREG(now.st_mode)) {
        return 0;
    }
    return longer_by(replaced, &now);
}
