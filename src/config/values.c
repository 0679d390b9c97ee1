/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/values.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_log.h"

#include "core/text/number.h"
#include "request/expression.h"
#include "request/log_once.h"

APLOG_USE_MODULE(expect_policy);

/* How much of a value the log repeats, in bytes. */
#define SHOWN_MAX 80

int ep_values_is_open(const ep_setting *setting)
{
    return setting->expression != NULL;
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

/* @param number out
 * @return 1 if the value is legal for the rule */
static int read_number(ep_rule rule, const char *value, int64_t *number)
{
    const ep_rule_row *row = ep_policy_row(rule);

    if (ap_cstr_casecmp(value, row->form) == 0) {
        *number = row->kind == EP_KIND_AT_MOST ? EP_UNLIMITED : 0;
        return 1;
    }
    return ep_number_size(value, number);
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

/* @return a copy with the number; NULL: the line says nothing */
static const ep_setting *evaluate(request_rec *r, ep_rule rule,
                                  const ep_setting *setting)
{
    apr_pool_t *pool = ep_request_initial(r)->pool;
    ep_setting *known = apr_pmemdup(pool, setting, sizeof(*known));
    int is_edited;
    const char *value = value_of(r, setting, &is_edited);

    known->expression = NULL;
    if (is_edited) {
        /* nobody knows what it would have said of an upload that the client has not
         * announced: an owner cannot lift a limit in this way */
        known->number = 0;
        return known;
    }
    if (value == NULL) {
        return NULL;
    }
    if (!read_number(rule, value, &known->number)) {
        log_value(r, setting, value,
                  apr_psprintf(r->pool, "%s or " EP_NUMBER_FORM,
                               ep_policy_row(rule)->form));
        return NULL;
    }
    return known;
}

const ep_half *ep_values_evaluate(request_rec *r, ep_values_when when,
                                  const ep_half *section)
{
    ep_half *known = apr_pmemdup(ep_request_initial(r)->pool, section, sizeof(*known));
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        const ep_setting *setting = known->rule[rule];

        if (setting != NULL && ep_values_is_open(setting)) {
            known->rule[rule] = when == EP_VALUES_NOW
                                    ? evaluate(r, (ep_rule)rule, setting)
                                    : NULL;
        }
    }
    return known;
}
