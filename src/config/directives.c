/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The only file that knows directive words. */

#include "config/directives.h"

#include "apr_fnmatch.h"
#include "apr_strings.h"
#include "ap_expr.h"
#include "http_protocol.h"

#include "config/section.h"
#include "core/answer/document.h"
#include "core/text/auth.h"
#include "core/text/expect.h"
#include "core/text/media.h"
#include "core/text/number.h"
#include "core/text/period.h"
#include "ledger/charge.h"
#include "ledger/claim.h"
#include "ledger/ledger.h"
#include "ledger/measure.h"
#include "request/expect_hold.h"
#include "request/snapshot.h"

/* The most lines of a rule that counts in one section. */
#define LINES_MAX 8

/*
 * What one .htaccess file may say: it is read for each request, and so costs each
 * request the memory for all that it says.  Lines of the module; names in the lists
 * of all its lines; bytes of one expression; bytes of all sections around a limit
 * that counts, which tell it from others.
 */
#define OWNER_LINES_MAX 256
#define OWNER_NAMES_MAX 1024
#define OWNER_EXPRESSION_MAX 1024
#define OWNER_SECTIONS_MAX 4096

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

/*
 * The directory whose .htaccess file this thread reads, and the pool into which
 * it is read.  cmd->path has it outside of sections only: inside, it is what
 * <Files> or <If> say.  The name of the file does not tell: AccessFileName may
 * have slashes, and behind mod_macro a line stands in no file.
 */
static __thread struct {
    const char *directory;
    const apr_pool_t *pool;
    /* of the module, so far */
    size_t lines;
    size_t names;
} htaccess;

static apr_status_t note_directory(request_rec *r, const char *directory,
                                   const char *name, ap_configfile_t **file,
                                   const char **full_name)
{
    (void)name;
    (void)file;
    (void)full_name;
    htaccess.directory = directory;
    htaccess.pool = r->pool;
    htaccess.lines = 0;
    htaccess.names = 0;
    return AP_DECLINED;
}

/* @return with a slash at its end, until the file has been read; NULL: it is a
 * file of the server's */
static const char *directory_of_htaccess(cmd_parms *cmd)
{
    return in_htaccess(cmd) && htaccess.pool == cmd->pool ? htaccess.directory
                                                          : NULL;
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
    ep_section_say(cmd->pool, config, in_htaccess(cmd), rule_of(cmd), setting);
    return NULL;
}

static const char *exceeds(const cmd_parms *cmd, size_t most, const char *what)
{
    return apr_psprintf(cmd->pool, "%s: more than %" APR_SIZE_T_FMT " %s",
                        cmd->cmd->name, (apr_size_t)most, what);
}

/* Each line comes by here first.  @return NULL, or what is wrong */
static const char *check_line(cmd_parms *cmd)
{
    const char *error = ap_check_cmd_context(cmd, NOT_IN_LIMIT);

    if (error == NULL && in_htaccess(cmd)
        && ++htaccess.lines > OWNER_LINES_MAX) {
        error = exceeds(cmd, OWNER_LINES_MAX,
                        "lines of this module in one .htaccess file");
    }
    return error;
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
    const char *error = check_line(cmd);
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

    if (error == NULL && !in_htaccess(cmd)) {
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

static const char *set_format(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = {
        { "JSON", EP_FORMAT_JSON }, { "Problem", EP_FORMAT_PROBLEM },
        { "Negotiate", EP_FORMAT_NEGOTIATE }, { NULL, 0 }
    };

    return set_keyword(cmd, config, word, known, "JSON, Problem or Negotiate");
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
        return complain(cmd, word,
                        apr_psprintf(cmd->pool, "%s or a number of bytes, with"
                                     " an optional K, M, G or T", none));
    }
    return NULL;
}

static const char *set_size(cmd_parms *cmd, void *config, const char *word)
{
    const char *error = check_line(cmd);
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

/* One more name in a list that has so many.  @return NULL, or what is wrong */
static const char *check_name(cmd_parms *cmd, size_t count)
{
    if (count >= EP_NAMES_MAX) {
        return exceeds(cmd, EP_NAMES_MAX, "names");
    }
    if (in_htaccess(cmd) && ++htaccess.names > OWNER_NAMES_MAX) {
        return exceeds(cmd, OWNER_NAMES_MAX,
                       "names in lists of one .htaccess file");
    }
    return NULL;
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
            return complain(cmd, word, form->legal);
        }
        if (is_any || is_none) {
            alone = 1;
            any = is_any;
            continue;
        }
        /* what is not UTF-8 could not be said in a document */
        if (strlen(word) > EP_NAME_MAX || !form->is_valid(word)
            || !ep_document_is_message(word)) {
            return complain(cmd, word, form->legal);
        }
        error = check_name(cmd, (size_t)names->nelts);
        if (error != NULL) {
            return error;
        }
        APR_ARRAY_PUSH(names, const char *) = word;
    }
    if (names->nelts == 0 && !alone) {
        return complain(cmd, "", form->legal);
    }
    setting->names = any ? NULL : (const char *const *)names->elts;
    setting->names_count = (size_t)names->nelts;
    return NULL;
}

