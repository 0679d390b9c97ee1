/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/facts.h"

#include "apr_strings.h"

#include "core/text/text.h"

/* The names of fields that announce totals, of any section, and a bit for each of their
 * first and second letters.  Set while the configuration is read, then read-only. */
static struct {
    const char *names[EP_TOTAL_NAMES_MAX];
    size_t count;
    apr_uint32_t first;
    apr_uint32_t second;
} watched;

/* @return the bit of a letter, of either case */
static apr_uint32_t bit_of(char letter)
{
    return (apr_uint32_t)1 << (letter & 31);
}

/* @return the index of a name; watched.count: it is none of them */
static size_t index_of(const char *name)
{
    size_t i = 0;

    while (i < watched.count && ap_cstr_casecmp(watched.names[i], name) != 0) {
        i++;
    }
    return i;
}

void ep_facts_reset(void)
{
    const ep_setting *fields = ep_policy_total_fields();
    size_t i;

    watched.count = 0;
    watched.first = 0;
    watched.second = 0;
    for (i = 0; i < fields->names_count; i++) {
        ep_facts_watch(fields->names[i]);
    }
}

int ep_facts_watch(const char *name)
{
    const size_t i = index_of(name);

    if (i == EP_TOTAL_NAMES_MAX) {
        return 0;
    }
    if (i == watched.count) {
        watched.names[watched.count++] = name;
        watched.first |= bit_of(name[0]);
        watched.second |= bit_of(name[1]);
    }
    return 1;
}

static int is_watched(const char *field)
{
    /* nearly all other fields differ in the first two letters */
    return (watched.first & bit_of(field[0])) != 0
           && (watched.second & bit_of(field[1])) != 0
           && index_of(field) < watched.count;
}

/* A length in bytes as httpd itself reads it; else EP_UNKNOWN. */
static int64_t length_in(const request_rec *r, const char *field)
{
    const char *value = apr_table_get(r->headers_in, field);
    apr_off_t length;

    return value != NULL && ap_parse_strict_length(&length, value)
               ? (int64_t)length
               : EP_UNKNOWN;
}

/* @return the Expect field if it has a member, else NULL */
static const char *expect_in(const request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, "Expect");

    return value != NULL && *ep_text_skip_space(value) != '\0' ? value : NULL;
}

/* @param lower a field name in lower case */
static int is_named(const char *field, const char *lower)
{
    while (*lower != '\0' && (*field | ' ') == *lower) {
        field++;
        lower++;
    }
    return *lower == '\0' && *field == '\0';
}

/* Every request calls this, so it walks over the fields once, and compares first
 * letters, instead of a look-up in the table for each name. */
int ep_facts_any(const request_rec *r)
{
    const apr_uint32_t initials = watched.first | bit_of('c') | bit_of('t')
                                  | bit_of('e');
    const apr_array_header_t *fields = apr_table_elts(r->headers_in);
    const apr_table_entry_t *field = (const apr_table_entry_t *)fields->elts;
    const apr_table_entry_t *end = field + fields->nelts;

    for (; field < end; field++) {
        const char initial = field->key[0] | ' ';

        if ((initials & bit_of(initial)) != 0
            && ((initial == 'c' && is_named(field->key, "content-length"))
                || (initial == 't' && is_named(field->key, "transfer-encoding"))
                || (initial == 'e' && is_named(field->key, "expect"))
                || is_watched(field->key))) {
            return 1;
        }
    }
    return 0;
}

/* The request that opens a WebSocket over HTTP/2 (RFC 8441): mod_http2 gives it
 * this field, which no client may send there, and lets no handler read content. */
static int is_tunnel(const request_rec *r)
{
    return r->connection->master != NULL
           && apr_table_get(r->headers_in, "Upgrade") != NULL;
}

/* Of other methods the field has no meaning (RFC 9110 14.4). */
static ep_range_result read_range(const request_rec *r, ep_range *range)
{
    return strcmp(r->method, "PUT") == 0 || strcmp(r->method, "PATCH") == 0
               ? ep_facts_range(r, range)
               : EP_RANGE_NONE;
}

/* In the pool of the request; most have none. */
static void read_totals(const request_rec *r, ep_facts *facts)
{
    ep_total_field *found = NULL;
    size_t i;

    facts->totals = NULL;
    facts->totals_count = 0;
    for (i = 0; i < watched.count; i++) {
        /* two fields of a name may be two entries, of HTTP/2 */
        const char *value = apr_table_getm(r->pool, r->headers_in, watched.names[i]);

        if (value == NULL) {
            continue;
        }
        if (found == NULL) {
            found = apr_palloc(r->pool, watched.count * sizeof(*found));
            facts->totals = found;
        }
        found[facts->totals_count].name = watched.names[i];
        found[facts->totals_count++].value = value;
    }
}

/* Fields of macOS Finder and of S3 clients, which tell the length of content that is sent
 * in chunks.  Of S3 it is the length of the file, within chunks of its own. */
static int64_t read_hint(const request_rec *r)
{
    const int64_t finder = length_in(r, "X-Expected-Entity-Length");
    const int64_t decoded = length_in(r, "x-amz-decoded-content-length");

    return decoded > finder ? decoded : finder;
}

static void read_fields(const request_rec *r, ep_facts *facts)
{
    facts->expect = expect_in(r);
    facts->ignores_continue = r->proto_num < HTTP_VERSION(1, 1);
    facts->has_range = read_range(r, &facts->range);
    facts->content_type = apr_table_get(r->headers_in, "Content-Type");
    facts->content_encoding = apr_table_get(r->headers_in, "Content-Encoding");
    facts->authorization = apr_table_get(r->headers_in, "Authorization");
    facts->accept = apr_table_get(r->headers_in, "Accept");
}

