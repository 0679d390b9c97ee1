/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "hooks/asked.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "apr_uri.h"
#include "http_protocol.h"

#include "core/text/number.h"
#include "core/text/text.h"

/* The longest value of a parameter, in bytes; httpd bounds the line as a whole. */
#define VALUE_MAX 4000

/* The most fields that are given by name. */
#define FIELDS_MAX 20

/* A parameter of the query, and the field of the upload that it becomes. */
typedef struct parameter {
    const char *name;
    const char *field;
    const char *value;
} parameter;

enum {
    EXPLAIN, HOST, SIZE, USER, AUTH, FIELD, FORMAT, FIELDS, TYPE = FIELDS, EXPECT, ENCODING,
    RANGE, ACCEPT, PARAMETERS
};

static const parameter parameters[PARAMETERS] = {
    [EXPLAIN] = { "explain", NULL, NULL },
    [HOST] = { "host", NULL, NULL },
    [SIZE] = { "size", NULL, NULL },
    [USER] = { "user", NULL, NULL },
    [AUTH] = { "auth", NULL, NULL },
    [FIELD] = { "field", NULL, NULL },
    [FORMAT] = { "format", NULL, NULL },
    [TYPE] = { "type", "Content-Type", NULL },
    [EXPECT] = { "expect", "Expect", NULL },
    [ENCODING] = { "encoding", "Content-Encoding", NULL },
    [RANGE] = { "range", "Content-Range", NULL },
    [ACCEPT] = { "accept", "Accept", NULL }
};

/* 1 if a text is one line of printable US-ASCII: legal as the value of a field, and
 * safe to repeat */
static int is_printable(const char *text)
{
    apr_size_t i = 0;

    while (text[i] >= ' ' && text[i] <= '~') {
        i++;
    }
    return text[i] == '\0' && i <= VALUE_MAX;
}

/* Reads `Name: value`, a field of the upload.  Those that tell where content ends are
 * made of the size.  @return NULL, or what is wrong */
static const char *read_field(char *line, apr_table_t *more)
{
    static const char *const others[] = { "Content-Length", "Transfer-Encoding", "Host" };
    const apr_size_t length = ep_text_token(line);
    apr_size_t i;

    if (length == 0 || line[length] != ':') {
        return "field is Name: value";
    }
    line[length] = '\0';
    for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (ap_cstr_casecmp(line, others[i]) == 0) {
            return "field is none of Content-Length, Transfer-Encoding and Host; there"
                   " are size and host";
        }
    }
    apr_table_addn(more, line, ep_text_skip_space(line + length + 1));
    return apr_table_elts(more)->nelts <= FIELDS_MAX ? NULL : "there are too many fields";
}

/* Reads `NAME=VALUE`, escaped.  An empty value is as good as none, since forms send
 * those.  @return NULL, or what is wrong */
static const char *read_parameter(char *one, parameter *found, apr_table_t *more)
{
    char *value = strchr(one, '=');
    int i = 0;

    if (value == NULL) {
        value = one + strlen(one);
    }
    else {
        *value++ = '\0';
    }
    while (i < PARAMETERS && strcmp(one, found[i].name) != 0) {
        i++;
    }
    if (i == PARAMETERS) {
        return "unknown parameter; there are explain, host, size, type, expect, user,"
               " auth, encoding, range, accept, field and format";
    }
    if (ap_unescape_urlencoded(value) != OK || !is_printable(value)) {
        return "a value is wrongly escaped, too long, or not printable US-ASCII";
    }
    if (i == FIELD) {
        return *value != '\0' ? read_field(value, more) : NULL;
    }
    if (found[i].value != NULL) {
        return "a parameter is given twice";
    }
    if (*value != '\0') {
        found[i].value = value;
    }
    return NULL;
}

