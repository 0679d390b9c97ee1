/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Input: a scenario (scenario.h); illegal lines are skipped.  Each refusal has a
 * document, which a JSON parser reads that shares no code with the library that wrote
 * it.
 */

#include "core/answer/document.h"
#include "core/answer/limits.h"

#include <string.h>

#include "core/text/expect.h"
#include "core/text/media.h"
#include "fuzz.h"
#include "scenario.h"
#include "strict_json.h"

/* The contract's 4 KB, not the code's own bound. */
#define FOUR_KB 4096

/* The contract's specific status of each code; Refuse brings its own. */
static const int specific_status[EP_CODES] = {
    417, 428, 405, 401, 0, 415, 415, 411, 400, 413, 400, 507, 507, 429, 429,
    503
};

/*
 * The verdict.
 */

/* The position at which the content ends, by its size or by its range. */
static int64_t end_of(const ep_facts *facts, int64_t bytes)
{
    int64_t end = bytes;

    if (facts->has_range == EP_RANGE_BYTES) {
        const int64_t first = facts->range.first;

        bytes = bytes > 0 ? bytes : 0;
        end = first > INT64_MAX - bytes ? INT64_MAX : first + bytes;
        if (end <= facts->range.last) {
            end = facts->range.last < INT64_MAX ? facts->range.last + 1
                                                : INT64_MAX;
        }
    }
    return end;
}

static int is_same_name(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0'
           && (*a == *b || ((*a ^ *b) == ' ' && (*a | ' ') >= 'a' && (*a | ' ') <= 'z'))) {
        a++;
        b++;
    }
    return *a == *b;
}

/* What a total field says: a number, EP_UNKNOWN: it is not listed, or MALFORMED. */
enum { MALFORMED = -2 };

static int64_t field_of(const ep_policy *policy, const ep_total_field *field)
{
    const ep_setting *listed = policy->rule[EP_RULE_TOTAL_FIELDS][0];
    const char *at = field->value;
    int64_t value = 0;
    size_t i = 0;

    while (listed != NULL && i < listed->names_count
           && !is_same_name(listed->names[i], field->name)) {
        i++;
    }
    if (listed == NULL || i == listed->names_count) {
        return EP_UNKNOWN;
    }
    do {
        const int digit = *at - '0';

        if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10) {
            return MALFORMED;
        }
        value = value * 10 + digit;
    } while (*++at != '\0');
    return value;
}

/* @param malformed out: how many of the fields count and do not parse
 * @return the largest total of the fields, or EP_UNKNOWN */
static int64_t fields_of(const ep_policy *policy, const ep_facts *facts, int *malformed)
{
    static const char nothing[] =
        " GET HEAD OPTIONS TRACE CONNECT DELETE UNLOCK PROPFIND REPORT SEARCH QUERY LOCK"
        " ACL ";
    char method[16];
    int64_t most = EP_UNKNOWN;
    size_t i;

    *malformed = 0;
    snprintf(method, sizeof(method), " %s ", facts->method);
    if (strlen(facts->method) < 10 && strchr(facts->method, ' ') == NULL
        && *facts->method != '\0' && strstr(nothing, method) != NULL) {
        return EP_UNKNOWN;
    }
    for (i = 0; i < facts->totals_count; i++) {
        const int64_t value = field_of(policy, &facts->totals[i]);

        *malformed += value == MALFORMED;
        most = value > most ? value : most;
    }
    return most;
}

/* The size of the whole in bytes, EP_UNKNOWN: nothing says it. */
static int64_t total_of(const ep_policy *policy, const ep_facts *facts)
{
    const int64_t part = end_of(facts, facts->content == EP_CONTENT_SIZED
                                           ? facts->declared : facts->hint);
    int malformed;
    int64_t whole = fields_of(policy, facts, &malformed);

    if (whole == EP_UNKNOWN && facts->has_range == EP_RANGE_BYTES) {
        whole = facts->range.complete;
    }
    return whole > part ? whole : part;
}

/* A request without content that announces what is to come. */
static int announces(const ep_policy *policy, const ep_facts *facts)
{
    int malformed;

    return facts->content == EP_CONTENT_NONE
           && (fields_of(policy, facts, &malformed) != EP_UNKNOWN || malformed > 0);
}

/* Implemented in another way than in the check itself. */
static int is_within_total(const ep_policy *policy, const ep_facts *facts)
{
    int half, malformed;

    fields_of(policy, facts, &malformed);
    for (half = 0; half < 2; half++) {
        const ep_setting *most = policy->rule[EP_RULE_MAX_TOTAL][half];

        if (most != NULL
            && (malformed > 0 || total_of(policy, facts) > most->number)) {
            return 0;
        }
    }
    return 1;
}

