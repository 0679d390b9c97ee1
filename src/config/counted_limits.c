/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/counted_limits.h"

#include "apr_fnmatch.h"
#include "apr_strings.h"
#include "http_core.h"

#include "config/lint.h"
#include "config/section.h"
#include "config/values.h"
#include "config/words.h"
#include "core/text/number.h"
#include "core/text/period.h"
#include "ledger/charge.h"
#include "ledger/ledger.h"
#include "ledger/measure.h"
#include "ledger/space.h"

/* The most lines of one such directive in one section. */
#define LINES_MAX 8

/* Bounds in .htaccess files, which are read for each request: bytes of the lines of all
 * sections around a limit. */
#define OWNER_SECTIONS_MAX 4096

#define LEGAL_KEY "client, user, host, directory or expr=EXPRESSION"

/* in the order of ep_for */
static const char known_keys[] = "client user host directory";

static int is_section(const ap_directive_t *directive, const char *name)
{
    return ap_cstr_casecmp(directive->directive, name) == 0;
}

/* Finds ServerName itself, since it may stand below the directive. */
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

/* The name of a virtual host; for other sections "". */
static const char *name_of_section(const ap_directive_t *section)
{
    return is_section(section, "<VirtualHost") ? name_of_host(section) : "";
}

/* The part of a section in a scope: "DIRECTIVE ARGS" and the name of a virtual host. */
static size_t length_of_section(const ap_directive_t *section)
{
    return strlen(section->directive) + strlen(section->args)
           + strlen(name_of_section(section)) + 2;
}

/* @return bytes of all sections around a directive; if there are more than @a most,
 *         any number above it */
static size_t length_of_sections(const ap_directive_t *section, size_t most)
{
    size_t length = 0;

    for (; section != NULL && length <= most; section = section->parent) {
        length += length_of_section(section);
    }
    return length;
}

/* Makes the setting of a line.  @return NULL, or a message */
static const char *check_limit_line(cmd_parms *cmd)
{
    const char *error = ep_words_check_line(cmd);

    if (error == NULL && ep_words_in_htaccess(cmd)
        && length_of_sections(cmd->directive->parent, OWNER_SECTIONS_MAX)
               > OWNER_SECTIONS_MAX) {
        error = ep_words_exceeds(cmd, OWNER_SECTIONS_MAX,
                                 "bytes of sections around it in an .htaccess file");
    }
    return error;
}

/* Names the section of a directive by the sections around it, the outermost first.  The
 * name stays the same after a restart, and if the section moves within its file. */
static const char *scope_of(cmd_parms *cmd)
{
    const char *directory = ep_words_directory(cmd);
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

/* Copies an absolute path, without a slash at its end. */
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

/* Makes the path of <Directory ARGS> canonical, as core does.
 * @return NULL: it is a regular expression, or not absolute */
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

/* @return 1 if the directive belongs to a directory, whose path is kept */
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
    if (ep_words_in_htaccess(cmd)) {
        path = ep_words_directory(cmd);
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
    if (!ep_words_in_htaccess(cmd) && apr_fnmatch_test(count->directory)) {
        count->pattern = count->directory;
        count->directory = NULL;
    }
    return 1;
}

static ep_setting *new_limit(cmd_parms *cmd, ep_count **count)
{
    ep_setting *setting = ep_words_new_setting(cmd);

    *count = apr_pcalloc(cmd->pool, sizeof(**count));
    (*count)->rule = ep_words_rule(cmd);
    (*count)->scope = scope_of(cmd);
    (*count)->is_owners = ep_words_in_htaccess(cmd);
    setting->count = *count;
    return setting;
}

static const char *keep_off(cmd_parms *cmd, void *config)
{
    ep_setting *setting = ep_words_new_setting(cmd);

    setting->number = EP_UNLIMITED;
    return ep_lint_keep(cmd, config, setting);
}

static int same_tree(const ep_count *a, const ep_count *b)
{
    return a->directory == NULL || b->directory == NULL
               ? a->directory == b->directory && a->depth == b->depth
               : strcmp(a->directory, b->directory) == 0;
}

/* 1 if two expressions are the same, or both are NULL */
static int same_text(const ep_expression *a, const ep_expression *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a->text, b->text) == 0;
}

/* 1 if two lines of one section count the same, so that the later one replaces the
 * other */
static int counts_same(const ep_count *a, const ep_count *b)
{
    if (!same_text(a->path, b->path) || !same_text(a->expression, b->expression)) {
        return 0;
    }
    if (a->rule == EP_RULE_QUOTA) {
        return same_tree(a, b);
    }
    return a->whom == b->whom && a->period == b->period;
}

