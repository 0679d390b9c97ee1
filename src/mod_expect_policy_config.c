/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "mod_expect_policy_config.h"

#include "apr_strings.h"
#include "http_log.h"

#include "ep_auth.h"
#include "ep_document.h"
#include "ep_expect.h"
#include "ep_media.h"
#include "ep_size.h"
#include "mod_expect_policy_early.h"
#include "mod_expect_policy_expect.h"
#include "mod_expect_policy_once.h"

APLOG_USE_MODULE(expect_policy);

/*
 * What was written for a place: either what one section or .htaccess file
 * says, or `add` laid over `base`.  Merging only joins the two: it runs for
 * every section that any request meets, while only uploads need to know what
 * it comes to (collect() below).
 */
typedef struct dir_config dir_config;
struct dir_config {
    /* both NULL: this is one section */
    const dir_config *base;
    const dir_config *add;
    /* some section in here says On or DryRun */
    int may_be_on;
    /* it stands in an .htaccess file */
    int is_owners;
    /* what the section says; NULL: nothing */
    ep_half *says;
    const ep_setting *override;
};

typedef struct server_config {
    const ep_setting *ceiling;
    /* the strictest ExpectPolicy in any section of this virtual host */
    const ep_setting *strictest;
} server_config;

int ep_config_ceilings;

void *ep_config_create_dir(apr_pool_t *pool, char *where)
{
    (void)where;
    return apr_pcalloc(pool, sizeof(dir_config));
}

void *ep_config_merge_dir(apr_pool_t *pool, void *base_, void *add_)
{
    const dir_config *base = base_;
    const dir_config *add = add_;
    dir_config *merged = apr_palloc(pool, sizeof(*merged));

    merged->base = base;
    merged->add = add;
    merged->may_be_on = base->may_be_on | add->may_be_on;
    return merged;
}

void *ep_config_create_server(apr_pool_t *pool, server_rec *server)
{
    (void)server;
    return apr_pcalloc(pool, sizeof(server_config));
}

static const ep_setting *stricter(const ep_setting *a, const ep_setting *b)
{
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    return b->number > a->number ? b : a;
}

void *ep_config_merge_server(apr_pool_t *pool, void *base_, void *add_)
{
    const server_config *base = base_;
    const server_config *add = add_;
    server_config *merged = apr_palloc(pool, sizeof(*merged));

    merged->ceiling = add->ceiling != NULL ? add->ceiling : base->ceiling;
    /* sections of the main server reach into its virtual hosts */
    merged->strictest = stricter(base->strictest, add->strictest);
    return merged;
}

void ep_config_reset(void)
{
    ep_config_ceilings = 0;
    ep_early_reset();
    ep_expect_reset();
}

int ep_config_finish(apr_pool_t *pool, server_rec *main_server)
{
    return ep_once_init(pool, main_server);
}

static const dir_config *dir_config_in(const ap_conf_vector_t *vector)
{
    return ap_get_module_config(vector, &expect_policy_module);
}

static const server_config *server_config_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &expect_policy_module);
}

int ep_config_may_be_on(const ap_conf_vector_t *vector)
{
    return dir_config_in(vector)->may_be_on;
}

int ep_config_has_ceiling(const request_rec *r)
{
    const ep_setting *ceiling = server_config_of(r->server)->ceiling;

    return ceiling != NULL && ceiling->number != EP_UNLIMITED
           && ep_config_may_be_on(r->server->lookup_defaults);
}

static const char *const directive_of[EP_RULES] = {
    "ExpectPolicy", "ExpectPolicyExpectations", "ExpectPolicyRequireContinue",
    "ExpectPolicyMethods", "ExpectPolicyRequireAuth", "ExpectPolicyRefuse",
    "ExpectPolicyTypes", "ExpectPolicyEncodings", "ExpectPolicyRequireLength",
    "ExpectPolicyMaxSize", "ExpectPolicyStatus", "ExpectPolicyLinger",
    "ExpectPolicyEarlyErrors"
};

/* What all sections of a place come to. */
typedef struct collected {
    ep_half server;
    ep_half owner;
    /* both as one sequence, as ExpectPolicyOverride Any wants it */
    ep_half all;
    /* the owner has said anything */
    int has_owner;
    const ep_setting *override;
} collected;

