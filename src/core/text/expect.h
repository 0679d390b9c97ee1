/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The Expect field, RFC 9110 section 10.1.1. */
#ifndef EP_EXPECT_H
#define EP_EXPECT_H

#include "core/text/text.h"

/** One member of the list: token [ "=" ( token / quoted-string ) parameters ] */
typedef struct ep_expectation {
    ep_span name;
    /** as written, quotes included; length 0: the member has no value */
    ep_span value;
} ep_expectation;

typedef enum ep_expect_result {
    EP_EXPECT_END,
    EP_EXPECT_MEMBER,
    EP_EXPECT_MALFORMED
} ep_expect_result;

/**
 * Reads the next member of a field value (several field lines joined with
 * commas, as httpd does).  Empty members are skipped (RFC 9110 5.6.1.2).
 * @param rest the rest of the value; moved behind the member.  Do not use it
 *        again after END or MALFORMED
 * @param member set only when MEMBER is returned; points into the field value
 */
ep_expect_result ep_expect_next(const char **rest, ep_expectation *member);

/** @return 1 if the member is 100-continue, without a value */
int ep_expect_is_continue(const ep_expectation *member);

/**
 * @param configured NAME or NAME=VALUE as the administrator wrote it; names
 *        compare without case, values (unquoted) with case
 * @return 1 if the member is that expectation; its parameters do not count
 */
int ep_expect_matches(const ep_expectation *member, const char *configured);

/** @return 1 if @a text is legal in a configuration: NAME or NAME=VALUE */
int ep_expect_valid(const char *text);

/**
 * @return 1 if the whole value is well-formed and 100-continue is a member
 */
int ep_expect_has_continue(const char *value);

#endif
