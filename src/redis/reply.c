/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "redis/reply.h"

#include <string.h>

/* In the order of ep_cause. */
static const char *const words[EP_CAUSES] = {
    "ok", "breaker_open", "unresolved", "connect", "connect_timeout", "timeout",
    "closed", "protocol", "auth", "noperm", "readonly", "oom", "loading",
    "noscript", "moved", "clusterdown", "misconf", "busy", "again", "error"
};

/* The first word of an error. */
static const struct error_word {
    const char *word;
    ep_cause cause;
} error_words[] = {
    { "WRONGPASS", EP_CAUSE_AUTH },      { "NOAUTH", EP_CAUSE_AUTH },
    { "NOPERM", EP_CAUSE_NOPERM },       { "READONLY", EP_CAUSE_READONLY },
    { "OOM", EP_CAUSE_OOM },             { "LOADING", EP_CAUSE_LOADING },
    { "NOSCRIPT", EP_CAUSE_NOSCRIPT },   { "MOVED", EP_CAUSE_MOVED },
    { "ASK", EP_CAUSE_MOVED },           { "CLUSTERDOWN", EP_CAUSE_CLUSTERDOWN },
    { "MISCONF", EP_CAUSE_MISCONF },     { "BUSY", EP_CAUSE_BUSY },
    { "MASTERDOWN", EP_CAUSE_AGAIN },    { "TRYAGAIN", EP_CAUSE_AGAIN },
    { "NOREPLICAS", EP_CAUSE_AGAIN }
};

const char *ep_reply_word(ep_cause cause)
{
    return (unsigned)cause < EP_CAUSES ? words[cause] : "unknown";
}

int ep_reply_is_doubtful(ep_cause cause)
{
    switch (cause) {
    case EP_CAUSE_TIMEOUT:
    case EP_CAUSE_CLOSED:
    case EP_CAUSE_PROTOCOL:
    /* a script that is denied one of its commands has carried out those before it */
    case EP_CAUSE_NOPERM:
    case EP_CAUSE_ERROR:
        return 1;
    default:
        return 0;
    }
}

/* @return length of the first word */
static size_t word_of(const char *text, size_t length)
{
    const char *blank = memchr(text, ' ', length);

    return blank != NULL ? (size_t)(blank - text) : length;
}

ep_cause ep_reply_classify(const char *text, size_t length)
{
    const size_t first = word_of(text, length);
    size_t i;

    for (i = 0; i < sizeof(error_words) / sizeof(error_words[0]); i++) {
        if (first == strlen(error_words[i].word)
            && memcmp(text, error_words[i].word, first) == 0) {
            return error_words[i].cause;
        }
    }
    return EP_CAUSE_ERROR;
}

/* Skips a word and the blank behind it.  @return 0: there is none */
static int skip_word(const char **text, size_t *length)
{
    const size_t first = word_of(*text, *length);

    if (first == 0 || first >= *length) {
        return 0;
    }
    *text += first + 1;
    *length -= first + 1;
    return 1;
}

/* @return 0: no port */
static int port_of(const char *text, size_t length)
{
    int port = 0;
    size_t i;

    for (i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        port = port * 10 + (text[i] - '0');
        if (port > 65535) {
            return 0;
        }
    }
    return port;
}

/* A host goes to getaddrinfo() and into logs. */
static int is_host(const char *text, size_t length)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
    size_t i;

    for (i = 0; i < length; i++) {
        if (text[i] == '\0' || strchr(legal, text[i]) == NULL) {
            return 0;
        }
    }
    return 1;
}

int ep_reply_read_moved(const char *text, size_t length, ep_reply_moved *moved)
{
    const int is_ask = length > 4 && memcmp(text, "ASK ", 4) == 0;
    size_t host;

    if (ep_reply_classify(text, length) != EP_CAUSE_MOVED
        || !skip_word(&text, &length) || !skip_word(&text, &length)) {
        return 0;
    }
    /* the last colon: addresses of IPv6 stand there without brackets */
    host = length;
    while (host > 0 && text[host - 1] != ':') {
        host--;
    }
    if (host == 0 || host > sizeof(moved->host)
        || !is_host(text, host - 1)) {
        return 0;
    }
    moved->port = port_of(text + host, length - host);
    moved->is_ask = is_ask;
    memcpy(moved->host, text, host - 1);
    moved->host[host - 1] = '\0';
    return moved->port > 0;
}

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

/* Takes the place of hiredis' function that allocates what a reply announces. */
static void *create_array(const redisReadTask *task, element_count elements)
{
    ep_reply_bounds *bounds = task->privdata;
    const redisReadTask *outer = task;
    int depth = 0;

    while (outer != NULL && depth <= EP_REPLY_DEPTH_MAX) {
        outer = outer->parent;
        depth++;
    }
    if (depth > EP_REPLY_DEPTH_MAX || (long long)elements < 0
        || (size_t)elements > bounds->elements_left) {
        /* to the reader a lack of memory, which is an error of its own */
        return NULL;
    }
    bounds->elements_left -= (size_t)elements;
    return bounds->hiredis->createArray(task, elements);
}

void ep_reply_bound(redisReader *reader, ep_reply_bounds *bounds)
{
    bounds->hiredis = reader->fn;
    bounds->functions = *reader->fn;
    bounds->functions.createArray = create_array;
    bounds->elements_left = EP_REPLY_ELEMENTS_MAX;
    reader->fn = &bounds->functions;
    reader->privdata = bounds;
}

void ep_reply_begin(ep_reply_bounds *bounds)
{
    bounds->elements_left = EP_REPLY_ELEMENTS_MAX;
}
