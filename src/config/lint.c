/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/lint.h"

#include "apr_hash.h"
#include "apr_lib.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_protocol.h"

#include "config/review.h"
#include "config/section.h"
#include "config/words.h"

APLOG_USE_MODULE(expect_policy);

/* What was noted of the configuration that is being read, or was read last. */
static struct {
    apr_pool_t *pool;
    /* const char *; NULL: nothing is being read */
    apr_array_header_t *warnings;
    /* the first line that is not ExpectPolicy, and the first that is; NULL: none */
    const ep_setting *limit;
    const ep_setting *mode;
} notes;

void ep_lint_reset(apr_pool_t *pconf)
{
    notes.pool = pconf;
    notes.warnings = apr_array_make(pconf, 4, sizeof(const char *));
    notes.limit = NULL;
    notes.mode = NULL;
}

static void note(cmd_parms *cmd, const ep_setting *setting, const char *why)
{
    if (!ep_words_in_htaccess(cmd)) {
        APR_ARRAY_PUSH(notes.warnings, const char *) =
            ep_words_warning(notes.pool, setting, why);
    }
}

void ep_lint_limit(const ep_setting *setting)
{
    if (notes.limit == NULL) {
        notes.limit = setting;
    }
}

void ep_lint_twice(cmd_parms *cmd, const ep_setting *before, const char *code)
{
    if (before != NULL) {
        note(cmd, before,
             apr_psprintf(cmd->pool, "never acts%s%s, as %s in %s:%u stands in the"
                                     " same section and replaces it: only the last"
                                     " line holds",
                          code != NULL ? " for " : "", code != NULL ? code : "",
                          cmd->cmd->name, cmd->directive->filename,
                          (unsigned int)cmd->directive->line_num));
    }
}

/* Warns of a line that ends or replaces an earlier one of its section.  Lines of
 * REQUIRE_AUTH, QUOTA, ALLOWANCE and CONCURRENT stand side by side, but for Off. */
static void note_order(cmd_parms *cmd, ep_rule rule, const ep_setting *before,
                       const ep_setting *setting)
{
    const int is_list = rule == EP_RULE_REQUIRE_AUTH;
    const int is_beside = is_list || rule >= EP_RULE_QUOTA;
    const int ends = is_list ? setting->names == NULL && before->names != NULL
                             : setting->count == NULL && before->count != NULL;

    if (!is_beside || ends) {
        ep_lint_twice(cmd, before, NULL);
    }
}

const char *ep_lint_keep(cmd_parms *cmd, void *config, const ep_setting *setting)
{
    const ep_rule rule = ep_words_rule(cmd);
    const ep_setting *before = ep_section_said(config, rule);

    if (ep_words_in_htaccess(cmd)) {
        return ep_words_keep(cmd, config, setting);
    }
    if (rule != EP_RULE_MODE) {
        ep_lint_limit(setting);
    }
    else if (notes.mode == NULL) {
        notes.mode = setting;
    }
    if (before != NULL) {
        note_order(cmd, rule, before, setting);
    }
    return ep_words_keep(cmd, config, setting);
}

void ep_lint_zero(cmd_parms *cmd, const ep_setting *setting, const char *none)
{
    if (setting->number == 0) {
        note(cmd, setting, apr_psprintf(cmd->pool, "refuses every upload; for no"
                                                   " limit write %s", none));
    }
}

/* 1 for words that stand for a limit or for none in other directives */
static int is_keyword(const char *name)
{
    return ep_words_number("On Off None All Any Unlimited", name) >= 0;
}

static void check_method(cmd_parms *cmd, const ep_setting *setting,
                         const char *name)
{
    char *upper = apr_pstrdup(cmd->pool, name);

    ap_str_toupper(upper);
    if (strcmp(upper, name) != 0 && ap_method_number_of(name) == M_INVALID
        && ap_method_number_of(upper) != M_INVALID) {
        note(cmd, setting,
             apr_psprintf(cmd->pool, "%s is not the method %s, as case counts: write"
                                     " %s", name, upper, upper));
    }
}

void ep_lint_names(cmd_parms *cmd, ep_rule rule, const ep_setting *setting)
{
    size_t i;

    for (i = 0; i < setting->names_count; i++) {
        const char *name = setting->names[i];

        if (is_keyword(name)) {
            note(cmd, setting,
                 apr_psprintf(cmd->pool, "%s is taken for a name in the list; legal"
                                         " is %s", name,
                              ep_policy_row(rule)->form));
        }
        else if (rule == EP_RULE_METHODS) {
            check_method(cmd, setting, name);
        }
    }
}

/* 1 if a word has three digits, as a status has */
static int is_like_status(const char *word)
{
    return strlen(word) == 3 && strspn(word, "0123456789") == 3;
}

