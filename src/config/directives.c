/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Reads the values of directives.  Their rows are in core/policy/rules.def. */

#include "config/directives.h"

#include "apr_strings.h"
#include "http_protocol.h"

#include "config/counted_limits.h"
#include "config/lint.h"
#include "config/section.h"
#include "config/words.h"
#include "core/answer/document.h"
#include "core/text/auth.h"
#include "core/text/number.h"
#include "ledger/claim.h"
#include "ledger/ledger.h"
#include "request/expect_hold.h"
#include "request/facts.h"

/* @return the form of a directive's value, from its row */
static const char *form_of(const cmd_parms *cmd)
{
    return ep_policy_row(ep_words_rule(cmd))->form;
}

/* core refuses all expectations except 100-continue */
static int is_more_than_continue(const ep_setting *expectations)
{
    size_t i;

    for (i = 0; i < expectations->names_count; i++) {
        if (ap_cstr_casecmp(expectations->names[i], "100-continue") != 0) {
            return 1;
        }
    }
    return expectations->names == NULL;
}

/* Notes what a line in the server's files needs. */
static void begin_use(const cmd_parms *cmd, const ep_setting *setting)
{
    switch (ep_words_rule(cmd)) {
    case EP_RULE_MODE:
        /* cmd->path is set inside a section */
        if (cmd->path != NULL) {
            ep_section_say_section_mode(cmd->server, setting);
        }
        /* an .htaccess file may bring a limit that counts */
        if (setting->number != EP_MODE_OFF) {
            ep_ledger_need();
            ep_claim_need();
        }
        break;
    case EP_RULE_EXPECTATIONS:
        if (is_more_than_continue(setting)) {
            ep_expect_hold_need();
        }
        break;
    case EP_RULE_EARLY_ERRORS:
        if (setting->number) {
            ep_section_use(EP_FEATURE_EARLY_ERRORS);
        }
        break;
    default:
        break;
    }
}

static const char *keep(cmd_parms *cmd, void *config, const ep_setting *setting)
{
    if (!ep_words_in_htaccess(cmd)) {
        begin_use(cmd, setting);
    }
    return ep_lint_keep(cmd, config, setting);
}

/* Reads a directive with a choice of words.  @return NULL, or a message */
static const char *parse_choice(const cmd_parms *cmd, const char *word,
                                const char *words, ep_setting *setting)
{
    const int number = ep_words_number(words, word);

    setting->number = number;
    return number < 0 ? ep_words_complain(cmd, word, cmd->cmd->errmsg) : NULL;
}

/* Reads a directive of one word.  @return NULL, or a message */
static const char *read_word(const cmd_parms *cmd, const char *args,
                             const char **word)
{
    return ep_words_split(cmd, args, 1, 1, word, cmd->cmd->errmsg,
                          "write one word");
}

static const char *set_choice(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);
    const char *word;

    if (error == NULL) {
        error = read_word(cmd, args, &word);
    }
    if (error == NULL) {
        error = parse_choice(cmd, word, form_of(cmd), setting);
    }
    return error != NULL ? error : keep(cmd, config, setting);
}

/* 1 if the number may come from an expression, for each upload.  RequireContinue is not
 * worth asking a database for.  tools/check-docs knows this as well. */
static int takes_expression(ep_rule rule)
{
    const ep_rule_kind kind = ep_policy_row(rule)->kind;

    return kind == EP_KIND_AT_LEAST
           || (kind == EP_KIND_AT_MOST && rule != EP_RULE_REQUIRE_CONTINUE);
}

/* Reads a size, or the directive's word for none, which becomes @a number.
 * @param more what else is legal, for messages */
