/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/words.h"

#include "ap_expr.h"
#include "apr_strings.h"
#include "http_core.h"

#include "config/section.h"
#include "request/expression.h"

/*
 * Bounds for one .htaccess file, which is read for each request and so needs memory in
 * each request: lines of this module, and names in all lists of these lines.
 */
#define OWNER_LINES_MAX 256
#define OWNER_NAMES_MAX 1024

/* Bytes of one expression in an .htaccess file. */
#define OWNER_EXPRESSION_MAX 1024

/* How much of a word or line a message repeats, in bytes. */
#define SHOWN_MAX 80

const char *ep_words_advise(const cmd_parms *cmd, const char *word,
                            const char *legal, const char *advice)
{
    return apr_psprintf(cmd->pool, "%s: '%.*s%s' is not legal here; legal is %s%s%s",
                        cmd->cmd->name, SHOWN_MAX, word,
                        strlen(word) > SHOWN_MAX ? "..." : "", legal,
                        advice != NULL ? "; " : "",
                        advice != NULL ? advice : "");
}

const char *ep_words_complain(const cmd_parms *cmd, const char *word,
                              const char *legal)
{
    return ep_words_advise(cmd, word, legal, NULL);
}

/* @return what to write instead of something like 10MB or 1.5G; NULL: no advice */
static const char *advise_size(apr_pool_t *pool, const char *word)
{
    const size_t digits = strspn(word, "0123456789");
    const char *unit = word + digits;

    if (digits == 0 || digits > 18) {
        return NULL;
    }
    if (*unit == '.' || *unit == ',') {
        return "write a whole number, and a smaller unit";
    }
    if (strchr("kmgtKMGT", *unit) != NULL
        && (ap_cstr_casecmp(unit + 1, "B") == 0
            || ap_cstr_casecmp(unit + 1, "iB") == 0)) {
        return apr_psprintf(pool, "write %.*s", (int)digits + 1, word);
    }
    return NULL;
}

const char *ep_words_size(const cmd_parms *cmd, const char *word, const char *legal,
                          int64_t *number)
{
    return ep_number_size(word, number)
               ? NULL
               : ep_words_advise(cmd, word, legal, advise_size(cmd->pool, word));
}

int ep_words_is_expression(const char *word)
{
    return ap_cstr_casecmpn(word, "expr=", 5) == 0 && word[5] != '\0';
}

/* @return NULL, or what is wrong with the expression */
static const char *compile(cmd_parms *cmd, const char *text,
                           const ep_expression **expression)
{
    ep_expression *made = apr_palloc(cmd->pool, sizeof(*made));
    const char *error = NULL;
    /* DONT_VARY: the value must not add fields to Vary */
    unsigned int flags = AP_EXPR_FLAG_STRING_RESULT | AP_EXPR_FLAG_DONT_VARY;

    made->text = text;
    made->is_owners = ep_words_in_htaccess(cmd);
    if (made->is_owners) {
        flags |= AP_EXPR_FLAG_RESTRICTED;
        if (strlen(text) > OWNER_EXPRESSION_MAX) {
            return apr_psprintf(cmd->pool, "more than %d bytes in an EXPRESSION of an"
                                           " .htaccess file", OWNER_EXPRESSION_MAX);
        }
    }
    else {
        ep_expression_need(text);
    }
    made->compiled = ap_expr_parse_cmd(cmd, text, flags, &error, NULL);
    *expression = made;
    return error;
}

const char *ep_words_compile(cmd_parms *cmd, const char *word, const char *legal,
                             const ep_expression **expression)
{
    const char *error = compile(cmd, ap_strchr_c(word, '=') + 1, expression);

    return error != NULL
               ? ep_words_complain(cmd, word,
                                   apr_pstrcat(cmd->pool, legal, ": ", error, NULL))
               : NULL;
}

const char *ep_words_quote_expression(const char *args)
{
    return strstr(args, "expr=") != NULL
               ? "put quotes around an EXPRESSION with blanks"
               : NULL;
}

