/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Warnings of lines that httpd takes and that surely do not do what was meant.  They
 * are written at `httpd -t` and at the start, and change nothing. */
#ifndef EP_LINT_H
#define EP_LINT_H

#include "request/request.h"

/** Call it before a configuration is read.
 * @param pconf the pool of the configuration */
void ep_lint_reset(apr_pool_t *pconf);

/*
 * Call these while a line is read.  They do nothing for a line of an .htaccess file,
 * which is read for each request.
 */

/** Keeps a setting as ep_words_keep() does, and warns of what it replaces.
 * @return NULL */
const char *ep_lint_keep(cmd_parms *cmd, void *config, const ep_setting *setting);

/** A limit was read that is no rule of a section. */
void ep_lint_limit(const ep_setting *setting);

/** The line takes the place of an earlier one in the same section.
 * @param before that line; NULL: there is none
 * @param code the code that both are for; NULL: none */
void ep_lint_twice(cmd_parms *cmd, const ep_setting *before, const char *code);

/** Warns of a limit of 0 bytes.
 * @param none the word for no limit */
void ep_lint_zero(cmd_parms *cmd, const ep_setting *setting, const char *none);

/** Warns of names in a list that cannot be what was meant. */
void ep_lint_names(cmd_parms *cmd, ep_rule rule, const ep_setting *setting);

/** Warns of an ExpectPolicyRefuse whose words stand in the wrong place. */
void ep_lint_refusal(cmd_parms *cmd, const ep_setting *setting);

/** Warns of an ExpectPolicyFreeSpace without a unit. */
void ep_lint_space(cmd_parms *cmd, const ep_setting *setting);

/** Call it after a configuration was read.
 * @return the warnings (const char *), in the order of the lines */
const apr_array_header_t *ep_lint_finish(apr_pool_t *pool, server_rec *main_server);

/** Writes these warnings.
 * @param log NULL: on the terminal, before the error log is open */
void ep_lint_say(apr_pool_t *pool, server_rec *main_server, const server_rec *log);

#endif