static const char *set_names(cmd_parms *cmd, void *config, const char *args)
{
    const ep_rule rule = rule_of(cmd);
    const char *error = check_line(cmd);
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
            ep_expect_hold_need();
        }
        for (i = 0; i < setting->names_count; i++) {
            if (ap_cstr_casecmp(setting->names[i], "100-continue") != 0) {
                ep_expect_hold_need();
            }
        }
    }
    return keep(cmd, config, setting);
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

/* Lines of one section add up, as the challenges of an answer do. */
static const char *set_auth(cmd_parms *cmd, void *config, const char *args)
{
    static const char legal[] = "Off or SCHEME [PARAM=VALUE ...]";
    const char *error = check_line(cmd);
    const ep_setting *before;
    ep_setting *setting;
    char challenge[EP_CHALLENGE_SIZE];

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(args, "Off") == 0) {
        return keep(cmd, config, new_setting(cmd));
    }
    if (!ep_auth_parse_challenge(args, challenge)) {
        return complain(cmd, args, legal);
    }
    before = ep_section_said(config, EP_RULE_REQUIRE_AUTH);
    setting = new_setting(cmd);
    setting->names_count = before != NULL ? before->names_count + 1 : 1;
    if (setting->names_count > EP_NAMES_MAX) {
        return exceeds(cmd, EP_NAMES_MAX, "lines");
    }
    setting->names = add_name(cmd->pool, before,
                              apr_pstrdup(cmd->pool, challenge));
    return keep(cmd, config, setting);
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
    return complain(cmd, message, "a MESSAGE in UTF-8 without control"
                                  " characters, 1 to 1024 bytes, where \" and"
                                  " \\ count twice");
}

static const char *set_refuse(cmd_parms *cmd, void *config, const char *code,
                              const char *message, const char *status)
{
    const char *error = check_line(cmd);
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
    if (message != NULL && !ep_document_is_message(message)) {
        return complain_message(cmd, message);
    }
    setting->number = 1;
    setting->code = code;
    setting->message = message;
    setting->status = HTTP_FORBIDDEN;
    if (status != NULL) {
        int64_t number;

        if (strlen(status) != 3 || !ep_number_size(status, &number)
            || number < 400 || number > 599
            /* for others than it knows, httpd would send 500 */
            || strncmp(ap_get_status_line((int)number), status, 3) != 0) {
            return complain(cmd, status, "a STATUS from 400 to 599 that httpd"
                                         " knows");
        }
        setting->status = (int)number;
    }
    return keep(cmd, config, setting);
}

/*
 * Limits that count.
 */

#define LEGAL_SIZE "a number of bytes, with an optional K, M, G or T"
#define LEGAL_KEY "client, user, host, directory or expr=EXPRESSION"

static int is_section(const ap_directive_t *directive, const char *name)
{
    return ap_cstr_casecmp(directive->directive, name) == 0;
}

/* The name of a virtual host; ServerName may stand below what asks for it. */
static const char *name_of_host(const ap_directive_t *host)
{
    const ap_directive_t *line;

    for (line = host->first_child; line != NULL; line = line->next) {
        if (is_section(line, "ServerName")) {
            return line->args;
        }
    }
    return "";
}

/* What stands behind the name of a section, and for a virtual host its name. */
static const char *name_of_section(const ap_directive_t *section)
{
    return is_section(section, "<VirtualHost") ? name_of_host(section) : "";
}

