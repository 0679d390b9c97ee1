/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/review.h"

#include "apr_file_io.h"
#include "apr_lib.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_main.h"
#include "http_protocol.h"

#include "config/section.h"
#include "config/words.h"
#include "core/text/number.h"

/* core's default of LimitRequestBody (server/core.c) */
#define BODY_LIMIT_UNSET ((apr_off_t)-1)
#define BODY_LIMIT_DEFAULT ((apr_int64_t)1 << 30)
/* The largest .htaccess file that is read here, in bytes. */
#define HTACCESS_MOST (1 << 20)
/* A limit below this number of bytes most likely lacks its unit. */
#define SMALL_LIMIT 1024

static const char *place_of(apr_pool_t *pool, const ep_setting *setting)
{
    return setting->file == NULL
               ? "the default"
               : apr_psprintf(pool, "%s:%u", setting->file, setting->line);
}

static void warn(const ep_review *review, const ep_setting *setting, const char *why)
{
    review->warn(review->data, ep_words_warning(review->pool, setting, why));
}

static const ep_setting *server_says(const ep_review *review, ep_rule rule)
{
    return review->policy.rule[rule][0];
}

static const char *bytes(const ep_review *review, apr_int64_t number)
{
    return apr_psprintf(review->pool, "%" APR_INT64_T_FMT " bytes", number);
}

/* Warns of a least size above a largest one.  @param most NULL: there is none */
static void check_least(apr_pool_t *pool, const ep_policy *policy,
                        const ep_setting *most, ep_review_warn *say, void *data)
{
    const ep_setting *least = ep_policy_known(policy->rule[EP_RULE_MIN_SIZE][0]);

    if (least != NULL && most != NULL && least->number > most->number) {
        say(data, ep_words_warning(pool, least,
                apr_psprintf(pool, "refuses every upload that %s in %s lets pass:"
                                   " write a smaller size",
                             most->directive, place_of(pool, most))));
    }
}

void ep_review_pairs(apr_pool_t *pool, const ep_policy *policy,
                     ep_review_warn *say, void *data)
{
    const ep_setting *asks = policy->rule[EP_RULE_REQUIRE_CONTINUE][0];
    const ep_setting *expectations = policy->rule[EP_RULE_EXPECTATIONS][0];
    const ep_setting *most = ep_policy_known(policy->rule[EP_RULE_MAX_SIZE][0]);
    const ep_setting *total = ep_policy_known(policy->rule[EP_RULE_MAX_TOTAL][0]);

    if (asks != NULL && expectations != NULL
        && !ep_policy_lists(EP_RULE_EXPECTATIONS, expectations, "100-continue")) {
        say(data, ep_words_warning(pool, asks,
                apr_psprintf(pool, "refuses every upload over it, as %s in %s refuses"
                                   " 100-continue, which it asks for: add"
                                   " 100-continue there",
                             expectations->directive,
                             place_of(pool, expectations))));
    }
    if (asks != NULL && most != NULL && asks->number >= most->number) {
        say(data, ep_words_warning(pool, asks,
                apr_psprintf(pool, "acts on uploads of unknown length alone, as %s in"
                                   " %s refuses all others over it: write a smaller"
                                   " size",
                             most->directive, place_of(pool, most))));
    }
    check_least(pool, policy, most, say, data);
    check_least(pool, policy, total, say, data);
    if (most != NULL && total != NULL && most->number > total->number) {
        say(data, ep_words_warning(pool, most,
                apr_psprintf(pool, "never acts, above %s in %s, which bounds each"
                                   " upload as well",
                             total->directive, place_of(pool, total))));
    }
}

/* Finds the smallest SecRequestBodyLimit in all files, since other modules cannot read
 * the configuration of mod_security2. */
static void find_body_limit(const ap_directive_t *node, apr_int64_t *limit,
                            const ap_directive_t **where)
{
    for (; node != NULL; node = node->next) {
        int64_t number;

        if (ap_cstr_casecmp(node->directive, "SecRequestBodyLimit") == 0
            && ep_number_size(node->args, &number) && number < *limit) {
            *limit = number;
            *where = node;
        }
        find_body_limit(node->first_child, limit, where);
    }
}

