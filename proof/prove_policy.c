/* Licensed under the Apache License, Version 2.0; see LICENSE.
 *
 * sources: policy auth expect media text
 * lengths: names of 0 to 5 characters, each against each, in settings of 0 to
 *          2 names
 * below: ep_policy_names 97% the array is never full here
 * below: demand 96% the block around the cases of its switch counts
 * below: counts_all_of 96% the block around the cases of its switch counts
 * below: ep_policy_message 88% every half has or may have words here
 * joined: ep_policy_compose compose fill_half any_setting only_ceiling
 *         any_limit any_off any_line count add_lines ep_policy_add_section collect
 * options: -eva-min-loop-unroll 60
 *          -eva-domains-function octagon:ep_policy_names,octagon:count
 */
#include "any.h"
#include "core/policy/policy.h"
#include "setting.h"

ANY_TEXT(listed, 5);
ANY_TEXT(name, 5);

static const char *server_names[2];
static const char *owner_names[2];

static ep_setting server[EP_RULES];
static ep_setting owner[EP_RULES];
static ep_setting ceiling;

/* Limits that count, with one before, and Off; of the server and the owner. */
static ep_setting limits[2], befores[2], offs[2];
static ep_count limit_counts[2], before_counts[2];

static void fill_limits(const char *text)
{
    int half;

    //@ loop unroll 2;
    for (half = 0; half < 2; half++) {
        any_off(&offs[half]);
        any_limit(&befores[half], &before_counts[half], text,
                  maybe(&offs[half]));
        any_limit(&limits[half], &limit_counts[half], text,
                  maybe(&befores[half]));
    }
}

/* The last line of a section on a rule that counts, or none. */
static const ep_setting *any_line(int half)
{
    const ep_setting *const lines[4] = {
        NULL, &offs[half], &befores[half], &limits[half]
    };

    return lines[Frama_C_interval(0, 3)];
}

/* A half to which sections were added before. */
static void fill_counted(ep_half *half, int side)
{
    int i;

    for (i = 0; i < EP_COUNTED_MAX; i++) {
        half->counted[i] = &limits[side];
    }
    half->counted_count = Frama_C_unsigned_long_interval(0, EP_COUNTED_MAX);
    half->counted_of[0] = Frama_C_unsigned_long_interval(0, EP_SERVERS_MAX);
    half->counted_of[1] = Frama_C_unsigned_long_interval(0, EP_OWNERS_MAX);
    half->surplus[0] = maybe(&limits[side]);
    half->surplus[1] = maybe(&limits[side]);
    for (i = 0; i < EP_RULES - EP_RULE_QUOTA; i++) {
        half->off[i] = maybe(&offs[side]);
    }
}

static void fill_half(ep_half *half, ep_setting *settings,
                      const char *const *names)
{
    const char *const *const lists[2] = { NULL, names };
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        any_setting(&settings[rule]);
        settings[rule].names = lists[ANY_BIT];
        settings[rule].names_count = (size_t)Frama_C_interval(0, 2);
        half->rule[rule] = maybe(&settings[rule]);
    }
}

static void compose(ep_policy *policy, const ep_half *of_server,
                    const ep_half *of_owner, ep_override how)
{
    int rule;

    ep_policy_compose(policy, of_server, of_owner, how);
    for (rule = 0; rule < EP_RULES; rule++) {
        //@ check servers: policy->rule[rule][0] != &owner[rule];
        //@ check owners: policy->rule[rule][1] != &server[rule];
        if (how != EP_OVERRIDE_TIGHTEN) {
            //@ check ignored: policy->rule[rule][1] == \null;
        }
    }
    //@ check no_ceiling: policy->ceiling == \null;
    //@ check room: policy->counted_count <= EP_COUNTED_MAX;
}

static void collect(ep_half half, const ep_half *section)
{
    ep_policy_add_section(&half, section);
    //@ check room: half.counted_count <= EP_COUNTED_MAX;
}

