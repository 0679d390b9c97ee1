/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "ledger/charge.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "apr_md5.h"
#include "apr_strings.h"
#include "http_log.h"

#include "core/book/amount.h"
#include "request/expression.h"
#include "request/log_once.h"

APLOG_USE_MODULE(expect_policy);

/* The most parent directories that are tried, to find one that exists. */
#define STEPS_MAX 64

/* Hashes a number in network byte order: servers on machines with another byte order
 * then have the same keys. */
typedef struct network {
    unsigned char bytes[8];
} network;

static network in_network_order(apr_uint64_t number)
{
    network result;
    int i;

    for (i = 7; i >= 0; i--) {
        result.bytes[i] = (unsigned char)(number & 0xff);
        number >>= 8;
    }
    return result;
}

/* The length comes first: two different lists of texts are then never the same
 * bytes. */
static void mix(apr_md5_ctx_t *md5, const void *bytes, apr_size_t length)
{
    const network prefix = in_network_order(length);

    apr_md5_update(md5, prefix.bytes, sizeof(prefix.bytes));
    apr_md5_update(md5, bytes, length);
}

static void mix_number(apr_md5_ctx_t *md5, int64_t number)
{
    const network hashed = in_network_order((apr_uint64_t)number);

    mix(md5, hashed.bytes, sizeof(hashed.bytes));
}

static void mix_text(apr_md5_ctx_t *md5, const char *text)
{
    if (text == NULL) {
        mix_number(md5, 0);
    }
    else {
        mix(md5, text, strlen(text));
    }
}

static ep_ledger_key key_of(apr_md5_ctx_t *md5)
{
    ep_ledger_key key;

    apr_md5_final(key.bytes, md5);
    return key;
}

/* One IPv6 client usually controls a whole /64. */
static void mix_client(apr_md5_ctx_t *md5, const apr_sockaddr_t *address)
{
    const unsigned char *bytes = address->ipaddr_ptr;

#if APR_HAVE_IPV6
    if (address->family == APR_INET6) {
        if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address->ipaddr_ptr)) {
            mix(md5, bytes + 12, 4);
        }
        else {
            mix(md5, bytes, 8);
        }
        return;
    }
#endif
    mix(md5, bytes, (apr_size_t)address->ipaddr_len);
}

/* @return NULL: the upload is not written to a file */
static const char *directory_of(request_rec *r, const ep_count *count)
{
    const char *end = r->filename;
    unsigned int i;

    if (count->directory != NULL) {
        return count->directory;
    }
    if (end == NULL || *end != '/') {
        return NULL;
    }
    for (i = 0; i < count->depth && end != NULL; i++) {
        end = strchr(end + 1, '/');
    }
    return end == NULL ? r->filename
                       : apr_pstrmemdup(r->pool, r->filename,
                                        (apr_size_t)(end - r->filename));
}

/*
 * A server's expression that is empty before .htaccess files are read may have a value
 * later, by SetEnvIf in a section of the server's files.  But an owner may also have
 * set that value.  So it is hashed with a mark, and never counts together with a value
 * from before: an owner cannot use up another user's limit.
 */
static const char *value_of(request_rec *r, const ep_count *count,
                            apr_md5_ctx_t *md5, const char **error)
{
    const ep_expression *expression = count->expression;
    const char *value;

    if (expression->is_owners || !ep_expression_varies(expression->text)) {
        return ep_expression_now(r, expression, error);
    }
    value = ep_expression_before_owners(r, expression, error);
    if (value != NULL && *value == '\0') {
        mix_text(md5, "edited");
        value = ep_expression_now(r, expression, error);
    }
    return value;
}

/* @return 0 if an expression says that there is no limit */
static int mix_expression(request_rec *r, const ep_setting *setting,
                          apr_md5_ctx_t *md5)
{
    const char *error = NULL;
    const char *value = value_of(r, setting->count, md5, &error);

    if (value == NULL) {
        if (ep_log_once(r->pool, "failed", setting)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "%s in %s:%u: %s; uploads without a value count "
                          "together", setting->directive,
                          setting->file, setting->line, error);
        }
        mix_number(md5, 0);
        return 1;
    }
    mix_text(md5, value);
    return *value != '\0';
}