void ep_lint_refusal(cmd_parms *cmd, const ep_setting *setting)
{
    const char *message = setting->message;

    if (is_like_status(setting->code)
        || (message != NULL && setting->status == HTTP_FORBIDDEN
            && is_like_status(message))) {
        note(cmd, setting, "the STATUS stands third: write CODE \"MESSAGE\" STATUS,"
                           " such as closed \"No uploads here.\" 503");
    }
    else if (is_keyword(setting->code)) {
        note(cmd, setting,
             apr_psprintf(cmd->pool, "%s is taken for a CODE of your own; legal is Off,"
                                     " or CODE [MESSAGE [STATUS]], such as closed \"No"
                                     " uploads here.\"", setting->code));
    }
}

void ep_lint_space(cmd_parms *cmd, const ep_setting *setting)
{
    if (setting->count->is_percent && setting->number == 100) {
        note(cmd, setting, "refuses every upload, as no file system is wholly free");
    }
    if (!setting->count->is_percent && setting->number > 0
        && setting->number <= 100
        && strspn(setting->text, "0123456789") == strlen(setting->text)) {
        note(cmd, setting,
             apr_psprintf(cmd->pool, "keeps no more than %" APR_INT64_T_FMT " bytes"
                                     " free: write %" APR_INT64_T_FMT "%% for a part of"
                                     " the file system, or a size such as 10G",
                          setting->number, setting->number));
    }
}

/* The warnings of one run of finish(), each text once. */
typedef struct gathering {
    apr_pool_t *pool;
    apr_array_header_t *warnings;
    apr_hash_t *seen;
} gathering;

static void gather(void *data, const char *warning)
{
    gathering *all = data;

    if (apr_hash_get(all->seen, warning, APR_HASH_KEY_STRING) == NULL) {
        apr_hash_set(all->seen, warning, APR_HASH_KEY_STRING, warning);
        APR_ARRAY_PUSH(all->warnings, const char *) = warning;
    }
}

/* Warns of lines of one section that contradict each other. */
static void check_section(gathering *all, const server_rec *server,
                          const ap_conf_vector_t *section)
{
    const core_dir_config *core = ap_get_core_module_config(section);
    const apr_array_header_t *const inner[] = { core->sec_file, core->sec_if };
    const ep_setting *override;
    ep_policy policy;
    int i, j;

    if (ep_section_says(section)) {
        ep_section_server_policy(server, section, &policy, &override);
        ep_review_pairs(all->pool, &policy, gather, all);
    }
    for (i = 0; i < 2; i++) {
        for (j = 0; inner[i] != NULL && j < inner[i]->nelts; j++) {
            check_section(all, server,
                          APR_ARRAY_IDX(inner[i], j, ap_conf_vector_t *));
        }
    }
}

static void check_server(gathering *all, const server_rec *server)
{
    const core_server_config *core = ap_get_core_module_config(
        server->module_config);
    const apr_array_header_t *const sections[] = { core->sec_dir, core->sec_url };
    int i, j;

    check_section(all, server, server->lookup_defaults);
    for (i = 0; i < 2; i++) {
        for (j = 0; j < sections[i]->nelts; j++) {
            check_section(all, server,
                          APR_ARRAY_IDX(sections[i], j, ap_conf_vector_t *));
        }
    }
}

const apr_array_header_t *ep_lint_finish(apr_pool_t *pool, server_rec *main_server)
{
    gathering all = { pool, apr_array_make(pool, 4, sizeof(const char *)),
                      apr_hash_make(pool) };
    const server_rec *server;
    int i;

    for (i = 0; i < notes.warnings->nelts; i++) {
        gather(&all, APR_ARRAY_IDX(notes.warnings, i, const char *));
    }
    for (server = main_server; server != NULL; server = server->next) {
        check_server(&all, server);
    }
    /* an .htaccess file could switch it on */
    if (notes.limit != NULL && notes.mode == NULL
        && !ep_section_has_owners(main_server, OR_LIMIT)) {
        gather(&all, ep_words_warning(pool, notes.limit,
                                     "does nothing, nor does any other limit, as no"
                                     " ExpectPolicy stands anywhere: write"
                                     " ExpectPolicy On, or DryRun to try it"));
    }
    return all.warnings;
}

void ep_lint_say(apr_pool_t *pool, server_rec *main_server, const server_rec *log)
{
    const apr_array_header_t *warnings = ep_lint_finish(pool, main_server);
    int i;

    for (i = 0; i < warnings->nelts; i++) {
        ap_log_error(APLOG_MARK,
                     APLOG_WARNING | (log == NULL ? APLOG_STARTUP : 0), 0, log,
                     "warning: %s", APR_ARRAY_IDX(warnings, i, const char *));
    }
}
