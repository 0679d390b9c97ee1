/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/url.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "apr_strings.h"

#define DEFAULT_PORT 6379
#define DEFAULT_TIMEOUT (100 * 1000)
#define LEAST_TIMEOUT (5 * 1000)
#define MOST_TIMEOUT (5 * 1000 * 1000)
#define DEFAULT_LEASE (30 * 1000 * 1000)
#define LEAST_LEASE (1000 * 1000)
#define MOST_LEASE (600 * 1000 * 1000)
#define MOST_DB 16383
#define HOST_MAX 255

/* Constant texts: an argument can hold a password, and must not be quoted. */
static const char legal_url[] =
    "redis://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/DB],"
    " rediss:// likewise, or redis+unix://[USER:PASSWORD@]/PATH,"
    " and behind it passwordfile=/FILE, timeout=100ms, lease=30s or name=NAME";
static const char legal_user[] =
    "USER:PASSWORD@ or :PASSWORD@ in a URL, of at most 512 printable characters"
    " each, others as %XX; USER@ alone with passwordfile=/FILE";
static const char legal_node[] =
    "a URL with HOST, HOST:PORT or [IPV6]:PORT, up to 8 of them with commas"
    " between, and a port from 1 to 65535";
static const char legal_db[] =
    "a URL that ends in /DB, a number from 0 to 16383; with redis+unix db=DB";
static const char legal_path[] =
    "redis+unix:///PATH, absolute, and short enough for a socket";
static const char legal_option[] =
    "passwordfile=/FILE, timeout=TIME, lease=TIME, name=NAME, db=DB (redis+unix)"
    " or cafile=/FILE (rediss), each once";
static const char legal_timeout[] = "timeout=TIME, from 5ms to 5s";
static const char legal_lease[] = "lease=TIME, from 1s to 600s";
static const char legal_name[] =
    "name=NAME, of 1 to 64 letters, digits, '.', '-' and '_'";
static const char legal_file[] = "an absolute path of at most 512 characters";
static const char legal_password[] =
    "one password: in the URL, or in the passwordfile";
#ifndef EP_REDIS_TLS
static const char legal_tls[] =
    "redis:// or redis+unix://, as this module was built with a hiredis that has"
    " no TLS";
#endif

/* A part of the argument. */
typedef struct span {
    const char *at;
    apr_size_t length;
} span;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c)
           || c == '.' || c == '-' || c == '_';
}

static int is_printable(char c)
{
    return c > ' ' && c < '\x7f';
}

static int hex_of(char c)
{
    return is_digit(c)              ? c - '0'
           : c >= 'a' && c <= 'f'   ? c - 'a' + 10
           : c >= 'A' && c <= 'F'   ? c - 'A' + 10
                                    : -1;
}

/* @return -1: no number from 0 to @a most */
static apr_int64_t number_of(span text, apr_int64_t most)
{
    apr_int64_t value = 0;
    apr_size_t i;

    if (text.length == 0) {
        return -1;
    }
    for (i = 0; i < text.length; i++) {
        if (!is_digit(text.at[i])) {
            return -1;
        }
        value = value * 10 + (text.at[i] - '0');
        if (value > most) {
            return -1;
        }
    }
    return value;
}

/* Reads digits and `ms` or `s`.  @return microseconds; -1: no span */
static apr_int64_t time_of(span text, apr_int64_t least, apr_int64_t most)
{
    apr_int64_t unit = 1000000;
    apr_int64_t value;

    if (text.length == 0 || text.at[text.length - 1] != 's') {
        return -1;
    }
    text.length--;
    if (text.length > 0 && text.at[text.length - 1] == 'm') {
        text.length--;
        unit = 1000;
    }
    value = number_of(text, most / unit);
    return value >= 0 && value * unit >= least ? value * unit : -1;
}

/* Takes everything up to one of @a stops, or all. */
static span take(span *rest, const char *stops)
{
    span taken = { rest->at, 0 };

    while (taken.length < rest->length
           && strchr(stops, rest->at[taken.length]) == NULL) {
        taken.length++;
    }
    rest->at += taken.length;
    rest->length -= taken.length;
    return taken;
}