/* The last word counts: where one is there already, it came from further
 * inside. */
static void fill(ep_half *half, const ep_half *says)
{
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        if (half->rule[rule] == NULL) {
            half->rule[rule] = says->rule[rule];
        }
    }
}

/* From the last section to the first.  httpd lays sections over one another
 * one by one, so that `base` is the long side and `add` seldom more than one
 * section: recursion is as deep as sections nest, not as many as there are. */
static void collect(const dir_config *config, collected *result)
{
    while (config->base != NULL) {
        collect(config->add, result);
        config = config->base;
    }
    if (config->says != NULL) {
        fill(&result->all, config->says);
        fill(config->is_owners ? &result->owner : &result->server,
             config->says);
        result->has_owner |= config->is_owners;
    }
    if (result->override == NULL) {
        result->override = config->override;
    }
}

static void log_ignored(request_rec *r, ep_rule rule, const ep_setting *owner,
                        const ep_setting *override)
{
    if (ep_once(r->pool, "ignored", owner)) {
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "ignored: %s in %s:%u, by ExpectPolicyOverride None in"
                      " %s:%u", directive_of[rule], owner->file, owner->line,
                      override->file, override->line);
    }
}

static void log_clamped(request_rec *r, ep_rule rule, const ep_setting *owner,
                        const ep_setting *server)
{
    if (ep_once(r->pool, "clamped", owner)) {
        const char *bound = server == NULL
                                ? "the default"
                                : apr_psprintf(r->pool, "%s:%u", server->file,
                                               server->line);

        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "clamped: %s in %s:%u is laxer than %s",
                      directive_of[rule], owner->file, owner->line, bound);
    }
}

/* What the owner says in vain.  Told at an upload: .htaccess files are read
 * anew for every request, and most requests need no policy. */
static void log_in_vain(request_rec *r, const collected *found,
                        ep_override how)
{
    int i;

    for (i = 0; i < EP_RULES; i++) {
        const ep_rule rule = (ep_rule)i;
        const ep_setting *owner = found->owner.rule[i];
        const ep_setting *server = found->server.rule[i];

        if (owner == NULL) {
            continue;
        }
        if (how == EP_OVERRIDE_NONE) {
            log_ignored(r, rule, owner, found->override);
        }
        else if (ep_policy_is_laxer(rule, server, owner)) {
            log_clamped(r, rule, owner, server);
        }
    }
}

static void compose(request_rec *r, const ap_conf_vector_t *vector,
                    ep_policy *policy)
{
    collected found;
    ep_override how = EP_OVERRIDE_TIGHTEN;

    memset(&found, 0, sizeof(found));
    collect(dir_config_in(vector), &found);
    if (found.override != NULL) {
        how = (ep_override)found.override->number;
    }
    if (found.has_owner && how != EP_OVERRIDE_ANY && ep_logs(r)) {
        log_in_vain(r, &found, how);
    }
    ep_policy_compose(policy,
                      how == EP_OVERRIDE_ANY ? &found.all : &found.server,
                      &found.owner, how);
}

void ep_config_policy(request_rec *r, const ap_conf_vector_t *vector,
                      ep_policy *policy)
{
    compose(r, vector, policy);
    if (ep_config_has_ceiling(r) || policy->mode != EP_MODE_OFF) {
        const ep_setting *ceiling = server_config_of(r->server)->ceiling;

        if (ceiling != NULL && ceiling->number != EP_UNLIMITED) {
            policy->ceiling = ceiling;
        }
    }
    if (policy->mode == EP_MODE_OFF && policy->ceiling != NULL) {
        ep_policy host;

        compose(r, r->server->lookup_defaults, &host);
        ep_policy_only_ceiling(policy, host.mode);
    }
}

void ep_config_host_policy(request_rec *r, ep_policy *policy)
{
    const ep_setting *strictest = server_config_of(r->server)->strictest;

    compose(r, r->server->lookup_defaults, policy);
    if (policy->mode == EP_MODE_OFF && strictest != NULL) {
        policy->mode = (ep_mode)strictest->number;
        policy->mode_by = strictest;
    }
}