int ep_facts_read(const request_rec *r, ep_facts *facts)
{
    const int is_chunked = apr_table_get(r->headers_in, "Transfer-Encoding")
                               != NULL
                           && !is_tunnel(r);
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    facts->method = r->method;
    facts->declared = EP_UNKNOWN;
    facts->hint = EP_UNKNOWN;
    facts->content = EP_CONTENT_NONE;
    facts->source = 0;
    read_totals(r, facts);
    if (is_chunked) {
        facts->content = EP_CONTENT_UNSIZED;
        facts->hint = read_hint(r);
    }
    else if (length != NULL) {
        facts->declared = length_in(r, "Content-Length");
        /* core lets no other length pass; should one be there, count it */
        facts->content = facts->declared == EP_UNKNOWN ? EP_CONTENT_UNSIZED
                         : facts->declared > 0         ? EP_CONTENT_SIZED
                                                       : EP_CONTENT_NONE;
    }
    if (facts->content == EP_CONTENT_NONE && expect_in(r) == NULL
        && !ep_check_may_announce(facts)) {
        return 0;
    }
    read_fields(r, facts);
    return 1;
}

void ep_facts_read_all(const request_rec *r, ep_facts *facts)
{
    if (!ep_facts_read(r, facts)) {
        read_fields(r, facts);
    }
}

const ep_facts *ep_facts_copy(request_rec *r, const ep_facts *facts)
{
    return apr_pmemdup(ep_request_initial(r)->pool, facts, sizeof(*facts));
}

void ep_facts_know_from_now(request_rec *r, const ep_facts *facts)
{
    ep_request_make(r)->facts = ep_facts_copy(r, facts);
}

const ep_facts *ep_facts_know(request_rec *r)
{
    const ep_request *state = ep_request_get(r);
    ep_facts facts;

    if (state == NULL || state->facts == NULL) {
        if (!ep_facts_read(r, &facts)) {
            return NULL;
        }
        /* an owner has announced it in the place that redirected to this one */
        if (r->prev != NULL) {
            ep_facts_drop_claims(&facts);
        }
        ep_facts_know_from_now(r, &facts);
    }
    return ep_request_get(r)->facts;
}

int ep_facts_is_preflight(const request_rec *r)
{
    return r->method_number == M_OPTIONS
           && apr_table_get(r->headers_in, "Access-Control-Request-Method")
                  != NULL;
}

int ep_facts_is_forwarded(const request_rec *r)
{
    return apr_table_get(r->headers_in, "X-Forwarded-For") != NULL;
}

const apr_table_t *ep_facts_fields(const request_rec *r)
{
    return r->headers_in;
}

apr_table_t *ep_facts_swap(request_rec *r, apr_table_t *fields)
{
    apr_table_t *before = r->headers_in;

    r->headers_in = fields;
    return before;
}

void ep_facts_suppose(const apr_table_t *fields, const char *method,
                      ep_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    facts->method = method;
    facts->content = EP_CONTENT_SIZED;
    facts->declared = 1;
    facts->hint = EP_UNKNOWN;
    facts->authorization = apr_table_get(fields, "Authorization");
}

void ep_facts_drop_claims(ep_facts *facts)
{
    facts->expect = NULL;
    facts->content_type = NULL;
    facts->content_encoding = NULL;
    facts->authorization = NULL;
    facts->has_range = EP_RANGE_NONE;
    facts->totals_count = 0;
}

void ep_facts_drop_content(request_rec *r)
{
    r->headers_in = apr_table_copy(r->pool, r->headers_in);
    apr_table_unset(r->headers_in, "Content-Length");
    apr_table_unset(r->headers_in, "Transfer-Encoding");
}

ep_range_result ep_facts_range(const request_rec *r, ep_range *range)
{
    return ep_range_parse(apr_table_get(r->headers_in, "Content-Range"),
                          range);
}

int ep_facts_range_since(const request_rec *r, ep_facts *facts)
{
    ep_range now;

    if (read_range(r, &now) != EP_RANGE_BYTES
        || (facts->has_range == EP_RANGE_BYTES
            && facts->range.first == now.first && facts->range.last == now.last)) {
        return 0;
    }
    facts->has_range = EP_RANGE_BYTES;
    facts->range = now;
    return 1;
}

const char *ep_facts_destination(const request_rec *r)
{
    const char *url = apr_table_get(r->headers_in, "Destination");

    /* Netscape's, which mod_dav still knows */
    return url != NULL ? url : apr_table_get(r->headers_in, "New-uri");
}

int ep_facts_is_shallow(const request_rec *r)
{
    const char *depth = apr_table_get(r->headers_in, "Depth");

    return r->method_number == M_COPY && depth != NULL
           && strcmp(depth, "0") == 0;
}

static int is_one_of(const char *method, const char *const *methods)
{
    while (*methods != NULL && strcmp(method, *methods) != 0) {
        methods++;
    }
    return *methods != NULL;
}

int64_t ep_facts_let_in(const ep_facts *facts)
{
    /* a program may store what comes with these as well: it is asked for then */
    static const char *const others[] = {
        "GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "UNLOCK", "COPY", "MOVE",
        NULL
    };

    if (ep_check_is_query(facts)) {
        return EP_QUERY_MAX;
    }
    return is_one_of(facts->method, others) ? 0 : -1;
}