static const char *parse_size(const cmd_parms *cmd, const char *args,
                              const char *none, int64_t number, const char *more,
                              ep_setting *setting)
{
    const char *legal = apr_psprintf(cmd->pool, "%s or " EP_WORDS_SIZE "%s", none, more);
    const char *word;
    const char *error = ep_words_split(cmd, args, 1, 1, &word, legal,
                                       "write the letter without a blank: 10M");

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(word, none) == 0) {
        setting->number = number;
        return NULL;
    }
    return ep_words_size(cmd, word, legal, &setting->number);
}

static const char or_expression[] = ", or expr=EXPRESSION";

/* Reads `expr=EXPRESSION`.  Until it is evaluated, every upload passes. */
static const char *set_expression(cmd_parms *cmd, void *config, const char *args)
{
    const ep_rule_row *row = ep_policy_row(ep_words_rule(cmd));
    const char *legal = apr_psprintf(cmd->pool, "%s or " EP_WORDS_SIZE "%s", row->form,
                                     or_expression);
    ep_setting *setting = ep_words_new_setting(cmd);
    const char *word;
    const char *error = ep_words_split(cmd, args, 1, 1, &word, legal,
                                       ep_words_quote_expression(args));

    if (error == NULL) {
        error = ep_words_compile(cmd, word, legal, &setting->expression);
    }
    return error != NULL ? error : keep(cmd, config, setting);
}

/* 1 if the first word is `expr=` and an expression */
static int begins_with_expression(apr_pool_t *pool, const char *args)
{
    return ep_words_is_expression(ap_getword_conf(pool, &args));
}

static const char *set_size(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ep_words_check_line(cmd);
    const int is_bound = ep_policy_row(ep_words_rule(cmd))->kind == EP_KIND_AT_MOST;
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error == NULL && takes_expression(ep_words_rule(cmd))
        && begins_with_expression(cmd->temp_pool, args)) {
        return set_expression(cmd, config, args);
    }
    if (error == NULL) {
        error = parse_size(cmd, args, form_of(cmd), is_bound ? EP_UNLIMITED : 0,
                           takes_expression(ep_words_rule(cmd)) ? or_expression : "",
                           setting);
    }
    if (error != NULL) {
        return error;
    }
    /* 0 bytes may pass without asking, where the word for no limit is Off */
    if (is_bound && ep_words_rule(cmd) != EP_RULE_REQUIRE_CONTINUE) {
        ep_lint_zero(cmd, setting, form_of(cmd));
    }
    return keep(cmd, config, setting);
}

/* @return what to write instead of a list with commas: the same with blanks */
static const char *with_blanks(apr_pool_t *pool, const char *args)
{
    char *list = apr_pstrdup(pool, args);
    char *end = list;

    for (; *args != '\0'; args++) {
        if (*args != ',' && *args != ' ') {
            *end++ = *args;
        }
        else if (end > list && end[-1] != ' ') {
            *end++ = ' ';
        }
    }
    *end = '\0';
    return list;
}

/* @return what to do about a word that is no name of a list; NULL: nothing that is
 *         certain */
static const char *advise_name(apr_pool_t *pool, ep_rule rule, const char *word,
                               const char *all)
{
    if (strchr(word, ',') != NULL) {
        return apr_psprintf(pool, "separate names by blanks: %.80s",
                            with_blanks(pool, all));
    }
    if (strchr(word, ';') != NULL) {
        return "leave parameters out";
    }
    if (strchr(word, ' ') != NULL) {
        return "leave the quotes out: each name is a word of its own";
    }
    if (rule == EP_RULE_TYPES && strchr(word, '/') == NULL) {
        return "write a media type, such as image/png, not the ending of a"
               " file name";
    }
    return NULL;
}

/* 1 if a list may be without names: None */
static int may_be_empty(ep_rule rule)
{
    return rule == EP_RULE_EXPECTATIONS || rule == EP_RULE_TOTAL_FIELDS;
}

/* 1 if a field never announces a total: `Any`, and what requests without content have
 * as well */
