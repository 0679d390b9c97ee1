/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * Hides Expect from core.
 *
 * ap_check_request_header() (server/protocol.c) answers every Expect but
 * exactly `100-continue` with 417 before any directory is known.  Where the
 * server's files name other expectations, the field is hidden until then:
 * on HTTP/1 by a protocol filter that renames the field while the head is
 * read, on HTTP/2 by taking it out of the table.
 */
#ifndef EP_EXPECT_HOLD_H
#define EP_EXPECT_HOLD_H

#include "request/request.h"

/** Registers the filter. */
void ep_expect_hold_register(void);

/**
 * Call it while the configuration is read: hides the field from now on.  It
 * registers the hooks only now, so that they cost nothing if they are not needed;
 * httpd sorts its hooks again when it has read its files (main.c).
 */
void ep_expect_hold_need(void);

/** Before a configuration is read: nothing is held back. */
void ep_expect_hold_reset(void);

/**
 * For a place whose policy is Off: answers as core would have answered.
 * @return DECLINED, or HTTP_EXPECTATION_FAILED
 */
int ep_expect_hold_as_core(request_rec *r);

/**
 * For an upload that is explained: does what is done with the field before the
 * request is judged.
 * @return 1 if core would refuse it, before any directory is known
 */
int ep_expect_hold_foresee(request_rec *r);

/**
 * @return 1 if core refused this request, or the one that it is the
 *         ErrorDocument of, for its Expect field
 */
int ep_expect_hold_core_refused(const request_rec *r);

#endif