/* Finds the lines of a section up to @a line, without one that counts the same.  Adds
 * their number to @a lines. */
static const ep_setting *others(cmd_parms *cmd, const ep_setting *line,
                                const ep_expression *number, const ep_count *count,
                                int *lines)
{
    const ep_setting *before;
    ep_setting *copy;
    ep_count *copied;

    if (line == NULL || line->count == NULL) {
        return line;
    }
    before = others(cmd, line->count->before, number, count, lines);
    /* lines whose numbers come from different expressions hold both */
    if (counts_same(line->count, count) && same_text(line->expression, number)) {
        ep_lint_twice(cmd, line, NULL);
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

/* Adds a line of a directive that may stand several times in a section. */
static const char *keep_line(cmd_parms *cmd, void *config,
                             const ep_setting *setting, ep_count *count)
{
    int lines = 1;

    count->before = others(cmd, ep_section_said(config, ep_words_rule(cmd)),
                           setting->expression, count, &lines);
    if (lines > LINES_MAX) {
        return ep_words_exceeds(cmd, LINES_MAX, "lines");
    }
    return ep_lint_keep(cmd, config, setting);
}

/* Tells of the file system of a <Directory> of the server's files. */
static void watch_space(cmd_parms *cmd)
{
    if (cmd->path != NULL && cmd->path[0] == '/'
        && is_section(cmd->directive->parent, "<Directory")
        && !apr_fnmatch_test(cmd->path)) {
        ep_space_watch(cmd->pool, cmd->path);
    }
}

const char *ep_counted_limits_set_space(cmd_parms *cmd, void *config, const char *args)
{
    static const char legal[] = "Off, 0% to 100%, or " EP_WORDS_SIZE;
    const char *error = ep_words_check_line(cmd);
    const char *word;
    apr_size_t length;
    ep_setting *setting;
    ep_count *count;

    if (error == NULL) {
        error = ep_words_split(cmd, args, 1, 1, &word, legal,
                               "write the unit without a blank: 5%");
    }
    if (error != NULL) {
        return error;
    }
    length = strlen(word);
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
            return ep_words_complain(cmd, word, legal);
        }
    }
    else {
        error = ep_words_size(cmd, word, legal, &setting->number);
        if (error != NULL) {
            return error;
        }
    }
    watch_space(cmd);
    ep_lint_space(cmd, setting);
    return ep_lint_keep(cmd, config, setting);
}

/* Makes a path in the server's files absolute.  @return NULL: it is not legal */
static const char *absolute(const cmd_parms *cmd, const char *word)
{
    const char *path = *word != '\0'
                           ? ap_server_root_relative(cmd->pool, word)
                           : NULL;

    return path != NULL && *path == '/' && strlen(path) < EP_LEDGER_PATH_SIZE
               ? path
               : NULL;
}

/* 1 if a word is a KEY, or NAME=VALUE, and so no path: an error in place of a tree that
 * nobody meant.  A directory of such a name is written ./NAME. */
static int is_no_path(const char *word)
{
    const apr_size_t name = strcspn(word, "=/");

    return ep_words_number(known_keys, word) >= 0 || word[name] == '=';
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
    if (ep_words_in_htaccess(cmd) && (path != NULL || usage != NULL)) {
        return ep_words_complain(cmd, path != NULL ? path : usage,
                                 "Off or SIZE alone in an .htaccess file");
    }
    if (usage != NULL) {
        count->usage_file = ap_cstr_casecmpn(usage, usage_is, skip) == 0
                                ? absolute(cmd, usage + skip)
                                : NULL;
        if (count->usage_file == NULL) {
            return ep_words_advise(cmd, usage, "usage=FILE, with the path of a file",
                                   "put quotes around a PATH with blanks");
        }
    }
    if (path != NULL) {
        const char *tree = is_no_path(path) ? NULL : absolute(cmd, path);

        if (is_no_path(path)) {
            return ep_words_advise(cmd, path, "the PATH of a directory, or"
                                   " usage=FILE",
                                   "a quota belongs to a directory and has no KEY:"
                                   " to give each user one write"
                                   " path=/DIRECTORY/%{REMOTE_USER}, to limit what users"
                                   " send ExpectPolicyAllowance SIZE/PERIOD KEY");
        }
        if (tree == NULL) {
            return ep_words_complain(cmd, path, "the path of a directory");
        }
        name_tree(cmd->pool, tree, count);
        return NULL;
    }
    return find_directory(cmd, count)
               ? NULL
               : ep_words_complain(cmd, size, "here Off or SIZE PATH [usage=FILE]:"
                                   " without PATH it has to stand in <Directory>, and"
                                   " that without a regular expression");
}

