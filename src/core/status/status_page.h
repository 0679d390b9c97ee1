/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/** Writes the report for a person. */
#ifndef EP_STATUS_PAGE_H
#define EP_STATUS_PAGE_H

#include "core/status/status_json.h"

/** The Content-Security-Policy of the page: it allows only its one style sheet, and
 * the empty icon, without which a browser asks the server for one. */
#define EP_PAGE_SECURITY \
    "default-src 'none'; img-src data:; style-src" \
    " 'sha256-6k46zB8Br1BzGld9TscafVHVYLMRj9a9lEyxUOYYsEk=';" \
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Writes an HTML document in UTF-8, which loads nothing. */
void ep_status_page(const ep_report *report, const ep_sink *sink);

/**
 * Writes a section of mod_status's page.
 * @param has_table 0: write no tables, as mod_status' `?notable` asks
 */
void ep_status_page_section(const ep_report *report, int has_table,
                            const ep_sink *sink);

/** Writes the sums as lines of mod_status's ?auto. */
void ep_status_page_auto(const ep_report *report, const ep_sink *sink);

#endif