static void check_size(const ep_review *review)
{
    const ep_setting *size = ep_policy_strictest(&review->policy, EP_RULE_MAX_SIZE);
    const ep_setting *ceiling = review->policy.ceiling;
    const ap_directive_t *security = NULL;
    const core_dir_config *core = ap_get_core_module_config(review->merged);
    apr_int64_t body = core->limit_req_body;

    if (size == NULL) {
        return;
    }
    if (ceiling != NULL && ceiling->number < size->number) {
        warn(review, size, apr_psprintf(review->pool, "never acts, above the ceiling"
                                                      " in %s",
                                        place_of(review->pool, ceiling)));
    }
    if (body == BODY_LIMIT_UNSET) {
        body = BODY_LIMIT_DEFAULT;
    }
    if (body > 0 && body < size->number) {
        warn(review, size, apr_psprintf(review->pool, "never acts but for a proxy,"
                                                      " above LimitRequestBody, %s",
                                        bytes(review, body)));
    }
    body = size->number;
    find_body_limit(ap_conftree, &body, &security);
    if (security != NULL) {
        warn(review, size, apr_psprintf(review->pool, "may never act, above"
                                                      " SecRequestBodyLimit in %s:%d",
                                        security->filename, security->line_num));
    }
}

/* 1 if httpd knows none of the listed methods.  Methods are case-sensitive, so this
 * finds mistakes such as `post`. */
static int excludes_all_methods(const ep_setting *methods)
{
    size_t i;

    for (i = 0; i < methods->names_count; i++) {
        const int number = ap_method_number_of(methods->names[i]);

        if (number != M_INVALID && number != M_TRACE) {
            return 0;
        }
    }
    return 1;
}

/* Warns of settings of the section itself whose check comes after one that refuses all
 * uploads.  Settings of outer sections are skipped, since they may act elsewhere. */
static void check_reach(const ep_review *review)
{
    const ep_setting *methods = server_says(review, EP_RULE_METHODS);
    const ep_setting *refuse = server_says(review, EP_RULE_REFUSE);
    const ep_setting *wall = NULL;
    int code;

    if (methods != NULL && excludes_all_methods(methods)) {
        warn(review, methods, "excludes every method that httpd knows");
        wall = methods;
    }
    else if (refuse != NULL) {
        wall = refuse;
    }
    for (code = EP_REFUSED + 1; wall != NULL && code < EP_HEAD_CODES; code++) {
        const ep_setting *setting =
            server_says(review, ep_check_of((ep_code)code)->rule);

        if (setting != NULL && ep_section_says_here(review->section, setting)) {
            warn(review, setting, apr_psprintf(review->pool, "never acts, as %s in %s"
                                                   " refuses every upload",
                                          wall->directive,
                                          place_of(review->pool, wall)));
        }
    }
}

static void check_paths(const ep_review *review)
{
    size_t i;

    for (i = 0; i < review->policy.counted_count; i++) {
        const ep_setting *setting = review->policy.counted[i];
        const ep_count *count = setting->count;
        const char *path = count->usage_file != NULL ? count->usage_file
                                                     : count->directory;
        apr_finfo_t info;

        if (count->rule == EP_RULE_QUOTA && path != NULL
            && apr_stat(&info, path, APR_FINFO_TYPE, review->pool)
                   != APR_SUCCESS) {
            warn(review, setting, apr_psprintf(review->pool, "%s does not exist, or cannot be read", path));
        }
    }
}