/* Implemented in another way than in the check itself. */
static int is_large_enough(const ep_policy *policy, const ep_facts *facts,
                           int64_t total)
{
    int half;

    for (half = 0; half < 2; half++) {
        const ep_setting *least = policy->rule[EP_RULE_MIN_SIZE][half];

        if (least != NULL && total < least->number && !ep_check_is_query(facts)) {
            return 0;
        }
    }
    return 1;
}

/* At the end of content of unknown length, the verdict is the same as for a known
 * length. */
static void check_end(const ep_policy *policy, const ep_facts *facts)
{
    static const int64_t sizes[] = { 0, 1, 9, 10, 11, 1048577, INT64_MAX };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        ep_facts sized = *facts;
        ep_verdict at_end, on_head;
        int is_refused;

        sized.content = EP_CONTENT_SIZED;
        sized.declared = sizes[i];
        is_refused = ep_verdict_end(policy, facts, sizes[i], &at_end);
        PROMISE(is_refused == !is_large_enough(policy, &sized,
                                               total_of(policy, &sized)));
        PROMISE(is_refused == (at_end.code == EP_CONTENT_TOO_SMALL));
        ep_verdict_judge(policy, &sized, &on_head);
        PROMISE(on_head.by[EP_CONTENT_TOO_SMALL] == NULL || is_refused);
    }
}

static void check_verdict(const ep_policy *policy, const ep_facts *facts,
                          const ep_verdict *verdict)
{
    const ep_setting *size = ep_policy_max_size(policy);
    const int is_sized = facts->content == EP_CONTENT_SIZED;
    int code, first = EP_CODES, specific;

    for (code = EP_CODES - 1; code >= 0; code--) {
        if (verdict->by[code] != NULL) {
            first = code;
            PROMISE(code == EP_UNSUPPORTED_EXPECTATION
                    || facts->content != EP_CONTENT_NONE
                    || (announces(policy, facts)
                        && (code == EP_AUTHENTICATION_REQUIRED || code == EP_REFUSED
                            || code == EP_CONTENT_TOO_LARGE)));
            /* the checks after it are not made */
            PROMISE(code <= EP_AUTHENTICATION_REQUIRED
                    || verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL);
        }
    }
    PROMISE((int)verdict->code == first);
    if (verdict->code == EP_ADMITTED) {
        PROMISE(verdict->status == 0);
        PROMISE(verdict->limit == EP_UNKNOWN);
        PROMISE(verdict->requested == EP_UNKNOWN);
        PROMISE(!is_sized || size == NULL || facts->declared <= size->number);
        PROMISE(!is_sized || policy->ceiling == NULL
                || end_of(facts, facts->declared) <= policy->ceiling->number);
        PROMISE(!is_sized || is_large_enough(policy, facts, total_of(policy, facts)));
        PROMISE(is_within_total(policy, facts)
                || (facts->content == EP_CONTENT_NONE && !announces(policy, facts)));
        return;
    }
    specific = first == EP_REFUSED ? verdict->by[EP_REFUSED]->status
                                   : specific_status[first];
    PROMISE(verdict->status == specific || verdict->status == 417);
    PROMISE(policy->status[first] != EP_STATUS_SPECIFIC
            || verdict->status == specific);
    PROMISE(policy->status[first] != EP_STATUS_417 || verdict->status == 417);
    PROMISE(policy->status[first] != EP_STATUS_AUTO || facts->expect != NULL
            || verdict->status == specific);
    /* no limits are told before the client has sent credentials */
    if (verdict->by[EP_AUTHENTICATION_REQUIRED] != NULL) {
        PROMISE(verdict->limit == EP_UNKNOWN);
        PROMISE(verdict->requested == EP_UNKNOWN);
    }
    if (first == EP_CONTENT_TOO_LARGE) {
        PROMISE(verdict->is_total == !is_within_total(policy, facts));
        if (verdict->is_total) {
            PROMISE(verdict->requested == EP_UNKNOWN
                    || (verdict->requested > verdict->limit
                        && verdict->requested == total_of(policy, facts)));
        }
        else {
            const int64_t sent = is_sized ? facts->declared : facts->hint;

            PROMISE(facts->content != EP_CONTENT_NONE);
            PROMISE(size != NULL && verdict->limit >= size->number);
            PROMISE(verdict->requested > verdict->limit);
            PROMISE(verdict->requested == end_of(facts, sent)
                    || verdict->requested == sent);
        }
    }
    else if (first == EP_CONTENT_TOO_SMALL) {
        PROMISE(verdict->requested >= 0 && verdict->requested < verdict->limit);
        PROMISE(!is_large_enough(policy, facts, verdict->requested));
    }
    else {
        PROMISE(verdict->requested == EP_UNKNOWN);
    }
    if (first == EP_CONTINUE_REQUIRED && verdict->limit != EP_UNKNOWN) {
        /* an upload within the limit is not refused by it */
        ep_facts obeying = *facts;
        ep_verdict again;

        obeying.content = EP_CONTENT_SIZED;
        obeying.declared = verdict->limit > 0 ? verdict->limit : 1;
        ep_verdict_judge(policy, &obeying, &again);
        PROMISE(verdict->limit == 0
                || again.by[EP_CONTINUE_REQUIRED] == NULL);
    }
}