/* Skips one character.  @return 0: it is not there */
static int skip(span *rest, char c)
{
    if (rest->length == 0 || *rest->at != c) {
        return 0;
    }
    rest->at++;
    rest->length--;
    return 1;
}

/* @return where the last @ is; rest.length: there is none */
static apr_size_t find_last_at(span text)
{
    apr_size_t i = text.length;

    while (i > 0) {
        if (text.at[--i] == '@') {
            return i;
        }
    }
    return text.length;
}

/* Decodes %XX.  @return NULL: malformed, too long, or with a control character */
static const char *decode(apr_pool_t *pool, span text)
{
    char *out = apr_palloc(pool, text.length + 1);
    apr_size_t length = 0;
    apr_size_t i;

    for (i = 0; i < text.length; i++) {
        int c = (unsigned char)text.at[i];

        if (c == '%') {
            if (i + 2 >= text.length || hex_of(text.at[i + 1]) < 0
                || hex_of(text.at[i + 2]) < 0) {
                return NULL;
            }
            c = hex_of(text.at[i + 1]) * 16 + hex_of(text.at[i + 2]);
            i += 2;
        }
        if (c < ' ' || c == 0x7f) {
            return NULL;
        }
        out[length++] = (char)c;
    }
    out[length] = '\0';
    return length > 0 && length <= EP_URL_WORD_MAX ? out : NULL;
}

/* USER, USER:PASSWORD or :PASSWORD */
static const char *parse_user(apr_pool_t *pool, span text, ep_url *url)
{
    const span user = take(&text, ":");

    if (user.length > 0) {
        url->user = decode(pool, user);
        if (url->user == NULL) {
            return legal_user;
        }
    }
    if (skip(&text, ':')) {
        url->password = decode(pool, text);
        return url->password != NULL ? NULL : legal_user;
    }
    return url->user != NULL ? NULL : legal_user;
}

/* @return the host; length 0: malformed */
static span take_host(span *rest)
{
    const span nothing = { rest->at, 0 };
    span host;
    apr_size_t i;

    if (skip(rest, '[')) {
        host = take(rest, "]");
        for (i = 0; i < host.length; i++) {
            if (hex_of(host.at[i]) < 0 && host.at[i] != ':'
                && host.at[i] != '.') {
                return nothing;
            }
        }
        return skip(rest, ']') ? host : nothing;
    }
    host = take(rest, ":");
    for (i = 0; i < host.length; i++) {
        if (!is_name_character(host.at[i])) {
            return nothing;
        }
    }
    return host;
}

static const char *parse_node(apr_pool_t *pool, span text, ep_url *url)
{
    const span host = take_host(&text);
    apr_int64_t port = DEFAULT_PORT;

    if (host.length == 0 || host.length > HOST_MAX
        || url->count >= EP_URL_NODES_MAX) {
        return legal_node;
    }
    if (skip(&text, ':')) {
        port = number_of(text, 65535);
    }
    else if (text.length > 0) {
        return legal_node;
    }
    if (port < 1) {
        return legal_node;
    }
    url->nodes[url->count].host = apr_pstrmemdup(pool, host.at, host.length);
    url->nodes[url->count].port = (int)port;
    url->count++;
    return NULL;
}

static const char *parse_nodes(apr_pool_t *pool, span text, ep_url *url)
{
    const char *legal;

    do {
        legal = parse_node(pool, take(&text, ","), url);
    } while (legal == NULL && skip(&text, ','));
    return legal;
}

static const char *parse_db(span text, ep_url *url)
{
    const apr_int64_t db = number_of(text, MOST_DB);

    if (db < 0) {
        return legal_db;
    }
    url->db = (int)db;
    return NULL;
}

