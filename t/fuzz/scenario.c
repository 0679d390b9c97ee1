/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "scenario.h"

#include <stdlib.h>
#include <string.h>

#include "core/answer/document.h"
#include "core/text/auth.h"
#include "core/text/expect.h"
#include "core/text/media.h"

/* The most lines that are read: more would not help a fuzzer. */
#define LINES_MAX 64

struct scenario_memory {
    struct scenario_memory *next;
    void *block;
};

struct scenario_section {
    struct scenario_section *outer;
    ep_half says;
};

typedef struct word {
    const char *at;
    size_t length;
} word;

static void *keep(scenario *s, size_t size)
{
    struct scenario_memory *memory = malloc(sizeof(*memory));
    void *block = calloc(1, size);

    if (memory == NULL || block == NULL) {
        abort();
    }
    memory->block = block;
    memory->next = s->memory;
    s->memory = memory;
    return block;
}

static const char *keep_text(scenario *s, word text)
{
    char *copy = keep(s, text.length + 1);

    memcpy(copy, text.at, text.length);
    return copy;
}

static int is(word text, const char *wanted)
{
    return text.length == strlen(wanted)
           && memcmp(text.at, wanted, text.length) == 0;
}

/* Removes the first word from a line; a blank between quotes does not end the word. */
static word take(word *line)
{
    word first;
    int quoted = 0;

    while (line->length > 0 && line->at[0] == ' ') {
        line->at++;
        line->length--;
    }
    first.at = line->at;
    first.length = 0;
    while (first.length < line->length
           && (quoted || first.at[first.length] != ' ')) {
        if (quoted && first.at[first.length] == '\\'
            && first.length + 1 < line->length) {
            first.length++;
        }
        else if (first.at[first.length] == '"') {
            quoted = !quoted;
        }
        first.length++;
    }
    line->at += first.length;
    line->length -= first.length;
    if (line->length > 0) {
        line->at++;
        line->length--;
    }
    return first;
}

/* Not ep_number_size(): the code under test must not read its own tests. */
static int bytes_in(word text, int64_t *bytes)
{
    int64_t value = 0;
    size_t i;

    for (i = 0; i < text.length; i++) {
        const int digit = text.at[i] - '0';

        if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10) {
            return 0;
        }
        value = value * 10 + digit;
    }
    *bytes = value;
    return text.length > 0;
}

/* @return the rule of a directive, whose name is written without what all begin
 * with; EP_RULES: there is none */
static int find_rule(word name)
{
    const size_t common = strlen("ExpectPolicy");
    int rule = EP_RULE_MODE;

    if (is(name, "ExpectPolicy")) {
        return rule;
    }
    while (++rule < EP_RULES) {
        const char *directive = ep_policy_row((ep_rule)rule)->directive;

        /* a rule of each code has one directive */
        if (directive != NULL && is(name, directive + common)) {
            break;
        }
    }
    return rule;
}

static int is_name(ep_rule rule, const char *name)
{
    return strlen(name) <= EP_NAME_MAX && ep_document_is_message(name)
           && ep_policy_is_name(rule, name);
}

static int read_names(scenario *s, ep_setting *setting, ep_rule rule,
                      word line)
{
    const char *found[EP_NAMES_MAX];
    size_t count = 0;
    const char **names;

    if (rule != EP_RULE_TOTAL_FIELDS && is(line, "Any")) {
        return 1;
    }
    if (!((rule == EP_RULE_EXPECTATIONS || rule == EP_RULE_TOTAL_FIELDS)
          && is(line, "None"))) {
        for (;;) {
            const word next = take(&line);

            if (next.length == 0) {
                break;
            }
            if (count == EP_NAMES_MAX) {
                return 0;
            }
            found[count] = keep_text(s, next);
            if (!is_name(rule, found[count])) {
                return 0;
            }
            count++;
        }
        if (count == 0) {
            return 0;
        }
    }
    names = keep(s, count * sizeof(*names) + (count == 0));
    memcpy(names, found, count * sizeof(*names));
    setting->names = names;
    setting->names_count = count;
    return 1;
}

