/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/answer/error.h"

#include <stddef.h>

/* The names of 405, 411, 413 and 415 differ from the codes of the policy, so that
 * no client expects the members of a refusal by the policy. */
static const struct {
    int status;
    const char *token;
} errors[] = {
    { 400, "bad_request" },
    { 401, "unauthorized" },
    { 402, "payment_required" },
    { 403, "forbidden" },
    { 404, "not_found" },
    { 405, "method_not_supported" },
    { 406, "not_acceptable" },
    { 407, "proxy_authentication_required" },
    { 408, "request_timeout" },
    { 409, "conflict" },
    { 410, "gone" },
    { 411, "missing_length" },
    { 412, "precondition_failed" },
    { 413, "request_too_large" },
    { 414, "uri_too_long" },
    { 415, "unsupported_media_type" },
    { 416, "range_not_satisfiable" },
    { 417, "expectation_failed" },
    { 421, "misdirected_request" },
    { 422, "unprocessable_content" },
    { 423, "locked" },
    { 424, "failed_dependency" },
    { 425, "too_early" },
    { 426, "upgrade_required" },
    { 428, "precondition_required" },
    { 429, "too_many_requests" },
    { 431, "header_fields_too_large" },
    { 451, "unavailable_for_legal_reasons" },
    { 500, "internal_server_error" },
    { 501, "not_implemented" },
    { 502, "bad_gateway" },
    { 503, "service_unavailable" },
    { 504, "gateway_timeout" },
    { 507, "storage_exhausted" },
    { 508, "loop_detected" }
};

const char *ep_error_token(int status)
{
    size_t i;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].status == status) {
            return errors[i].token;
        }
    }
    return status < 500 ? "client_error" : "server_error";
}

int ep_error_is_temporary(int status)
{
    switch (status) {
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
    case 507:
        return 1;
    default:
        return 0;
    }
}
