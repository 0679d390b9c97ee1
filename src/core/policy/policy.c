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

static int is_status(ep_rule rule)
{
    return rule >= EP_RULE_STATUS && rule <= EP_RULE_STATUS_LAST;
}

/* Leaves out what was written but demands nothing: Off, Any, Unlimited. */
static const ep_setting *demand(ep_rule rule, const ep_setting *setting)
{
    if (setting == NULL) {
        return NULL;
    }
    switch (rule) {
    case EP_RULE_EXPECTATIONS:
    case EP_RULE_METHODS:
    case EP_RULE_REQUIRE_AUTH:
    case EP_RULE_TYPES:
    case EP_RULE_ENCODINGS:
        return setting->names != NULL ? setting : NULL;
    case EP_RULE_REQUIRE_CONTINUE:
    case EP_RULE_MAX_SIZE:
        return setting->number != EP_UNLIMITED ? setting : NULL;
    case EP_RULE_FREE_SPACE:
    case EP_RULE_QUOTA:
    case EP_RULE_ALLOWANCE:
    case EP_RULE_CONCURRENT:
        /* these are counted */
        return NULL;
    default:
        return is_status(rule) || setting->number != 0 ? setting : NULL;
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
        /* where a word is there already, it came from further inside */
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

static void choose_status(ep_policy *policy, const ep_half *half)
{
    int code;

    for (code = 0; code < EP_CODES; code++) {
        const ep_setting *status = half->rule[EP_RULE_STATUS + code];

        if (status != NULL) {
            policy->status[code] = (ep_status_choice)status->number;
        }
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
    for (i = 0; i < 2; i++) {
        const ep_setting *mode = halves[i]->rule[EP_RULE_MODE];
        const ep_setting *format = halves[i]->rule[EP_RULE_FORMAT];
        const ep_setting *advertise = halves[i]->rule[EP_RULE_ADVERTISE];

        for (rule = 0; rule < EP_RULES; rule++) {
            policy->rule[rule][i] = demand((ep_rule)rule,
                                           halves[i]->rule[rule]);
        }
        if (mode != NULL && (int64_t)policy->mode < mode->number) {
            policy->mode = (ep_mode)mode->number;
            policy->mode_by = mode;
        }
        /* how a refusal is told makes nothing laxer */
        choose_status(policy, halves[i]);
        if (format != NULL) {
            policy->format = (ep_format)format->number;
        }
        if (advertise != NULL) {
            policy->advertises = advertise->number != 0;
        }
    }
    /* these are the server's alone */
    if (policy->rule[EP_RULE_LINGER][0] != NULL) {
        policy->linger =
            (ep_linger)policy->rule[EP_RULE_LINGER][0]->number;
    }
    policy->early_errors = policy->rule[EP_RULE_EARLY_ERRORS][0] != NULL;
    policy->tells_upload_limit = policy->advertises
                                 && policy->rule[EP_RULE_ADVERTISE][0] != NULL;
    policy->fails_closed = policy->rule[EP_RULE_LEDGER_FAILURE][0] != NULL;
    if (halves[0]->rule[EP_RULE_EXPECTATIONS] == NULL) {
        policy->rule[EP_RULE_EXPECTATIONS][0] = &default_expectations;
    }
    count(policy, halves);
}

void ep_policy_only_ceiling(ep_policy *policy, ep_mode mode)
{
    memset(policy->rule, 0, sizeof(policy->rule));
    policy->counted_count = 0;
    policy->mode = mode;
    policy->mode_by = NULL;
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

int ep_policy_is_laxer(ep_rule rule, const ep_setting *server,
                       const ep_setting *owner)
{
    size_t i;

    if (is_status(rule) || rule == EP_RULE_FORMAT
        || rule == EP_RULE_ADVERTISE
        || (rule >= EP_RULE_MESSAGE && rule <= EP_RULE_MESSAGE_LAST)) {
        return 0;
    }
    if (server == NULL && rule == EP_RULE_EXPECTATIONS) {
        server = &default_expectations;
    }
    server = demand(rule, server);
    if (server == NULL) {
        return 0;
    }
    switch (rule) {
    case EP_RULE_REQUIRE_AUTH:
        /* both demands hold, whatever their schemes are */
        return owner->names == NULL;
    case EP_RULE_EXPECTATIONS:
    case EP_RULE_METHODS:
    case EP_RULE_TYPES:
    case EP_RULE_ENCODINGS:
        if (owner->names == NULL) {
            return 1;
        }
        for (i = 0; i < owner->names_count; i++) {
            if (!ep_policy_lists(rule, server, owner->names[i])) {
                return 1;
            }
        }
        return 0;
    case EP_RULE_REQUIRE_CONTINUE:
    case EP_RULE_MAX_SIZE:
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
        return strcmp(outer->expression, inner->expression) == 0;
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

static const ep_setting *smaller(const ep_setting *a, const ep_setting *b)
{
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    return b->number < a->number ? b : a;
}

const ep_setting *ep_policy_smallest(const ep_policy *policy, ep_rule rule)
{
    return smaller(policy->rule[rule][0], policy->rule[rule][1]);
}

const char *ep_policy_message(const ep_policy *policy, ep_code code)
{
    const ep_setting *const *said = policy->rule[EP_RULE_MESSAGE + code];

    /* an owner knows best what to tell the site's users */
    const ep_setting *last = said[1] != NULL ? said[1] : said[0];

    return last != NULL ? last->message : NULL;
}

const ep_setting *ep_policy_max_size(const ep_policy *policy)
{
    return smaller(policy->ceiling,
                   ep_policy_smallest(policy, EP_RULE_MAX_SIZE));
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
