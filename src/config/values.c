/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/values.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_log.h"

#include "core/text/number.h"
#include "core/text/period.h"
#include "ledger/provider.h"
#include "request/expression.h"
#include "request/log_once.h"

APLOG_USE_MODULE(expect_policy);

/* How much of a value the log repeats, in bytes. */
#define SHOWN_MAX 80

int ep_values_is_open(const ep_setting *setting)
{
    return setting->expression != NULL
           || (setting->count != NULL && setting->count->path != NULL);
}

static void log_illegal(request_rec *r, const ep_setting *setting, const char *why)
{
    if (ep_log_once(r->pool, "value", setting)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "%s in %s:%u: %s; what encloses it holds", setting->directive,
                      setting->file, setting->line, why);
    }
}

static void log_value(request_rec *r, const ep_setting *setting, const char *value,
                      const char *legal)
{
    log_illegal(r, setting,
                apr_psprintf(r->pool, "its value '%.*s%s' is not legal; legal is %s, or"
                                      " nothing", SHOWN_MAX, value,
                             strlen(value) > SHOWN_MAX ? "..." : "", legal));
}

/* Columns of a database and attributes of a directory may have blanks around them. */
static const char *trim(apr_pool_t *pool, const char *value)
{
    apr_size_t length;

    while (apr_isspace(*value)) {
        value++;
    }
    length = strlen(value);
    while (length > 0 && apr_isspace(value[length - 1])) {
        length--;
    }
    return apr_pstrmemdup(pool, value, length);
}

/* @return the value, without blanks around it; NULL: the line says nothing, which is
 *         logged unless it is empty */
static const char *value_of(request_rec *r, const ep_setting *setting, int *is_edited)
{
    const char *error = NULL;
    const char *value = ep_expression_value(r, setting->expression, is_edited, &error);

    if (value == NULL) {
        log_illegal(r, setting, error);
        return NULL;
    }
    value = trim(r->pool, value);
    return *value != '\0' ? value : NULL;
}

/* Reads a SIZE or the directive's word for none, SIZE/PERIOD, or a NUMBER.
 * @param known out: its number
 * @param count out: its period; not NULL for an allowance
 * @return 1 if the value is legal */
static int read_number(apr_pool_t *pool, ep_rule rule, const char *value,
                       ep_setting *known, ep_count *count)
{
    const ep_rule_row *row = ep_policy_row(rule);
    const char *slash = ap_strrchr_c(value, '/');

    switch (rule) {
    case EP_RULE_ALLOWANCE:
        return slash != NULL
               && ep_number_size(apr_pstrmemdup(pool, value, (apr_size_t)(slash - value)),
                                 &known->number)
               && ep_period_parse(slash + 1, &count->period);
    case EP_RULE_CONCURRENT:
        return value[strspn(value, "0123456789")] == '\0'
               && ep_number_size(value, &known->number);
    case EP_RULE_QUOTA:
        return ep_number_size(value, &known->number);
    default:
        if (ap_cstr_casecmp(value, row->form) == 0) {
            known->number = row->kind == EP_KIND_AT_MOST ? EP_UNLIMITED : 0;
            return 1;
        }
        return ep_number_size(value, &known->number);
    }
}

static const char *legal_of(apr_pool_t *pool, ep_rule rule)
{
    return rule == EP_RULE_ALLOWANCE    ? "SIZE/PERIOD"
           : rule == EP_RULE_CONCURRENT ? "a number of uploads"
           : rule == EP_RULE_QUOTA      ? EP_NUMBER_FORM
                                        : apr_psprintf(pool, "%s or " EP_NUMBER_FORM,
                                                       ep_policy_row(rule)->form);
}

/* Evaluates the number of a setting.
 * @param known, count out: its copies; count NULL: it is not a limit that counts
 * @return 0: the setting says nothing */
static int find_number(request_rec *r, ep_rule rule, const ep_setting *setting,
                       ep_setting *known, ep_count *count)
{
    int is_edited;
    const char *value = value_of(r, setting, &is_edited);

    known->expression = NULL;
    if (is_edited) {
        /* the value from before .htaccess files is not known; 0, since an owner must
         * not lift a limit by announcing content */
        known->number = 0;
        if (count != NULL) {
            count->period = APR_USEC_PER_SEC;
        }
        return 1;
    }
    if (value == NULL) {
        return 0;
    }
    if (!read_number(r->pool, rule, value, known, count)) {
        log_value(r, setting, value, legal_of(r->pool, rule));
        return 0;
    }
    return 1;
}

/* @return a copy with the number; NULL: the setting says nothing */
static const ep_setting *evaluate(request_rec *r, ep_rule rule,
                                  const ep_setting *setting)
{
    ep_setting *known = apr_pmemdup(ep_request_initial(r)->pool, setting,
                                    sizeof(*known));

    return find_number(r, rule, setting, known, NULL) ? known : NULL;
}

