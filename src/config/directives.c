/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The only file that knows the names of directives. */

#include "config/directives.h"

#include "apr_strings.h"
#include "http_protocol.h"

#include "config/counted_limits.h"
#include "config/section.h"
#include "config/words.h"
#include "core/answer/document.h"
#include "core/text/auth.h"
#include "core/text/expect.h"
#include "core/text/media.h"
#include "core/text/number.h"
#include "ledger/claim.h"
#include "ledger/ledger.h"
#include "request/expect_hold.h"

static const char *set_mode(cmd_parms *cmd, void *config, const char *word)
{
    static const ep_keyword known[] = {
        { "On", EP_MODE_ON }, { "Off", EP_MODE_OFF },
        { "DryRun", EP_MODE_DRY_RUN }, { NULL, 0 }
    };
    const char *error = ep_words_set_keyword(cmd, config, word, known,
                                             "On, Off or DryRun");

    if (error == NULL && !ep_words_in_htaccess(cmd)) {
        const ep_setting *mode = ep_section_said(config, EP_RULE_MODE);

        /* cmd->path: inside of a section */
        if (cmd->path != NULL) {
            ep_section_say_section_mode(cmd->server, mode);
        }
        /* an .htaccess file may bring a limit that counts */
        if (mode->number != EP_MODE_OFF) {
            ep_ledger_need();
            ep_claim_need();
        }
    }
    return error;
}

static const char *set_switch(cmd_parms *cmd, void *config, const char *word)
{
    static const ep_keyword known[] = { { "On", 1 }, { "Off", 0 }, { NULL, 0 } };

    return ep_words_set_keyword(cmd, config, word, known, "On or Off");
}

static const char *set_format(cmd_parms *cmd, void *config, const char *word)
{
    static const ep_keyword known[] = {
        { "JSON", EP_FORMAT_JSON }, { "Problem", EP_FORMAT_PROBLEM },
        { "Negotiate", EP_FORMAT_NEGOTIATE }, { NULL, 0 }
    };

    return ep_words_set_keyword(cmd, config, word, known, "JSON, Problem or Negotiate");
}

static const char *set_linger(cmd_parms *cmd, void *config, const char *word)
{
    static const ep_keyword known[] = {
        { "Full", EP_LINGER_FULL }, { "Short", EP_LINGER_SHORT },
        { "Abort", EP_LINGER_ABORT }, { NULL, 0 }
    };

    return ep_words_set_keyword(cmd, config, word, known, "Full, Short or Abort");
}

static const char *set_early_errors(cmd_parms *cmd, void *config,
                                    const char *word)
{
    const char *error = set_switch(cmd, config, word);

    if (error == NULL
        && ep_section_said(config, EP_RULE_EARLY_ERRORS)->number) {
        ep_section_use(EP_FEATURE_EARLY_ERRORS);
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
    if (!ep_number_size(word, &setting->number)) {
        return ep_words_complain(cmd, word,
                                 apr_psprintf(cmd->pool, "%s or a number of bytes, with"
                                     " an optional K, M, G or T", none));
    }
    return NULL;
}

static const char *set_size(cmd_parms *cmd, void *config, const char *word)
{
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error == NULL) {
        error = parse_size(cmd, word,
                           ep_words_rule(cmd) == EP_RULE_MAX_SIZE ? "Unlimited"
                                                            : "Off",
                           setting);
    }
    return error != NULL ? error : ep_words_keep(cmd, config, setting);
}

