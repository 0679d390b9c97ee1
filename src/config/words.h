/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Functions that all directives use.  Messages are in the pool of the directive. */
#ifndef EP_WORDS_H
#define EP_WORDS_H

#include "core/text/number.h"
#include "request/request.h"

/** Registers the hook that finds out which .htaccess file is read. */
void ep_words_register(void);

/** @return a message: @a word is not legal here, and @a legal says what is */
const char *ep_words_complain(const cmd_parms *cmd, const char *word,
                              const char *legal);

/** The same, with what to write instead.
 * @param advice a half sentence; NULL: none */
const char *ep_words_advise(const cmd_parms *cmd, const char *word,
                            const char *legal, const char *advice);

/** What is legal as a size, for messages. */
#define EP_WORDS_SIZE EP_NUMBER_FORM

/** Reads a size in bytes.
 * @param legal what is legal, for the message
 * @return NULL, or a message */
const char *ep_words_size(const cmd_parms *cmd, const char *word, const char *legal,
                          int64_t *number);

/** @return 1 if a word is `expr=` and an expression */
int ep_words_is_expression(const char *word);

/** Compiles an expression, with the same restrictions in an .htaccess file as httpd has
 * for its own expressions there.
 * @param word a name, `=` and the expression
 * @param legal what is legal, for the message
 * @param expression out, in the pool of the directive
 * @return NULL, or a message */
const char *ep_words_compile(cmd_parms *cmd, const char *word, const char *legal,
                             const ep_expression **expression);

/** What to do about too many words, if one of them is an expression; NULL: nothing */
const char *ep_words_quote_expression(const char *args);

/**
 * Splits the arguments of a directive.  Directives split them here, and not in httpd,
 * whose message about their number does not name the text.
 * @param words out: @a most places; NULL for those that are not given
 * @param legal what is legal, for the message
 * @param advice what to do about too many words; NULL: nothing
 * @return NULL, or a message: there are fewer than @a least, or more than @a most
 */
const char *ep_words_split(const cmd_parms *cmd, const char *args, int least,
                           int most, const char **words, const char *legal,
                           const char *advice);

/** @return a warning of a line: its directive, text and place, and @a why */
const char *ep_words_warning(apr_pool_t *pool, const ep_setting *setting,
                             const char *why);

/** @return a message: there are more than @a most of @a what */
const char *ep_words_exceeds(const cmd_parms *cmd, size_t most, const char *what);

/** @return 1 if the directive stands in an .htaccess file */
int ep_words_in_htaccess(cmd_parms *cmd);

/** @return the directory of the .htaccess file, with a slash at its end, valid until
 * the file has been read; NULL: the directive stands in the server's files */
const char *ep_words_directory(cmd_parms *cmd);

/** @return a setting with the file, line and name of the directive */
ep_setting *ep_words_new_setting(const cmd_parms *cmd);

/** @return the rule of a directive, from rules.def */
ep_rule ep_words_rule(const cmd_parms *cmd);

/** Keeps a setting for the section; the last one of a section holds.
 * @return NULL */
const char *ep_words_keep(cmd_parms *cmd, void *config,
                          const ep_setting *setting);

/** Call it first for each line: bounds the lines of an .htaccess file.
 * @return NULL, or a message */
const char *ep_words_check_line(cmd_parms *cmd);

/** Call it before a name is added to a list of @a count names: bounds them.
 * @return NULL, or a message */
const char *ep_words_check_name(cmd_parms *cmd, size_t count);

/** @param words separated by single spaces
 * @return the index of @a word in @a words, from 0; -1: it is none of them */
int ep_words_number(const char *words, const char *word);

#endif
