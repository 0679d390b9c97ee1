/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Turns a verdict into the bytes of the document that a refused client gets. */
#ifndef EP_DOCUMENT_H
#define EP_DOCUMENT_H

#include "core/policy/verdict.h"

/** The size of the largest document, in bytes. */
#define EP_DOCUMENT_SIZE 4096
/** The longest message of ExpectPolicyRefuse and ExpectPolicyMessage, in bytes of
 * JSON. */
#define EP_MESSAGE_MAX 1024
/** The longest id of a request, in bytes. */
#define EP_ID_MAX 192

/**
 * Writes the document of a refusal.  The policy chooses its form.  With
 * Negotiate, the client's Accept chooses JSON, a problem or a page; of equal
 * ones the first in this order.
 *
 * JSON: one object on one line (RFC 8259): first `error` and `message`, then
 * the members of the code, `retryable`, `id`, and, where more than one check failed,
 * `violations`.  A problem (RFC 9457): `type`, `title`, `status`, `detail`,
 * `error`, then the same.  A page: HTML (core/answer/refusal_page.h).  Of what
 * the client sent only a media type or a coding that parsed as tokens is repeated.
 * @param out at least EP_DOCUMENT_SIZE bytes; not NUL-terminated
 * @param verdict not an admission
 * @param id the request's in the log, for a client to quote; at most EP_ID_MAX bytes of
 *        printable US-ASCII, without quotes and backslashes
 * @return how many bytes were written, always more than 0: if memory runs out,
 *         the document has only `error`
 */
size_t ep_document_of_refusal(char *out, const ep_policy *policy,
                              const ep_facts *facts,
                              const ep_verdict *verdict, const char *id);

/**
 * Writes the document of an error that is not the policy's own: `error` (of
 * ep_error_token()), `message`, `retryable` and `id`, in the same form.
 * @param out at least EP_DOCUMENT_SIZE bytes; not NUL-terminated
 * @param reason the status line without HTTP-version, such as "404 Not Found"
 * @param id as above
 * @return how many bytes were written, always more than 0
 */
size_t ep_document_of_error(char *out, const ep_policy *policy,
                            const ep_facts *facts, int status,
                            const char *reason, const char *id);

/** @return the Content-Type of a document */
const char *ep_document_type(const ep_policy *policy, const ep_facts *facts);

/** @param by a line ExpectPolicyRefuse
 * @return its message, or the built-in one */
const char *ep_document_refused(const ep_setting *by);

/** The Content-Type of a document that is a page. */
#define EP_DOCUMENT_HTML "text/html;charset=utf-8"

/**
 * @return 1 if @a text is legal as a message: UTF-8 without control
 *         characters, 1 to EP_MESSAGE_MAX bytes
 */
int ep_document_is_message(const char *text);

/** Call it once, before the first document and before threads start. */
void ep_document_init(void);

#endif
