/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Writes an explanation for a terminal. */
#ifndef EP_EXPLANATION_TEXT_H
#define EP_EXPLANATION_TEXT_H

#include "core/status/explanation_json.h"

/** Writes lines of printable ASCII.
 * @param told its texts are printable, but for the document */
void ep_explanation_text(const ep_explanation *told, const ep_sink *sink);

#endif
