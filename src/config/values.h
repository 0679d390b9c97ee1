/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Limits whose numbers come from expressions, for each upload. */
#ifndef EP_VALUES_H
#define EP_VALUES_H

#include "request/request.h"

/** When a policy is asked for. */
typedef enum ep_values_when {
    /** authentication is still to come, or no number matters: numbers by expression are
     * not known, and such a line lets every upload pass */
    EP_VALUES_LATER,
    /** behind authentication */
    EP_VALUES_NOW,
    /** authentication has failed: such lines say nothing */
    EP_VALUES_NEVER
} ep_values_when;

/** @return 1 if the number of a setting is known only for an upload */
int ep_values_is_open(const ep_setting *setting);

/**
 * Evaluates the settings of a section for an upload.
 * @param when EP_VALUES_NOW or EP_VALUES_NEVER
 * @return a copy, whose surplus[0] is a quota whose path= comes to no tree, with their numbers, without the settings whose value is empty or not
 *         legal: what encloses them holds.  It lives as long as the initial request
 */
const ep_half *ep_values_evaluate(request_rec *r, ep_values_when when,
                                  const ep_half *section);

#endif
