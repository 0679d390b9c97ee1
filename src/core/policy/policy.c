/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "core/policy/policy.h"

#include <string.h>

#include "core/text/auth.h"
#include "core/text/expect.h"
#include "core/text/media.h"
#include "core/text/text.h"

static const char *const default_expectation[] = { "100-continue" };

static const ep_setting default_expectations = {
    .names = default_expectation, .names_count = 1
};

static const char *const default_fields[] = {
    "Upload-Length", "OC-Total-Length", "X-Upload-Content-Length"
};

static const ep_setting default_total_fields = {
    .names = default_fields,
    .names_count = sizeof(default_fields) / sizeof(*default_fields)
};

static const ep_setting default_count_from = { .number = EP_COUNT_FROM_DEFAULT };

/* The defaults, which hold if the server's files do not set a rule; NULL: none. */
static const ep_setting *default_of(ep_rule rule)
{
    return rule == EP_RULE_EXPECTATIONS   ? &default_expectations
           : rule == EP_RULE_COUNT_FROM   ? &default_count_from
           : rule == EP_RULE_TOTAL_FIELDS ? &default_total_fields
                                          : NULL;
}

static const ep_rule_row rows[EP_RULES] = {
#define RULE(rule, kind, directive, form, member, where, help) \
    [EP_RULE_##rule] = { EP_KIND_##kind, EP_##where, directive, form, member },
#include "core/policy/rules.def"
};

const ep_rule_row *ep_policy_row(ep_rule rule)
{
    return &rows[rule];
}

/* @return NULL for settings that make no demand: Off, Any, Unlimited; one whose number
 *         is not known yet may make one */
static const ep_setting *demand(ep_rule rule, const ep_setting *setting)
{
    if (setting == NULL || setting->expression != NULL) {
        return setting;
    }
    switch (rows[rule].kind) {
    case EP_KIND_LIST:
    case EP_KIND_CHALLENGES:
        return setting->names != NULL ? setting : NULL;
    case EP_KIND_AT_MOST:
        return setting->number != EP_UNLIMITED ? setting : NULL;
    case EP_KIND_COUNTED:
        return NULL;
    case EP_KIND_PER_CODE:
    case EP_KIND_UP_TO:
        return setting;
    default:
        return setting->number != 0 ? setting : NULL;
    }
}

/* Room for the server's limits, and for owners'. */
static const size_t rooms[2] = { EP_SERVERS_MAX, EP_OWNERS_MAX };

static int side_of(const ep_setting *line)
{
    return line->count->is_owners != 0;
}

/* Lines of a section, the last one first. */
static void add_lines(ep_half *half, int rule, const ep_setting *line)
{
    const ep_setting **off = &half->off[rule - EP_RULE_QUOTA];

    while (line != NULL && *off == NULL) {
        if (line->number == EP_UNLIMITED) {
            *off = line;
            break;
        }
        if (half->counted_of[side_of(line)] < rooms[side_of(line)]
            && half->counted_count < EP_COUNTED_MAX) {
            half->counted[half->counted_count++] = line;
            half->counted_of[side_of(line)]++;
        }
        else if (half->surplus[side_of(line)] == NULL) {
            half->surplus[side_of(line)] = line;
        }
        line = line->count->before;
    }
}

void ep_policy_add_section(ep_half *half, const ep_half *section)
{
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        /* a setting that is there already is from an inner section */
        if (half->rule[rule] == NULL) {
            half->rule[rule] = section->rule[rule];
        }
    }
    for (rule = EP_RULE_QUOTA; rule < EP_RULES; rule++) {
        add_lines(half, rule, section->rule[rule]);
    }
}

/* Takes what a half counts of a rule, as much of it as there is room for.
 * @param taken how many limits of each side are taken already */
static void take(ep_policy *policy, const ep_half *half, int rule,
                 size_t taken[2])
{
    size_t i;

    for (i = 0; i < half->counted_count; i++) {
        const ep_setting *line = half->counted[i];
        const int side = side_of(line);

        if ((int)line->count->rule != rule) {
            continue;
        }
        if (taken[side] < rooms[side]
            && policy->counted_count < EP_COUNTED_MAX) {
            policy->counted[policy->counted_count++] = line;
            taken[side]++;
        }
        else if (policy->surplus[side] == NULL) {
            policy->surplus[side] = line;
        }
    }
}

/* Takes what both halves count. */
static void count(ep_policy *policy, const ep_half *const halves[2])
{
    const ep_setting *space = halves[0]->rule[EP_RULE_FREE_SPACE];
    size_t taken[2] = { 0, 0 };
    int rule, half, side;

    for (half = 0; half < 2; half++) {
        for (side = 0; side < 2; side++) {
            if (policy->surplus[side] == NULL) {
                policy->surplus[side] = halves[half]->surplus[side];
            }
        }
    }
    if (space != NULL && space->number != EP_UNLIMITED) {
        policy->counted[policy->counted_count++] = space;
        taken[0]++;
    }
    for (rule = EP_RULE_QUOTA; rule < EP_RULES; rule++) {
        for (half = 0; half < 2; half++) {
            take(policy, halves[half], rule, taken);
        }
    }
}

