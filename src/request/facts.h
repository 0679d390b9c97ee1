/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Reads the facts of a request from its fields; no other file reads these. */
#ifndef EP_FACTS_H
#define EP_FACTS_H

#include "request/request.h"

/** The most names of fields that announce totals, in all sections together. */
#define EP_TOTAL_NAMES_MAX 32

/** Before a configuration is read: forgets the names of the previous one, and knows those
 * of the default. */
void ep_facts_reset(void);

/** While the configuration is read: facts will have the total fields of this name.
 * @param name lives as long as the configuration
 * @return 0: there are EP_TOTAL_NAMES_MAX others */
int ep_facts_watch(const char *name);

/** @return 0 if the request certainly has nothing to judge; cheap */
int ep_facts_any(const request_rec *r);

/**
 * @param facts set if 1 is returned; points into the request
 * @return 1 if the request has content or an Expect field, or a field that announces a
 *         total in some section, so that there may be something to judge
 */
int ep_facts_read(const request_rec *r, ep_facts *facts);

/** As ep_facts_read(), for a request that has to be judged in any case. */
void ep_facts_read_all(const request_rec *r, ep_facts *facts);

/**
 * Reads what the client has sent.  The facts are read in the first place of the
 * request, with a policy or without, and kept: later, RequestHeader in an
 * .htaccess file may have edited the fields.
 * @return the facts; NULL: there is nothing to judge
 */
const ep_facts *ep_facts_know(request_rec *r);

/** Replaces the facts that ep_facts_know() keeps. */
void ep_facts_know_from_now(request_rec *r, const ep_facts *facts);

/** @return a copy that lives as long as the initial request */
const ep_facts *ep_facts_copy(request_rec *r, const ep_facts *facts);

/** @return 1 for a CORS preflight: a browser asks whether a script may upload */
int ep_facts_is_preflight(const request_rec *r);

/** @return 1 if a reverse proxy has sent it.  mod_proxy's field comes behind all that
 * owners can edit. */
int ep_facts_is_forwarded(const request_rec *r);

/** @return all fields as they are now */
const apr_table_t *ep_facts_fields(const request_rec *r);

/** Gives a request other fields.  @return those that it had */
apr_table_t *ep_facts_swap(request_rec *r, apr_table_t *fields);

/**
 * Makes the facts of an upload of one byte that has the credentials in @a fields.
 */
void ep_facts_suppose(const apr_table_t *fields, const char *method,
                      ep_facts *facts);

/** Removes facts that only an owner's fields state, for content that the client has
 * not announced: type, coding, credentials, expectation, range, totals. */
void ep_facts_drop_claims(ep_facts *facts);

/** Leaves a request without the fields that announce content; its parent and those
 * before it keep theirs. */
void ep_facts_drop_content(request_rec *r);

/** Content-Range as it is now, which may be other than what the client has sent: as
 * mod_dav reads it of a PUT. */
ep_range_result ep_facts_range(const request_rec *r, ep_range *range);

/**
 * Reads Content-Range of PUT and PATCH once more.
 * @param facts gets the range if 1 is returned
 * @return 1 if there is one that parses, other than that in @a facts: RequestHeader
 *         has set it since
 */
int ep_facts_range_since(const request_rec *r, ep_facts *facts);

/** @return the destination of COPY and MOVE as the client has sent it; NULL: none */
const char *ep_facts_destination(const request_rec *r);

/** @return 1 if a COPY leaves out what is in a collection; mod_dav refuses such a
 * MOVE */
int ep_facts_is_shallow(const request_rec *r);

/**
 * How much content may come in before limits that count are asked.  The methods of
 * queries store nothing; GET and others store nothing before content comes.
 * @return bytes; -1: the limits are asked on the head
 */
int64_t ep_facts_let_in(const ep_facts *facts);

#endif