/* A section's part of a scope: "DIRECTIVE ARGS" and a virtual host's name. */
static size_t length_of_section(const ap_directive_t *section)
{
    return strlen(section->directive) + strlen(section->args)
           + strlen(name_of_section(section)) + 2;
}

/* @return bytes of all sections around a directive; some more than @a most where
 * they are longer than that */
static size_t length_of_sections(const ap_directive_t *section, size_t most)
{
    size_t length = 0;

    for (; section != NULL && length <= most; section = section->parent) {
        length += length_of_section(section);
    }
    return length;
}

/* A line with a limit that counts.  @return NULL, or what is wrong */
static const char *check_limit_line(cmd_parms *cmd)
{
    const char *error = check_line(cmd);

    if (error == NULL && in_htaccess(cmd)
        && length_of_sections(cmd->directive->parent, OWNER_SECTIONS_MAX)
               > OWNER_SECTIONS_MAX) {
        error = exceeds(cmd, OWNER_SECTIONS_MAX,
                        "bytes of sections around it in an .htaccess file");
    }
    return error;
}

/* Names the section that a directive stands in, the same after a restart and
 * wherever in its file it is moved to: the outermost section first. */
static const char *scope_of(cmd_parms *cmd)
{
    const char *directory = directory_of_htaccess(cmd);
    const ap_directive_t *section = cmd->directive->parent;
    const size_t lead = directory != NULL ? strlen(directory) + 1 : 0;
    const size_t length = lead + length_of_sections(section, SIZE_MAX / 2);
    char *scope = apr_palloc(cmd->pool, length + 1);
    char *end = scope + length;

    *end = '\0';
    for (; section != NULL; section = section->parent) {
        char *part = end - length_of_section(section);
        char *next = apr_cpystrn(part, section->directive, (apr_size_t)(end - part));

        *next++ = ' ';
        next = apr_cpystrn(next, section->args, (apr_size_t)(end - next));
        next = apr_cpystrn(next, name_of_section(section), (apr_size_t)(end - next));
        *next = '\n';
        end = part;
    }
    if (directory != NULL) {
        memcpy(scope, directory, lead - 1);
        scope[lead - 1] = '\n';
    }
    return scope;
}

/* Keeps an absolute path as trees are named: without a slash at its end. */
static void name_tree(apr_pool_t *pool, const char *path, ep_count *count)
{
    apr_size_t length = strlen(path);
    apr_size_t i;

    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    count->directory = apr_pstrndup(pool, path, length);
    count->depth = 0;
    for (i = 0; length > 1 && i < length; i++) {
        count->depth += path[i] == '/';
    }
}

/* What <Directory ARGS> stands for, made canonical as core does.
 * @return NULL: no directory: a regular expression, or not absolute */
static const char *path_of_section(cmd_parms *cmd, const char *args)
{
    const char *end = ap_strrchr_c(args, '>');
    char *path;
    apr_status_t rv;

    args = apr_pstrndup(cmd->temp_pool, args,
                        end != NULL ? (apr_size_t)(end - args) : strlen(args));
    path = ap_getword_conf(cmd->temp_pool, &args);
    if (*path != '/') {
        return NULL;
    }
    rv = apr_filepath_merge(&path, NULL, path, APR_FILEPATH_TRUENAME,
                            cmd->pool);
    return rv == APR_SUCCESS || rv == APR_EPATHWILD ? path : NULL;
}

/* @return 1 if the directive stands in a directory, which is kept */
static int find_directory(cmd_parms *cmd, ep_count *count)
{
    static const char *const within[] = {
        "<Files", "<FilesMatch", "<If", "<ElseIf", "<Else"
    };
    const ap_directive_t *section = cmd->directive->parent;
    const char *path;
    apr_size_t i = 0;

    while (section != NULL && i < sizeof(within) / sizeof(within[0])) {
        if (is_section(section, within[i])) {
            section = section->parent;
            i = 0;
        }
        else {
            i++;
        }
    }
    if (in_htaccess(cmd)) {
        path = directory_of_htaccess(cmd);
    }
    else if (section != NULL && is_section(section, "<Directory")) {
        path = path_of_section(cmd, section->args);
    }
    else {
        path = NULL;
    }
    if (path == NULL) {
        return 0;
    }
    name_tree(cmd->pool, path, count);
    if (!in_htaccess(cmd) && apr_fnmatch_test(count->directory)) {
        count->directory = NULL;
    }
    return 1;
}