static void tighter(ep_rule rule, const ep_half *of_server)
{
    const ep_setting *line = ep_policy_tighter(rule, of_server, &limits[1]);
    const ep_setting *same = ep_policy_tighter(rule, of_server, &offs[1]);

    //@ check the_servers: line == \null || line == &limits[0];
    //@ check the_servers_too: same == \null || same == &limits[0];
}

static void numbers(const ep_policy *policy)
{
    static const ep_policy silent;
    const ep_setting *smallest = ep_policy_strictest(policy, EP_RULE_MAX_SIZE);
    const ep_setting *most = ep_policy_max_size(policy);
    const ep_setting *least = ep_policy_limit(policy, EP_RULE_MIN_SIZE);
    const char *words = ep_policy_message(
        policy, Frama_C_interval(0, EP_CODES - 1));

    //@ check a_text: words == \null || \valid_read(words);
    ep_policy_message(&silent, 0);
    ep_policy_count_from(policy);
    ep_policy_count_from(&silent);
    //@ check one_of_them: smallest == \null || \valid_read(smallest);
    //@ check or_the_ceiling: most == \null || \valid_read(most);
    //@ check not_the_ceiling: least != &ceiling;
}

/* A number that is not known yet is not compared. */
static void open_number(const ep_policy *policy)
{
    static const ep_expression expression = { "%{env:A}", NULL, 0 };
    static ep_setting open;
    static ep_half half;
    ep_policy awaiting = *policy;
    const ep_setting *limit;

    any_setting(&open);
    open.expression = &expression;
    awaiting.rule[EP_RULE_MAX_SIZE][0] = &open;
    limit = ep_policy_strictest(&awaiting, EP_RULE_MAX_SIZE);
    //@ check the_other_one: limit != &open;
    half.rule[EP_RULE_MAX_SIZE] = &open;
    ep_policy_compose(&awaiting, &half, NULL, EP_OVERRIDE_TIGHTEN);
    //@ check it_is_kept: awaiting.rule[EP_RULE_MAX_SIZE][0] == &open;
}

static void asks_at_end(const ep_policy *place)
{
    const ep_setting *fields = ep_policy_total_fields();
    const int result = ep_policy_asks_at_end(place);

    //@ check yes_or_no: result == 0 || result == 1;
    //@ check some_fields: fields->names_count > 0;
}

static void only_ceiling(ep_policy policy, ep_mode mode)
{
    int rule;

    ep_policy_only_ceiling(&policy, mode);
    for (rule = 0; rule < EP_RULES; rule++) {
        //@ check no_rule: policy.rule[rule][0] == \null;
        //@ check no_rule_either: policy.rule[rule][1] == \null;
    }
    //@ check by_nobody: policy.mode_by == \null;
    //@ check none_counts: policy.counted_count == 0;
}

static void covers(ep_rule rule, const char *a, const char *b)
{
    const int result = ep_policy_covers(rule, a, b);
    const int is_name = ep_policy_is_name(rule, a);

    //@ check yes_or_no: result == 0 || result == 1;
    //@ check name_or_not: is_name == 0 || is_name == 1;
}

static void lists(ep_rule rule, const char *b)
{
    const int result = ep_policy_lists(rule, &server[rule], b);

    //@ check yes_or_no: result == 0 || result == 1;
}

static void is_laxer(ep_rule rule)
{
    const int result = ep_policy_is_laxer(rule, maybe(&server[rule]),
                                          &owner[rule]);
    const ep_rule_row *row = ep_policy_row(rule);

    //@ check yes_or_no: result == 0 || result == 1;
    //@ check a_row: \valid_read(row);
}

/* The names' array is not set beforehand: what is read was written. */
static void names(const ep_policy *policy, ep_rule rule)
{
    const char *out[EP_NAMES_MAX];
    int complete;
    size_t count;

    count = ep_policy_names(policy, rule, out, Frama_C_unsigned_long_interval(
                                0, SIZE_MAX), &complete);
    //@ check all_of_both_at_most: count <= 4;
    //@ check written: \initialized(&out[0 .. count - 1]);
    //@ check yes_or_no: complete == 0 || complete == 1;
}