/* A token, but no star, which would look like a pattern and match nothing. */
static int is_plain_token(const char *word)
{
    const size_t length = ep_text_token(word);

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

static const char *parse_names(cmd_parms *cmd, const char *args,
                               const list_form *form, ep_setting *setting)
{
    apr_array_header_t *names = apr_array_make(cmd->pool, 1,
                                               sizeof(const char *));
    const char *error = NULL;
    int alone = 0, any = 0;

    while (*args != '\0') {
        const char *word = ap_getword_conf(cmd->pool, &args);
        const int is_any = ap_cstr_casecmp(word, "Any") == 0;
        const int is_none = form->none != NULL
                            && ap_cstr_casecmp(word, form->none) == 0;

        if (alone || ((is_any || is_none) && names->nelts > 0)) {
            return ep_words_complain(cmd, word, form->legal);
        }
        if (is_any || is_none) {
            alone = 1;
            any = is_any;
            continue;
        }
        /* what is not UTF-8 could not be said in a document */
        if (strlen(word) > EP_NAME_MAX || !form->is_valid(word)
            || !ep_document_is_message(word)) {
            return ep_words_complain(cmd, word, form->legal);
        }
        error = ep_words_check_name(cmd, (size_t)names->nelts);
        if (error != NULL) {
            return error;
        }
        APR_ARRAY_PUSH(names, const char *) = word;
    }
    if (names->nelts == 0 && !alone) {
        return ep_words_complain(cmd, "", form->legal);
    }
    setting->names = any ? NULL : (const char *const *)names->elts;
    setting->names_count = (size_t)names->nelts;
    return NULL;
}

static const char *set_names(cmd_parms *cmd, void *config, const char *args)
{
    const ep_rule rule = ep_words_rule(cmd);
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);
    size_t i;

    if (error == NULL) {
        error = parse_names(cmd, args, list_form_of(rule), setting);
    }
    if (error != NULL) {
        return error;
    }
    if (rule == EP_RULE_EXPECTATIONS && !ep_words_in_htaccess(cmd)) {
        /* core lets nothing pass but 100-continue */
        if (setting->names == NULL) {
            ep_expect_hold_need();
        }
        for (i = 0; i < setting->names_count; i++) {
            if (ap_cstr_casecmp(setting->names[i], "100-continue") != 0) {
                ep_expect_hold_need();
            }
        }
    }
    return ep_words_keep(cmd, config, setting);
}

/*
 * The names of the line before and one more.  Lines of a section share one array,
 * which doubles: each of them sees as many of its names as it knows of.
 */
static const char *const *add_name(apr_pool_t *pool, const ep_setting *before,
                                   const char *name)
{
    const size_t count = before != NULL ? before->names_count : 0;
    const char **names;

    if (count > 0 && (count & (count - 1)) != 0) {
        names = (const char **)before->names;
    }
    else {
        names = apr_palloc(pool, (count > 0 ? 2 * count : 1) * sizeof(*names));
        if (count > 0) {
            memcpy(names, before->names, count * sizeof(*names));
        }
    }
    names[count] = name;
    return names;
}

/* @return NULL, or why an answer with such a challenge would not be legal */
static const char *complain_challenge(const cmd_parms *cmd, const char *args,
                                      const char *challenge)
{
    static const ep_keyword no_schemes[] = {
        { "On", 0 }, { "Any", 0 }, { "None", 0 }, { "Off", 0 }, { NULL, 0 }
    };
    const ep_span scheme = ep_auth_scheme(challenge);
    int number;

    if (ep_words_find(no_schemes,
                      apr_pstrmemdup(cmd->pool, scheme.at, scheme.length),
                      &number)) {
        return ep_words_complain(cmd, args, "Off alone, or the SCHEME that a"
                                            " client is to use, such as Bearer"
                                            " realm=\"api\" or Basic"
                                            " realm=\"my site\"");
    }
    if (ep_text_same_word(scheme, ep_text_span("Digest"))) {
        return ep_words_complain(cmd, args, "Off or another SCHEME, as a Digest"
                                            " challenge needs a nonce: AuthType"
                                            " Digest with Require valid-user"
                                            " makes one");
    }
    if (ep_text_same_word(scheme, ep_text_span("Basic"))
        && !ep_auth_has_parameter(challenge, "realm")) {
        return ep_words_complain(cmd, args, "Off or SCHEME [PARAM=VALUE ...],"
                                            " and of Basic a realm is part:"
                                            " Basic realm=\"my site\"");
    }
    return NULL;
}