/* One more challenge, behind those of earlier lines. */
static int read_challenge(scenario *s, ep_setting *setting,
                          const ep_setting *before, word line)
{
    const size_t count = before != NULL ? before->names_count : 0;
    char challenge[EP_CHALLENGE_SIZE];
    word made;
    const char **names;

    if (is(line, "Off")) {
        return 1;
    }
    if (!ep_auth_parse_challenge(keep_text(s, line), challenge)) {
        return 0;
    }
    made.at = challenge;
    made.length = strlen(challenge);
    names = keep(s, (count + 1) * sizeof(*names));
    if (count > 0) {
        memcpy(names, before->names, count * sizeof(*names));
    }
    names[count] = keep_text(s, made);
    setting->names = names;
    setting->names_count = count + 1;
    return 1;
}

/* @return EP_CODES: there is no such code */
static int find_code(const char *text)
{
    int code = 0;

    while (code < EP_CODES
           && (ep_check_of((ep_code)code)->token == NULL
               || strcmp(ep_check_of((ep_code)code)->token, text) != 0)) {
        code++;
    }
    return code;
}

/* @param rule in: MESSAGE; out: that of the code */
static int read_message(scenario *s, ep_setting *setting, int *rule, word line)
{
    const int code = find_code(keep_text(s, take(&line)));

    *rule += code;
    setting->number = 1;
    setting->message = keep_text(s, line);
    return code < EP_CODES && ep_document_is_message(setting->message);
}

static int read_refusal(scenario *s, ep_setting *setting, word line)
{
    static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    int64_t status;

    if (is(line, "Off")) {
        return 1;
    }
    setting->number = 1;
    setting->code = keep_text(s, take(&line));
    if (setting->code[0] == '\0' || strlen(setting->code) > 64
        || setting->code[strspn(setting->code, legal)] != '\0') {
        return 0;
    }
    if (find_code(setting->code) != EP_CODES) {
        return 0;
    }
    if (!bytes_in(take(&line), &status) || status < 400 || status > 599
        || status == 401 || status == 405 || status == 407 || status == 426) {
        return 0;
    }
    setting->status = (int)status;
    if (line.length > 0) {
        setting->message = keep_text(s, line);
        return ep_document_is_message(setting->message);
    }
    return 1;
}

