/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** request_rec -> facts; the only reader of request fields. */
#ifndef EP_FACTS_H
#define EP_FACTS_H

#include "request/request.h"

/** @return 0 if there is surely nothing to judge in the request; cheap */
int ep_facts_any(const request_rec *r);

/**
 * @param facts set if 1 is returned; points into the request
 * @return 1 if the request has content or an Expect field, so that there is
 *         something to judge
 */
int ep_facts_read(const request_rec *r, ep_facts *facts);

/** The same where there is something to judge, content or not. */
void ep_facts_read_all(const request_rec *r, ep_facts *facts);

/**
 * What the client has sent: as it was in the first place that the request came to,
 * whether or not that has a policy.  After that, RequestHeader, which owners may use,
 * has edited the fields.
 * @param facts set if 1 is returned; points into the request
 * @return as ep_facts_read()
 */
int ep_facts_know(request_rec *r, ep_facts *facts);

/** Has such facts hold from now on. */
void ep_facts_know_from_now(request_rec *r, const ep_facts *facts);

/** @return 1 if a browser asks for a script whether it may upload (CORS) */
int ep_facts_is_preflight(const request_rec *r);

/** @return all fields as they are now */
const apr_table_t *ep_facts_fields(const request_rec *r);

/** Gives a request other fields.  @return those that it had */
apr_table_t *ep_facts_swap(request_rec *r, apr_table_t *fields);

/**
 * What would be known of an upload of one byte that a client sent with the
 * credentials that @a fields have.
 */
void ep_facts_suppose(const apr_table_t *fields, const char *method,
                      ep_facts *facts);

/** Of content that the client has not announced, an owner says what it is and who
 * sends it: nobody is believed. */
void ep_facts_drop_claims(ep_facts *facts);

/** Leaves a request without the fields that announce content; its parent and those
 * before it keep theirs. */
void ep_facts_drop_content(request_rec *r);

/** Content-Range as it is now, which may be other than what the client has sent: as
 * mod_dav reads it of a PUT. */
ep_range_result ep_facts_range(const request_rec *r, ep_range *range);

/** @return where COPY and MOVE lead, as the client has written it; NULL: nowhere */
const char *ep_facts_destination(const request_rec *r);

/** @return 1 if a COPY leaves out what is in a collection; mod_dav refuses such a
 * MOVE */
int ep_facts_is_shallow(const request_rec *r);

/**
 * How much content may come in before limits that count are asked, as the client's method
 * says that it asks or describes: nothing of it is stored, or not before it comes.
 * @return bytes; -1: they are asked on the head
 */
int64_t ep_facts_let_in(const ep_facts *facts);

#endif
