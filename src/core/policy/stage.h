/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** How far an upload has come, and what has become of its content.  Two values: what
 * was cut may have been read up to its end. */
#ifndef EP_STAGE_H
#define EP_STAGE_H

/** In the order of the rows of stage.def, which say what each is. */
typedef enum ep_stage {
#define STAGE(stage, arrives, needs_user, has_user, passes, admits, lets_go, cuts, \
              answers) EP_STAGE_##stage,
#include "core/policy/stage.def"
    EP_STAGES
} ep_stage;

/** In the order of the columns. */
typedef enum ep_stage_event {
    /** a place that has a policy is about to judge the upload */
    EP_STAGE_ARRIVES,
    /** the place demands a user, whom httpd has not asked for yet */
    EP_STAGE_NEEDS_USER,
    /** httpd has found the user */
    EP_STAGE_HAS_USER,
    /** the place has nothing against the head, and has limits that count */
    EP_STAGE_PASSES,
    /** the place has nothing against it; or now asks the limits that count, and what
     * they have against it comes next */
    EP_STAGE_ADMITS,
    /** a dry run says what it would have refused or cut */
    EP_STAGE_LETS_GO,
    /** a limit ends content on its way */
    EP_STAGE_CUTS,
    /** our document goes out, or takes the place of a page */
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
    /** what is read from now on is thrown away */
    EP_BODY_DISCARDS,
    /** programs that read find no content from now on */
    EP_BODY_WITHHOLDS,
    EP_BODY_EVENTS
} ep_body_event;

/** @return 1; 0: the event is illegal in this stage, which stays */
int ep_stage_move(ep_stage *stage, ep_stage_event event);

/** The same for the content. */
int ep_stage_move_body(ep_body *body, ep_body_event event);

/** @return what rows and columns are called in stage.def; for logs.  `?`: there is
 * no such one */
const char *ep_stage_name(ep_stage stage);
const char *ep_stage_event_name(ep_stage_event event);
const char *ep_stage_body_name(ep_body body);
const char *ep_stage_body_event_name(ep_body_event event);

/** @return 1 if content was cut, whatever came after */
int ep_stage_is_cut(ep_stage stage);

/** @return 1 if our answer is out, or with the output filters */
int ep_stage_is_answered(ep_stage stage);

/** @return 1 if nothing that a place says changes the outcome any more */
int ep_stage_is_over(ep_stage stage);

/** @return 1 if the client has not authenticated, where the place demands it */
int ep_stage_lacks_user(ep_stage stage);

/** @return 1 if content was read up to its end */
int ep_stage_body_is_read(ep_body body);

/** @return 1 if content is, or was, thrown away for an ErrorDocument */
int ep_stage_body_is_discarded(ep_body body);

/** @return 1 if no program finds any content */
int ep_stage_body_is_withheld(ep_body body);

#endif