static ep_setting *new_limit(cmd_parms *cmd, ep_count **count)
{
    ep_setting *setting = new_setting(cmd);

    *count = apr_pcalloc(cmd->pool, sizeof(**count));
    (*count)->rule = rule_of(cmd);
    (*count)->scope = scope_of(cmd);
    (*count)->is_owners = in_htaccess(cmd);
    setting->count = *count;
    return setting;
}

static const char *keep_off(cmd_parms *cmd, void *config)
{
    ep_setting *setting = new_setting(cmd);

    setting->number = EP_UNLIMITED;
    return keep(cmd, config, setting);
}

static int same_tree(const ep_count *a, const ep_count *b)
{
    return a->directory == NULL || b->directory == NULL
               ? a->directory == b->directory && a->depth == b->depth
               : strcmp(a->directory, b->directory) == 0;
}

/* 1 if two lines of one section count the same, so that the later one holds */
static int counts_same(const ep_count *a, const ep_count *b)
{
    if (a->rule == EP_RULE_QUOTA) {
        return same_tree(a, b);
    }
    return a->whom == b->whom && a->period == b->period
           && (a->whom != EP_FOR_EXPRESSION
               || strcmp(a->expression, b->expression) == 0);
}

/* The lines of a section up to @a line but for one that counts the same; adds
 * to @a lines how many these are. */
static const ep_setting *others(cmd_parms *cmd, const ep_setting *line,
                                const ep_count *count, int *lines)
{
    const ep_setting *before;
    ep_setting *copy;
    ep_count *copied;

    if (line == NULL || line->count == NULL) {
        return line;
    }
    before = others(cmd, line->count->before, count, lines);
    if (counts_same(line->count, count)) {
        return before;
    }
    ++*lines;
    if (before == line->count->before) {
        return line;
    }
    copied = apr_pmemdup(cmd->pool, line->count, sizeof(*copied));
    copied->before = before;
    copy = apr_pmemdup(cmd->pool, line, sizeof(*copy));
    copy->count = copied;
    return copy;
}

/* Keeps one more line of a rule that may stand several times. */
static const char *keep_line(cmd_parms *cmd, void *config,
                             const ep_setting *setting, ep_count *count)
{
    int lines = 1;

    count->before = others(cmd, ep_section_said(config, rule_of(cmd)), count,
                           &lines);
    if (lines > LINES_MAX) {
        return exceeds(cmd, LINES_MAX, "lines");
    }
    return keep(cmd, config, setting);
}

static const char *set_space(cmd_parms *cmd, void *config, const char *word)
{
    static const char legal[] = "Off, 0% to 100%, or " LEGAL_SIZE;
    const char *error = check_line(cmd);
    const apr_size_t length = strlen(word);
    ep_setting *setting;
    ep_count *count;

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(word, "Off") == 0) {
        return keep_off(cmd, config);
    }
    setting = new_limit(cmd, &count);
    if (length > 1 && word[length - 1] == '%') {
        const char *digits = apr_pstrndup(cmd->pool, word, length - 1);

        count->is_percent = 1;
        if (digits[strspn(digits, "0123456789")] != '\0'
            || !ep_number_size(digits, &setting->number)
            || setting->number > 100) {
            return complain(cmd, word, legal);
        }
    }
    else if (!ep_number_size(word, &setting->number)) {
        return complain(cmd, word, legal);
    }
    return keep(cmd, config, setting);
}

/* The path of a file or tree in a server's file.  @return NULL: no path */
static const char *absolute(const cmd_parms *cmd, const char *word)
{
    const char *path = *word != '\0'
                           ? ap_server_root_relative(cmd->pool, word)
                           : NULL;

    return path != NULL && *path == '/' && strlen(path) < EP_TREE_PATH_SIZE
               ? path
               : NULL;
}