/* @return 0 if the limit does not count this upload */
static int mix_whom(request_rec *r, const ep_setting *setting,
                    apr_md5_ctx_t *md5)
{
    const char *text;

    switch (setting->count->whom) {
    case EP_FOR_CLIENT:
        mix_client(md5, r->useragent_addr);
        return 1;
    case EP_FOR_USER:
        text = ep_expression_user(r);
        /* a user's name and an address never have the same key */
        mix_number(md5, text != NULL);
        if (text != NULL) {
            mix_text(md5, text);
        }
        else {
            mix_client(md5, r->useragent_addr);
        }
        return 1;
    case EP_FOR_HOST:
        /* with the Host field, the client would choose the key */
        mix_text(md5, r->server->server_hostname);
        mix_number(md5, r->server->port);
        return 1;
    case EP_FOR_DIRECTORY:
        text = directory_of(r, setting->count);
        mix_text(md5, text);
        return text != NULL;
    case EP_FOR_EXPRESSION:
        return mix_expression(r, setting, md5);
    }
    return 0;
}

/* ALLOWANCE and CONCURRENT. */
static int count_keys(request_rec *r, const ep_setting *setting,
                      ep_ledger_kind kind, ep_ledger_charge *charge)
{
    const ep_count *count = setting->count;
    apr_md5_ctx_t md5;

    apr_md5_init(&md5);
    mix_number(&md5, kind);
    mix_text(&md5, count->scope);
    mix_number(&md5, count->whom);
    mix_text(&md5, count->expression != NULL ? count->expression->text : NULL);
    mix_number(&md5, count->period);
    if (!mix_whom(r, setting, &md5)) {
        return 0;
    }
    charge->kind = kind;
    charge->key = key_of(&md5);
    charge->limit = setting->number;
    charge->period = count->period;
    return 1;
}

/* Quotas of different sizes on one tree share one account, since the tree has one
 * usage. */
void ep_charge_tree(const char *directory, const char *usage_file,
                    ep_ledger_charge *charge)
{
    apr_md5_ctx_t md5;

    apr_md5_init(&md5);
    mix_number(&md5, EP_CHARGE_QUOTA);
    mix_text(&md5, directory);
    mix_text(&md5, usage_file);
    charge->kind = EP_CHARGE_QUOTA;
    charge->key = key_of(&md5);
    charge->path = usage_file != NULL ? usage_file : directory;
    charge->is_file = usage_file != NULL;
}

/* FNV-1a with 64 bits is enough: no client chooses what is hashed, and two owners with
 * the same hash only share their places. */
static uint64_t hash(uint64_t so_far, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    size_t i;

    for (i = 0; i < length; i++) {
        so_far = (so_far ^ byte[i]) * UINT64_C(1099511628211);
    }
    return so_far;
}

static uint64_t hash_number(uint64_t so_far, apr_uint64_t number)
{
    const network hashed = in_network_order(number);

    return hash(so_far, hashed.bytes, sizeof(hashed.bytes));
}

uint64_t ep_charge_share(const request_rec *r, const ep_count *count)
{
    const uint64_t basis = UINT64_C(14695981039346656037);
    const char *host;
    struct stat found;
    uint64_t share;

    if (!count->is_owners) {
        return hash(basis, count->scope, strlen(count->scope));
    }
    host = r->server->server_hostname;
    share = hash_number(basis, r->server->port);
    if (host != NULL) {
        share = hash(share, host, strlen(host));
    }
    return count->directory != NULL && stat(count->directory, &found) == 0
               ? hash_number(share, found.st_uid)
               : share;
}

static int count_tree(request_rec *r, const ep_setting *setting,
                      ep_ledger_charge *charge)
{
    const char *directory = directory_of(r, setting->count);

    if (setting->count->path != NULL && setting->count->directory == NULL) {
        return -1;
    }
    if (directory == NULL) {
        return 0;
    }
    ep_charge_tree(directory, setting->count->usage_file, charge);
    if (strlen(charge->path) >= EP_LEDGER_PATH_SIZE) {
        if (ep_log_once(r->pool, "too long", setting)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "%s in %s:%u: the path is too long: %s",
                          setting->directive, setting->file, setting->line,
                          charge->path);
        }
        return -1;
    }
    charge->limit = setting->number;
    charge->is_local = setting->count->is_local;
    charge->share = ep_charge_share(r, setting->count);
    return 1;
}

