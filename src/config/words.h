/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What the functions of all directives have in common: words, lines, .htaccess.  A
 * message is in the pool of the directive. */
#ifndef EP_WORDS_H
#define EP_WORDS_H

#include "request/request.h"

/** Registers what directives in .htaccess files have to know of httpd. */
void ep_words_register(void);

/** @return what is wrong: @a word stands where only what is @a legal may */
const char *ep_words_complain(const cmd_parms *cmd, const char *word,
                              const char *legal);

/** @return what is wrong: there are more than so many */
const char *ep_words_exceeds(const cmd_parms *cmd, size_t most, const char *what);

/** @return 1 if the directive stands in an .htaccess file */
int ep_words_in_htaccess(cmd_parms *cmd);

/** @return the directory of the .htaccess file, with a slash at its end, until the
 * file has been read; NULL: it is a file of the server's */
const char *ep_words_directory(cmd_parms *cmd);

/** @return a setting that knows its file, line and directive */
ep_setting *ep_words_new_setting(const cmd_parms *cmd);

/** @return the rule that the table has for a directive */
ep_rule ep_words_rule(const cmd_parms *cmd);

/** Keeps a setting for the section; the last one of a section holds.
 * @return NULL */
const char *ep_words_keep(cmd_parms *cmd, void *config,
                          const ep_setting *setting);

/** Each line comes by here first.  @return NULL, or what is wrong */
const char *ep_words_check_line(cmd_parms *cmd);

/** One more name in a list that has so many.  @return NULL, or what is wrong */
const char *ep_words_check_name(cmd_parms *cmd, size_t count);

/** @return which of @a words, which have a blank between them, a word is, from 0;
 * -1: none */
int ep_words_number(const char *words, const char *word);

#endif