/*
 * A check depends on its own rule alone: with all others taken away it fails
 * where it failed before.
 */
static void check_each_alone(const ep_policy *policy, const ep_facts *facts,
                             const ep_verdict *verdict)
{
    const int unseen_behind =
        verdict->by[EP_AUTHENTICATION_REQUIRED] != NULL
            ? EP_AUTHENTICATION_REQUIRED
            : EP_LAST_HEAD_CODE;
    int code;

    for (code = 0; code <= unseen_behind; code++) {
        const ep_rule rule = ep_check_of((ep_code)code)->rule;
        ep_policy alone = *policy;
        ep_verdict again;

        memset(alone.rule, 0, sizeof(alone.rule));
        alone.rule[rule][0] = policy->rule[rule][0];
        alone.rule[rule][1] = policy->rule[rule][1];
        /* which fields count is no demand */
        alone.rule[EP_RULE_TOTAL_FIELDS][0] = policy->rule[EP_RULE_TOTAL_FIELDS][0];
        if (code != EP_CONTENT_TOO_LARGE && code != EP_MALFORMED_CONTENT_RANGE) {
            alone.ceiling = NULL;
        }
        else {
            memcpy(alone.rule[EP_RULE_MAX_TOTAL], policy->rule[EP_RULE_MAX_TOTAL],
                   sizeof(alone.rule[EP_RULE_MAX_TOTAL]));
        }
        ep_verdict_judge(&alone, facts, &again);
        PROMISE(again.by[code] == verdict->by[code]);
    }
}

/* @return 1 if the owner says as much as the server, and laxer in nothing */
static int replaces_server(const scenario *s)
{
    int rule;

    /* a quota of the server's refuses a range that nobody can read; and an owner's limit
     * of the total leaves content alone to the owner's other one */
    if ((s->facts.has_range == EP_RANGE_MALFORMED && s->server.counted_count > 0)
        || (s->facts.has_range == EP_RANGE_BYTES
            && s->owner.rule[EP_RULE_MAX_TOTAL] != NULL)) {
        return 0;
    }
    for (rule = EP_RULE_EXPECTATIONS; rule < EP_RULE_STATUS; rule++) {
        const ep_setting *server = s->server.rule[rule];
        const ep_setting *owner = s->owner.rule[rule];

        if (owner == NULL || rule == EP_RULE_REQUIRE_AUTH) {
            /* no setting means Any; and each side may demand its own credentials */
            if (server != NULL || rule == EP_RULE_EXPECTATIONS) {
                return 0;
            }
        }
        else if (ep_policy_is_laxer((ep_rule)rule, server, owner)) {
            return 0;
        }
    }
    return 1;
}

/*
 * Tighten: what the server alone refuses, server and owner refuse together;
 * what they refuse together, one of them refuses alone.
 */
static void check_tighten(const scenario *s)
{
    static const ep_setting any;
    const ep_override how[] = { EP_OVERRIDE_NONE, EP_OVERRIDE_ANY };
    ep_half no_server;
    ep_policy both, server, owner;
    ep_verdict by_both, by_server, by_owner;
    size_t i;
    int code;

    memset(&no_server, 0, sizeof(no_server));
    /* removes the default, which the owner has not set */
    no_server.rule[EP_RULE_EXPECTATIONS] = &any;
    /* no owner sets it */
    no_server.rule[EP_RULE_TOTAL_FIELDS] = s->server.rule[EP_RULE_TOTAL_FIELDS];
    ep_policy_compose(&both, &s->server, &s->owner, EP_OVERRIDE_TIGHTEN);
    ep_policy_compose(&owner, &no_server, &s->owner, EP_OVERRIDE_TIGHTEN);
    /* each side alone has the mode of both */
    owner.mode_by = both.mode_by;
    ep_verdict_judge(&both, &s->facts, &by_both);
    ep_verdict_judge(&owner, &s->facts, &by_owner);
    for (i = 0; i < 2; i++) {
        ep_policy_compose(&server, &s->server, &s->owner, how[i]);
        server.mode_by = both.mode_by;
        ep_verdict_judge(&server, &s->facts, &by_server);
        PROMISE((by_both.code == EP_ADMITTED)
                == (by_server.code == EP_ADMITTED
                    && by_owner.code == EP_ADMITTED));
        PROMISE(by_both.code <= by_server.code
                && by_both.code <= by_owner.code);
        for (code = 0; code <= EP_AUTHENTICATION_REQUIRED; code++) {
            PROMISE((by_both.by[code] != NULL)
                    == (by_server.by[code] != NULL
                        || by_owner.by[code] != NULL));
        }
    }
    PROMISE(!replaces_server(s) || by_server.code == EP_ADMITTED
            || by_owner.code != EP_ADMITTED);
}

