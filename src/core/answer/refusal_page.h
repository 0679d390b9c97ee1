/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Writes a refusal as a page for a person whose browser sent a form. */
#ifndef EP_REFUSAL_PAGE_H
#define EP_REFUSAL_PAGE_H

#include "core/policy/verdict.h"

/** The longest title, with its NUL. */
#define EP_TITLE_SIZE 80

/**
 * Writes a code in words: `content_too_large` becomes "Content too large".
 * @param title EP_TITLE_SIZE bytes; cut there
 */
void ep_refusal_page_title(const char *error, char *title);

/**
 * Writes the page: HTML in UTF-8, which loads nothing.
 * @param out not NUL-terminated
 * @param size at least 3072 and three times the message's length
 * @param verdict NULL: the page has only the message
 * @param id of the request, for a person to quote; at most EP_ID_MAX bytes of
 *        core/answer/document.h
 * @return how many bytes were written
 */
size_t ep_refusal_page(char *out, size_t size, const char *error,
                       const char *message, const ep_policy *policy,
                       const ep_verdict *verdict, const char *id);

#endif