int main(void)
{
    ep_policy policy;
    ep_half of_server, of_owner;
    int rule, how;
    static ep_expression other;
    size_t i, j;

    ANY_FILL(listed);
    ANY_FILL(name);
    fill_half(&of_server, server, server_names);
    fill_half(&of_owner, owner, owner_names);
    any_setting(&ceiling);
    //@ loop unroll 6;
    for (i = 0; i <= listed_longest; i++) {
        fill_limits(ANY_OF(listed, i));
        fill_counted(&of_server, 0);
        //@ loop unroll 6;
        for (j = i > 0 ? i - 1 : i; j <= i + 1 && j <= name_longest; j++) {
            const char *const directories[2] = { NULL, ANY_OF(name, j) };

            limit_counts[1].directory = directories[ANY_BIT];
            other.text = ANY_OF(name, j);
            limit_counts[1].expression = &other;
            for (rule = EP_RULE_QUOTA; rule < EP_RULES; rule++) {
                tighter((ep_rule)rule, &of_server);
            }
        }
    }
    fill_counted(&of_owner, 1);
    for (rule = EP_RULE_QUOTA; rule < EP_RULES; rule++) {
        of_server.rule[rule] = any_line(0);
        of_owner.rule[rule] = any_line(1);
    }
    collect(of_server, &of_server);
    collect(of_owner, &of_owner);

    //@ loop unroll 3;
    for (how = EP_OVERRIDE_TIGHTEN; how <= EP_OVERRIDE_NONE; how++) {
        compose(&policy, &of_server, &of_owner, (ep_override)how);
        compose(&policy, NULL, &of_owner, (ep_override)how);
        compose(&policy, &of_server, NULL, (ep_override)how);
        numbers(&policy);
        policy.ceiling = maybe(&ceiling);
        numbers(&policy);
        asks_at_end(&policy);
        open_number(&policy);
        only_ceiling(policy, EP_MODE_ON);
    }
    //@ loop unroll 6;
    for (i = 0; i <= listed_longest; i++) {
        //@ loop unroll 6;
        for (j = 0; j <= name_longest; j++) {
            server_names[0] = ANY_OF(listed, i);
            server_names[1] = ANY_OF(listed, j);
            owner_names[0] = ANY_OF(name, j);
            owner_names[1] = ANY_OF(name, i);
            /* rules without names are treated as the first one, MODE */
            for (rule = 0; rule <= EP_RULE_ENCODINGS; rule++) {
                covers((ep_rule)rule, ANY_OF(listed, i), ANY_OF(name, j));
                is_laxer((ep_rule)rule);
            }
        }
    }
    /* these have no names to compare: once is enough */
    for (rule = EP_RULE_ENCODINGS + 1; rule < EP_RULES; rule++) {
        is_laxer((ep_rule)rule);
    }
    /* in a composed policy, a list rule always has names */
    for (rule = 0; rule < EP_RULES; rule++) {
        server[rule].names = server_names;
        owner[rule].names = owner_names;
        policy.rule[rule][0] = maybe(&server[rule]);
        policy.rule[rule][1] = maybe(&owner[rule]);
    }
    //@ loop unroll 3;
    for (i = 0; i <= 2; i++) {
        //@ loop unroll 3;
        for (j = 0; j <= 2; j++) {
            server_names[0] = ANY_OF(listed, i);
            server_names[1] = ANY_OF(listed, j);
            owner_names[0] = ANY_OF(name, j);
            owner_names[1] = ANY_OF(name, i);
            lists(EP_RULE_EXPECTATIONS, ANY_OF(name, j));
            lists(EP_RULE_METHODS, ANY_OF(name, j));
            names(&policy, EP_RULE_EXPECTATIONS);
            names(&policy, EP_RULE_METHODS);
            names(&policy, EP_RULE_REQUIRE_AUTH);
            names(&policy, EP_RULE_TYPES);
            names(&policy, EP_RULE_ENCODINGS);
        }
    }
    return 0;
}