/* 1 unless the section has ExpectPolicy Off */
static int is_on(const void *section)
{
    const ep_setting *mode = ep_section_said(section, EP_RULE_MODE);

    return mode == NULL || mode->number != EP_MODE_OFF;
}

static const char path_is[] = "path=";

/* Takes `path=` from the words behind the first one.  @return it; NULL: there is none */
static const char *take_path(const char **words, int most)
{
    const char *path;
    int i = 1;

    while (i < most && words[i] != NULL
           && ap_cstr_casecmpn(words[i], path_is, sizeof(path_is) - 1) != 0) {
        i++;
    }
    if (i == most || words[i] == NULL) {
        return NULL;
    }
    path = words[i];
    for (; i < most - 1; i++) {
        words[i] = words[i + 1];
    }
    words[most - 1] = NULL;
    return path;
}

/* Reads the tree of each upload.  @return NULL, or a message */
static const char *parse_path(cmd_parms *cmd, const char *word, ep_count *count)
{
    static const char legal[] = "path=EXPRESSION: an absolute path that begins with a"
                                " directory and reads a value behind it, such as"
                                " path=/srv/files/%{REMOTE_USER}";
    const char *text = word + sizeof(path_is) - 1;
    const char *first = ap_strchr_c(text, '%');

    /* behind the first slash another one, so that a value is not a directory of the
     * root */
    if (*text != '/' || first == NULL || ap_strchr_c(text + 1, '/') == NULL
        || ap_strchr_c(text + 1, '/') > first) {
        return ep_words_complain(cmd, word, legal);
    }
    return ep_words_compile(cmd, word, legal, &count->path);
}

/* Registers a tree of the server's files, or a path with wildcards, to be measured
 * before the first upload. */
static void plant(cmd_parms *cmd, const void *section, const ep_setting *setting)
{
    const ep_count *count = setting->count;
    ep_ledger_charge charge;

    ep_measure_need();
    if (ep_values_is_open(setting)) {
        /* its limit or its tree is known at the first upload */
        return;
    }
    memset(&charge, 0, sizeof(charge));
    charge.limit = setting->number;
    charge.is_local = count->is_local;
    charge.share = ep_charge_share(NULL, count);
    if (count->pattern != NULL && count->usage_file == NULL) {
        ep_measure_match(cmd->pool, count->pattern, &charge, is_on, section);
    }
    if (count->directory != NULL) {
        ep_charge_tree(count->directory, count->usage_file, &charge);
        ep_space_watch(cmd->pool, count->directory);
        ep_measure_plant(cmd->pool, &charge);
    }
}

/* Takes `local` from the end of the words.  @return 1 if it was there */
static int take_local(const char **words, int most)
{
    int last = most - 1;

    while (last > 0 && words[last] == NULL) {
        last--;
    }
    if (last == 0 || ap_cstr_casecmp(words[last], "local") != 0) {
        return 0;
    }
    words[last] = NULL;
    return 1;
}

const char *ep_counted_limits_set_quota(cmd_parms *cmd, void *config, const char *args)
{
    static const char legal[] = "Off or SIZE [PATH] [usage=FILE] [path=EXPRESSION]"
                                " [local]; a SIZE is " EP_WORDS_SIZE
                                ", or expr=EXPRESSION";
    static const char quote[] = "put quotes around a PATH with blanks";
    const char *error = check_limit_line(cmd);
    const char *words[5] = { NULL };
    const char *size, *path, *by_expression;
    int is_local;
    ep_setting *setting;
    ep_count *count;

    if (error == NULL) {
        error = ep_words_split(cmd, args, 1, 5, words, legal,
                               ep_words_quote_expression(args) != NULL
                                   ? ep_words_quote_expression(args)
                                   : quote);
    }
    if (error != NULL) {
        return error;
    }
    is_local = take_local(words, 5);
    by_expression = take_path(words, 5);
    size = words[0];
    path = words[1];
    if ((is_local || by_expression != NULL) && ep_words_in_htaccess(cmd)) {
        return ep_words_complain(cmd, is_local ? "local" : by_expression,
                                 "Off or SIZE alone in an .htaccess file");
    }
    if (words[3] != NULL) {
        return ep_words_advise(cmd, words[3], legal, quote);
    }
    if (by_expression != NULL && path != NULL) {
        return ep_words_complain(cmd, path, "SIZE path=EXPRESSION [local], as the"
                                            " expression says which directory it is");
    }
    if (ap_cstr_casecmp(size, "Off") == 0 && path == NULL && !is_local
        && by_expression == NULL) {
        return keep_off(cmd, config);
    }
    setting = new_limit(cmd, &count);
    count->is_local = is_local;
    error = ep_words_is_expression(size)
                ? ep_words_compile(cmd, size, legal, &setting->expression)
                : ep_words_size(cmd, size, legal, &setting->number);
    if (error == NULL && by_expression != NULL) {
        error = parse_path(cmd, by_expression, count);
    }
    else if (error == NULL) {
        error = parse_tree(cmd, size, path, words[2], count);
    }
    if (error != NULL) {
        return error;
    }
    if (!ep_words_in_htaccess(cmd)) {
        plant(cmd, config, setting);
        ep_ledger_note_quota(setting);
    }
    if (setting->expression == NULL) {
        ep_lint_zero(cmd, setting, "Off");
    }
    return keep_line(cmd, config, setting, count);
}