/*
 * The lists: every value that a document lists is accepted.
 */

/* @return 1 if an upload that is as the name says passes the rule's check */
static int is_accepted(const ep_policy *policy, ep_code code, const char *name)
{
    ep_facts facts;
    ep_verdict verdict;
    ep_policy alone = *policy;
    const ep_rule rule = ep_check_of((ep_code)code)->rule;
    char type[2 * EP_NAME_MAX + 4];

    memset(alone.rule, 0, sizeof(alone.rule));
    alone.rule[rule][0] = policy->rule[rule][0];
    alone.rule[rule][1] = policy->rule[rule][1];
    memset(&facts, 0, sizeof(facts));
    facts.content = EP_CONTENT_SIZED;
    facts.declared = 1;
    facts.hint = EP_UNKNOWN;
    facts.method = "PUT";
    switch (code) {
    case EP_UNSUPPORTED_EXPECTATION:
        facts.expect = name;
        break;
    case EP_METHOD_NOT_ALLOWED:
        facts.method = name;
        break;
    case EP_UNSUPPORTED_CONTENT_TYPE:
        /* a type that the range takes in */
        if (strcmp(name, "*/*") == 0) {
            name = "any/thing";
        }
        snprintf(type, sizeof(type), "%s%s", name,
                 strcmp(name + strlen(name) - 2, "/*") == 0 ? "x" : "");
        facts.content_type = type;
        break;
    default:
        facts.content_encoding = name;
        break;
    }
    alone.ceiling = NULL;
    ep_verdict_judge(&alone, &facts, &verdict);
    return verdict.by[code] == NULL;
}

/* @return 1 if one of the names takes in what the facts say */
static int is_told(const char *const *names, size_t count, ep_code code,
                   const ep_facts *facts)
{
    size_t i;

    for (i = 0; i < count; i++) {
        ep_media media;

        if (code == EP_METHOD_NOT_ALLOWED
                ? strcmp(names[i], facts->method) == 0
                : facts->content_type != NULL
                      && ep_media_parse(facts->content_type, &media)
                      && ep_media_in_range(&media, names[i])) {
            return 1;
        }
    }
    return 0;
}

static void check_lists(const ep_policy *policy, const ep_facts *facts,
                        const ep_verdict *verdict)
{
    static const ep_code listing[] = {
        EP_UNSUPPORTED_EXPECTATION, EP_METHOD_NOT_ALLOWED,
        EP_UNSUPPORTED_CONTENT_TYPE, EP_UNSUPPORTED_CONTENT_ENCODING
    };
    size_t i, j;

    for (i = 0; i < sizeof(listing) / sizeof(listing[0]); i++) {
        const ep_code code = listing[i];
        const ep_rule rule = ep_check_of((ep_code)code)->rule;
        const char **names = malloc(EP_NAMES_MAX * sizeof(*names));
        size_t count, used = 0;
        int complete;

        PROMISE(names != NULL);
        count = ep_policy_names(policy, rule, names, EP_LIST_BYTES, &complete);
        for (j = 0; j < count; j++) {
            used += strlen(names[j]) + 3;
            PROMISE(is_accepted(policy, code, names[j]));
        }
        PROMISE(used <= EP_LIST_BYTES);
        if (complete && facts->content != EP_CONTENT_NONE
            && (code == EP_METHOD_NOT_ALLOWED
                || code == EP_UNSUPPORTED_CONTENT_TYPE)
            && verdict->by[EP_AUTHENTICATION_REQUIRED] == NULL
            && (policy->rule[rule][0] != NULL
                || policy->rule[rule][1] != NULL)) {
            PROMISE((verdict->by[code] == NULL)
                    == is_told(names, count, code, facts));
        }
        free(names);
    }
}

/*
 * The document.
 */

/* EP_ID_MAX bytes */
#define ID_16 "&&&&&&&&&&&&&&&&"
#define ID_64 ID_16 ID_16 ID_16 ID_16
#define LONGEST_ID ID_64 ID_64 ID_64