/*
 * The directives.
 */

/* The longest bad word that a message repeats. */
#define SHOWN_MAX 80

static const char *complain(const cmd_parms *cmd, const char *word,
                            const char *legal)
{
    return apr_psprintf(cmd->pool, "%s: '%.*s%s' is not legal here; legal is %s",
                        cmd->cmd->name, SHOWN_MAX, word,
                        strlen(word) > SHOWN_MAX ? "..." : "", legal);
}

static int in_htaccess(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS) != NULL;
}

static ep_setting *new_setting(const cmd_parms *cmd)
{
    ep_setting *setting = apr_pcalloc(cmd->pool, sizeof(*setting));

    setting->file = cmd->directive->filename;
    setting->line = (unsigned int)cmd->directive->line_num;
    return setting;
}

/* What the section says so far, to write to. */
static ep_half *half_of(cmd_parms *cmd, dir_config *config)
{
    if (config->says == NULL) {
        config->says = apr_pcalloc(cmd->pool, sizeof(*config->says));
        config->is_owners = in_htaccess(cmd);
    }
    return config->says;
}

static ep_rule rule_of(const cmd_parms *cmd)
{
    return (ep_rule)(apr_uintptr_t)cmd->info;
}

/* Keeps a setting for the section; the last one of a section holds. */
static const char *keep(cmd_parms *cmd, void *config,
                        const ep_setting *setting)
{
    half_of(cmd, config)->rule[rule_of(cmd)] = setting;
    return NULL;
}

static const char *outside_limit(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_LIMIT);
}

typedef struct keyword {
    const char *word;
    int number;
} keyword;

/* @return 1 and the number of a word in a list that a NULL word ends */
static int find_keyword(const keyword *known, const char *word, int *number)
{
    for (; known->word != NULL; known++) {
        if (ap_cstr_casecmp(word, known->word) == 0) {
            *number = known->number;
            return 1;
        }
    }
    return 0;
}

static const char *set_keyword(cmd_parms *cmd, void *config, const char *word,
                               const keyword *known, const char *legal)
{
    const char *error = outside_limit(cmd);
    ep_setting *setting;
    int number;

    if (error != NULL) {
        return error;
    }
    if (!find_keyword(known, word, &number)) {
        return complain(cmd, word, legal);
    }
    setting = new_setting(cmd);
    setting->number = number;
    return keep(cmd, config, setting);
}

static const char *set_mode(cmd_parms *cmd, void *config_, const char *word)
{
    static const keyword known[] = {
        { "On", EP_MODE_ON }, { "Off", EP_MODE_OFF },
        { "DryRun", EP_MODE_DRY_RUN }, { NULL, 0 }
    };
    const char *error = set_keyword(cmd, config_, word, known,
                                    "On, Off or DryRun");
    dir_config *config = config_;
    const ep_setting *mode;

    if (error != NULL) {
        return error;
    }
    mode = config->says->rule[EP_RULE_MODE];
    if (mode->number != EP_MODE_OFF) {
        config->may_be_on = 1;
        /* cmd->path: inside of a section */
        if (cmd->path != NULL && !in_htaccess(cmd)) {
            server_config *host = ap_get_module_config(
                cmd->server->module_config, &expect_policy_module);

            host->strictest = stricter(host->strictest, mode);
        }
    }
    return NULL;
}

static const char *set_switch(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = { { "On", 1 }, { "Off", 0 }, { NULL, 0 } };

    return set_keyword(cmd, config, word, known, "On or Off");
}

static const char *set_status(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = {
        { "Auto", EP_STATUS_AUTO }, { "Specific", EP_STATUS_SPECIFIC },
        { "417", EP_STATUS_417 }, { NULL, 0 }
    };

    return set_keyword(cmd, config, word, known, "Auto, Specific or 417");
}

static const char *set_linger(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = {
        { "Full", EP_LINGER_FULL }, { "Short", EP_LINGER_SHORT },
        { "Abort", EP_LINGER_ABORT }, { NULL, 0 }
    };

    return set_keyword(cmd, config, word, known, "Full, Short or Abort");
}