static const char *parse_path(apr_pool_t *pool, span text, ep_url *url)
{
    const struct sockaddr_un *un = NULL;

    url->path = decode(pool, text);
    return url->path != NULL && url->path[0] == '/' && url->path[1] != '\0'
                   && strlen(url->path) < sizeof(un->sun_path)
               ? NULL
               : legal_path;
}

/* What stands between `scheme:` and the options. */
static const char *parse_place(apr_pool_t *pool, span text, ep_url *url)
{
    const char *legal;
    span authority;
    apr_size_t at;

    if (!skip(&text, '/') || !skip(&text, '/')) {
        return legal_url;
    }
    authority = take(&text, "/");
    at = find_last_at(authority);
    if (at < authority.length) {
        const span user = { authority.at, at };

        legal = parse_user(pool, user, url);
        if (legal != NULL) {
            return legal;
        }
        authority.at += at + 1;
        authority.length -= at + 1;
    }
    if (url->scheme == EP_URL_UNIX) {
        return authority.length == 0 ? parse_path(pool, text, url)
                                     : legal_path;
    }
    legal = parse_nodes(pool, authority, url);
    if (legal == NULL && skip(&text, '/')) {
        legal = parse_db(text, url);
    }
    return legal;
}

static const char *parse_file(apr_pool_t *pool, span text, const char **file)
{
    *file = apr_pstrmemdup(pool, text.at, text.length);
    return text.length > 1 && text.length <= EP_URL_WORD_MAX
                   && text.at[0] == '/'
               ? NULL
               : legal_file;
}

static const char *parse_name(apr_pool_t *pool, span text, ep_url *url)
{
    apr_size_t i;

    for (i = 0; i < text.length; i++) {
        if (!is_name_character(text.at[i])) {
            return legal_name;
        }
    }
    url->name = apr_pstrmemdup(pool, text.at, text.length);
    return text.length > 0 && text.length <= EP_URL_NAME_MAX ? NULL
                                                             : legal_name;
}

static int is_word(span text, const char *word)
{
    return text.length == strlen(word)
           && memcmp(text.at, word, text.length) == 0;
}

/* The options, in the order of their bits in `seen`. */
static const char *parse_option(apr_pool_t *pool, span text, ep_url *url,
                                unsigned *seen)
{
    static const char *const names[] = { "passwordfile", "timeout", "lease",
                                         "name", "db", "cafile" };
    const span name = take(&text, "=");
    unsigned i = 0;

    while (i < 6 && !is_word(name, names[i])) {
        i++;
    }
    if (i == 6 || !skip(&text, '=') || (*seen & 1u << i) != 0
        || (i == 4 && url->scheme != EP_URL_UNIX)
        || (i == 5 && url->scheme != EP_URL_TLS)) {
        return legal_option;
    }
    *seen |= 1u << i;
    switch (i) {
    case 0:
        return parse_file(pool, text, &url->password_file);
    case 1:
        url->timeout = time_of(text, LEAST_TIMEOUT, MOST_TIMEOUT);
        return url->timeout > 0 ? NULL : legal_timeout;
    case 2:
        url->lease = time_of(text, LEAST_LEASE, MOST_LEASE);
        return url->lease > 0 ? NULL : legal_lease;
    case 3:
        return parse_name(pool, text, url);
    case 4:
        return parse_db(text, url);
    default:
        return parse_file(pool, text, &url->ca_file);
    }
}

/* @return 1: the user and the password are there together, once */
static int has_credentials(const ep_url *url)
{
    return (url->password == NULL || url->password_file == NULL)
           && (url->user == NULL || url->password != NULL
               || url->password_file != NULL);
}

static const char *show(apr_pool_t *pool, const ep_url *url)
{
    char *text;
    int i;

    if (url->scheme == EP_URL_UNIX) {
        return apr_psprintf(pool, "redis+unix://%s", url->path);
    }
    text = apr_pstrdup(pool,
                       url->scheme == EP_URL_TLS ? "rediss://" : "redis://");
    for (i = 0; i < url->count; i++) {
        const int is_ipv6 = strchr(url->nodes[i].host, ':') != NULL;

        text = apr_psprintf(pool, "%s%s%s%s%s:%d", text, i > 0 ? "," : "",
                            is_ipv6 ? "[" : "", url->nodes[i].host,
                            is_ipv6 ? "]" : "", url->nodes[i].port);
    }
    return apr_psprintf(pool, "%s/%d", text, url->db);
}