static int is_no_total(ep_rule rule, const char *word)
{
    return rule == EP_RULE_TOTAL_FIELDS
           && (ap_cstr_casecmp(word, "Any") == 0
               || ap_cstr_casecmp(word, "Content-Length") == 0
               || ap_cstr_casecmp(word, "Transfer-Encoding") == 0
               || ap_cstr_casecmp(word, "Expect") == 0);
}

/* Facts then have these fields.  @return NULL, or a message */
static const char *watch_fields(const cmd_parms *cmd, const ep_setting *setting)
{
    size_t i;

    for (i = 0; i < setting->names_count; i++) {
        if (!ep_facts_watch(setting->names[i])) {
            return ep_words_exceeds(cmd, EP_TOTAL_NAMES_MAX,
                                    "different fields in all sections together");
        }
    }
    return NULL;
}

static const char *parse_names(cmd_parms *cmd, const char *args,
                               ep_setting *setting)
{
    const ep_rule rule = ep_words_rule(cmd);
    const char *legal = form_of(cmd);
    const char *all = args;
    apr_array_header_t *names = apr_array_make(cmd->pool, 1,
                                               sizeof(const char *));
    const char *error = NULL;
    int alone = 0, any = 0;

    while (*args != '\0') {
        const char *word = ap_getword_conf(cmd->pool, &args);
        const int is_any = rule != EP_RULE_TOTAL_FIELDS
                           && ap_cstr_casecmp(word, "Any") == 0;
        const int is_none = may_be_empty(rule) && ap_cstr_casecmp(word, "None") == 0;

        if (alone || ((is_any || is_none) && names->nelts > 0)) {
            return ep_words_advise(cmd, word, legal,
                                   "Any and None stand alone on a line");
        }
        if (is_any || is_none) {
            alone = 1;
            any = is_any;
            continue;
        }
        /* documents are JSON, and so UTF-8 */
        if (strlen(word) > EP_NAME_MAX || !ep_policy_is_name(rule, word)
            || !ep_document_is_message(word) || is_no_total(rule, word)) {
            return ep_words_advise(cmd, word, legal,
                                   advise_name(cmd->pool, rule, word, all));
        }
        error = ep_words_check_name(cmd, (size_t)names->nelts);
        if (error != NULL) {
            return error;
        }
        APR_ARRAY_PUSH(names, const char *) = word;
    }
    if (names->nelts == 0 && !alone) {
        return ep_words_complain(cmd, "", legal);
    }
    setting->names = any ? NULL : (const char *const *)names->elts;
    setting->names_count = (size_t)names->nelts;
    return NULL;
}

static const char *set_names(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error == NULL) {
        error = parse_names(cmd, args, setting);
    }
    if (error != NULL) {
        return error;
    }
    if (ep_words_rule(cmd) == EP_RULE_TOTAL_FIELDS) {
        error = watch_fields(cmd, setting);
    }
    if (error != NULL) {
        return error;
    }
    ep_lint_names(cmd, ep_words_rule(cmd), setting);
    return keep(cmd, config, setting);
}