static const char *set_early_errors(cmd_parms *cmd, void *config,
                                    const char *word)
{
    const char *error = set_switch(cmd, config, word);

    if (error == NULL
        && half_of(cmd, config)->rule[EP_RULE_EARLY_ERRORS]->number) {
        ep_early_need();
    }
    return error;
}

/* A size, or the directive's word for none. */
static const char *parse_size(const cmd_parms *cmd, const char *word,
                              const char *none, ep_setting *setting)
{
    if (ap_cstr_casecmp(word, none) == 0) {
        setting->number = EP_UNLIMITED;
        return NULL;
    }
    if (!ep_size_parse(word, &setting->number)) {
        return complain(cmd, word,
                        apr_psprintf(cmd->pool, "%s or a number of bytes, with"
                                     " an optional K, M, G or T", none));
    }
    return NULL;
}

static const char *set_size(cmd_parms *cmd, void *config, const char *word)
{
    const char *error = outside_limit(cmd);
    ep_setting *setting = new_setting(cmd);

    if (error == NULL) {
        error = parse_size(cmd, word,
                           rule_of(cmd) == EP_RULE_MAX_SIZE ? "Unlimited"
                                                            : "Off",
                           setting);
    }
    return error != NULL ? error : keep(cmd, config, setting);
}

/* A token, but no star, which would look like a pattern and match nothing. */
static int is_plain_token(const char *word)
{
    const size_t length = ep_token(word);

    return length > 0 && word[length] == '\0' && strchr(word, '*') == NULL;
}

/* What is special to each directive that takes a list of names. */
typedef struct list_form {
    int (*is_valid)(const char *word);
    /* a word that stands alone and means that nothing is accepted, or NULL */
    const char *none;
    const char *legal;
} list_form;

static const list_form *list_form_of(ep_rule rule)
{
    static const list_form expectations = {
        ep_expect_valid, "None",
        "None, Any, or one or more of NAME or NAME=VALUE"
    };
    static const list_form methods = {
        is_plain_token, NULL, "Any, or one or more method names"
    };
    static const list_form types = {
        ep_media_range_valid, NULL,
        "Any, or one or more of TYPE/SUBTYPE, TYPE/* or */*"
    };
    static const list_form encodings = {
        is_plain_token, NULL,
        "Any, or one or more content codings; identity stands for none"
    };

    switch (rule) {
    case EP_RULE_EXPECTATIONS:
        return &expectations;
    case EP_RULE_METHODS:
        return &methods;
    case EP_RULE_TYPES:
        return &types;
    default:
        return &encodings;
    }
}

static const char *parse_names(const cmd_parms *cmd, const char *args,
                               const list_form *form, ep_setting *setting)
{
    const char **names = apr_palloc(cmd->pool, EP_NAMES_MAX * sizeof(*names));
    size_t count = 0;
    int alone = 0, any = 0;

    while (*args != '\0') {
        const char *word = ap_getword_conf(cmd->pool, &args);
        const int is_any = ap_cstr_casecmp(word, "Any") == 0;
        const int is_none = form->none != NULL
                            && ap_cstr_casecmp(word, form->none) == 0;

        if (alone || ((is_any || is_none) && count > 0)) {
            return complain(cmd, word, form->legal);
        }
        if (is_any || is_none) {
            alone = 1;
            any = is_any;
            continue;
        }
        /* what is not UTF-8 could not be said in a document */
        if (strlen(word) > EP_NAME_MAX || !form->is_valid(word)
            || !ep_message_valid(word)) {
            return complain(cmd, word, form->legal);
        }
        if (count == EP_NAMES_MAX) {
            return apr_psprintf(cmd->pool, "%s: more than %d names",
                                cmd->cmd->name, EP_NAMES_MAX);
        }
        names[count++] = word;
    }
    if (count == 0 && !alone) {
        return complain(cmd, "", form->legal);
    }
    setting->names = any ? NULL : names;
    setting->names_count = count;
    return NULL;
}