typedef struct document {
    char *text;
    size_t length;
} document;

static document document_of(const ep_policy *policy, const ep_facts *facts,
                            const ep_verdict *verdict)
{
    document d;

    /* on the heap, for a sanitizer to see what is written behind it */
    d.text = malloc(EP_DOCUMENT_SIZE);
    PROMISE(d.text != NULL);
    d.length = ep_document_of_refusal(d.text, policy, facts, verdict, LONGEST_ID);
    return d;
}

static int is(json_piece piece, const char *text)
{
    return piece.length == strlen(text)
           && memcmp(piece.at, text, piece.length) == 0;
}

static int is_string(json_piece piece, const char *text)
{
    char decoded[FOUR_KB];

    return strict_json_decode(piece, decoded, sizeof(decoded)) != (size_t)-1
           && strcmp(decoded, text) == 0;
}

static void check_number(json_piece value, int64_t expected)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld", (long long)expected);
    PROMISE(expected >= 0 && is(value, text));
}

static void check_violations(json_piece value, const ep_verdict *verdict)
{
    json_item items[EP_CODES];
    const size_t count = strict_json_items(value, items, EP_CODES);
    size_t listed = 0;
    int code;

    PROMISE(count > 1 && count <= EP_CODES);
    for (code = 0; code < EP_CODES; code++) {
        if (verdict->by[code] != NULL) {
            PROMISE(listed < count);
            PROMISE(is_string(items[listed].value,
                              ep_verdict_error(verdict, (ep_code)code)));
            listed++;
        }
    }
    PROMISE(listed == count);
}

/* All names that may be listed are listed, in their order. */
static void check_list(json_piece value, const ep_policy *policy, ep_rule rule)
{
    json_item *items = malloc(EP_NAMES_MAX * sizeof(*items));
    const char **names = malloc(EP_NAMES_MAX * sizeof(*names));
    size_t count, i;
    int complete;

    PROMISE(items != NULL && names != NULL);
    PROMISE(value.at[0] == '[');
    count = ep_policy_names(policy, rule, names, EP_LIST_BYTES, &complete);
    PROMISE(strict_json_items(value, items, EP_NAMES_MAX) == count);
    for (i = 0; i < count; i++) {
        PROMISE(is_string(items[i].value, names[i]));
    }
    free(items);
    free(names);
}

/* @return how many members there are that all documents of the form have */
static size_t check_beginning(const json_item *items, size_t count,
                              const ep_facts *facts, const ep_policy *policy,
                              const ep_verdict *verdict)
{
    const char *error = ep_verdict_error(verdict, verdict->code);
    size_t i = 0;

    if (strcmp(ep_document_type(policy, facts), "application/json") != 0) {
        PROMISE(count >= 5);
        PROMISE(is(items[0].name, "type") && is(items[1].name, "title"));
        PROMISE(is(items[2].name, "status"));
        check_number(items[2].value, verdict->status);
        PROMISE(is(items[3].name, "detail"));
        PROMISE(items[3].value.length > 2 && items[3].value.at[0] == '"');
        i = 4;
    }
    PROMISE(is(items[i].name, "error"));
    PROMISE(is_string(items[i].value, error));
    i++;
    if (i == 1) {
        PROMISE(is(items[i].name, "message"));
        PROMISE(items[i].value.length > 2 && items[i].value.at[0] == '"');
        i++;
    }
    return i;
}