/* @return 0: not a scheme of ours */
static int find_scheme(const char *text, ep_url_scheme *scheme)
{
    if (strcmp(text, "redis") == 0) {
        *scheme = EP_URL_TCP;
        return 1;
    }
    *scheme = strcmp(text, "rediss") == 0 ? EP_URL_TLS : EP_URL_UNIX;
    return *scheme == EP_URL_TLS || strcmp(text, "redis+unix") == 0;
}

/* The URL, and the options behind it. */
static const char *parse_words(apr_pool_t *pool, span text, ep_url *url)
{
    unsigned seen = 0;
    const char *legal = parse_place(pool, take(&text, " \t"), url);

    while (legal == NULL && text.length > 0) {
        span word;

        if (skip(&text, ' ') || skip(&text, '\t')) {
            continue;
        }
        word = take(&text, " \t");
        legal = parse_option(pool, word, url, &seen);
    }
    return legal;
}

const char *ep_url_parse(apr_pool_t *pool, const char *scheme,
                         const char *argument, ep_url **out)
{
    ep_url *url = apr_pcalloc(pool, sizeof(*url));
    const char *legal;
    span text;

    url->timeout = DEFAULT_TIMEOUT;
    url->lease = DEFAULT_LEASE;
    url->name = "default";
    if (argument == NULL || !find_scheme(scheme, &url->scheme)) {
        return legal_url;
    }
#ifndef EP_REDIS_TLS
    if (url->scheme == EP_URL_TLS) {
        return legal_tls;
    }
#endif
    text.at = argument;
    text.length = strlen(argument);
    legal = parse_words(pool, text, url);
    if (legal == NULL && !has_credentials(url)) {
        legal = url->password != NULL ? legal_password : legal_user;
    }
    if (legal == NULL) {
        url->shown = show(pool, url);
        *out = url;
    }
    return legal;
}

/* @return bytes read; -1: errno says why not */
static ssize_t read_file(const char *path, char *buffer, size_t size,
                         struct stat *found)
{
    /* O_NONBLOCK: to open a FIFO does not wait for its writer */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t got = -1;

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, found) == 0) {
        errno = EINVAL;
        if (S_ISREG(found->st_mode)) {
            got = read(fd, buffer, size);
        }
    }
    close(fd);
    return got;
}

const char *ep_url_read_password(apr_pool_t *pool, ep_url *url,
                                 const char **warning)
{
    char buffer[EP_URL_WORD_MAX + 2];
    struct stat found;
    ssize_t got;
    size_t length = 0;

    *warning = NULL;
    if (url->password_file == NULL) {
        return NULL;
    }
    got = read_file(url->password_file, buffer, sizeof(buffer), &found);
    if (got < 0) {
        return apr_psprintf(pool, "the passwordfile %s cannot be read: %s",
                            url->password_file,
                            errno == EINVAL ? "it is no file"
                                            : strerror(errno));
    }
    while (length < (size_t)got && (is_printable(buffer[length])
                                    || buffer[length] == ' ')) {
        length++;
    }
    if (length == 0 || length > EP_URL_WORD_MAX
        || (length < (size_t)got && buffer[length] != '\n'
            && buffer[length] != '\r')) {
        return apr_psprintf(pool, "the passwordfile %s has no password of 1 to"
                                  " %d printable characters in its first line",
                            url->password_file, EP_URL_WORD_MAX);
    }
    url->password = apr_pstrmemdup(pool, buffer, length);
    if ((found.st_mode & S_IROTH) != 0) {
        *warning = apr_psprintf(pool, "all users may read the passwordfile %s",
                                url->password_file);
    }
    return NULL;
}