/* @return NULL, or a message */
static const char *parse_key(cmd_parms *cmd, const char *word, ep_count *count)
{
    const int whom = ep_words_number(known_keys, word);

    if (ep_words_is_expression(word)) {
        count->whom = EP_FOR_EXPRESSION;
        return ep_words_compile(cmd, word, "a KEY of " LEGAL_KEY, &count->expression);
    }
    if (whom < 0) {
        return ep_words_complain(cmd, word, "a KEY of " LEGAL_KEY);
    }
    count->whom = (ep_for)whom;
    if (count->whom == EP_FOR_DIRECTORY && !find_directory(cmd, count)) {
        return ep_words_complain(cmd, word,
                                 "here client, user, host or expr=EXPRESSION:"
                                 " directory has to stand in <Directory>, and that"
                                 " without a regular expression");
    }
    return NULL;
}

/* Reads SIZE/PERIOD.  @return 1 if it is legal */
static int parse_allowance(apr_pool_t *pool, const char *amount, int64_t *bytes,
                           int64_t *period)
{
    const char *slash = ap_strchr_c(amount, '/');

    return slash != NULL
           && ep_number_size(apr_pstrndup(pool, amount,
                                          (apr_size_t)(slash - amount)), bytes)
           && ep_period_parse(slash + 1, period);
}

const char *ep_counted_limits_set_limit(cmd_parms *cmd, void *config, const char *args)
{
    const int is_allowance = ep_words_rule(cmd) == EP_RULE_ALLOWANCE;
    const char *legal = is_allowance
                            ? "Off or SIZE/PERIOD KEY, or expr=EXPRESSION KEY; a"
                              " SIZE is " EP_WORDS_SIZE
                              ", a PERIOD a number with s, m, h, d or w, of"
                              " 366 days at most, a KEY " LEGAL_KEY
                            : "Off or NUMBER KEY, or expr=EXPRESSION KEY; a"
                              " NUMBER is 1 or more, a KEY "
                              LEGAL_KEY;
    const char *error = check_limit_line(cmd);
    const char *words[2];
    const char *amount, *key;
    ep_setting *setting;
    ep_count *count;

    if (error == NULL) {
        error = ep_words_split(cmd, args, 1, 2, words, legal,
                               ep_words_quote_expression(args));
    }
    if (error != NULL) {
        return error;
    }
    amount = words[0];
    key = words[1];
    if (ap_cstr_casecmp(amount, "Off") == 0 && key == NULL) {
        return keep_off(cmd, config);
    }
    setting = new_limit(cmd, &count);
    if (key == NULL) {
        return ep_words_complain(cmd, amount, legal);
    }
    if (ep_words_is_expression(amount)) {
        error = ep_words_compile(cmd, amount, legal, &setting->expression);
        if (error != NULL) {
            return error;
        }
    }
    else if (is_allowance) {
        if (!parse_allowance(cmd->pool, amount, &setting->number, &count->period)) {
            return ep_words_complain(cmd, amount, legal);
        }
        ep_lint_zero(cmd, setting, "Off");
    }
    else if (amount[strspn(amount, "0123456789")] != '\0'
             || !ep_number_size(amount, &setting->number)
             || setting->number == 0) {
        return ep_words_complain(cmd, amount, legal);
    }
    error = parse_key(cmd, key, count);
    return error != NULL ? error : keep_line(cmd, config, setting, count);
}