/* @return the number of the word that holds; 0, the default, where none is said */
static int64_t choose(ep_rule rule, const ep_half *const halves[2])
{
    const ep_setting *servers = halves[0]->rule[rule];
    const ep_setting *owners = halves[1]->rule[rule];
    const int64_t number = servers != NULL ? servers->number : 0;

    if (owners == NULL || rows[rule].where == EP_SERVERS
        || (rows[rule].where == EP_OWNERS_TIGHTEN && owners->number < number)) {
        return number;
    }
    return owners->number;
}

static void choose_status(ep_policy *policy, const ep_half *const halves[2])
{
    int code;

    for (code = 0; code < EP_CODES; code++) {
        policy->status[code] = (ep_status_choice)choose(
            (ep_rule)(EP_RULE_STATUS + code), halves);
    }
}

void ep_policy_compose(ep_policy *policy, const ep_half *server,
                       const ep_half *owner, ep_override how)
{
    static const ep_half silent;
    const ep_half *halves[2];
    int i, rule;

    halves[0] = server != NULL ? server : &silent;
    halves[1] = owner != NULL && how == EP_OVERRIDE_TIGHTEN ? owner : &silent;
    memset(policy, 0, sizeof(*policy));
    for (rule = 0; rule < EP_RULES; rule++) {
        for (i = 0; i < 2; i++) {
            policy->rule[rule][i] = demand((ep_rule)rule,
                                           halves[i]->rule[rule]);
        }
    }
#define CHOICE(rule, type, chosen, ...) \
    policy->chosen = (type)choose(EP_RULE_##rule, halves);
#include "core/policy/rules.def"
    choose_status(policy, halves);
    policy->mode_by = ep_policy_strictest(policy, EP_RULE_MODE);
    policy->tells_upload_limit = policy->advertises
                                 && policy->rule[EP_RULE_ADVERTISE][0] != NULL;
    for (rule = 0; rule < EP_RULES; rule++) {
        if (halves[0]->rule[rule] == NULL) {
            policy->rule[rule][0] = default_of((ep_rule)rule);
        }
    }
    count(policy, halves);
}

void ep_policy_only_ceiling(ep_policy *policy, ep_mode mode)
{
    policy->awaits_values = 0;
    memset(policy->rule, 0, sizeof(policy->rule));
    policy->counted_count = 0;
    policy->mode = mode;
    policy->mode_by = NULL;
}

/* 1 if it is a token without `*`, which would look like a pattern but match nothing */
static int is_plain_token(const char *word)
{
    const size_t length = ep_text_token(word);

    return length > 0 && word[length] == '\0' && strchr(word, '*') == NULL;
}

int ep_policy_is_name(ep_rule rule, const char *name)
{
    switch (rule) {
    case EP_RULE_EXPECTATIONS:
        return ep_expect_valid(name);
    case EP_RULE_TYPES:
        return ep_media_range_valid(name);
    default:
        return is_plain_token(name);
    }
}

int ep_policy_covers(ep_rule rule, const char *listed, const char *name)
{
    ep_expectation member;

    switch (rule) {
    case EP_RULE_TYPES:
        return ep_media_range_covers(listed, name);
    case EP_RULE_ENCODINGS:
        return ep_media_coding_same(ep_text_span(listed), ep_text_span(name));
    case EP_RULE_REQUIRE_AUTH:
        return ep_text_same_word(ep_auth_scheme(listed), ep_auth_scheme(name));
    case EP_RULE_TOTAL_FIELDS:
        return ep_text_same_word(ep_text_span(listed), ep_text_span(name));
    case EP_RULE_EXPECTATIONS:
        return ep_expect_next(&name, &member) == EP_EXPECT_MEMBER
               && ep_expect_matches(&member, listed);
    default:
        /* methods are case-sensitive (RFC 9110 9.1) */
        return strcmp(listed, name) == 0;
    }
}

int ep_policy_lists(ep_rule rule, const ep_setting *setting, const char *name)
{
    size_t i;

    for (i = 0; i < setting->names_count; i++) {
        if (ep_policy_covers(rule, setting->names[i], name)) {
            return 1;
        }
    }
    return 0;
}

/* 1 if the owner's list has a name that the server's does not accept */
static int lists_more(ep_rule rule, const ep_setting *server,
                      const ep_setting *owner)
{
    size_t i;

    if (owner->names == NULL) {
        return 1;
    }
    for (i = 0; i < owner->names_count; i++) {
        if (!ep_policy_lists(rule, server, owner->names[i])) {
            return 1;
        }
    }
    return 0;
}

int ep_policy_is_laxer(ep_rule rule, const ep_setting *server,
                       const ep_setting *owner)
{
    if (server == NULL) {
        server = default_of(rule);
    }
    server = demand(rule, server);
    if (server == NULL || rows[rule].where == EP_OWNERS_CHOOSE) {
        return 0;
    }
    switch (rows[rule].kind) {
    case EP_KIND_CHALLENGES:
        /* both demands hold, whatever their schemes are */
        return owner->names == NULL;
    case EP_KIND_LIST:
        return lists_more(rule, server, owner);
    case EP_KIND_AT_MOST:
    case EP_KIND_UP_TO:
        return owner->number > server->number;
    default:
        return owner->number < server->number;
    }
}

/* 1 if the tree of one holds that of the other */
static int holds(const ep_count *outer, const ep_count *inner)
{
    const char *above = outer->directory;
    const char *below = inner->directory;

    if (above == NULL) {
        return outer->depth <= inner->depth;
    }
    if (outer->depth == 0) {
        return 1;
    }
    if (below == NULL) {
        return 0;
    }
    while (*above != '\0' && *below != '\0' && *above == *below) {
        above++;
        below++;
    }
    return *above == '\0' && (*below == '\0' || *below == '/');
}

/* 1 if one counts all that the other counts, and for the same */
static int counts_all_of(const ep_count *outer, const ep_count *inner)
{
    if (outer->rule == EP_RULE_QUOTA) {
        return holds(outer, inner);
    }
    if (outer->whom != inner->whom || outer->period != inner->period) {
        return 0;
    }
    switch (outer->whom) {
    case EP_FOR_DIRECTORY:
        return holds(outer, inner);
    case EP_FOR_EXPRESSION:
        return strcmp(outer->expression->text, inner->expression->text) == 0;
    default:
        return 1;
    }
}

const ep_setting *ep_policy_tighter(ep_rule rule, const ep_half *server,
                                    const ep_setting *owner)
{
    size_t i;

    for (i = 0; i < server->counted_count; i++) {
        const ep_setting *line = server->counted[i];

        if (line->count->rule == rule && owner->number > line->number
            && (owner->number == EP_UNLIMITED
                || counts_all_of(line->count, owner->count))) {
            return line;
        }
    }
    return NULL;
}

const ep_setting *ep_policy_known(const ep_setting *setting)
{
    return setting != NULL && setting->expression == NULL ? setting : NULL;
}

/* @return @a a unless @a b, NULL or of the same rule as well, is stricter; a number that
 *         is not known yet is not compared */
static const ep_setting *stricter(ep_rule rule, const ep_setting *a,
                                  const ep_setting *b)
{
    a = ep_policy_known(a);
    b = ep_policy_known(b);
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    if (rows[rule].kind == EP_KIND_AT_MOST || rows[rule].kind == EP_KIND_UP_TO) {
        return b->number < a->number ? b : a;
    }
    return b->number > a->number ? b : a;
}

const ep_setting *ep_policy_strictest(const ep_policy *policy, ep_rule rule)
{
    return stricter(rule, policy->rule[rule][0], policy->rule[rule][1]);
}

const ep_setting *ep_policy_limit(const ep_policy *policy, ep_rule rule)
{
    return stricter(rule, rule == EP_RULE_MAX_SIZE ? policy->ceiling : NULL,
                    ep_policy_strictest(policy, rule));
}

const ep_setting *ep_policy_total_fields(void)
{
    return &default_total_fields;
}

int ep_policy_asks_at_end(const ep_policy *policy)
{
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        if (rows[rule].kind == EP_KIND_AT_LEAST
            && ep_policy_strictest(policy, (ep_rule)rule) != NULL) {
            return 1;
        }
    }
    return 0;
}

