/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** The states of an upload and of its content.  They are two values: an upload that
 * was cut may have been read up to its end. */
#ifndef EP_STAGE_H
#define EP_STAGE_H

/** In the order of the rows of stage.def, which explains them. */
typedef enum ep_stage {
#define STAGE(stage, arrives, needs_user, has_user, passes, admits, lets_go, cuts, \
              answers) EP_STAGE_##stage,
#include "core/policy/stage.def"
    EP_STAGES
} ep_stage;

/** In the order of the columns. */
typedef enum ep_stage_event {
    /** a policy is about to judge the upload, at first or after a redirect */
    EP_STAGE_ARRIVES,
    /** the place requires authentication, and httpd has not done it yet */
    EP_STAGE_NEEDS_USER,
    /** httpd has authenticated the client */
    EP_STAGE_HAS_USER,
    /** the head passes all checks, and there are limits that count */
    EP_STAGE_PASSES,
    /** all checks pass and no limit counts; or the limits that count are asked now,
     * and may refuse next */
    EP_STAGE_ADMITS,
    /** a dry run reports what it would have refused or cut */
    EP_STAGE_LETS_GO,
    /** content is cut at a limit while it is received */
    EP_STAGE_CUTS,
    /** our document is sent, or replaces an error page */
    EP_STAGE_ANSWERS,
    EP_STAGE_EVENTS
} ep_stage_event;

/** In the order of the rows of stage.def. */
typedef enum ep_body {
#define BODY(body, ends, discards, withholds) EP_BODY_##body,
#include "core/policy/stage.def"
    EP_BODIES
} ep_body;

/** In the order of the columns. */
typedef enum ep_body_event {
    /** content was read up to its end */
    EP_BODY_ENDS,
    /** what is read from now on is discarded */
    EP_BODY_DISCARDS,
    /** programs that read find no content from now on */
    EP_BODY_WITHHOLDS,
    EP_BODY_EVENTS
} ep_body_event;

/** @return 1; 0: the event is illegal in this stage, which stays */
int ep_stage_move(ep_stage *stage, ep_stage_event event);

/** The same for the content. */
int ep_stage_move_body(ep_body *body, ep_body_event event);

/** @return the name of a row or column in stage.def, for logs; `?` if there is
 * none */
const char *ep_stage_name(ep_stage stage);
const char *ep_stage_event_name(ep_stage_event event);
const char *ep_stage_body_name(ep_body body);
const char *ep_stage_body_event_name(ep_body_event event);

/** @return 1 if content was cut */
int ep_stage_is_cut(ep_stage stage);

/** @return 1 if our answer was given to the output filters */
int ep_stage_is_answered(ep_stage stage);

/** @return 1 if no later verdict can change the outcome */
int ep_stage_is_over(ep_stage stage);

/** @return 1 if authentication is required and has not been done */
int ep_stage_lacks_user(ep_stage stage);

/** @return 1 if content was read up to its end */
int ep_stage_body_is_read(ep_body body);

/** @return 1 if content is, or was, discarded for an ErrorDocument */
int ep_stage_body_is_discarded(ep_body body);

/** @return 1 if programs find no content */
int ep_stage_body_is_withheld(ep_body body);

#endif