static const char *read_all(request_rec *r, parameter *found, apr_table_t *more)
{
    const char *args = r->args;

    memcpy(found, parameters, sizeof(parameters));
    while (*args != '\0') {
        char *one = ap_getword(r->pool, &args, '&');
        const char *wrong = *one != '\0' ? read_parameter(one, found, more) : NULL;

        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------- the host */

static int serves_port(const server_rec *server, apr_port_t port)
{
    const server_addr_rec *address;

    for (address = server->addrs; address != NULL; address = address->next) {
        if (port == 0 || address->host_port == 0 || address->host_port == port) {
            return 1;
        }
    }
    return 0;
}

static int is_among(const apr_array_header_t *names, const char *host, int is_wild)
{
    int i;

    for (i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (name != NULL
            && (is_wild ? ap_strcasecmp_match(host, name) == 0
                        : ap_cstr_casecmp(host, name) == 0)) {
            return 1;
        }
    }
    return 0;
}

static int has_name(const server_rec *server, const char *host)
{
    return (server->server_hostname != NULL
            && ap_cstr_casecmp(host, server->server_hostname) == 0)
           || is_among(server->names, host, 0)
           || is_among(server->wild_names, host, 1);
}

/* As httpd finds it (server/vhost.c): by port, then by name, in the order of the files;
 * the list of servers has the reverse order.
 * @param port 0: any
 * @param named out: one with this name; NULL: none
 * @return the one for other names; NULL: no virtual host has the port */
static server_rec *find_host(server_rec *main_server, const char *host,
                             apr_port_t port, server_rec **named)
{
    server_rec *first = NULL, *server;

    *named = NULL;
    for (server = main_server->next; server != NULL; server = server->next) {
        if (serves_port(server, port)) {
            first = server;
            if (has_name(server, host)) {
                *named = server;
            }
        }
    }
    return first;
}

/* Chooses the virtual host.
 * @param port of the URL; 0: none is said
 * @param usual the port of its scheme; 0: none
 * @return NULL, or what is wrong */
static const char *choose_server(request_rec *r, ep_asked *asked, apr_port_t port,
                                 apr_port_t usual)
{
    server_rec *main_server = r->server, *named, *first;

    first = find_host(main_server, asked->hostname, port != 0 ? port : usual, &named);
    if (named == NULL && port == 0 && (usual == 0 || first == NULL)) {
        first = find_host(main_server, asked->hostname, 0, &named);
        if (named == NULL && first != NULL
            && !has_name(main_server, asked->hostname)) {
            return "no virtual host has this name; with its port, the one that httpd"
                   " takes instead is found";
        }
        first = named;
    }
    asked->is_default = named == NULL && first != NULL;
    asked->server = named != NULL ? named : first != NULL ? first : main_server;
    return NULL;
}

/* Reads NAME[:PORT].  @return NULL, or what is wrong */
static const char *read_host(request_rec *r, ep_asked *asked, const char *text,
                             apr_port_t usual)
{
    char *host, *zone;
    apr_port_t port;

    if (apr_parse_addr_port(&host, &zone, &port, text, r->pool) != APR_SUCCESS
        || host == NULL || zone != NULL
        || host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789.-_:")] != '\0') {
        return "the host is not NAME or NAME:PORT";
    }
    ap_str_tolower(host);
    asked->hostname = host;
    asked->authority = text;
    return choose_server(r, asked, port, usual);
}

/* --------------------------------------------------------------- the URL */

/* Reads an absolute URL.  @return NULL, or what is wrong */
static const char *read_absolute(request_rec *r, ep_asked *asked, const char *url)
{
    const int is_https = ap_cstr_casecmpn(url, "https://", 8) == 0;
    const char *host = url + (is_https ? 8 : 7);
    const apr_size_t length = strcspn(host, "/?#");

    if (!is_https && ap_cstr_casecmpn(url, "http://", 7) != 0) {
        return "the URL is neither a path nor begins with http:// or https://";
    }
    asked->path = host[length] == '/' ? host + length
                                      : apr_pstrcat(r->pool, "/", host + length, NULL);
    return read_host(r, asked, apr_pstrmemdup(r->pool, host, length),
                     is_https ? 443 : 80);
}

/* Reads `METHOD URL`.  @return NULL, or what is wrong */
static const char *read_line(request_rec *r, ep_asked *asked, const char *line,
                             const char *host)
{
    const char *url = line + ep_text_token(line);
    const char *wrong = NULL;
    int number;

    asked->method = apr_pstrmemdup(r->pool, line, (apr_size_t)(url - line));
    number = ap_method_number_of(asked->method);
    if (number == M_INVALID || number == M_TRACE || number == M_CONNECT
        || number == M_COPY || number == M_MOVE) {
        return "uploads have a method that httpd knows; TRACE, CONNECT, COPY and MOVE"
               " cannot be explained";
    }
    url = ep_text_skip_space(url);
    if (*url == '\0' || strchr(url, ' ') != NULL) {
        return "explain is METHOD URL; a blank in the URL is %20, which is %2520 here";
    }
    if (*url != '/') {
        wrong = host == NULL ? read_absolute(r, asked, url)
                             : "host is for a URL that is a path";
    }
    else {
        asked->path = url;
        asked->server = r->server;
        asked->hostname = r->server->server_hostname;
        asked->authority = asked->hostname;
        wrong = host != NULL ? read_host(r, asked, host, 0) : NULL;
    }
    asked->path = wrong == NULL ? apr_pstrmemdup(r->pool, asked->path,
                                                 strcspn(asked->path, "#"))
                                : "/";
    return wrong;
}

/* --------------------------------------------------------------- the content */

static const char *set_size(request_rec *r, ep_asked *asked, const char *size)
{
    asked->size = 1;
    if (size != NULL && strcmp(size, "unknown") == 0) {
        asked->size = EP_UNKNOWN;
        apr_table_setn(asked->fields, "Transfer-Encoding", "chunked");
        return NULL;
    }
    if (size != NULL && (!ep_number_size(size, &asked->size) || asked->size == 0)) {
        return "size is a number of bytes above 0, with K, M, G or T where it is to be"
               " short, or unknown";
    }
    apr_table_setn(asked->fields, "Content-Length",
                   apr_psprintf(r->pool, "%" APR_INT64_T_FMT,
                                (apr_int64_t)asked->size));
    return NULL;
}

/* The credentials of the upload: their scheme alone is looked at. */
static const char *set_credentials(request_rec *r, ep_asked *asked, const char *user,
                                   const char *scheme)
{
    asked->explained.user = user;
    if (scheme == NULL) {
        scheme = user != NULL ? "Basic" : "none";
    }
    if (scheme[ep_text_token(scheme)] != '\0') {
        return "auth is the scheme of the Authorization field, or none";
    }
    if (ap_cstr_casecmp(scheme, "none") != 0) {
        apr_table_setn(asked->fields, "Authorization",
                       apr_pstrcat(r->pool, scheme, " explained", NULL));
    }
    return NULL;
}

const char *ep_asked_read(request_rec *r, ep_asked *asked)
{
    parameter found[PARAMETERS];
    apr_table_t *more = apr_table_make(r->pool, 4);
    const char *wrong = read_all(r, found, more);
    int i;

    memset(asked, 0, sizeof(*asked));
    asked->format = "html";
    if (wrong != NULL) {
        return wrong;
    }
    if (found[FORMAT].value != NULL) {
        asked->format = found[FORMAT].value;
    }
    if (found[EXPLAIN].value == NULL) {
        return NULL;
    }
    wrong = read_line(r, asked, found[EXPLAIN].value, found[HOST].value);
    if (wrong != NULL) {
        return wrong;
    }
    asked->fields = more;
    apr_table_setn(asked->fields, "Host", asked->authority);
    for (i = FIELDS; i < PARAMETERS; i++) {
        if (found[i].value != NULL) {
            apr_table_mergen(asked->fields, found[i].field, found[i].value);
        }
    }
    wrong = set_size(r, asked, found[SIZE].value);
    return wrong != NULL ? wrong
                         : set_credentials(r, asked, found[USER].value,
                                           found[AUTH].value);
}