/* Lines of one section add up, as the challenges of an answer do. */
static const char *set_auth(cmd_parms *cmd, void *config, const char *args)
{
    static const char legal[] = "Off or SCHEME [PARAM=VALUE ...]";
    const char *error = ep_words_check_line(cmd);
    const ep_setting *before;
    ep_setting *setting;
    char challenge[EP_CHALLENGE_SIZE];

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(args, "Off") == 0) {
        return ep_words_keep(cmd, config, ep_words_new_setting(cmd));
    }
    if (!ep_auth_parse_challenge(args, challenge)) {
        return ep_words_complain(cmd, args, legal);
    }
    error = complain_challenge(cmd, args, challenge);
    if (error != NULL) {
        return error;
    }
    before = ep_section_said(config, EP_RULE_REQUIRE_AUTH);
    setting = ep_words_new_setting(cmd);
    setting->names_count = before != NULL ? before->names_count + 1 : 1;
    if (setting->names_count > EP_NAMES_MAX) {
        return ep_words_exceeds(cmd, EP_NAMES_MAX, "lines");
    }
    setting->names = add_name(cmd->pool, before,
                              apr_pstrdup(cmd->pool, challenge));
    return ep_words_keep(cmd, config, setting);
}

/* @return a built-in code; EP_CODES: it is none */
static ep_code find_code(const char *word)
{
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const char *token = ep_check_of((ep_code)code)->token;

        if (token != NULL && strcmp(word, token) == 0) {
            break;
        }
    }
    return (ep_code)code;
}

static int is_refuse_code(const char *word)
{
    return find_code(word) == EP_CODES && strlen(word) <= 64
           && word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789_.-")]
                  == '\0';
}

static const char *complain_message(const cmd_parms *cmd, const char *message)
{
    return ep_words_complain(cmd, message, "a MESSAGE in UTF-8 without control"
                                           " characters, 1 to 1024 bytes, where \" and"
                                           " \\ count twice");
}

/* An answer with one of these has to have a field that nobody gave: challenges,
 * methods, a proxy's challenges, a protocol (RFC 9110 15.5). */
static int needs_field(int64_t status)
{
    return status == HTTP_UNAUTHORIZED || status == HTTP_METHOD_NOT_ALLOWED
           || status == HTTP_PROXY_AUTHENTICATION_REQUIRED
           || status == HTTP_UPGRADE_REQUIRED;
}

static const char *parse_refuse_status(const cmd_parms *cmd, const char *word,
                                       int *status)
{
    int64_t number;

    if (strlen(word) != 3 || !ep_number_size(word, &number) || number < 400
        || number > 599
        /* for others than it knows, httpd would send 500 */
        || strncmp(ap_get_status_line((int)number), word, 3) != 0) {
        return ep_words_complain(cmd, word, "a STATUS from 400 to 599 that httpd"
                                            " knows");
    }
    if (needs_field(number)) {
        return ep_words_complain(cmd, word,
                                 "another STATUS from 400 to 599, such as 403,"
                                 " as this one needs a field in the answer: for"
                                 " 401 write ExpectPolicyRequireAuth, for 405"
                                 " ExpectPolicyMethods, for 407 and 426 403");
    }
    *status = (int)number;
    return NULL;
}

static const char *set_refuse(cmd_parms *cmd, void *config, const char *code,
                              const char *message, const char *status)
{
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(code, "Off") == 0 && message == NULL) {
        return ep_words_keep(cmd, config, setting);
    }
    if (*code == '\0' || !is_refuse_code(code)) {
        return ep_words_complain(cmd, code, "Off, or a CODE of your own: 1 to 64 of"
                                            " A-Z a-z 0-9 _ . -");
    }
    if (message != NULL && !ep_document_is_message(message)) {
        return complain_message(cmd, message);
    }
    setting->number = 1;
    setting->code = code;
    setting->message = message;
    setting->status = HTTP_FORBIDDEN;
    if (status != NULL) {
        error = parse_refuse_status(cmd, status, &setting->status);
    }
    return error != NULL ? error : ep_words_keep(cmd, config, setting);
}