static unsigned int slashes_in(const char *path)
{
    unsigned int count = 0;

    for (; *path != '\0'; path++) {
        count += *path == '/';
    }
    return count;
}

/* @return the slashes that are written in an expression, outside of what it reads */
static unsigned int slashes_written(const char *text)
{
    unsigned int count = 0;

    while (*text != '\0') {
        if (text[0] == '%' && text[1] == '{') {
            text += strcspn(text, "}");
        }
        else {
            count += *text == '/';
            text += *text != '\0';
        }
    }
    return count;
}

/* 1 if each segment of a path is a name */
static int has_names(const char *path)
{
    while (*path == '/') {
        const apr_size_t length = strcspn(path + 1, "/");

        if (length == 0 || (path[1] == '.' && length == 1)
            || (path[1] == '.' && path[2] == '.' && length == 2)) {
            return 0;
        }
        path += 1 + length;
    }
    return *path == '\0';
}

/* @return the tree, without a slash at its end; NULL: it is not one that the
 *         administrator has allowed.  What is read from the request is a part of one
 *         name: it has no slash, so it cannot lead elsewhere. */
static const char *tree_of(request_rec *r, const char *text, const char *value)
{
    const apr_size_t before = strcspn(text, "%");
    const apr_size_t length = strlen(value);
    const char *tree = apr_pstrmemdup(ep_request_initial(r)->pool, value,
                                      length > 1 && value[length - 1] == '/'
                                          ? length - 1
                                          : length);

    return length < EP_LEDGER_PATH_SIZE && strncmp(value, text, before) == 0
                   && slashes_in(value) == slashes_written(text) && has_names(tree)
               ? tree
               : NULL;
}

/* Finds the tree of a quota.  Leaves it NULL, and says why, if there is none. */
static void find_tree(request_rec *r, const ep_setting *line, ep_count *count)
{
    const char *error = NULL;
    int is_edited;
    const char *value = ep_expression_value(r, count->path, &is_edited, &error);

    count->is_untold = ep_expression_user(r) == NULL;
    count->directory = value != NULL ? tree_of(r, count->path->text, value) : NULL;
    if (count->directory == NULL) {
        if (ep_log_once(r->pool, "path", line)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "%s in %s:%u: path= comes to '%.*s', where each value has to be"
                          " a name or a part of one, and not . or ..: such uploads are"
                          " refused", line->directive, line->file, line->line,
                          SHOWN_MAX, value != NULL ? value : error);
        }
        return;
    }
    count->depth = slashes_in(count->directory);
}

/* @return a line with its number and tree; NULL: it says nothing */
static const ep_setting *evaluate_line(request_rec *r, ep_half *half,
                                       const ep_setting *line)
{
    apr_pool_t *pool = ep_request_initial(r)->pool;
    ep_setting *known = apr_pmemdup(pool, line, sizeof(*known));
    ep_count *count = apr_pmemdup(pool, line->count, sizeof(*count));

    known->count = count;
    if (line->expression != NULL
        && !find_number(r, count->rule, line, known, count)) {
        return NULL;
    }
    if (count->path != NULL) {
        find_tree(r, line, count);
        if (count->directory == NULL && half->surplus[0] == NULL) {
            half->surplus[0] = known;
        }
    }
    return known;
}

/* Evaluates the lines of a section, up to its last one.
 * @param half its surplus: a line without a tree
 * @return the last line, or one before it if that says nothing; NULL: none */
static const ep_setting *evaluate_lines(request_rec *r, ep_values_when when,
                                        ep_half *half, const ep_setting *line)
{
    const ep_setting *before, *known = line;
    ep_setting *copy;
    ep_count *count;

    if (line == NULL || line->count == NULL) {
        return line;
    }
    before = evaluate_lines(r, when, half, line->count->before);
    if (ep_values_is_open(line)) {
        known = when == EP_VALUES_NOW ? evaluate_line(r, half, line) : NULL;
    }
    if (known == NULL || before == known->count->before) {
        return known != NULL ? known : before;
    }
    count = apr_pmemdup(ep_request_initial(r)->pool, known->count, sizeof(*count));
    count->before = before;
    copy = apr_pmemdup(ep_request_initial(r)->pool, known, sizeof(*copy));
    copy->count = count;
    return copy;
}

const ep_half *ep_values_evaluate(request_rec *r, ep_values_when when,
                                  const ep_half *section)
{
    ep_half *known = apr_pmemdup(ep_request_initial(r)->pool, section, sizeof(*known));
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        const ep_setting *setting = known->rule[rule];

        if (rule >= EP_RULE_QUOTA) {
            known->rule[rule] = evaluate_lines(r, when, known, setting);
        }
        else if (setting != NULL && ep_values_is_open(setting)) {
            known->rule[rule] = when == EP_VALUES_NOW
                                    ? evaluate(r, (ep_rule)rule, setting)
                                    : NULL;
        }
    }
    return known;
}