/* Exactly the members of the code of the verdict. */
static void check_members(const document *d, const ep_policy *policy,
                          const ep_facts *facts, const ep_verdict *verdict)
{
    static const char *const list_of[EP_CODES] = {
        "supported_expectations", NULL, "allowed_methods", NULL, NULL,
        "supported_types", "supported_encodings"
    };
    const int tells_limit = verdict->limit != EP_UNKNOWN
                            && (verdict->code < EP_HEAD_CODES
                                || verdict->code == EP_TOO_MANY_UPLOADS);
    json_item items[STRICT_JSON_MEMBERS];
    json_piece whole;
    size_t count, i;
    int limits = 0, requests = 0, lists = 0, violations = 0, failed = 0, code;
    int remainders = 0, retries = 0, permanences = 0, ids = 0, totals = 0;

    for (code = 0; code < EP_CODES; code++) {
        failed += verdict->by[code] != NULL;
    }
    whole.at = d->text;
    whole.length = d->length - 1;
    count = strict_json_items(whole, items, STRICT_JSON_MEMBERS);
    PROMISE(count >= 2 && count <= STRICT_JSON_MEMBERS);
    i = check_beginning(items, count, facts, policy, verdict);
    for (; i < count; i++) {
        const json_piece name = items[i].name;
        const json_piece value = items[i].value;

        if (is(name, "limit")) {
            check_number(value, verdict->limit);
            limits++;
        }
        else if (is(name, "requested_size")) {
            check_number(value, verdict->requested);
            requests++;
        }
        else if (is(name, "total")) {
            PROMISE(is(value, "true"));
            totals++;
        }
        else if (is(name, "quota_remaining")
                 || is(name, "allowance_remaining")) {
            PROMISE(verdict->code == (name.at[0] == 'q'
                                          ? EP_QUOTA_EXCEEDED
                                          : EP_ALLOWANCE_EXCEEDED));
            check_number(value, verdict->remaining);
            remainders++;
        }
        else if (is(name, "retry_after")) {
            check_number(value, verdict->retry_after);
            retries++;
        }
        else if (is(name, "retryable")) {
            PROMISE(is(value, ep_verdict_is_temporary(verdict) ? "true"
                                                               : "false"));
            permanences++;
        }
        else if (is(name, "id")) {
            PROMISE(is_string(value, LONGEST_ID));
            ids++;
        }
        else if (is(name, "violations")) {
            check_violations(value, verdict);
            violations++;
        }
        else if (is(name, "truncated")) {
            PROMISE(lists == 1 && is(value, "true"));
        }
        else if (is(name, "details")) {
            PROMISE(verdict->code == EP_AUTHENTICATION_REQUIRED);
            PROMISE(value.at[0] == '"');
        }
        else {
            PROMISE(list_of[verdict->code] != NULL
                    && is(name, list_of[verdict->code]));
            check_list(value, policy, ep_check_of(verdict->code)->rule);
            lists++;
        }
    }
    PROMISE(permanences == 1);
    PROMISE(ids == 1);
    PROMISE(totals == (verdict->is_total != 0));
    PROMISE(limits == tells_limit);
    PROMISE(remainders == (verdict->remaining != EP_UNKNOWN));
    PROMISE(retries == (verdict->retry_after != EP_UNKNOWN));
    PROMISE(requests == (verdict->requested != EP_UNKNOWN));
    PROMISE(lists == (list_of[verdict->code] != NULL));
    PROMISE(violations == (failed > 1));
}

/* @return the type that may be repeated, or NULL; to be freed */
static char *told_type(const char *value)
{
    ep_media media;
    char *type;
    size_t length;

    if (value == NULL || !ep_media_parse(value, &media)) {
        return NULL;
    }
    length = media.type.length + 1 + media.subtype.length;
    if (length > 127) {
        return NULL;
    }
    type = malloc(length + 1);
    PROMISE(type != NULL);
    memcpy(type, media.type.at, length);
    type[length] = '\0';
    return type;
}

/* @return the only coding, if it may be repeated, or NULL; to be freed */
static char *told_coding(const char *value)
{
    ep_span coding = { NULL, 0 }, further;
    char *copy;

    if (ep_media_coding_next(&value, &coding) != EP_CODING_MEMBER
        || coding.length > 127
        || ep_media_coding_next(&value, &further) != EP_CODING_END) {
        return NULL;
    }
    copy = malloc(coding.length + 1);
    PROMISE(copy != NULL);
    memcpy(copy, coding.at, coding.length);
    copy[coding.length] = '\0';
    return copy;
}

/*
 * Nothing that the client sent is repeated, except a type or a coding that consists of
 * tokens: if all other fields change, the document stays the same.
 */
static void check_no_echo(const ep_policy *policy, const ep_facts *facts,
                          const ep_verdict *verdict, const document *d)
{
    char *type = told_type(facts->content_type);
    char *coding = facts->content_encoding != NULL
                       ? told_coding(facts->content_encoding)
                       : NULL;
    ep_facts changed;
    document other;

    memset(&changed, 0, sizeof(changed));
    changed.method = "CHANGED";
    changed.expect = facts->expect != NULL ? NULL : "changed";
    changed.authorization = facts->authorization != NULL ? NULL : "changed";
    changed.ignores_continue = !facts->ignores_continue;
    changed.content = facts->content;
    changed.declared = 1;
    changed.hint = 2;
    /* only the form of the document depends on it */
    changed.accept = facts->accept;
    changed.content_type = type;
    changed.content_encoding =
        coding != NULL || facts->content_encoding == NULL ? coding : ";";
    other = document_of(policy, &changed, verdict);
    PROMISE(other.length == d->length
            && memcmp(other.text, d->text, d->length) == 0);
    free(other.text);
    free(type);
    free(coding);
}