/* What stands for the codes of ExpectPolicyRefuse, which are the site's own. */
static const char own_codes[] = "Refuse";

static const char *legal_status(apr_pool_t *pool)
{
    const char *codes = "";
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const char *token = ep_check_of((ep_code)code)->token;

        if (token != NULL) {
            codes = apr_pstrcat(pool, codes, token, ", ", NULL);
        }
    }
    return apr_pstrcat(pool, "Auto, Specific or 417, and behind it, if not for"
                             " all, the CODEs that it is for: ", codes, "or ",
                       own_codes, " for those of ExpectPolicyRefuse", NULL);
}

static void say_status(const cmd_parms *cmd, void *config, int in_htaccess,
                       int code, const ep_setting *setting)
{
    ep_section_say(cmd->pool, config, in_htaccess,
                   (ep_rule)(EP_RULE_STATUS + code), setting);
}

/* A line without codes is for all, but for those that other lines of the section
 * name. */
static void say_status_of_all(cmd_parms *cmd, void *config,
                              const ep_setting *setting)
{
    const int in_htaccess = ep_words_in_htaccess(cmd);
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const ep_setting *before = ep_section_said(
            config, (ep_rule)(EP_RULE_STATUS + code));

        if (before == NULL || before->names == NULL) {
            say_status(cmd, config, in_htaccess, code, setting);
        }
    }
}

static const char *say_status_of_codes(cmd_parms *cmd, void *config,
                                       const char *args, ep_setting *setting)
{
    const int in_htaccess = ep_words_in_htaccess(cmd);
    apr_array_header_t *names = apr_array_make(cmd->pool, EP_CODES,
                                               sizeof(const char *));

    while (*args != '\0') {
        const char *word = ap_getword_conf(cmd->pool, &args);
        const ep_code code = ap_cstr_casecmp(word, own_codes) == 0
                                 ? EP_REFUSED
                                 : find_code(word);
        const char *error = ep_words_check_name(cmd, (size_t)names->nelts);

        if (error != NULL) {
            return error;
        }
        if (code == EP_CODES) {
            return ep_words_complain(cmd, word, legal_status(cmd->pool));
        }
        APR_ARRAY_PUSH(names, const char *) = word;
        say_status(cmd, config, in_htaccess, (int)code, setting);
    }
    setting->names = (const char *const *)names->elts;
    setting->names_count = (size_t)names->nelts;
    return NULL;
}

static const char *set_status(cmd_parms *cmd, void *config, const char *args)
{
    static const ep_keyword known[] = {
        { "Auto", EP_STATUS_AUTO }, { "Specific", EP_STATUS_SPECIFIC },
        { "417", EP_STATUS_417 }, { NULL, 0 }
    };
    const char *error = ep_words_check_line(cmd);
    const char *word = ap_getword_conf(cmd->pool, &args);
    ep_setting *setting = ep_words_new_setting(cmd);
    int number;

    if (error != NULL) {
        return error;
    }
    if (!ep_words_find(known, word, &number)) {
        return ep_words_complain(cmd, word, legal_status(cmd->pool));
    }
    setting->number = number;
    if (*args != '\0') {
        return say_status_of_codes(cmd, config, args, setting);
    }
    say_status_of_all(cmd, config, setting);
    return NULL;
}

static const char *set_failure(cmd_parms *cmd, void *config, const char *word)
{
    static const ep_keyword known[] = {
        { "Open", 0 }, { "Closed", 1 }, { NULL, 0 }
    };

    return ep_words_set_keyword(cmd, config, word, known, "Open or Closed");
}

