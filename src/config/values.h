/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Limits whose numbers come from expressions, for each upload. */
#ifndef EP_VALUES_H
#define EP_VALUES_H

#include "request/request.h"

/** When a policy is asked for. */
typedef enum ep_values_when {
    /** authentication is still to come, or no number is needed: a number by expression is
     * not known, and its line lets every upload pass */
    EP_VALUES_LATER,
    /** behind authentication */
    EP_VALUES_NOW,
    /** authentication has failed: lines with a number by expression say nothing */
    EP_VALUES_NEVER
} ep_values_when;

/** @return 1 if the number of a setting is known only for an upload */
int ep_values_is_open(const ep_setting *setting);

/**
 * Evaluates the settings of a section for an upload.
 * @param when EP_VALUES_NOW or EP_VALUES_NEVER
 * @return a copy with the numbers, which lives as long as the initial request.  It does
 *         not have the settings whose value is empty or not legal: the setting of an
 *         outer section holds instead.  Its surplus[0] is a quota whose path= names no
 *         tree; NULL: there is none
 */
const ep_half *ep_values_evaluate(request_rec *r, ep_values_when when,
                                  const ep_half *section);

#endif