static const char *parse_tree(cmd_parms *cmd, const char *size,
                              const char *path, const char *usage,
                              ep_count *count)
{
    static const char usage_is[] = "usage=";
    const apr_size_t skip = sizeof(usage_is) - 1;

    if (path != NULL && usage == NULL
        && ap_cstr_casecmpn(path, usage_is, skip) == 0) {
        usage = path;
        path = NULL;
    }
    if (in_htaccess(cmd) && (path != NULL || usage != NULL)) {
        return complain(cmd, path != NULL ? path : usage,
                        "Off or SIZE alone in an .htaccess file");
    }
    if (usage != NULL) {
        count->usage_file = ap_cstr_casecmpn(usage, usage_is, skip) == 0
                                ? absolute(cmd, usage + skip)
                                : NULL;
        if (count->usage_file == NULL) {
            return complain(cmd, usage, "usage=FILE, with the path of a file");
        }
    }
    if (path != NULL) {
        const char *tree = absolute(cmd, path);

        if (tree == NULL) {
            return complain(cmd, path, "the path of a directory");
        }
        name_tree(cmd->pool, tree, count);
        return NULL;
    }
    return find_directory(cmd, count)
               ? NULL
               : complain(cmd, size, "here Off or SIZE PATH [usage=FILE]:"
                          " without PATH it has to stand in <Directory>, and"
                          " that without a regular expression");
}

/* Has a tree that is known already measured before the first upload. */
static void plant(cmd_parms *cmd, const ep_count *count)
{
    ep_measure_need();
    if (count->directory != NULL) {
        ep_part part;

        memset(&part, 0, sizeof(part));
        ep_charge_tree(count->directory, count->usage_file, &part);
        part.share = ep_charge_share(NULL, count);
        ep_measure_plant(cmd->pool, &part);
    }
}

static const char *set_quota(cmd_parms *cmd, void *config, const char *size,
                             const char *path, const char *usage)
{
    static const char legal[] = "Off or SIZE [PATH] [usage=FILE]; a SIZE is "
                                LEGAL_SIZE;
    const char *error = check_limit_line(cmd);
    ep_setting *setting;
    ep_count *count;

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(size, "Off") == 0 && path == NULL) {
        return keep_off(cmd, config);
    }
    setting = new_limit(cmd, &count);
    if (!ep_number_size(size, &setting->number)) {
        return complain(cmd, size, legal);
    }
    error = parse_tree(cmd, size, path, usage, count);
    if (error == NULL && !in_htaccess(cmd)) {
        plant(cmd, count);
    }
    return error != NULL ? error : keep_line(cmd, config, setting, count);
}

/* @return NULL, or what is wrong */
static const char *parse_key(cmd_parms *cmd, const char *word, ep_count *count)
{
    static const keyword known[] = {
        { "client", EP_FOR_CLIENT }, { "user", EP_FOR_USER },
        { "host", EP_FOR_HOST }, { "directory", EP_FOR_DIRECTORY },
        { NULL, 0 }
    };
    const char *error = NULL;
    int whom;

    if (ap_cstr_casecmpn(word, "expr=", 5) == 0 && word[5] != '\0') {
        /* in .htaccess as restricted as httpd's own; and an answer does not
         * come to depend on the fields that are looked at */
        if (in_htaccess(cmd) && strlen(word + 5) > OWNER_EXPRESSION_MAX) {
            return exceeds(cmd, OWNER_EXPRESSION_MAX,
                           "bytes in an EXPRESSION of an .htaccess file");
        }
        count->whom = EP_FOR_EXPRESSION;
        count->expression = word + 5;
        if (!count->is_owners && strchr(count->expression, '%') != NULL) {
            ep_snapshot_need();
        }
        count->compiled = ap_expr_parse_cmd(
            cmd, count->expression,
            AP_EXPR_FLAG_STRING_RESULT | AP_EXPR_FLAG_DONT_VARY
                | (in_htaccess(cmd) ? AP_EXPR_FLAG_RESTRICTED : 0),
            &error, NULL);
        return error != NULL
                   ? complain(cmd, word, apr_pstrcat(cmd->pool, "a KEY of "
                                                     LEGAL_KEY ": ", error,
                                                     NULL))
                   : NULL;
    }
    if (!find_keyword(known, word, &whom)) {
        return complain(cmd, word, "a KEY of " LEGAL_KEY);
    }
    count->whom = (ep_for)whom;
    if (count->whom == EP_FOR_DIRECTORY && !find_directory(cmd, count)) {
        return complain(cmd, word, "here client, user, host or expr=EXPRESSION:"
                        " directory has to stand in <Directory>, and that"
                        " without a regular expression");
    }
    return NULL;
}

