/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The state of a request; private to the files that use httpd. */
#ifndef EP_REQUEST_H
#define EP_REQUEST_H

#include "httpd.h"
#include "http_config.h"
#include "http_log.h"

#include "core/policy/stage.h"
#include "core/policy/verdict.h"

extern module AP_MODULE_DECLARE_DATA expect_policy_module;

/** What can be edited of a request (request/snapshot.h). */
typedef struct ep_snapshot ep_snapshot;

/** What a policy says of an upload (request/judgement.h). */
typedef struct ep_judgement ep_judgement;

/** What is found out of an upload that is only explained (request/explained.h). */
typedef struct ep_explained ep_explained;

/**
 * What the module knows about a request that has content or an Expect field, or that
 * may ask for limits.  There is one for a request and all its internal redirects; it
 * belongs to the initial request and is in its pool.
 */
typedef struct ep_request {
    /** the Expect value that was held back from core; NULL: none was */
    const char *held_expect;
    /** as it was once the head had been read, if limits can be told to the client;
     * else NULL */
    ep_snapshot *sent;
    /** as the server's files have left it, before any .htaccess file was read, with
     * what authentication has added; NULL: no expression asks for it */
    ep_snapshot *servers;
    /** the request before a user was looked for, and which one of all internal
     * redirects that is; NULL: none was, or it is added above */
    ep_snapshot *unauthenticated;
    const request_rec *authenticates;
    /** a subrequest of this one stands for an upload whose limits are asked */
    int is_asked;
    /** an administrator has asked what would happen to an upload, and a subrequest stands
     * for it.  It is judged as an upload is, but nothing is logged, claimed or counted.
     * NULL: it is an upload */
    ep_explained *explained;
    /** the next subrequest of this request stands for such an upload, and what is found
     * out of it; NULL: it does not */
    const struct ep_asked *asks;
    ep_explained *explains;
    /** the states of the upload and of its content, for the configuration that was
     * judged last; only ep_request_move() and ep_request_move_body() change them */
    ep_stage stage;
    ep_body body;
    const ap_conf_vector_t *place;
    /** the document that replaces the answer of another module; NULL: none */
    struct ep_page *page;
    /** what the client has sent, as it was in the first place of the request; NULL:
     * that has not come, or there is nothing to judge */
    const ep_facts *facts;
    /** of the head, in the place that was judged last; NULL: none was */
    const ep_judgement *judged;
    /** why the upload was refused or cut, or the early error: what our answer tells;
     * NULL: nothing */
    const ep_judgement *told;
    /** the setting that a dry run has reported last; NULL: none */
    const ep_setting *reported;
    /** what content is counted against, of the server's own policy as long as `place`
     * is NULL; NULL: nothing */
    const struct ep_metered *metered;
    /** what it is counted against if authentication fails, where the size limit of a
     * user is not known then; NULL: the same */
    const struct ep_metered *unauthenticated_metered;
    /** content that the meter has passed on so far, bytes as they came over the wire */
    int64_t counted;
    /** the range that is written, if RequestHeader has set Content-Range since the head
     * was judged; NULL: it has not.  It bounds sizes, and nothing else goes by it */
    const ep_range *written;
    /** the outcome for the counters; NULL: none so far */
    struct ep_counted *counted_as;
    /** how much of it handlers were given, bytes, once one has failed or content is
     * discarded; EP_UNKNOWN before that: all that was counted.  See
     * ep_request_given() */
    int64_t given;
    /** what it holds in the ledger; NULL: nothing */
    struct ep_holding *holding;
    /** what filters have made of the content on its way to the handler, bytes; 0: no
     * filter changes it.  is_changing: 1: more of it is to come, though the meter may
     * have seen the end of what it is made of */
    int64_t handed;
    int is_changing;
    /** places whose limits that count are asked only when more content comes; NULL:
     * none */
    struct ep_put_off *put_off;
} ep_request;

/** @return the request that the client sent; for an upload that is explained, the
 * subrequest that stands for it */
request_rec *ep_request_initial(request_rec *r);

/** @return 1 if a request stands for an upload that is explained, or is a part of one */
int ep_request_is_explained(request_rec *r);

/** @return 1 if a request is a part of another one's answer (a subrequest), and does not
 * stand for an upload that is explained */
int ep_request_is_part(const request_rec *r);

/** @return the initial request's state; NULL: there is none */
ep_request *ep_request_get(request_rec *r);

/** Before any hook judges it: a subrequest stands for an upload from now on.
 * @return its state */
ep_request *ep_request_explain(request_rec *r, ep_explained *explained);

/** @return the initial request's state, made if there is none */
ep_request *ep_request_make(request_rec *r);

/** A handler has failed, or content is discarded from now on: what is read later is
 * given to no handler. */
void ep_request_end_giving(ep_request *state);

/** @return how much content handlers were given, in bytes as they came over the wire */
int64_t ep_request_given(const ep_request *state);

/** Moves an upload to its next stage, see core/policy/stage.h.  An event that is
 * illegal is logged at debug; under EP_MAINTAINER it ends the process. */
void ep_request_move(request_rec *r, ep_request *state, ep_stage_event event);

/** The same for its content. */
void ep_request_move_body(request_rec *r, ep_request *state, ep_body_event event);

/** Notes that this request has nothing to judge. */
void ep_request_set_plain(request_rec *r);

/** @return 1 if so; the usual case, and cheap */
#define ep_request_is_plain(r) \
    (ap_get_module_config((r)->request_config, &expect_policy_module) \
     == &ep_request_plain)

/** Stands for all requests without content and Expect; never written to. */
extern ep_request ep_request_plain;

/**
 * httpd writes notices to a log file at every LogLevel.  Call this first, so that
 * `LogLevel expect_policy:error` turns them off; at `warn`, the default, they are
 * written.
 */
#define ep_logs(r) \
    (ap_get_request_module_loglevel(r, expect_policy_module.module_index) \
     >= APLOG_WARNING)

#endif