static void check_document(const ep_policy *policy, const ep_facts *facts,
                           const ep_verdict *verdict)
{
    const document d = document_of(policy, facts, verdict);

    PROMISE(d.length > 2 && d.length < FOUR_KB);
    if (strcmp(ep_document_type(policy, facts), EP_DOCUMENT_HTML) == 0) {
        PROMISE(memcmp(d.text, "<!DOCTYPE html>", 15) == 0);
        PROMISE(memcmp(d.text + d.length - 8, "</html>\n", 8) == 0);
    }
    else {
        PROMISE(memchr(d.text, '\n', d.length) == d.text + d.length - 1);
        PROMISE(d.text[0] == '{');
        PROMISE(strict_json_valid(d.text, d.length - 1));
        check_members(&d, policy, facts, verdict);
    }
    check_no_echo(policy, facts, verdict, &d);
    free(d.text);
}

/*
 * Limits that count.
 */

/* A refusal by one of them, on the head or while content comes in. */
static void check_denial(const ep_policy *policy, const ep_facts *facts,
                         const ep_setting *line, int is_cut)
{
    const ep_code code = (ep_code)(EP_HEAD_CODES
                                   + (int)(line->count->rule
                                           - EP_RULE_FREE_SPACE));
    const int64_t retry_after = line->number % 2 == 0 ? line->number / 3
                                                      : EP_UNKNOWN;
    ep_verdict verdict;

    ep_verdict_counted(policy, facts, code, line, line->number / 2,
                       retry_after, is_cut, &verdict);
    PROMISE(verdict.code == code && verdict.by[code] == line);
    PROMISE(verdict.status == specific_status[code]
            || (verdict.status == 417
                && (policy->status[code] == EP_STATUS_417
                    || (policy->status[code] == EP_STATUS_AUTO && !is_cut
                        && facts->expect != NULL))));
    PROMISE(!is_cut || verdict.requested == EP_UNKNOWN);
    PROMISE(verdict.limit == line->number
            || (line->count->is_percent && verdict.limit == EP_UNKNOWN));
    check_document(policy, facts, &verdict);
    ep_verdict_counted(policy, facts, EP_LEDGER_UNAVAILABLE, line, 1, 5, is_cut,
                       &verdict);
    PROMISE(verdict.limit == EP_UNKNOWN && verdict.retry_after == 5);
    check_document(policy, facts, &verdict);
}

/* No limits are told if the method, the credentials or the place are refused; and all
 * limits that are told hold. */
static void check_limits(const ep_policy *policy, const ep_verdict *verdict)
{
    static const char *const open_to_all[] = {
        "method", "supported_expectations", "allowed_methods",
        "authentication_schemes", "refused", "truncated"
    };
    enum { OPEN = sizeof(open_to_all) / sizeof(*open_to_all) };
    static const ep_left left = { 7, EP_UNKNOWN };
    const int is_vain = verdict->by[EP_METHOD_NOT_ALLOWED] != NULL;
    const int is_unknown = verdict->by[EP_AUTHENTICATION_REQUIRED] != NULL;
    const int is_refused = verdict->by[EP_REFUSED] != NULL;
    const int is_hidden = is_vain || is_unknown || is_refused;
    const ep_setting *size = ep_policy_max_size(policy);
    char *text = malloc(EP_LIMITS_SIZE);
    json_item items[STRICT_JSON_MEMBERS];
    json_piece whole;
    size_t count, i, j;
    const ep_setting *most = ep_policy_strictest(policy, EP_RULE_MAX_TOTAL);
    int sizes = 0, totals = 0, refused = 0;

    PROMISE(text != NULL);
    whole.at = text;
    whole.length = ep_limits_document(text, policy, "PUT", verdict, &left);
    PROMISE(whole.length > 2 && whole.length <= EP_LIMITS_SIZE);
    whole.length--;
    PROMISE(text[whole.length] == '\n');
    PROMISE(strict_json_valid(whole.at, whole.length));
    count = strict_json_items(whole, items, STRICT_JSON_MEMBERS);
    PROMISE(count >= 1 && is(items[0].name, "method"));
    for (i = 0; i < count; i++) {
        if (is(items[i].name, "max_size")) {
            check_number(items[i].value, size != NULL ? size->number : -1);
            sizes++;
        }
        if (is(items[i].name, "max_total")) {
            check_number(items[i].value, most != NULL ? most->number : -1);
            totals++;
        }
        refused += is(items[i].name, "refused");
        PROMISE(!is_vain || !is(items[i].name, "authentication_schemes"));
        for (j = 0; j < OPEN && !is(items[i].name, open_to_all[j]); j++) {
        }
        PROMISE(!is_hidden || j < OPEN);
    }
    PROMISE(sizes == (size != NULL && !is_hidden));
    PROMISE(totals == (most != NULL && !is_hidden));
    PROMISE(refused == (is_refused && !is_vain && !is_unknown));
    free(text);
}