const char *ep_policy_message(const ep_policy *policy, ep_code code)
{
    const ep_setting *const *said = policy->rule[EP_RULE_MESSAGE + code];

    /* the owner's message is used before the server's */
    const ep_setting *last = said[1] != NULL ? said[1] : said[0];

    return last != NULL ? last->message : NULL;
}

const ep_setting *ep_policy_max_size(const ep_policy *policy)
{
    return ep_policy_limit(policy, EP_RULE_MAX_SIZE);
}

int64_t ep_policy_count_from(const ep_policy *policy)
{
    const ep_setting *setting = ep_policy_strictest(policy, EP_RULE_COUNT_FROM);

    return setting != NULL ? setting->number : EP_COUNT_FROM_DEFAULT;
}

static int is_among(const char *const *names, size_t count, const char *name)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

size_t ep_policy_names(const ep_policy *policy, ep_rule rule,
                       const char **names, size_t bytes, int *complete)
{
    size_t count = 0;
    int half;

    *complete = 1;
    /* A name stands for itself if the other half takes it in, or says
     * nothing; of two media ranges that overlap, one takes in the other. */
    for (half = 0; half < 2; half++) {
        const ep_setting *own = policy->rule[rule][half];
        const ep_setting *other = policy->rule[rule][1 - half];
        size_t i;

        for (i = 0; own != NULL && i < own->names_count; i++) {
            const char *name = own->names[i];
            /* quoted, and a comma before the next one */
            const size_t length = ep_text_json_length(name) + 3;

            if ((other != NULL && !ep_policy_lists(rule, other, name))
                || is_among(names, count, name)) {
                continue;
            }
            if (count == EP_NAMES_MAX || length > bytes) {
                *complete = 0;
                continue;
            }
            bytes -= length;
            names[count++] = name;
        }
    }
    return count;
}
