/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/dump.h"

#include "apr_file_io.h"
#include "apr_hash.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_main.h"
#include "http_protocol.h"

#include "config/directives.h"
#include "config/section.h"
#include "core/text/number.h"

/* core's default of LimitRequestBody (server/core.c) */
#define BODY_LIMIT_UNSET ((apr_off_t)-1)
#define BODY_LIMIT_DEFAULT ((apr_int64_t)1 << 30)
/* The largest .htaccess file that is read here, in bytes. */
#define HTACCESS_MOST (1 << 20)

/* The state of the output, and the current section. */
typedef struct dump {
    apr_pool_t *pool;
    apr_file_t *out;
    server_rec *server;
    /* the indentation */
    int depth;
    /* the policy of the section, and the ExpectPolicyOverride there */
    ep_policy policy;
    const ep_setting *override;
    /* the section by itself; and core's configuration, merged with the sections
     * around it */
    const ap_conf_vector_t *section;
    const core_dir_config *core;
    /* the warnings so far: each is printed only once */
    apr_hash_t *warned;
} dump;

static void put(dump *d, int depth, const char *text)
{
    apr_file_printf(d->out, "%*s%s\n", 4 * depth, "", text);
}

static const char *place_of(const dump *d, const ep_setting *setting)
{
    return apr_psprintf(d->pool, "%s:%u", setting->file, setting->line);
}

static void put_setting(dump *d, const ep_setting *setting)
{
    put(d, d->depth + 1,
        apr_psprintf(d->pool, "%s %s  (%s)", setting->directive,
                     setting->text, place_of(d, setting)));
}

static void put_warning(dump *d, const char *text)
{
    if (apr_hash_get(d->warned, text, APR_HASH_KEY_STRING) == NULL) {
        apr_hash_set(d->warned, text, APR_HASH_KEY_STRING, text);
        put(d, d->depth + 1, apr_pstrcat(d->pool, "warning: ", text, NULL));
    }
}

static void warn(dump *d, const ep_setting *setting, const char *why)
{
    put_warning(d, apr_psprintf(d->pool, "%s in %s: %s", setting->directive,
                                place_of(d, setting), why));
}

static const ep_setting *server_says(const dump *d, ep_rule rule)
{
    return d->policy.rule[rule][0];
}