/*
 * Adds a name to those of the line before.  The lines of a section share one array, and
 * each setting has its own count.  The array doubles when it is full.
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

/* @return NULL, or a message: the challenge would not be legal in an answer */
static const char *complain_challenge(const cmd_parms *cmd, const char *args,
                                      const char *challenge)
{
    const ep_span scheme = ep_auth_scheme(challenge);

    if (ep_words_number("On Any None Off",
                        apr_pstrmemdup(cmd->pool, scheme.at, scheme.length))
        >= 0) {
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

/* @return what to do about a challenge that does not parse; NULL: nothing certain */
static const char *advise_challenge(apr_pool_t *pool, const char *args)
{
    const char *value = ap_strchr_c(args, '=');

    if (*args == '"' || *args == '\'') {
        return "leave the quotes around it out, and quote values alone: Basic"
               " realm=\"my site\"";
    }
    if (value == NULL || strpbrk(value + 1, "\"=,") != NULL
        || strchr(value, ' ') == NULL) {
        return NULL;
    }
    return apr_psprintf(pool, "put quotes around a value with blanks:"
                              " %.*s\"%.80s\"",
                        (int)(value + 1 - args), args, value + 1);
}

/* Each line of a section adds a challenge. */
static const char *set_auth(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ep_words_check_line(cmd);
    const ep_setting *before;
    ep_setting *setting;
    char challenge[EP_CHALLENGE_SIZE];

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(args, "Off") == 0) {
        return ep_lint_keep(cmd, config, ep_words_new_setting(cmd));
    }
    if (!ep_auth_parse_challenge(args, challenge)) {
        return ep_words_advise(cmd, args, form_of(cmd),
                               advise_challenge(cmd->pool, args));
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
    return ep_lint_keep(cmd, config, setting);
}

/* @return the built-in code; EP_CODES: it is none of these */
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

/* An answer with one of these statuses must have a field (RFC 9110 15.5):
 * WWW-Authenticate, Allow, Proxy-Authenticate or Upgrade. */
static int needs_field(int64_t status)
{
    return status == HTTP_UNAUTHORIZED || status == HTTP_METHOD_NOT_ALLOWED
           || status == HTTP_PROXY_AUTHENTICATION_REQUIRED
           || status == HTTP_UPGRADE_REQUIRED;
}

static const char quote_message[] = "put quotes around a MESSAGE with blanks";

static const char *parse_refuse_status(const cmd_parms *cmd, const char *word,
                                       int *status)
{
    int64_t number;

    if (strlen(word) != 3 || !ep_number_size(word, &number) || number < 400
        || number > 599
        /* httpd sends 500 instead of a status that it does not know */
        || strncmp(ap_get_status_line((int)number), word, 3) != 0) {
        return ep_words_advise(cmd, word, "a STATUS from 400 to 599 that httpd"
                                          " knows", quote_message);
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

static const char *set_refuse(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);
    const char *words[3];
    const char *code, *message, *status;

    if (error == NULL) {
        error = ep_words_split(cmd, args, 1, 3, words, cmd->cmd->errmsg,
                               quote_message);
    }
    if (error != NULL) {
        return error;
    }
    code = words[0];
    message = words[1];
    status = words[2];
    if (ap_cstr_casecmp(code, "Off") == 0 && message == NULL) {
        return ep_lint_keep(cmd, config, setting);
    }
    if (*code == '\0' || !is_refuse_code(code)) {
        return ep_words_advise(cmd, code, "Off, or a CODE of your own: 1 to 64 of"
                                          " A-Z a-z 0-9 _ . -",
                               strchr(code, ' ') != NULL
                                   ? "write a CODE in front of the MESSAGE"
                                   : NULL);
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
    if (error != NULL) {
        return error;
    }
    ep_lint_refusal(cmd, setting);
    return ep_lint_keep(cmd, config, setting);
}

/* The word for the site's own codes (ExpectPolicyRefuse) in ExpectPolicyStatus. */
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

static void say_status(cmd_parms *cmd, void *config, int in_htaccess, int code,
                       const ep_setting *setting)
{
    const ep_setting *before = ep_section_said(config,
                                               (ep_rule)(EP_RULE_STATUS + code));

    /* a line for all codes and one for this code stand side by side */
    if (before != NULL && before != setting
        && (before->names == NULL) == (setting->names == NULL)) {
        ep_lint_twice(cmd, before, ep_check_of((ep_code)code)->token);
    }
    ep_section_say(cmd->pool, config, in_htaccess,
                   (ep_rule)(EP_RULE_STATUS + code), setting);
}

/* A line without codes is for all codes that no other line of the section names. */
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
    const char *error = ep_words_check_line(cmd);
    const char *word = ap_getword_conf(cmd->pool, &args);
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error != NULL) {
        return error;
    }
    setting->number = ep_words_number(form_of(cmd), word);
    if (setting->number < 0) {
        return ep_words_complain(cmd, word, legal_status(cmd->pool));
    }
    if (*args != '\0') {
        return say_status_of_codes(cmd, config, args, setting);
    }
    say_status_of_all(cmd, config, setting);
    return NULL;
}

/* A URL may have a password, at a place that nobody knows if the URL is wrong: of
 * what could be one, only what stands before the first colon or slash is shown. */
static const char *show_ledger(apr_pool_t *pool, const char *argument)
{
    if (strpbrk(argument, "/@") == NULL
        && ap_cstr_casecmpn(argument, "redis", 5) != 0) {
        return argument;
    }
    return apr_psprintf(pool, "%.*s...", (int)strcspn(argument, ":/@ "),
                        argument);
}

/* Further words belong to the provider's argument. */
static const char *set_ledger(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    const char *argument = "";
    const char *legal;

    (void)config;
    if (error != NULL) {
        return error;
    }
    while (*args != '\0') {
        const char *word = ap_getword_conf(cmd->pool, &args);

        argument = apr_pstrcat(cmd->pool, argument, *argument != '\0' ? " " : "",
                               word, NULL);
    }
    ep_claim_need();
    legal = ep_ledger_choose(cmd->pool, argument);
    /* mod_info shows lines as they stand in this tree */
    cmd->directive->args = show_ledger(cmd->pool, argument);
    return legal != NULL ? ep_words_complain(cmd, show_ledger(cmd->pool, argument),
                                             legal)
                         : NULL;
}

static const char *set_message(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ep_words_check_line(cmd);
    ep_setting *setting = ep_words_new_setting(cmd);
    const char *words[2];
    const char *message;
    ep_code code;
    ep_rule rule;

    if (error == NULL) {
        error = ep_words_split(cmd, args, 2, 2, words,
                               "CODE MESSAGE, with a built-in CODE", quote_message);
    }
    if (error != NULL) {
        return error;
    }
    code = find_code(words[0]);
    message = words[1];
    rule = (ep_rule)(EP_RULE_MESSAGE + code);
    if (code == EP_CODES) {
        return ep_words_complain(cmd, words[0], "a built-in CODE, such as"
                                                " content_too_large");
    }
    if (!ep_document_is_message(message)) {
        return complain_message(cmd, message);
    }
    setting->number = 1;
    setting->message = message;
    ep_lint_twice(cmd, ep_section_said(config, rule), words[0]);
    ep_section_say(cmd->pool, config, ep_words_in_htaccess(cmd), rule, setting);
    return NULL;
}

static const char *set_override(cmd_parms *cmd, void *config, const char *args)
{
    const char *word;
    const char *error = ap_check_cmd_context(cmd, NOT_IN_HTACCESS
                                                  | NOT_IN_LIMIT);
    ep_setting *setting = ep_words_new_setting(cmd);

    if (error == NULL) {
        error = read_word(cmd, args, &word);
    }
    if (error == NULL) {
        error = parse_choice(cmd, word, cmd->info, setting);
    }
    if (error != NULL) {
        return error;
    }
    ep_lint_twice(cmd, ep_section_say_override(config, setting), NULL);
    if (setting->number == EP_OVERRIDE_ANY) {
        /* an .htaccess file may list an expectation */
        ep_expect_hold_need();
    }
    return NULL;
}

static const char *set_ceiling(cmd_parms *cmd, void *config, const char *args)
{
    const char *error = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT
                                                  | NOT_IN_LIMIT);
    ep_setting *setting = ep_words_new_setting(cmd);

    (void)config;
    if (error == NULL) {
        error = parse_size(cmd, args, cmd->info, EP_UNLIMITED, "", setting);
    }
    if (error == NULL) {
        ep_lint_zero(cmd, setting, cmd->info);
        ep_lint_twice(cmd, ep_section_say_ceiling(cmd->server, setting), NULL);
        ep_lint_limit(setting);
    }
    return error;
}

/* OR_LIMIT: in .htaccess files under AllowOverride Limit.  RSRC_CONF: outside of all
 * sections, where OR_LIMIT alone does not allow it. */
#define IN_OWNERS_TIGHTEN (OR_LIMIT | ACCESS_CONF | RSRC_CONF)
#define IN_OWNERS_CHOOSE IN_OWNERS_TIGHTEN
#define IN_SERVERS (ACCESS_CONF | RSRC_CONF)
#define IN_HOSTS RSRC_CONF
#define IN_MAIN RSRC_CONF

/* How many arguments a directive takes: its reader splits them, so that messages name
 * the text. */
#define TAKE1(name, reader, ...) AP_INIT_RAW_ARGS(name, reader, __VA_ARGS__)
#define TAKE2(name, reader, ...) AP_INIT_RAW_ARGS(name, reader, __VA_ARGS__)
#define TAKE12(name, reader, ...) AP_INIT_RAW_ARGS(name, reader, __VA_ARGS__)
#define TAKE123(name, reader, ...) AP_INIT_RAW_ARGS(name, reader, __VA_ARGS__)
#define TAKE_ARGV(name, reader, ...) AP_INIT_RAW_ARGS(name, reader, __VA_ARGS__)

/* What reads them. */
#define READ_AT_MOST(name, ...) TAKE1(name, set_size, __VA_ARGS__)
#define READ_AT_LEAST(name, ...) TAKE1(name, set_size, __VA_ARGS__)
#define READ_UP_TO(name, ...) TAKE1(name, set_size, __VA_ARGS__)
#define READ_SWITCH(name, ...) TAKE1(name, set_choice, __VA_ARGS__)
#define READ_CHOICE(name, ...) TAKE1(name, set_choice, __VA_ARGS__)
#define READ_LIST(name, ...) AP_INIT_RAW_ARGS(name, set_names, __VA_ARGS__)
#define READ_CHALLENGES(name, ...) AP_INIT_RAW_ARGS(name, set_auth, __VA_ARGS__)
#define READ_REFUSAL(name, ...) TAKE123(name, set_refuse, __VA_ARGS__)
#define READ_STATUS(name, ...) AP_INIT_RAW_ARGS(name, set_status, __VA_ARGS__)
#define READ_MESSAGE(name, ...) TAKE2(name, set_message, __VA_ARGS__)
#define READ_SPACE(name, ...) \
    TAKE1(name, ep_counted_limits_set_space, __VA_ARGS__)
#define READ_QUOTA(name, ...) \
    TAKE_ARGV(name, ep_counted_limits_set_quota, __VA_ARGS__)
#define READ_LIMIT(name, ...) \
    TAKE12(name, ep_counted_limits_set_limit, __VA_ARGS__)
#define READ_OVERRIDE(name, ...) TAKE1(name, set_override, __VA_ARGS__)
#define READ_CEILING(name, ...) TAKE1(name, set_ceiling, __VA_ARGS__)
#define READ_LEDGER(name, ...) AP_INIT_RAW_ARGS(name, set_ledger, __VA_ARGS__)

/* httpd defines this name as a macro, but rules.def has a rule of this name */
#undef METHODS
#define INFO(rule) ((void *)(apr_uintptr_t)EP_RULE_##rule)

const command_rec ep_directives[] = {
#define RULE(rule, kind, directive, form, member, where, help) \
    READ_##kind(directive, INFO(rule), IN_##where, help),
#define PER_CODE(rule, reads, directive, form, where, help) \
    READ_##reads(directive, INFO(rule), IN_##where, help),
#define COUNTED(rule, reads, directive, where, help) \
    READ_##reads(directive, INFO(rule), IN_##where, help),
#define DIRECTIVE(reads, directive, form, where, help) \
    READ_##reads(directive, (void *)form, IN_##where, help),
#include "core/policy/rules.def"
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};
