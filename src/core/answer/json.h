/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Helpers for all JSON documents, written with jansson. */
#ifndef EP_JSON_H
#define EP_JSON_H

#include <jansson.h>

#include "core/policy/policy.h"
#include "core/text/sink.h"

/**
 * Adds a member with the names that a list rule accepts, at most EP_LIST_BYTES
 * in all.  If names are left out for that reason, also adds `truncated`: true.
 */
void ep_json_names(json_t *document, const char *member,
                   const ep_policy *policy, ep_rule rule);

/** Adds a member, unless the number is EP_UNKNOWN. */
void ep_json_number(json_t *document, const char *member, int64_t number);

/**
 * Writes the document as one line, and frees it.
 * @param size of @a out, in bytes, above 1
 * @return how many bytes were written; 0: memory has run out, or the document
 *         does not fit
 */
size_t ep_json_line(char *out, size_t size, json_t *document);

/**
 * The same for a document of any length, without the end of the line.
 * @return 0: memory has run out, or the document is NULL; a part may have been written
 */
int ep_json_sink(const ep_sink *sink, json_t *document);

#endif
