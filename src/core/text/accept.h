/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Accept, RFC 9110 section 12.5.1. */
#ifndef EP_ACCEPT_H
#define EP_ACCEPT_H

/**
 * How much a client wants a media type.
 *
 * Of the ranges that take it in, the most specific one says so; of several as
 * specific, the one that wants it most.  Parameters other than `q` do not
 * count.  Members that do not parse are skipped.
 * @param accept the field; NULL or without a member that parses: all will do
 * @param media type/subtype
 * @return 0, not at all, to 1000
 */
int ep_accept_quality(const char *accept, const char *media);

#endif