/* 1 if a list, which ends with NULL, has this name */
static int is_among(const char *const *names, const char *name)
{
    while (*names != NULL && ap_cstr_casecmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

static int is_in_section(const ap_directive_t *node)
{
    while (node->parent != NULL
           && ap_cstr_casecmp(node->parent->directive, "<VirtualHost") == 0) {
        node = node->parent;
    }
    return node->parent != NULL;
}

/* @return a line that sets a variable so late that .htaccess files may change it
 *         afterwards, or that no limit sees it; NULL: there is none */
static const ap_directive_t *find_late(const ap_directive_t *node,
                                       const char *variable)
{
    static const char *const in_sections[] = {
        "SetEnvIf", "SetEnvIfNoCase", "SetEnvIfExpr", "BrowserMatch",
        "BrowserMatchNoCase", "RewriteRule", NULL
    };
    static const char *const anywhere[] = { "SetEnv", "PassEnv", NULL };

    for (; node != NULL; node = node->next) {
        const ap_directive_t *found = find_late(node->first_child, variable);

        if (found == NULL && strstr(node->args, variable) != NULL
            && (is_among(anywhere, node->directive)
                || (is_among(in_sections, node->directive)
                    && is_in_section(node)))) {
            found = node;
        }
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static void check_variable(const ep_review *review, const ep_setting *setting,
                           const char *name, const char *argument)
{
    static const char *const editable[] = {
        "HANDLER", "CONTENT_TYPE", "REQUEST_URI", "DOCUMENT_URI",
        "QUERY_STRING", "REQUEST_FILENAME", "SCRIPT_FILENAME", "PATH_INFO",
        "CONTEXT_PREFIX", "CONTEXT_DOCUMENT_ROOT", "LAST_MODIFIED",
        "SCRIPT_USER", "SCRIPT_GROUP", "resp", NULL
    };
    static const char *const users[] = { "REMOTE_USER", "AUTH_TYPE", NULL };
    static const char *const environment[] = { "reqenv", "env", NULL };
    const int is_of_user = is_among(users, name)
                           || (is_among(environment, name)
                               && (strncmp(argument, "AUTHENTICATE_", 13) == 0
                                   || strncmp(argument, "AUTHORIZE_", 10) == 0));
    const ap_directive_t *late = is_among(environment, name)
                                     ? find_late(ap_conftree, argument)
                                     : NULL;

    if (is_among(editable, name)
        && ep_section_has_owners(ap_server_conf, OR_FILEINFO)) {
        warn(review, setting, apr_psprintf(review->pool, "an .htaccess file can change"
                                               " what %s is", name));
    }
    if (is_of_user && ep_section_has_owners(ap_server_conf, OR_AUTHCFG)) {
        warn(review, setting, "an .htaccess file can decide who the user is");
    }
    if (late != NULL) {
        warn(review, setting, apr_psprintf(review->pool, "%s is set too late to be safe"
                                               " from .htaccess files, by %s in"
                                               " %s:%d", argument,
                                      late->directive, late->filename,
                                      late->line_num));
    }
}

/* Warns if an expression in the server's files reads what .htaccess files can change. */
static void check_value(const ep_review *review, const ep_setting *setting,
                        const ep_expression *expression)
{
    const char *at = expression != NULL ? expression->text : NULL;

    while (at != NULL && (at = strstr(at, "%{")) != NULL) {
        const apr_size_t name = strcspn(at += 2, ":}");
        const apr_size_t all = strcspn(at, "}");

        check_variable(review, setting, apr_pstrndup(review->pool, at, name),
                       apr_pstrndup(review->pool, at + name + (all > name),
                                    all - name - (all > name)));
    }
}

static void check_number(const ep_review *review, const ep_setting *setting)
{
    if (setting != NULL) {
        check_value(review, setting, setting->expression);
    }
}

static void check_expressions(const ep_review *review)
{
    size_t i;

    for (i = 0; i < review->policy.counted_count; i++) {
        const ep_setting *setting = review->policy.counted[i];

        if (setting->count->rule != EP_RULE_QUOTA
            && setting->count->whom == EP_FOR_USER) {
            check_variable(review, setting, "REMOTE_USER", "");
        }
        check_value(review, setting, setting->count->expression);
        check_number(review, setting);
        check_value(review, setting, setting->count->path);
    }
    check_number(review, server_says(review, EP_RULE_MAX_SIZE));
    check_number(review, server_says(review, EP_RULE_MAX_TOTAL));
    check_number(review, server_says(review, EP_RULE_MIN_SIZE));
}

/* 1 if httpd reads directives of this module in .htaccess files here */
static int allows_override(const ep_review *review)
{
    const core_dir_config *core = ap_get_core_module_config(review->merged);
    const overrides_t override = core->override & OR_UNSET
                                     ? OR_NONE
                                     : core->override;

    return (override & OR_LIMIT) != 0
           || (core->override_list != NULL
               && !apr_is_empty_table(core->override_list));
}

/* Warns of directives of this module in an .htaccess file for which AllowOverride has no
 * Limit. */
static void check_htaccess(const ep_review *review, const char *directory)
{
    const core_server_config *core = ap_get_core_module_config(
        review->server->module_config);
    const char *names = core->access_name != NULL ? core->access_name
                                                  : DEFAULT_ACCESS_FNAME;
    /* the names of all directives begin with the name of the first one */
    const char *first = ep_policy_row(EP_RULE_MODE)->directive;
    const char *name;

    while (*(name = ap_getword_conf(review->pool, &names)) != '\0') {
        const char *path = ap_make_full_path(review->pool, directory, name);
        ap_configfile_t *file;
        apr_finfo_t found;
        char line[HUGE_STRING_LEN];

        /* only regular files: opening a pipe would block, and a link may lead to a
         * device that blocks or never ends */
        if (apr_stat(&found, path,
                     APR_FINFO_TYPE | APR_FINFO_SIZE | APR_FINFO_LINK, review->pool)
                != APR_SUCCESS
            || found.filetype != APR_REG || found.size > HTACCESS_MOST
            || ap_pcfg_openfile(&file, review->pool, path) != APR_SUCCESS) {
            continue;
        }
        while (ap_cfg_getline(line, sizeof(line), file) == APR_SUCCESS) {
            if (ap_cstr_casecmpn(line, first, strlen(first)) == 0) {
                review->warn(review->data,
                             apr_psprintf(review->pool, "%s:%u is not read, or is an"
                                          " error, as AllowOverride has no Limit here:"
                                          " add Limit to AllowOverride",
                                          path, file->line_number));
                break;
            }
        }
        ap_cfg_closefile(file);
    }
}

void ep_review_override(const ep_review *review)
{
    if (allows_override(review)) {
        return;
    }
    if (review->override != NULL && review->override->number != EP_OVERRIDE_NONE) {
        warn(review, review->override, "never acts, as AllowOverride has no Limit here:"
                                       " add Limit to AllowOverride");
    }
    if (review->directory != NULL) {
        check_htaccess(review, review->directory);
    }
}

/* 1 if the section itself has the setting: outer ones were reviewed there */
static int is_own(const ep_review *review, const ep_setting *setting)
{
    return setting != NULL && ep_section_says_here(review->section, setting);
}

/* Uploads with a Content-Encoding are few. */
static void check_encodings(const ep_review *review)
{
    static const char *const known[] = {
        "identity", "gzip", "x-gzip", "compress", "x-compress", "deflate", "br",
        "zstd", "dcb", "dcz", "exi", "pack200-gzip", "aes128gcm", "aws-chunked", NULL
    };
    const ep_setting *codings = server_says(review, EP_RULE_ENCODINGS);
    size_t i;

    if (!is_own(review, codings)) {
        return;
    }
    if (!ep_policy_lists(EP_RULE_ENCODINGS, codings, "identity")) {
        warn(review, codings, "refuses uploads without Content-Encoding, which almost"
                              " all are: add identity");
    }
    for (i = 0; i < codings->names_count; i++) {
        if (!is_among(known, codings->names[i])) {
            warn(review, codings,
                 apr_psprintf(review->pool, "%s is no coding that is registered, such"
                                            " as gzip, br or identity",
                              codings->names[i]));
        }
    }
}

static void check_methods(const ep_review *review)
{
    const ep_setting *methods = server_says(review, EP_RULE_METHODS);
    size_t i;

    for (i = 0; is_own(review, methods) && i < methods->names_count; i++) {
        char *upper = apr_pstrdup(review->pool, methods->names[i]);

        /* of `post`, a warning tells before this one */
        ap_str_toupper(upper);
        if (ap_method_number_of(upper) == M_INVALID) {
            warn(review, methods,
                 apr_psprintf(review->pool, "%s is no method that httpd knows, such as"
                                            " POST or PUT", methods->names[i]));
        }
    }
}

/* Types that no client sends, and what it sends instead. */
static void check_types(const ep_review *review)
{
    static const char *const wrong[] = {
        "image/jpg", "image/svg", "image/tif", "audio/mp3", "text/txt", "text/json",
        "application/jpg", "application/form-data", "multipart/formdata", NULL
    };
    static const char *const right[] = {
        "image/jpeg", "image/svg+xml", "image/tiff", "audio/mpeg", "text/plain",
        "application/json", "image/jpeg", "multipart/form-data",
        "multipart/form-data"
    };
    const ep_setting *types = server_says(review, EP_RULE_TYPES);
    size_t i, j;

    for (i = 0; is_own(review, types) && i < types->names_count; i++) {
        for (j = 0; wrong[j] != NULL; j++) {
            if (ap_cstr_casecmp(types->names[i], wrong[j]) == 0) {
                warn(review, types,
                     apr_psprintf(review->pool, "%s is no type that clients send: write"
                                                " %s", types->names[i], right[j]));
            }
        }
    }
}

/* A number of a few bytes mostly lacks its unit. */
static void check_unit(const ep_review *review, const ep_setting *setting)
{
    const char *text = setting->text;
    const apr_size_t digits = strspn(text, "0123456789");

    if (setting->number > 0 && setting->number < SMALL_LIMIT
        && (text[digits] == '\0' || text[digits] == ' ' || text[digits] == '/')) {
        warn(review, setting,
             apr_psprintf(review->pool, "is a limit of %s: write %.*sM if megabytes are"
                                        " meant", bytes(review, setting->number),
                          (int)digits, text));
    }
}

static void check_units(const ep_review *review)
{
    static const ep_rule sizes[] = { EP_RULE_MAX_SIZE, EP_RULE_MAX_TOTAL,
                                     EP_RULE_MIN_SIZE };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (server_says(review, sizes[i]) != NULL) {
            check_unit(review, server_says(review, sizes[i]));
        }
    }
    if (review->policy.ceiling != NULL) {
        check_unit(review, review->policy.ceiling);
    }
    for (i = 0; i < review->policy.counted_count; i++) {
        const ep_setting *setting = review->policy.counted[i];

        if (setting->count->rule == EP_RULE_QUOTA
            || setting->count->rule == EP_RULE_ALLOWANCE) {
            check_unit(review, setting);
        }
    }
}

void ep_review_policy(const ep_review *review)
{
    ep_review_pairs(review->pool, &review->policy, review->warn, review->data);
    check_size(review);
    check_methods(review);
    check_reach(review);
    check_types(review);
    check_encodings(review);
    check_units(review);
    check_paths(review);
    check_expressions(review);
    ep_review_override(review);
}