static const char *set_names(cmd_parms *cmd, void *config, const char *args)
{
    const ep_rule rule = rule_of(cmd);
    const char *error = outside_limit(cmd);
    ep_setting *setting = new_setting(cmd);
    size_t i;

    if (error == NULL) {
        error = parse_names(cmd, args, list_form_of(rule), setting);
    }
    if (error != NULL) {
        return error;
    }
    if (rule == EP_RULE_EXPECTATIONS && !in_htaccess(cmd)) {
        /* core lets nothing pass but 100-continue */
        if (setting->names == NULL) {
            ep_expect_hold();
        }
        for (i = 0; i < setting->names_count; i++) {
            if (ap_cstr_casecmp(setting->names[i], "100-continue") != 0) {
                ep_expect_hold();
            }
        }
    }
    return keep(cmd, config, setting);
}

/* Lines of one section add up, as the challenges of an answer do. */
static const char *set_auth(cmd_parms *cmd, void *config, const char *args)
{
    static const char legal[] = "Off or SCHEME [PARAM=VALUE ...]";
    const char *error = outside_limit(cmd);
    const ep_setting *before;
    ep_setting *setting;
    const char **names;
    char challenge[EP_CHALLENGE_SIZE];

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(args, "Off") == 0) {
        return keep(cmd, config, new_setting(cmd));
    }
    if (!ep_challenge_parse(args, challenge)) {
        return complain(cmd, args, legal);
    }
    before = half_of(cmd, config)->rule[EP_RULE_REQUIRE_AUTH];
    setting = new_setting(cmd);
    setting->names_count = before != NULL ? before->names_count + 1 : 1;
    if (setting->names_count > EP_NAMES_MAX) {
        return apr_psprintf(cmd->pool, "%s: more than %d lines",
                            cmd->cmd->name, EP_NAMES_MAX);
    }
    names = apr_palloc(cmd->pool, setting->names_count * sizeof(*names));
    if (before != NULL && before->names_count > 0) {
        memcpy(names, before->names, before->names_count * sizeof(*names));
    }
    names[setting->names_count - 1] = apr_pstrdup(cmd->pool, challenge);
    setting->names = names;
    return keep(cmd, config, setting);
}

static int is_refuse_code(const char *word)
{
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const char *token = ep_code_token((ep_code)code);

        if (token != NULL && strcmp(word, token) == 0) {
            return 0;
        }
    }
    return strlen(word) <= 64
           && word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789_.-")]
                  == '\0';
}

static const char *set_refuse(cmd_parms *cmd, void *config, const char *code,
                              const char *message, const char *status)
{
    const char *error = outside_limit(cmd);
    ep_setting *setting = new_setting(cmd);

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(code, "Off") == 0 && message == NULL) {
        return keep(cmd, config, setting);
    }
    if (*code == '\0' || !is_refuse_code(code)) {
        return complain(cmd, code, "Off, or a CODE of your own: 1 to 64 of"
                                   " A-Z a-z 0-9 _ . -");
    }
    if (message != NULL && !ep_message_valid(message)) {
        return complain(cmd, message, "a MESSAGE in UTF-8 without control"
                                      " characters, 1 to 1024 bytes");
    }
    setting->number = 1;
    setting->code = code;
    setting->message = message;
    setting->status = HTTP_FORBIDDEN;
    if (status != NULL) {
        int64_t number;

        if (strlen(status) != 3 || !ep_size_parse(status, &number)
            || number < 400 || number > 599) {
            return complain(cmd, status, "a STATUS from 400 to 599");
        }
        setting->status = (int)number;
    }
    return keep(cmd, config, setting);
}

static const char *set_override(cmd_parms *cmd, void *config_,
                                const char *word)
{
    static const keyword known[] = {
        { "Tighten", EP_OVERRIDE_TIGHTEN }, { "Any", EP_OVERRIDE_ANY },
        { "None", EP_OVERRIDE_NONE }, { NULL, 0 }
    };
    const char *error = ap_check_cmd_context(cmd, NOT_IN_HTACCESS
                                                  | NOT_IN_LIMIT);
    dir_config *config = config_;
    ep_setting *setting;
    int number;

    if (error != NULL) {
        return error;
    }
    if (!find_keyword(known, word, &number)) {
        return complain(cmd, word, "Tighten, Any or None");
    }
    setting = new_setting(cmd);
    setting->number = number;
    config->override = setting;
    if (number == EP_OVERRIDE_ANY) {
        /* an .htaccess file may name an expectation */
        ep_expect_hold();
    }
    return NULL;
}