/* By rule, the server's before the owner's; none that is Off. */
static void check_counted(const scenario *s, const ep_policy *policy)
{
    size_t sides[2] = { 0, 0 };
    int before = -1;
    size_t i;

    PROMISE(policy->counted_count <= EP_COUNTED_MAX);
    for (i = 0; i < policy->counted_count; i++) {
        sides[strcmp(policy->counted[i]->file, "owner") == 0]++;
    }
    PROMISE(sides[0] <= EP_SERVERS_MAX && sides[1] <= EP_OWNERS_MAX);
    PROMISE(policy->surplus[0] == NULL || sides[0] == EP_SERVERS_MAX);
    PROMISE(policy->surplus[1] == NULL || sides[1] == EP_OWNERS_MAX);
    for (i = 0; i < policy->counted_count; i++) {
        const ep_setting *line = policy->counted[i];
        const int is_owners = strcmp(line->file, "owner") == 0;
        const int place = 2 * (int)line->count->rule + is_owners;

        PROMISE(line->number != EP_UNLIMITED);
        PROMISE(line->count->rule >= EP_RULE_FREE_SPACE);
        PROMISE(place >= before);
        PROMISE(line->count->rule != EP_RULE_FREE_SPACE
                || (i == 0 && !is_owners));
        PROMISE(!is_owners || s->how == EP_OVERRIDE_TIGHTEN);
        before = place;
        if (s->facts.content != EP_CONTENT_NONE) {
            check_denial(policy, &s->facts, line, (int)(i % 2));
        }
    }
    for (i = 0; i < s->owner.counted_count; i++) {
        const ep_setting *line = s->owner.counted[i];
        const ep_setting *tighter = ep_policy_tighter(line->count->rule,
                                                      &s->server, line);

        PROMISE(tighter == NULL
                || (tighter->number < line->number
                    && tighter->count->rule == line->count->rule
                    && strcmp(tighter->file, "server") == 0));
    }
}

/* Content is cut where it is above a limit of content, and by which of several limits it
 * does not matter whether it was announced. */
static void check_cut(const ep_policy *policy, const ep_facts *facts)
{
    const ep_setting *size = ep_policy_max_size(policy);
    const ep_setting *most = ep_policy_strictest(policy, EP_RULE_MAX_TOTAL);
    static const int64_t sizes[] = { 0, 1, 10, 11, 4096, INT64_MAX };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        const int is_above = (size != NULL && facts->content != EP_CONTENT_NONE
                              && sizes[i] > size->number)
                             || (most != NULL && sizes[i] > most->number)
                             || !is_within_total(policy, facts);
        ep_verdict verdict;

        ep_verdict_cut(policy, facts, sizes[i], &verdict);
        PROMISE(verdict.code == EP_CONTENT_TOO_LARGE || !is_above);
        if (verdict.code == EP_ADMITTED) {
            continue;
        }
        PROMISE(verdict.code == EP_CONTENT_TOO_LARGE);
        PROMISE(verdict.status == 413 || verdict.status == 417);
        PROMISE(verdict.by[verdict.code]->number == verdict.limit);
        PROMISE(verdict.requested == EP_UNKNOWN);
        check_document(policy, facts, &verdict);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int is_ready;
    scenario s;
    ep_policy policy;
    ep_verdict verdict;

    if (!is_ready) {
        ep_document_init();
        is_ready = 1;
    }
    scenario_read(&s, (const char *)data, size);
    scenario_compose(&s, &policy);
    ep_verdict_judge(&policy, &s.facts, &verdict);
    check_verdict(&policy, &s.facts, &verdict);
    check_end(&policy, &s.facts);
    check_each_alone(&policy, &s.facts, &verdict);
    check_lists(&policy, &s.facts, &verdict);
    check_tighten(&s);
    check_counted(&s, &policy);
    check_limits(&policy, &verdict);
    if (verdict.code != EP_ADMITTED) {
        check_document(&policy, &s.facts, &verdict);
    }
    check_cut(&policy, &s.facts);
    if (policy.mode_by != NULL) {
        ep_verdict_core_refused(&policy, &s.facts, &verdict);
        PROMISE(verdict.code == EP_UNSUPPORTED_EXPECTATION);
        PROMISE(verdict.status == 417);
        check_document(&policy, &s.facts, &verdict);
        ep_policy_only_ceiling(&policy, policy.mode);
        ep_verdict_judge(&policy, &s.facts, &verdict);
        PROMISE(verdict.code == EP_ADMITTED
                || verdict.code == EP_MALFORMED_CONTENT_RANGE
                || verdict.code == EP_CONTENT_TOO_LARGE);
    }
    scenario_free(&s);
    return 0;
}
