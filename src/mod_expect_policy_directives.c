/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The only file that knows directive words. */

#include "mod_expect_policy_directives.h"

#include "apr_strings.h"

#include "ep_auth.h"
#include "ep_document.h"
#include "ep_expect.h"
#include "ep_media.h"
#include "ep_size.h"
#include "mod_expect_policy_config.h"
#include "mod_expect_policy_early.h"
#include "mod_expect_policy_expect.h"

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
    setting->directive = cmd->cmd->name;
    setting->text = cmd->directive->args;
    return setting;
}

static ep_rule rule_of(const cmd_parms *cmd)
{
    return (ep_rule)(apr_uintptr_t)cmd->info;
}

/* Keeps a setting for the section; the last one of a section holds. */
static const char *keep(cmd_parms *cmd, void *config,
                        const ep_setting *setting)
{
    ep_config_say(cmd->pool, config, in_htaccess(cmd), rule_of(cmd), setting);
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

static const char *set_mode(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = {
        { "On", EP_MODE_ON }, { "Off", EP_MODE_OFF },
        { "DryRun", EP_MODE_DRY_RUN }, { NULL, 0 }
    };
    const char *error = set_keyword(cmd, config, word, known,
                                    "On, Off or DryRun");

    /* cmd->path: inside of a section */
    if (error == NULL && cmd->path != NULL && !in_htaccess(cmd)) {
        ep_config_say_section_mode(cmd->server,
                                   ep_config_said(config, EP_RULE_MODE));
    }
    return error;
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
        && ep_config_said(config, EP_RULE_EARLY_ERRORS)->number) {
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
    before = ep_config_said(config, EP_RULE_REQUIRE_AUTH);
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

static const char *set_override(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = {
        { "Tighten", EP_OVERRIDE_TIGHTEN }, { "Any", EP_OVERRIDE_ANY },
        { "None", EP_OVERRIDE_NONE }, { NULL, 0 }
    };
    const char *error = ap_check_cmd_context(cmd, NOT_IN_HTACCESS
                                                  | NOT_IN_LIMIT);
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
    ep_config_say_override(config, setting);
    if (number == EP_OVERRIDE_ANY) {
        /* an .htaccess file may name an expectation */
        ep_expect_hold();
    }
    return NULL;
}

static const char *set_ceiling(cmd_parms *cmd, void *config, const char *word)
{
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                                  | NOT_IN_LIMIT);
    ep_setting *setting = new_setting(cmd);

    (void)config;
    if (error == NULL) {
        error = parse_size(cmd, word, "Unlimited", setting);
    }
    if (error == NULL) {
        ep_config_say_ceiling(cmd->server, setting);
    }
    return error;
}

/* OR_LIMIT: .htaccess under AllowOverride Limit; RSRC_CONF: outside of all
 * sections, where OR_LIMIT alone is not allowed. */
#define ANYWHERE (OR_LIMIT | ACCESS_CONF | RSRC_CONF)
#define SERVER_FILES (ACCESS_CONF | RSRC_CONF)
#define INFO(rule) ((void *)(apr_uintptr_t)(rule))

const command_rec ep_directives[] = {
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
