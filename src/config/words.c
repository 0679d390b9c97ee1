/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/words.h"

#include "apr_strings.h"
#include "http_core.h"

#include "config/section.h"

/*
 * Bounds for one .htaccess file, which is read for each request and so needs memory in
 * each request: lines of this module, and names in all lists of these lines.
 */
#define OWNER_LINES_MAX 256
#define OWNER_NAMES_MAX 1024

/* How much of a bad word a message repeats, in bytes. */
#define SHOWN_MAX 80

const char *ep_words_complain(const cmd_parms *cmd, const char *word,
                              const char *legal)
{
    return apr_psprintf(cmd->pool, "%s: '%.*s%s' is not legal here; legal is %s",
                        cmd->cmd->name, SHOWN_MAX, word,
                        strlen(word) > SHOWN_MAX ? "..." : "", legal);
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
