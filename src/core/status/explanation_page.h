/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Writes an explanation for a browser. */
#ifndef EP_EXPLANATION_PAGE_H
#define EP_EXPLANATION_PAGE_H

#include "core/status/explanation_json.h"

/** The Content-Security-Policy of the page: its one style sheet, and its form. */
#define EP_EXPLANATION_SECURITY \
    "default-src 'none'; style-src" \
    " 'sha256-C+vMi5cH0m1/aLfxTiKY3+/BAHKoEEvgPG3Oaz2PYaA=';" \
    " img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** Writes an HTML document in UTF-8, which loads nothing.
 * @param told NULL: only the form to ask with */
void ep_explanation_page(const ep_explanation *told, const ep_sink *sink);

#endif