int64_t ep_charge_space(const char *directory, const ep_setting *setting)
{
    struct statvfs fs;
    int64_t keep = setting->number;

    if (statvfs(directory, &fs) != 0) {
        return -1;
    }
    if (setting->count->is_percent) {
        keep = ep_amount_percent(ep_amount_times(fs.f_blocks, fs.f_frsize),
                                 setting->number);
    }
    return ep_amount_minus(ep_amount_times(fs.f_bavail, fs.f_frsize), keep);
}

/* @return the nearest existing directory above a file; NULL: none exists */
static const char *directory_above(apr_pool_t *pool, const char *file,
                                   apr_finfo_t *info)
{
    char *path = apr_pstrdup(pool, file);
    int step;

    for (step = 0; step < STEPS_MAX && path[1] != '\0'; step++) {
        char *slash = strrchr(path, '/');

        slash[slash == path] = '\0';
        if (apr_stat(info, path, APR_FINFO_TYPE | APR_FINFO_DEV, pool)
                == APR_SUCCESS
            && info->filetype == APR_DIR) {
            return path;
        }
    }
    return NULL;
}

static int count_space(request_rec *r, const ep_setting *setting,
                       ep_ledger_charge *charge, const char **directory)
{
    apr_md5_ctx_t md5;
    apr_finfo_t info;

    if (r->proxyreq != PROXYREQ_NONE || r->filename == NULL
        || r->filename[0] != '/') {
        return 0;
    }
    *directory = directory_above(r->pool, r->filename, &info);
    charge->limit = *directory != NULL ? ep_charge_space(*directory, setting)
                                     : -1;
    if (charge->limit < 0) {
        if (ep_log_once(r->pool, "unknown space", setting)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, APR_FROM_OS_ERROR(errno), r,
                          "%s in %s:%u: cannot read the free space of the "
                          "file system of %s", setting->directive, setting->file,
                          setting->line, r->filename);
        }
        return -1;
    }
    apr_md5_init(&md5);
    mix_number(&md5, EP_CHARGE_SPACE);
    mix_number(&md5, (int64_t)info.device);
    charge->kind = EP_CHARGE_SPACE;
    charge->key = key_of(&md5);
    return 1;
}

const char *ep_charge_directory(request_rec *r, const ep_setting *setting)
{
    return directory_of(r, setting->count);
}

int ep_charge_is_same(const ep_ledger_charge *a, const ep_ledger_charge *b)
{
    return a->kind == b->kind && memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

void ep_charge_file(dev_t device, ino_t number, ep_ledger_charge *charge)
{
    apr_md5_ctx_t md5;

    memset(charge, 0, sizeof(*charge));
    apr_md5_init(&md5);
    mix_number(&md5, EP_CHARGE_CONCURRENT);
    /* no scope is empty */
    mix_text(&md5, "");
    mix_number(&md5, (int64_t)device);
    mix_number(&md5, (int64_t)number);
    charge->kind = EP_CHARGE_CONCURRENT;
    charge->key = key_of(&md5);
    charge->limit = 1;
    charge->amount = 1;
    charge->is_local = 1;
}

/* A number for the network of one client, as in mix_client(); 0: none. */
static uint64_t client_of(const request_rec *r)
{
    const apr_sockaddr_t *address = r->useragent_addr;
    const unsigned char *bytes = address->ipaddr_ptr;
    /* no network of IPv6 is counted under these */
    uint64_t client = UINT64_C(0xffff) << 32;
    size_t length = 4, i;

#if APR_HAVE_IPV6
    if (address->family == APR_INET6) {
        if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address->ipaddr_ptr)) {
            bytes += 12;
        }
        else {
            client = 0;
            length = 8;
        }
    }
#endif
    if (address->family != APR_INET && address->family != APR_INET6) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        client ^= (uint64_t)bytes[i] << (8 * i);
    }
    return client;
}

int ep_charge_make(request_rec *r, const ep_setting *setting,
                   ep_ledger_charge *charge, const char **directory)
{
    memset(charge, 0, sizeof(*charge));
    charge->is_owners = setting->count->is_owners;
    charge->client = client_of(r);
    *directory = NULL;
    switch (setting->count->rule) {
    case EP_RULE_FREE_SPACE:
        return count_space(r, setting, charge, directory);
    case EP_RULE_QUOTA:
        return count_tree(r, setting, charge);
    case EP_RULE_ALLOWANCE:
        return count_keys(r, setting, EP_CHARGE_ALLOWANCE, charge);
    case EP_RULE_CONCURRENT:
        return count_keys(r, setting, EP_CHARGE_CONCURRENT, charge);
    default:
        return 0;
    }
}
