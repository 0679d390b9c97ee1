/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Input: how many bytes come at once, and what Redis sends. */

#include "redis/reply.h"

#include <string.h>

#include "fuzz.h"

/* @return elements of all arrays within */
static size_t count(const redisReply *reply, int depth)
{
    size_t elements = 0;
    size_t i;

    if (reply->type != REDIS_REPLY_ARRAY) {
        PROMISE(reply->type != REDIS_REPLY_STRING
                || reply->str[reply->len] == '\0');
        return 0;
    }
    PROMISE(depth < EP_REPLY_DEPTH_MAX);
    for (i = 0; i < reply->elements; i++) {
        elements += 1 + count(reply->element[i], depth + 1);
    }
    return elements;
}

static void check_error(const char *text, size_t length)
{
    ep_reply_moved moved;
    const ep_cause cause = ep_reply_classify(text, length);

    PROMISE(cause > EP_CAUSE_PROTOCOL && cause < EP_CAUSES);
    /* a script may have run in part */
    PROMISE(ep_reply_is_doubtful(cause)
            == (cause == EP_CAUSE_NOPERM || cause == EP_CAUSE_ERROR));
    memset(&moved, 0xa5, sizeof(moved));
    if (ep_reply_read_moved(text, length, &moved)) {
        PROMISE(cause == EP_CAUSE_MOVED);
        PROMISE(moved.port > 0 && moved.port < 65536);
        PROMISE(memchr(moved.host, '\0', sizeof(moved.host)) != NULL);
        PROMISE(strpbrk(moved.host, " /%\r\n") == NULL);
    }
}

/* @return 0: an error, after which a connection is closed */
static int take_replies(redisReader *reader, ep_reply_bounds *bounds)
{
    for (;;) {
        void *found = NULL;
        redisReply *reply;

        if (redisReaderGetReply(reader, &found) != REDIS_OK) {
            return 0;
        }
        if (found == NULL) {
            return 1;
        }
        reply = found;
        PROMISE(count(reply, 0) <= EP_REPLY_ELEMENTS_MAX);
        if (reply->type == REDIS_REPLY_ERROR) {
            check_error(reply->str, reply->len);
        }
        freeReplyObject(reply);
        ep_reply_begin(bounds);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReader *reader = redisReaderCreate();
    ep_reply_bounds bounds;
    size_t at_once, at;

    if (size == 0 || reader == NULL) {
        redisReaderFree(reader);
        return 0;
    }
    at_once = data[0] != 0 ? data[0] : size;
    data++;
    size--;
    check_error((const char *)data, size);
    ep_reply_bound(reader, &bounds);
    for (at = 0; at < size; at += at_once) {
        const size_t some = size - at < at_once ? size - at : at_once;

        if (redisReaderFeed(reader, (const char *)data + at, some) != REDIS_OK
            || !take_replies(reader, &bounds)) {
            break;
        }
    }
    redisReaderFree(reader);
    return 0;
}
