/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Asks httpd beforehand how it would answer an upload by the same client. */
#ifndef EP_PREVIEW_H
#define EP_PREVIEW_H

#include "request/request.h"

typedef struct ep_preview {
    /** 200: httpd's own hooks admit it, and its policy tells limits; otherwise the
     * status to answer the request for limits with */
    int status;
    /** the upload's place, user and challenges; not destroyed before the request
     * is, as .htaccess files may have been read into its pool */
    request_rec *sub;
    /** set if status is 200; the verdict is on one byte of content */
    ep_policy policy;
    ep_verdict verdict;
} ep_preview;

/**
 * At the end of post_read_request: keeps the client's fields, if the client can be
 * told limits.  Later RequestHeader may have changed the fields for a backend, and
 * the environment depends on the method of r.
 */
void ep_preview_keep(request_rec *r);

/** @return 1 if the fields of the initial request were kept */
int ep_preview_is_kept(request_rec *r);

/** @return 1 if mod_rewrite redirects the request to another place, so that no
 * handler answers it here */
int ep_preview_is_led_on(const request_rec *r);

/**
 * Makes a subrequest that stands for an upload.  httpd finds its place from the start,
 * and asks Require, whatever the place and the method of @a r are.
 * @return the subrequest, up to its handler; never NULL
 */
request_rec *ep_preview_subrequest(request_rec *r, const char *method,
                                   const char *path);

/**
 * Asks httpd with a subrequest for the same URL: sections and Require may depend
 * on the method, and a client that is not admitted is told nothing about limits.
 * @param method one that httpd knows, not TRACE or CONNECT
 */
void ep_preview_look(request_rec *r, const char *method, ep_preview *found);

#endif