static const char *bytes(const dump *d, apr_int64_t number)
{
    return apr_psprintf(d->pool, "%" APR_INT64_T_FMT " bytes", number);
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

static void check_size(dump *d)
{
    const ep_setting *size = ep_policy_strictest(&d->policy, EP_RULE_MAX_SIZE);
    const ep_setting *ceiling = d->policy.ceiling;
    const ap_directive_t *security = NULL;
    apr_int64_t body = d->core->limit_req_body;

    if (size == NULL) {
        return;
    }
    if (ceiling != NULL && ceiling->number < size->number) {
        warn(d, size, apr_psprintf(d->pool, "never acts, above the ceiling in"
                                            " %s", place_of(d, ceiling)));
    }
    if (body == BODY_LIMIT_UNSET) {
        body = BODY_LIMIT_DEFAULT;
    }
    if (body > 0 && body < size->number) {
        warn(d, size, apr_psprintf(d->pool, "never acts but for a proxy, above"
                                            " LimitRequestBody, %s",
                                   bytes(d, body)));
    }
    body = size->number;
    find_body_limit(ap_conftree, &body, &security);
    if (security != NULL) {
        warn(d, size, apr_psprintf(d->pool, "may never act, above"
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
static void check_reach(dump *d)
{
    const ep_setting *methods = server_says(d, EP_RULE_METHODS);
    const ep_setting *refuse = server_says(d, EP_RULE_REFUSE);
    const ep_setting *wall = NULL;
    int code;

    if (methods != NULL && excludes_all_methods(methods)) {
        warn(d, methods, "excludes every method that httpd knows");
        wall = methods;
    }
    else if (refuse != NULL) {
        wall = refuse;
    }
    for (code = EP_REFUSED + 1; wall != NULL && code < EP_HEAD_CODES; code++) {
        const ep_setting *setting =
            server_says(d, ep_check_of((ep_code)code)->rule);

        if (setting != NULL && ep_section_says_here(d->section, setting)) {
            warn(d, setting, apr_psprintf(d->pool, "never acts, as %s in %s"
                                                   " refuses every upload",
                                          wall->directive,
                                          place_of(d, wall)));
        }
    }
}

static void check_paths(dump *d)
{
    size_t i;

    for (i = 0; i < d->policy.counted_count; i++) {
        const ep_setting *setting = d->policy.counted[i];
        const ep_count *count = setting->count;
        const char *path = count->usage_file != NULL ? count->usage_file
                                                     : count->directory;
        apr_finfo_t info;

        if (count->rule == EP_RULE_QUOTA && path != NULL
            && apr_stat(&info, path, APR_FINFO_TYPE, d->pool)
                   != APR_SUCCESS) {
            warn(d, setting, apr_psprintf(d->pool, "%s does not exist, or"
                                                   " cannot be read", path));
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

static void check_variable(dump *d, const ep_setting *setting,
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
    const ap_directive_t *late = is_among(environment, name)
                                     ? find_late(ap_conftree, argument)
                                     : NULL;

    if (is_among(editable, name)
        && ep_section_has_owners(ap_server_conf, OR_FILEINFO)) {
        warn(d, setting, apr_psprintf(d->pool, "an .htaccess file can change"
                                               " what %s is", name));
    }
    if (is_among(users, name)
        && ep_section_has_owners(ap_server_conf, OR_AUTHCFG)) {
        warn(d, setting, "an .htaccess file can decide who the user is");
    }
    if (late != NULL) {
        warn(d, setting, apr_psprintf(d->pool, "%s is set too late to be safe"
                                               " from .htaccess files, by %s in"
                                               " %s:%d", argument,
                                      late->directive, late->filename,
                                      late->line_num));
    }
}

/* Warns if an expression in the server's files reads what .htaccess files can
 * change. */
static void check_expressions(dump *d)
{
    size_t i;

    for (i = 0; i < d->policy.counted_count; i++) {
        const ep_setting *setting = d->policy.counted[i];
        const char *at = setting->count->expression;

        if (setting->count->rule != EP_RULE_QUOTA
            && setting->count->whom == EP_FOR_USER) {
            check_variable(d, setting, "REMOTE_USER", "");
        }
        while (at != NULL && (at = strstr(at, "%{")) != NULL) {
            const apr_size_t name = strcspn(at += 2, ":}");
            const apr_size_t all = strcspn(at, "}");

            check_variable(d, setting, apr_pstrndup(d->pool, at, name),
                           apr_pstrndup(d->pool, at + name + (all > name),
                                        all - name - (all > name)));
        }
    }
}

/* 1 if httpd reads directives of this module in .htaccess files here */
static int allows_override(const dump *d)
{
    const core_dir_config *core = d->core;
    const overrides_t override = core->override & OR_UNSET
                                     ? OR_NONE
                                     : core->override;

    return (override & OR_LIMIT) != 0
           || (core->override_list != NULL
               && !apr_is_empty_table(core->override_list));
}

/* Warns of directives of this module in an .htaccess file for which AllowOverride has
 * no Limit. */
static void check_htaccess(dump *d, const char *directory)
{
    const core_server_config *core = ap_get_core_module_config(
        d->server->module_config);
    const char *names = core->access_name != NULL ? core->access_name
                                                  : DEFAULT_ACCESS_FNAME;
    const char *name;

    while (*(name = ap_getword_conf(d->pool, &names)) != '\0') {
        const char *path = ap_make_full_path(d->pool, directory, name);
        ap_configfile_t *file;
        apr_finfo_t found;
        char line[HUGE_STRING_LEN];

        /* only regular files: opening a pipe would block, and a link may lead to a
         * device that blocks or never ends */
        if (apr_stat(&found, path,
                     APR_FINFO_TYPE | APR_FINFO_SIZE | APR_FINFO_LINK, d->pool)
                != APR_SUCCESS
            || found.filetype != APR_REG || found.size > HTACCESS_MOST
            || ap_pcfg_openfile(&file, d->pool, path) != APR_SUCCESS) {
            continue;
        }
        while (ap_cfg_getline(line, sizeof(line), file) == APR_SUCCESS) {
            /* the names of all directives begin with the name of the first one */
            if (ap_cstr_casecmpn(line, ep_directives[0].name,
                                 strlen(ep_directives[0].name)) == 0) {
                put_warning(d, apr_psprintf(d->pool, "%s:%u is not read, or is"
                                                     " an error: AllowOverride"
                                                     " has no Limit here",
                                            path, file->line_number));
                break;
            }
        }
        ap_cfg_closefile(file);
    }
}

static void check_override(dump *d)
{
    if (d->override != NULL && d->override->number != EP_OVERRIDE_NONE
        && !allows_override(d)) {
        warn(d, d->override, "never acts, as AllowOverride has no Limit here");
    }
    if (d->core->d != NULL && !d->core->d_is_fnmatch && d->core->r == NULL
        && *d->core->d == '/' && !allows_override(d)) {
        check_htaccess(d, d->core->d);
    }
}

/* Prints each challenge as a line of its own. */
static void put_demand(dump *d, ep_rule rule, const ep_setting *setting)
{
    size_t i;

    if (ep_policy_row(rule)->kind != EP_KIND_CHALLENGES) {
        put_setting(d, setting);
        return;
    }
    for (i = 0; i < setting->names_count; i++) {
        put(d, d->depth + 1,
            apr_psprintf(d->pool, "%s %s  (%s)", setting->directive,
                         setting->names[i], place_of(d, setting)));
    }
}

static const char *code_name(int code)
{
    const char *token = ep_check_of((ep_code)code)->token;

    return token != NULL ? token : "Refuse";
}

/* @return 0 if the line was printed already: one line may be for many codes */
static int is_first_of(const dump *d, int code)
{
    const ep_setting *setting = server_says(d, (ep_rule)(EP_RULE_STATUS + code));
    int before = 0;

    while (before < code
           && server_says(d, (ep_rule)(EP_RULE_STATUS + before)) != setting) {
        before++;
    }
    return before == code;
}

/* Prints a line with the codes for which it is in effect. */
static void put_status(dump *d, int code)
{
    const ep_setting *setting = server_says(d, (ep_rule)(EP_RULE_STATUS + code));
    const char *const words[] = { "Auto", "Specific", "417" };
    const char *codes = "";

    if (!is_first_of(d, code)) {
        return;
    }
    if (setting->names == NULL) {
        put_setting(d, setting);
        return;
    }
    for (; code < EP_CODES; code++) {
        if (server_says(d, (ep_rule)(EP_RULE_STATUS + code)) == setting) {
            codes = apr_pstrcat(d->pool, codes, " ", code_name(code), NULL);
        }
    }
    put(d, d->depth + 1,
        apr_psprintf(d->pool, "%s %s%s  (%s)", setting->directive,
                     words[setting->number], codes, place_of(d, setting)));
}

static void put_policy(dump *d)
{
    const ep_policy *policy = &d->policy;
    size_t i;
    int rule;

    if (policy->mode_by != NULL) {
        put_setting(d, policy->mode_by);
    }
    for (rule = 0; rule < EP_RULES; rule++) {
        const ep_setting *setting = server_says(d, (ep_rule)rule);

        if (setting == NULL || setting->file == NULL
            || rule == EP_RULE_MODE) {
            /* a built-in default has no line */
            continue;
        }
        if (rule >= EP_RULE_STATUS && rule <= EP_RULE_STATUS_LAST) {
            put_status(d, rule - EP_RULE_STATUS);
        }
        else {
            put_demand(d, (ep_rule)rule, setting);
        }
    }
    for (i = 0; i < policy->counted_count; i++) {
        put_setting(d, policy->counted[i]);
    }
    if (d->override != NULL) {
        put_setting(d, d->override);
    }
    if (policy->ceiling != NULL) {
        put_setting(d, policy->ceiling);
    }
}

static core_dir_config *core_of(const ap_conf_vector_t *vector)
{
    return ap_get_core_module_config(vector);
}

/* @return 1 if a section, or one inside it, has a directive of this module */
static int has_word(const ap_conf_vector_t *section)
{
    const core_dir_config *core = core_of(section);
    const apr_array_header_t *inner[2];
    int i, j;

    if (ep_section_says(section)) {
        return 1;
    }
    inner[0] = core->sec_file;
    inner[1] = core->sec_if;
    for (i = 0; i < 2; i++) {
        for (j = 0; inner[i] != NULL && j < inner[i]->nelts; j++) {
            if (has_word(APR_ARRAY_IDX(inner[i], j, ap_conf_vector_t *))) {
                return 1;
            }
        }
    }
    return 0;
}

static void put_section(dump *outer, const char *kind,
                        ap_conf_vector_t *around,
                        ap_conf_vector_t *section);

static void put_inner(dump *d, ap_conf_vector_t *merged,
                      const ap_conf_vector_t *section)
{
    const core_dir_config *core = core_of(section);
    int i;

    for (i = 0; core->sec_file != NULL && i < core->sec_file->nelts; i++) {
        put_section(d, "Files", merged,
                    APR_ARRAY_IDX(core->sec_file, i, ap_conf_vector_t *));
    }
    for (i = 0; core->sec_if != NULL && i < core->sec_if->nelts; i++) {
        put_section(d, "If", merged,
                    APR_ARRAY_IDX(core->sec_if, i, ap_conf_vector_t *));
    }
}

static void put_effective(dump *d, ap_conf_vector_t *merged)
{
    d->core = core_of(merged);
    ep_section_server_policy(d->server, merged, &d->policy, &d->override);
    if (d->policy.mode == EP_MODE_OFF) {
        put(d, d->depth + 1, "Off");
        return;
    }
    put_policy(d);
    check_size(d);
    check_reach(d);
    check_paths(d);
    check_expressions(d);
    check_override(d);
}

static const char *title_of(const dump *d, const char *kind,
                            const core_dir_config *core)
{
    if (core->condition != NULL) {
        return apr_psprintf(d->pool, "<%s> in %s:%u", kind,
                            core->condition->filename,
                            core->condition->line_number);
    }
    return apr_psprintf(d->pool, "<%s%s \"%s\">", kind,
                        core->r != NULL ? "Match" : "", core->d);
}

static void put_section(dump *outer, const char *kind,
                        ap_conf_vector_t *around, ap_conf_vector_t *section)
{
    ap_conf_vector_t *merged;
    dump d = *outer;

    if (!has_word(section)) {
        return;
    }
    merged = ap_merge_per_dir_configs(d.pool, around, section);
    d.depth++;
    d.section = section;
    put(&d, d.depth, title_of(&d, kind, core_of(section)));
    put_effective(&d, merged);
    put_inner(&d, merged, section);
}

/* 1 if @a inner surely lies in @a outer.  For regular expressions and wildcards, this
 * depends on the request. */
static int is_around(const core_dir_config *outer,
                     const core_dir_config *inner)
{
    const apr_size_t length = strlen(outer->d);

    if (outer->r != NULL || inner->r != NULL || outer->d_is_fnmatch) {
        return 0;
    }
    return strncmp(outer->d, inner->d, length) == 0
           && (inner->d[length] == '\0' || inner->d[length] == '/'
               || (length > 0 && outer->d[length - 1] == '/'));
}

/* Prints the sections of one kind, each merged with the earlier ones in which it lies.
 * httpd has sorted them. */
static void put_sections(dump *d, const char *kind,
                         const apr_array_header_t *sections)
{
    ap_conf_vector_t **section = (ap_conf_vector_t **)sections->elts;
    int i, j;

    for (i = 0; i < sections->nelts; i++) {
        ap_conf_vector_t *around = d->server->lookup_defaults;

        for (j = 0; j < i; j++) {
            if (is_around(core_of(section[j]), core_of(section[i]))) {
                around = ap_merge_per_dir_configs(d->pool, around,
                                                  section[j]);
            }
        }
        put_section(d, kind, around, section[i]);
    }
}

static void put_server(dump *d, const server_rec *main_server)
{
    const core_server_config *core = ap_get_core_module_config(
        d->server->module_config);

    put(d, 0,
        d->server == main_server
            ? "main server"
            : apr_psprintf(d->pool, "virtual host %s (%s:%u)",
                           d->server->server_hostname, d->server->defn_name,
                           d->server->defn_line_number));
    d->section = d->server->lookup_defaults;
    put_effective(d, d->server->lookup_defaults);
    put_inner(d, d->server->lookup_defaults, d->server->lookup_defaults);
    put_sections(d, "Directory", core->sec_dir);
    put_sections(d, "Location", core->sec_url);
}

static void dump_policy(apr_pool_t *pool, server_rec *main_server)
{
    dump d;

    if (!ap_exists_config_define("DUMP_EXPECT_POLICY")) {
        return;
    }
    memset(&d, 0, sizeof(d));
    d.pool = pool;
    d.warned = apr_hash_make(pool);
    if (apr_file_open_stdout(&d.out, pool) != APR_SUCCESS) {
        return;
    }
    for (d.server = main_server; d.server != NULL; d.server = d.server->next) {
        put_server(&d, main_server);
    }
    put(&d, 0, apr_psprintf(pool, "%u warnings",
                            apr_hash_count(d.warned)));
}

void ep_dump_register(void)
{
    ap_hook_test_config(dump_policy, NULL, NULL, APR_HOOK_MIDDLE);
}
