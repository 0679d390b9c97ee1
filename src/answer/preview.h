/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** What would become of an upload by the same client, asked of httpd before. */
#ifndef EP_PREVIEW_H
#define EP_PREVIEW_H

#include "request/request.h"

typedef struct ep_preview {
    /** 200: httpd's own hooks let it in, and its policy tells limits; else the
     * status that who asks is to be answered with */
    int status;
    /** the upload's place, user and challenges; not destroyed before the request
     * is, as .htaccess files may have been read into its pool */
    request_rec *sub;
    /** set if status is 200; the verdict is on one byte of content */
    ep_policy policy;
    ep_verdict verdict;
} ep_preview;

/**
 * At the end of post_read_request: keeps what the client has sent, if something can
 * be told to it.  Later the fields may be what is meant for a backend
 * (RequestHeader), and the environment what the method of r has come to.
 */
void ep_preview_keep(request_rec *r);

/** @return 1 if that of the initial request was kept */
int ep_preview_is_kept(request_rec *r);

/** @return 1 if mod_rewrite sends the request on to another place, and handlers
 * have nothing to do with it here */
int ep_preview_is_led_on(const request_rec *r);

/**
 * Asks httpd with a subrequest for the same URL: sections and Require may depend
 * on the method, and nothing about limits is told to who is not let in.
 * @param method one that httpd knows, not TRACE or CONNECT
 */
void ep_preview_look(request_rec *r, const char *method, ep_preview *found);

#endif
