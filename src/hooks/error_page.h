/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Error pages: sends our document instead of core's page, and decides whether an
 * ErrorDocument may read the content of an upload. */
#ifndef EP_ERROR_PAGE_H
#define EP_ERROR_PAGE_H

#include "request/request.h"

/** @return the judgement of a request that core refused for its Expect field; NULL:
 * core did not refuse it, or the policy is Off */
const ep_judgement *ep_error_page_judge(request_rec *r);

/** In the insert_error_filter hook: the document takes the place of the page that
 * core is about to send. */
void ep_error_page_insert(request_rec *r);

/**
 * In the post_read_request hook, of an internal redirect to an ErrorDocument that is
 * about to answer in place of a document of ours: a status makes core go back and
 * send its own page, which ep_error_page_insert() meets.
 * @return DECLINED: it may answer; DONE, or that status
 */
int ep_error_page_reject(request_rec *r);

/** @return 1 if a request is an ErrorDocument, or what one has led on to */
int ep_error_page_is_document(const request_rec *r);

/**
 * In the header_parser hook: an ErrorDocument is about to answer an upload, and a
 * program would be given its content.  It may have it of an upload that was admitted:
 * not where an error came before the place was known, before the user was, or before
 * limits that count were asked.  And the ErrorDocument's own place has to admit it as
 * well.
 * @return DECLINED
 */
int ep_error_page_guard_content(request_rec *r);

/** In the fixups hook: the limits that count in an ErrorDocument's place, once it
 * knows its user.  @return DECLINED */
int ep_error_page_guard_counted(request_rec *r, ep_request *state);

/** In the handler hook: mod_dir has redirected an ErrorDocument to another place.
 * @return DECLINED */
int ep_error_page_guard_new_place(request_rec *r, ep_request *state);

#endif