/* NUMBER KEY or SIZE/PERIOD KEY */
static const char *set_limit(cmd_parms *cmd, void *config, const char *amount,
                             const char *key)
{
    const int is_allowance = rule_of(cmd) == EP_RULE_ALLOWANCE;
    const char *legal = is_allowance
                            ? "Off or SIZE/PERIOD KEY; a SIZE is " LEGAL_SIZE
                              ", a PERIOD a number with s, m, h, d or w, of"
                              " 366 days at most, a KEY " LEGAL_KEY
                            : "Off or NUMBER KEY; a NUMBER is 1 or more, a KEY "
                              LEGAL_KEY;
    const char *error = check_limit_line(cmd);
    ep_setting *setting;
    ep_count *count;

    if (error != NULL) {
        return error;
    }
    if (ap_cstr_casecmp(amount, "Off") == 0 && key == NULL) {
        return keep_off(cmd, config);
    }
    setting = new_limit(cmd, &count);
    if (key == NULL) {
        return complain(cmd, amount, legal);
    }
    if (is_allowance) {
        const char *slash = ap_strchr_c(amount, '/');

        if (slash == NULL
            || !ep_number_size(apr_pstrndup(cmd->pool, amount,
                                            (apr_size_t)(slash - amount)),
                               &setting->number)
            || !ep_period_parse(slash + 1, &count->period)) {
            return complain(cmd, amount, legal);
        }
    }
    else if (amount[strspn(amount, "0123456789")] != '\0'
             || !ep_number_size(amount, &setting->number)
             || setting->number == 0) {
        return complain(cmd, amount, legal);
    }
    error = parse_key(cmd, key, count);
    return error != NULL ? error : keep_line(cmd, config, setting, count);
}

static const char *set_failure(cmd_parms *cmd, void *config, const char *word)
{
    static const keyword known[] = {
        { "Open", 0 }, { "Closed", 1 }, { NULL, 0 }
    };

    return set_keyword(cmd, config, word, known, "Open or Closed");
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
    return legal != NULL ? complain(cmd, word, legal) : NULL;
}

static const char *set_message(cmd_parms *cmd, void *config, const char *word,
                               const char *message)
{
    const char *error = check_line(cmd);
    const ep_code code = find_code(word);
    ep_setting *setting = new_setting(cmd);

    if (error != NULL) {
        return error;
    }
    if (code == EP_CODES) {
        return complain(cmd, word, "a built-in CODE, such as"
                                   " content_too_large");
    }
    if (!ep_document_is_message(message)) {
        return complain_message(cmd, message);
    }
    setting->number = 1;
    setting->message = message;
    ep_section_say(cmd->pool, config, in_htaccess(cmd),
                   (ep_rule)(EP_RULE_MESSAGE + code), setting);
    return NULL;
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
    ep_setting *setting = new_setting(cmd);

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
    AP_INIT_TAKE1("ExpectPolicyFreeSpace", set_space,
                  INFO(EP_RULE_FREE_SPACE), SERVER_FILES,
                  "Off, or what must stay free: a size, or PERCENT%"),
    AP_INIT_TAKE123("ExpectPolicyQuota", set_quota, INFO(EP_RULE_QUOTA),
                    ANYWHERE, "Off, or SIZE [PATH] [usage=FILE]"),
    AP_INIT_TAKE12("ExpectPolicyConcurrent", set_limit,
                   INFO(EP_RULE_CONCURRENT), ANYWHERE, "Off, or NUMBER KEY"),
    AP_INIT_TAKE12("ExpectPolicyAllowance", set_limit,
                   INFO(EP_RULE_ALLOWANCE), ANYWHERE,
                   "Off, or SIZE/PERIOD KEY"),
    AP_INIT_TAKE1("ExpectPolicyLedgerFailure", set_failure,
                  INFO(EP_RULE_LEDGER_FAILURE), SERVER_FILES,
                  "Open or Closed"),
    AP_INIT_TAKE1("ExpectPolicyLedger", set_ledger, NULL, RSRC_CONF,
                  "shm[:SIZE]"),
    AP_INIT_TAKE1("ExpectPolicyStatus", set_status, INFO(EP_RULE_STATUS),
                  ANYWHERE, "Auto, Specific or 417"),
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

void ep_directives_register(void)
{
    /* before whatever opens the file, which ends this hook */
    ap_hook_open_htaccess(note_directory, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