static const char *set_ledger(cmd_parms *cmd, void *config, const char *word)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    const char *legal;

    (void)config;
    if (error != NULL) {
        return error;
    }
    ep_claim_need();
    legal = ep_ledger_choose(cmd->pool, word);
    return legal != NULL ? ep_words_complain(cmd, word, legal) : NULL;
}

static const char *set_message(cmd_parms *cmd, void *config, const char *word,
                               const char *message)
{
    const char *error = ep_words_check_line(cmd);
    const ep_code code = find_code(word);
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error != NULL) {
        return error;
    }
    if (code == EP_CODES) {
        return ep_words_complain(cmd, word, "a built-in CODE, such as"
                                            " content_too_large");
    }
    if (!ep_document_is_message(message)) {
        return complain_message(cmd, message);
    }
    setting->number = 1;
    setting->message = message;
    ep_section_say(cmd->pool, config, ep_words_in_htaccess(cmd),
                   (ep_rule)(EP_RULE_MESSAGE + code), setting);
    return NULL;
}

static const char *set_override(cmd_parms *cmd, void *config, const char *word)
{
    static const ep_keyword known[] = {
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
    if (!ep_words_find(known, word, &number)) {
        return ep_words_complain(cmd, word, "Tighten, Any or None");
    }
    setting = ep_words_new_setting(cmd);
    setting->number = number;
    ep_section_say_override(config, setting);
    if (number == EP_OVERRIDE_ANY) {
        /* an .htaccess file may name an expectation */
        ep_expect_hold_need();
    }
    return NULL;
}

static const char *set_ceiling(cmd_parms *cmd, void *config, const char *word)
{
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                                  | NOT_IN_LIMIT);
    ep_setting *setting = ep_words_new_setting(cmd);

    (void)config;
    if (error == NULL) {
        error = parse_size(cmd, word, "Unlimited", setting);
    }
    if (error == NULL) {
        ep_section_say_ceiling(cmd->server, setting);
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
    AP_INIT_TAKE1("ExpectPolicyFreeSpace", ep_counted_limits_set_space,
                  INFO(EP_RULE_FREE_SPACE), SERVER_FILES,
                  "Off, or what must stay free: a size, or PERCENT%"),
    AP_INIT_TAKE123("ExpectPolicyQuota", ep_counted_limits_set_quota, INFO(EP_RULE_QUOTA),
                    ANYWHERE, "Off, or SIZE [PATH] [usage=FILE]"),
    AP_INIT_TAKE12("ExpectPolicyConcurrent", ep_counted_limits_set_limit,
                   INFO(EP_RULE_CONCURRENT), ANYWHERE, "Off, or NUMBER KEY"),
    AP_INIT_TAKE12("ExpectPolicyAllowance", ep_counted_limits_set_limit,
                   INFO(EP_RULE_ALLOWANCE), ANYWHERE,
                   "Off, or SIZE/PERIOD KEY"),
    AP_INIT_TAKE1("ExpectPolicyLedgerFailure", set_failure,
                  INFO(EP_RULE_LEDGER_FAILURE), SERVER_FILES,
                  "Open or Closed"),
    AP_INIT_TAKE1("ExpectPolicyLedger", set_ledger, NULL, RSRC_CONF,
                  "shm[:SIZE]"),
    AP_INIT_RAW_ARGS("ExpectPolicyStatus", set_status, INFO(EP_RULE_STATUS),
                     ANYWHERE, "Auto, Specific or 417, and the codes that it is"
                     " for"),
    AP_INIT_TAKE1("ExpectPolicyFormat", set_format, INFO(EP_RULE_FORMAT),
                  ANYWHERE, "JSON, Problem or Negotiate"),
    AP_INIT_TAKE1("ExpectPolicyAdvertise", set_switch,
                  INFO(EP_RULE_ADVERTISE), ANYWHERE, "On or Off"),
    AP_INIT_TAKE2("ExpectPolicyMessage", set_message, NULL, ANYWHERE,
                  "a built-in code, and the site's own words for it"),
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