const char *ep_words_split(const cmd_parms *cmd, const char *args, int least,
                           int most, const char **words, const char *legal,
                           const char *advice)
{
    const char *rest = args;
    int count = 0;

    for (; count < most && *rest != '\0'; count++) {
        words[count] = ap_getword_conf(cmd->pool, &rest);
    }
    if (count < least || *rest != '\0') {
        return ep_words_advise(cmd, args, legal, *rest != '\0' ? advice : NULL);
    }
    for (; count < most; count++) {
        words[count] = NULL;
    }
    return NULL;
}

int ep_words_in_htaccess(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS) != NULL;
}

/*
 * The directory whose .htaccess file this thread reads, and the pool for its content.
 * cmd->path is this directory only outside of sections; inside, it is the argument of
 * <Files> or <If>.  The name of the file does not help: AccessFileName may have
 * slashes, and with mod_macro a line has no file.
 */
static __thread struct {
    const char *directory;
    const apr_pool_t *pool;
    /* lines and names of this module so far */
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

const char *ep_words_directory(cmd_parms *cmd)
{
    return ep_words_in_htaccess(cmd) && htaccess.pool == cmd->pool
               ? htaccess.directory
               : NULL;
}

ep_setting *ep_words_new_setting(const cmd_parms *cmd)
{
    ep_setting *setting = apr_pcalloc(cmd->pool, sizeof(*setting));

    setting->file = cmd->directive->filename;
    setting->line = (unsigned int)cmd->directive->line_num;
    setting->directive = cmd->cmd->name;
    setting->text = cmd->directive->args;
    return setting;
}

ep_rule ep_words_rule(const cmd_parms *cmd)
{
    return (ep_rule)(apr_uintptr_t)cmd->info;
}

const char *ep_words_keep(cmd_parms *cmd, void *config,
                          const ep_setting *setting)
{
    ep_section_say(cmd->pool, config, ep_words_in_htaccess(cmd),
                   ep_words_rule(cmd), setting);
    return NULL;
}

const char *ep_words_warning(apr_pool_t *pool, const ep_setting *setting,
                            const char *why)
{
    return apr_psprintf(pool, "%s %.*s%s in %s:%u: %s", setting->directive,
                        SHOWN_MAX, setting->text,
                        strlen(setting->text) > SHOWN_MAX ? "..." : "",
                        setting->file, setting->line, why);
}

const char *ep_words_exceeds(const cmd_parms *cmd, size_t most, const char *what)
{
    return apr_psprintf(cmd->pool, "%s: more than %" APR_SIZE_T_FMT " %s",
                        cmd->cmd->name, (apr_size_t)most, what);
}

const char *ep_words_check_line(cmd_parms *cmd)
{
    const char *error = ap_check_cmd_context(cmd, NOT_IN_LIMIT);

    if (error == NULL && ep_words_in_htaccess(cmd)
        && ++htaccess.lines > OWNER_LINES_MAX) {
        error = ep_words_exceeds(cmd, OWNER_LINES_MAX,
                                 "lines of this module in one .htaccess file");
    }
    return error;
}

int ep_words_number(const char *words, const char *word)
{
    const size_t length = strlen(word);
    int number = 0;

    while (*words != '\0') {
        const size_t known = strcspn(words, " ");

        if (known == length && ap_cstr_casecmpn(words, word, length) == 0) {
            return number;
        }
        words += known + (words[known] == ' ');
        number++;
    }
    return -1;
}

const char *ep_words_check_name(cmd_parms *cmd, size_t count)
{
    if (count >= EP_NAMES_MAX) {
        return ep_words_exceeds(cmd, EP_NAMES_MAX, "names");
    }
    if (ep_words_in_htaccess(cmd) && ++htaccess.names > OWNER_NAMES_MAX) {
        return ep_words_exceeds(cmd, OWNER_NAMES_MAX,
                                "names in lists of one .htaccess file");
    }
    return NULL;
}

void ep_words_register(void)
{
    /* before whatever opens the file, which ends this hook */
    ap_hook_open_htaccess(note_directory, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