static int read_choice(ep_setting *setting, const char *words, word line)
{
    word list;

    list.at = words;
    list.length = strlen(words);
    for (setting->number = 0; list.length > 0; setting->number++) {
        const word known = take(&list);

        if (known.length == line.length
            && memcmp(known.at, line.at, line.length) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A line without codes leaves those that others of its section name. */
static int read_status(scenario *s, ep_half *half, ep_setting *setting,
                       word line)
{
    const ep_setting **said = &half->rule[EP_RULE_STATUS];
    const int is_one = read_choice(setting,
                                   ep_policy_row(EP_RULE_STATUS)->form,
                                   take(&line));
    int code;

    if (line.length > 0) {
        setting->names = keep(s, sizeof(*setting->names));
        setting->names_count = 1;
    }
    for (code = 0; is_one && line.length == 0 && code < EP_CODES; code++) {
        if (said[code] == NULL || said[code]->names == NULL) {
            said[code] = setting;
        }
    }
    while (is_one && line.length > 0) {
        const word name = take(&line);

        code = is(name, "Refuse") ? EP_REFUSED : find_code(keep_text(s, name));
        if (code == EP_CODES) {
            return 0;
        }
        said[code] = setting;
    }
    return is_one;
}

static int read_tree(scenario *s, ep_count *count, word text)
{
    int64_t depth = 0;
    size_t i;

    if (text.length > 1 && text.at[0] == '*') {
        text.at++;
        text.length--;
        count->depth = bytes_in(text, &depth) ? (unsigned int)(depth & 63) : 0;
        return count->depth > 0;
    }
    if (text.length == 0 || text.at[0] != '/'
        || (text.length > 1 && text.at[text.length - 1] == '/')) {
        return 0;
    }
    for (i = 0; i < text.length && text.length > 1; i++) {
        count->depth += text.at[i] == '/';
    }
    count->directory = keep_text(s, text);
    return 1;
}

static int read_key(scenario *s, ep_count *count, word line)
{
    static const char *const words[] = { "client", "user", "host",
                                         "directory" };
    const word name = take(&line);
    ep_expression *value;
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (is(name, words[i])) {
            count->whom = (ep_for)i;
            return count->whom == EP_FOR_DIRECTORY ? read_tree(s, count, line)
                                                   : line.length == 0;
        }
    }
    count->whom = EP_FOR_EXPRESSION;
    value = keep(s, sizeof(*value));
    value->text = keep_text(s, name);
    count->expression = value;
    return strncmp(value->text, "expr=", 5) == 0 && line.length == 0;
}

static int read_counted(scenario *s, ep_setting *setting, ep_rule rule,
                        const ep_setting *before, word line)
{
    ep_count *count = keep(s, sizeof(*count));
    word amount = take(&line);

    if (is(amount, "Off")) {
        setting->number = EP_UNLIMITED;
        return line.length == 0;
    }
    count->rule = rule;
    count->scope = setting->file;
    count->is_owners = strcmp(setting->file, "owner") == 0;
    setting->count = count;
    if (rule == EP_RULE_FREE_SPACE) {
        count->is_percent = amount.length > 0
                            && amount.at[amount.length - 1] == '%';
        amount.length -= (size_t)count->is_percent;
    }
    else {
        count->before = before;
    }
    if (rule == EP_RULE_ALLOWANCE) {
        const char *slash = memchr(amount.at, '/', amount.length);
        word period;

        if (slash == NULL) {
            return 0;
        }
        period.at = slash + 1;
        period.length = amount.length - (size_t)(period.at - amount.at);
        amount.length = (size_t)(slash - amount.at);
        if (!bytes_in(period, &count->period) || count->period == 0) {
            return 0;
        }
    }
    if (!bytes_in(amount, &setting->number)
        || setting->number == EP_UNLIMITED) {
        return 0;
    }
    switch (rule) {
    case EP_RULE_FREE_SPACE:
        return line.length == 0;
    case EP_RULE_QUOTA:
        return read_tree(s, count, line);
    default:
        return read_key(s, count, line);
    }
}

/* A number that is not known yet. */
static const ep_expression expression = { "%{env:A}", NULL, 0 };

static int read_setting(scenario *s, ep_setting *setting, ep_rule rule,
                        const ep_setting *before, word line)
{
    const ep_rule_row *row = ep_policy_row(rule);

    switch (row->kind) {
    case EP_KIND_CHOICE:
    case EP_KIND_SWITCH:
        return read_choice(setting, row->form, line);
    case EP_KIND_AT_LEAST:
    case EP_KIND_AT_MOST:
    case EP_KIND_UP_TO:
        if (is(line, "expr")) {
            setting->expression = &expression;
            return 1;
        }
        setting->number = row->kind == EP_KIND_AT_MOST ? EP_UNLIMITED : 0;
        return is(line, row->form) || bytes_in(line, &setting->number);
    case EP_KIND_CHALLENGES:
        return read_challenge(s, setting, before, line);
    case EP_KIND_REFUSAL:
        return read_refusal(s, setting, line);
    case EP_KIND_COUNTED:
        return read_counted(s, setting, rule, before, line);
    default:
        return read_names(s, setting, rule, line);
    }
}

static ep_half *enter_section(scenario *s, int side)
{
    struct scenario_section *section = keep(s, sizeof(*section));

    section->outer = s->innermost[side];
    s->innermost[side] = section;
    return &section->says;
}

static int read_rule(scenario *s, int side, const char *file,
                     unsigned int number, word line)
{
    ep_half *half = &s->innermost[side]->says;
    const word name = take(&line);
    ep_setting *setting = keep(s, sizeof(*setting));
    int rule = find_rule(name);
    int is_legal;

    if (is(name, "section")) {
        enter_section(s, side);
        return line.length == 0;
    }
    setting->file = file;
    setting->line = number;
    if (rule == EP_RULES) {
        return 0;
    }
    if (rule == EP_RULE_STATUS) {
        return read_status(s, half, setting, line);
    }
    is_legal = rule == EP_RULE_MESSAGE
                   ? read_message(s, setting, &rule, line)
                   : read_setting(s, setting, (ep_rule)rule, half->rule[rule],
                                  line);
    if (is_legal) {
        half->rule[rule] = setting;
    }
    return is_legal;
}

static int read_override(scenario *s, word line)
{
    ep_setting choice;

    if (!read_choice(&choice, "Tighten Any None", line)) {
        return 0;
    }
    s->how = (ep_override)choice.number;
    return 1;
}

static int read_ceiling(scenario *s, unsigned int number, word line)
{
    ep_setting *setting = keep(s, sizeof(*setting));

    setting->file = "ceiling";
    setting->line = number;
    if (!bytes_in(line, &setting->number)) {
        return 0;
    }
    s->ceiling = setting;
    return 1;
}

/* `NAME TEXT` or `no-NAME` */
static int read_field(scenario *s, word name, word line)
{
    const struct {
        const char *name;
        const char *none;
        const char **field;
    } fields[] = {
        { "expect", "no-expect", &s->facts.expect },
        { "type", "no-type", &s->facts.content_type },
        { "encoding", "no-encoding", &s->facts.content_encoding },
        { "authorization", "no-authorization", &s->facts.authorization },
        { "accept", "no-accept", &s->facts.accept }
    };
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (is(name, fields[i].name)) {
            *fields[i].field = keep_text(s, line);
            return 1;
        }
        if (is(name, fields[i].none)) {
            *fields[i].field = NULL;
            return line.length == 0;
        }
    }
    return 0;
}

static int read_total(scenario *s, word name, word value)
{
    ep_total_field *field = &s->totals[s->facts.totals_count];

    if (name.length == 0 || s->facts.totals_count == SCENARIO_TOTALS) {
        return 0;
    }
    field->name = keep_text(s, name);
    field->value = keep_text(s, value);
    s->facts.totals = s->totals;
    s->facts.totals_count++;
    return 1;
}

static int read_content(scenario *s, word name, word line)
{
    if (is(name, "empty") || is(name, "unsized")) {
        s->facts.content = is(name, "empty") ? EP_CONTENT_NONE
                                             : EP_CONTENT_UNSIZED;
        s->facts.declared = EP_UNKNOWN;
        return line.length == 0;
    }
    if (is(name, "sized")) {
        int64_t bytes;

        if (!bytes_in(line, &bytes) || bytes == 0) {
            return 0;
        }
        s->facts.content = EP_CONTENT_SIZED;
        s->facts.declared = bytes;
        return 1;
    }
    if (is(name, "range")) {
        s->facts.has_range = ep_range_parse(keep_text(s, line),
                                            &s->facts.range);
        return 1;
    }
    if (is(name, "total")) {
        return read_total(s, take(&line), line);
    }
    if (is(name, "no-hint")) {
        s->facts.hint = EP_UNKNOWN;
        return line.length == 0;
    }
    return is(name, "hint") && bytes_in(line, &s->facts.hint);
}

static int read_line(scenario *s, unsigned int number, word line)
{
    const word whole = line;
    const word name = take(&line);

    if (is(name, "server")) {
        return read_rule(s, 0, "server", number, line);
    }
    if (is(name, "owner")) {
        return read_rule(s, 1, "owner", number, line);
    }
    if (is(name, "override")) {
        return read_override(s, line);
    }
    if (is(name, "ceiling")) {
        return read_ceiling(s, number, line);
    }
    if (is(name, "method")) {
        s->facts.method = keep_text(s, line);
        return 1;
    }
    if (is(whole, "http10") || is(whole, "http11")) {
        s->facts.ignores_continue = is(whole, "http10");
        return 1;
    }
    return read_field(s, name, line) || read_content(s, name, line);
}

void scenario_read(scenario *s, const char *text, size_t length)
{
    static const ep_setting on = {
        .file = "server", .number = EP_MODE_ON
    };
    ep_half *const halves[2] = { &s->server, &s->owner };
    unsigned int number = 0;
    int side;

    memset(s, 0, sizeof(*s));
    enter_section(s, 0)->rule[EP_RULE_MODE] = &on;
    enter_section(s, 1);
    s->facts.method = "PUT";
    s->facts.declared = EP_UNKNOWN;
    s->facts.hint = EP_UNKNOWN;
    while (length > 0 && number < LINES_MAX) {
        const char *end = memchr(text, '\n', length);
        word line;

        line.at = text;
        line.length = end != NULL ? (size_t)(end - text) : length;
        length -= line.length + (end != NULL);
        text += line.length + (end != NULL);
        number++;
        /* no field holds a NUL: httpd refuses it */
        if (line.length > 0
            && (memchr(line.at, '\0', line.length) != NULL
                || !read_line(s, number, line))) {
            s->rejected++;
        }
    }
    for (side = 0; side < 2; side++) {
        const struct scenario_section *section = s->innermost[side];

        for (; section != NULL; section = section->outer) {
            ep_policy_add_section(halves[side], &section->says);
        }
    }
}

void scenario_compose(const scenario *s, ep_policy *policy)
{
    ep_policy_compose(policy, &s->server, &s->owner, s->how);
    policy->ceiling = s->ceiling;
}

void scenario_free(scenario *s)
{
    while (s->memory != NULL) {
        struct scenario_memory *next = s->memory->next;

        free(s->memory->block);
        free(s->memory);
        s->memory = next;
    }
}
