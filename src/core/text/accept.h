/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Accept, RFC 9110 section 12.5.1. */
#ifndef EP_ACCEPT_H
#define EP_ACCEPT_H

/**
 * Reads the quality that an Accept field gives to a media type.
 *
 * The most specific range that matches decides; of several equally specific
 * ones, the highest quality.  Parameters other than `q` do not count.  Members
 * that do not parse are skipped.
 * @param accept the field; NULL or without a member that parses: everything is
 *        accepted with the highest quality
 * @param media type/subtype
 * @return 1000 times the quality: 0 (not accepted) to 1000
 */
int ep_accept_quality(const char *accept, const char *media);

#endif