static const char *set_ceiling(cmd_parms *cmd, void *config, const char *word)
{
    server_config *host = ap_get_module_config(cmd->server->module_config,
                                               &expect_policy_module);
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                                  | NOT_IN_LIMIT);
    ep_setting *setting = new_setting(cmd);

    (void)config;
    if (error == NULL) {
        error = parse_size(cmd, word, "Unlimited", setting);
    }
    if (error == NULL) {
        host->ceiling = setting;
        ep_config_ceilings = 1;
    }
    return error;
}

/* OR_LIMIT: .htaccess under AllowOverride Limit; RSRC_CONF: outside of all
 * sections, where OR_LIMIT alone is not allowed. */
#define ANYWHERE (OR_LIMIT | ACCESS_CONF | RSRC_CONF)
#define SERVER_FILES (ACCESS_CONF | RSRC_CONF)
#define INFO(rule) ((void *)(apr_uintptr_t)(rule))

const command_rec ep_config_commands[] = {
    AP_INIT_TAKE1("ExpectPolicy", set_mode, INFO(EP_RULE_MODE), ANYWHERE,
                  "On, Off or DryRun"),
    AP_INIT_RAW_ARGS("ExpectPolicyExpectations", set_names,
                     INFO(EP_RULE_EXPECTATIONS), ANYWHERE,
                     "None, Any, or the expectations met here"),
    AP_INIT_TAKE1("ExpectPolicyRequireContinue", set_size,
                  INFO(EP_RULE_REQUIRE_CONTINUE), ANYWHERE,
                  "Off, or the size over which an upload must ask first"),
    AP_INIT_RAW_ARGS("ExpectPolicyMethods", set_names, INFO(EP_RULE_METHODS),
                     ANYWHERE, "Any, or the methods that may carry content"),
    AP_INIT_RAW_ARGS("ExpectPolicyRequireAuth", set_auth,
                     INFO(EP_RULE_REQUIRE_AUTH), ANYWHERE,
                     "Off, or a scheme and the parameters of its challenge"),
    AP_INIT_RAW_ARGS("ExpectPolicyTypes", set_names, INFO(EP_RULE_TYPES),
                     ANYWHERE, "Any, or the media ranges accepted here"),
    AP_INIT_RAW_ARGS("ExpectPolicyEncodings", set_names,
                     INFO(EP_RULE_ENCODINGS), ANYWHERE,
                     "Any, or the content codings accepted here"),
    AP_INIT_TAKE1("ExpectPolicyRequireLength", set_switch,
                  INFO(EP_RULE_REQUIRE_LENGTH), ANYWHERE, "On or Off"),
    AP_INIT_TAKE1("ExpectPolicyMaxSize", set_size, INFO(EP_RULE_MAX_SIZE),
                  ANYWHERE, "Unlimited, or the size of the largest upload"),
    AP_INIT_TAKE123("ExpectPolicyRefuse", set_refuse, INFO(EP_RULE_REFUSE),
                    ANYWHERE, "Off, or CODE [MESSAGE [STATUS]]"),
    AP_INIT_TAKE1("ExpectPolicyStatus", set_status, INFO(EP_RULE_STATUS),
                  ANYWHERE, "Auto, Specific or 417"),
    AP_INIT_TAKE1("ExpectPolicyLinger", set_linger, INFO(EP_RULE_LINGER),
                  SERVER_FILES, "Full, Short or Abort"),
    AP_INIT_TAKE1("ExpectPolicyEarlyErrors", set_early_errors,
                  INFO(EP_RULE_EARLY_ERRORS), SERVER_FILES, "On or Off"),
    AP_INIT_TAKE1("ExpectPolicyOverride", set_override, NULL, SERVER_FILES,
                  "Tighten, Any or None"),
    AP_INIT_TAKE1("ExpectPolicyCeiling", set_ceiling, NULL, RSRC_CONF,
                  "Unlimited, or the size that no section admits more than"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};
