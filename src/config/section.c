/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/section.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"

#include "request/log_once.h"

APLOG_USE_MODULE(expect_policy);

/*
 * The configuration of one section or .htaccess file, or `add` merged over `base`.
 * Merging only joins the two, since it runs for each section in each request.  Only
 * uploads need the result, which collect() below makes.
 */
typedef struct dir_config dir_config;
struct dir_config {
    /* both NULL: this is one section */
    const dir_config *base;
    const dir_config *add;
    /* 1: some section in here has On or DryRun */
    int may_be_on;
    /* it stands in an .htaccess file */
    int is_owners;
    /* some number comes from an expression */
    int is_open;
    /* the settings of the section; NULL: none */
    ep_half *says;
    const ep_setting *override;
};

typedef struct server_config {
    const ep_setting *ceiling;
    /* the strictest ExpectPolicy in any section of this virtual host */
    const ep_setting *strictest;
} server_config;

void *ep_section_create_dir(apr_pool_t *pool, char *where)
{
    (void)where;
    return apr_pcalloc(pool, sizeof(dir_config));
}

void *ep_section_merge_dir(apr_pool_t *pool, void *base_, void *add_)
{
    const dir_config *base = base_;
    const dir_config *add = add_;
    dir_config *merged = apr_palloc(pool, sizeof(*merged));

    merged->base = base;
    merged->add = add;
    merged->may_be_on = base->may_be_on | add->may_be_on;
    return merged;
}

void *ep_section_create_server(apr_pool_t *pool, server_rec *server)
{
    (void)server;
    return apr_pcalloc(pool, sizeof(server_config));
}

static const ep_setting *stricter(const ep_setting *a, const ep_setting *b)
{
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    return b->number > a->number ? b : a;
}

void *ep_section_merge_server(apr_pool_t *pool, void *base_, void *add_)
{
    const server_config *base = base_;
    const server_config *add = add_;
    server_config *merged = apr_palloc(pool, sizeof(*merged));

    merged->ceiling = add->ceiling != NULL ? add->ceiling : base->ceiling;
    /* sections of the main server also hold in its virtual hosts */
    merged->strictest = stricter(base->strictest, add->strictest);
    return merged;
}

void ep_section_say(apr_pool_t *pool, void *section_, int is_owners,
                    ep_rule rule, const ep_setting *setting)
{
    dir_config *section = section_;

    if (section->says == NULL) {
        section->says = apr_pcalloc(pool, sizeof(*section->says));
        section->is_owners = is_owners;
    }
    section->says->rule[rule] = setting;
    section->is_open |= ep_values_is_open(setting);
    if (rule == EP_RULE_MODE && setting->number != EP_MODE_OFF) {
        section->may_be_on = 1;
    }
}

const ep_setting *ep_section_said(const void *section_, ep_rule rule)
{
    const dir_config *section = section_;

    return section->says != NULL ? section->says->rule[rule] : NULL;
}

const ep_setting *ep_section_say_override(void *section_, const ep_setting *setting)
{
    dir_config *section = section_;
    const ep_setting *before = section->override;

    section->override = setting;
    return before;
}

static server_config *server_config_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &expect_policy_module);
}

const ep_setting *ep_section_say_ceiling(server_rec *server, const ep_setting *setting)
{
    server_config *config = server_config_of(server);
    const ep_setting *before = config->ceiling;

    config->ceiling = setting;
    return before;
}

/* Set while hooks are registered; NULL: there is nothing to call. */
static void (*features[EP_FEATURES])(void);

void ep_section_when_used(ep_feature feature, void (*begin)(void))
{
    features[feature] = begin;
}

void ep_section_use(ep_feature feature)
{
    if (features[feature] != NULL) {
        features[feature]();
    }
}

void ep_section_say_section_mode(server_rec *server, const ep_setting *setting)
{
    if (setting->number != EP_MODE_OFF) {
        server_config *host = server_config_of(server);

        host->strictest = stricter(host->strictest, setting);
    }
}

int ep_section_finish(apr_pool_t *pool, server_rec *main_server)
{
    return ep_log_once_init(pool, main_server);
}

static const dir_config *dir_config_in(const ap_conf_vector_t *vector)
{
    return ap_get_module_config(vector, &expect_policy_module);
}

int ep_section_may_be_on(const ap_conf_vector_t *vector)
{
    return dir_config_in(vector)->may_be_on;
}

int ep_section_has_ceiling(const request_rec *r)
{
    const ep_setting *ceiling = server_config_of(r->server)->ceiling;

    return ceiling != NULL && ceiling->number != EP_UNLIMITED
           && ep_section_may_be_on(r->server->lookup_defaults);
}

/* The settings of all sections that hold in one place. */
typedef struct collected {
    /* the request for which numbers by expression are evaluated */
    request_rec *r;
    ep_values_when when;
    /* 1: some are not known */
    int awaits_values;
    /* a quota of the server's files that has no tree; NULL: none */
    const ep_setting *without_tree;
    ep_half server;
    ep_half owner;
    /* both as one sequence, for ExpectPolicyOverride Any */
    ep_half all;
    /* 1: an .htaccess file has a setting */
    int has_owner;
    const ep_setting *override;
} collected;

/* Notes a quota that has no tree, unless an inner section says Off. */
static void note_without_tree(collected *result, const ep_setting *line)
{
    if (line != NULL && result->without_tree == NULL
        && result->server.off[EP_RULE_QUOTA - EP_RULE_QUOTA] == NULL) {
        result->without_tree = line;
    }
}

/* Goes from the last section to the first.  httpd merges sections one after the other,
 * so `base` is a long chain, which a loop follows, and `add` is seldom more than one
 * section.  So the recursion is not deeper than sections are nested. */
static void collect(const dir_config *config, collected *result)
{
    while (config->base != NULL) {
        collect(config->add, result);
        config = config->base;
    }
    if (config->says != NULL) {
        const ep_half *says = config->says;

        if (config->is_open && result->when != EP_VALUES_LATER) {
            says = ep_values_evaluate(result->r, result->when, says);
            note_without_tree(result, says->surplus[0]);
        }
        if (result->when != EP_VALUES_NOW) {
            result->awaits_values |= config->is_open;
        }
        ep_policy_add_section(&result->all, says);
        ep_policy_add_section(config->is_owners ? &result->owner
                                                : &result->server,
                              says);
        result->has_owner |= config->is_owners;
    }
    if (result->override == NULL) {
        result->override = config->override;
    }
}

static void log_ignored(request_rec *r, const ep_setting *owner,
                        const ep_setting *override)
{
    if (ep_log_once(r->pool, "ignored", owner)) {
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "ignored: %s in %s:%u, by %s None in %s:%u",
                      owner->directive, owner->file, owner->line,
                      override->directive, override->file, override->line);
    }
}

static void log_clamped(request_rec *r, const ep_setting *owner,
                        const ep_setting *server)
{
    if (ep_log_once(r->pool, "clamped", owner)) {
        const char *bound = server == NULL
                                ? "the default"
                                : apr_psprintf(r->pool, "%s:%u", server->file,
                                               server->line);

        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "clamped: %s in %s:%u is laxer than %s",
                      owner->directive, owner->file, owner->line, bound);
    }
}

/* Checks a line of a rule that may stand several times. */
static void log_line_in_vain(request_rec *r, const collected *found,
                             ep_override how, ep_rule rule,
                             const ep_setting *owner)
{
    const ep_setting *server;

    if (how == EP_OVERRIDE_NONE) {
        log_ignored(r, owner, found->override);
        return;
    }
    server = ep_policy_tighter(rule, &found->server, owner);
    if (server != NULL) {
        log_clamped(r, owner, server);
    }
}

/* Logs lines of an owner that change nothing, since a limit of the server's that counts
 * the same is stricter. */
static void log_lines_in_vain(request_rec *r, const collected *found,
                              ep_override how)
{
    apr_size_t i;
    int rule;

    for (i = 0; i < found->owner.counted_count; i++) {
        const ep_setting *owner = found->owner.counted[i];

        log_line_in_vain(r, found, how, owner->count->rule, owner);
    }
    for (rule = EP_RULE_QUOTA; rule < EP_RULES; rule++) {
        const ep_setting *off = found->owner.off[rule - EP_RULE_QUOTA];

        if (off != NULL) {
            log_line_in_vain(r, found, how, (ep_rule)rule, off);
        }
    }
}

/* Logs lines of .htaccess files that have no effect.  Only at an upload, since these
 * files are read again for each request, and most requests need no policy. */
static void log_in_vain(request_rec *r, const collected *found,
                        ep_override how)
{
    int rule;

    for (rule = 0; rule < EP_RULE_QUOTA; rule++) {
        const ep_setting *owner = found->owner.rule[rule];
        const ep_setting *server = found->server.rule[rule];

        if (owner == NULL) {
            continue;
        }
        if (how == EP_OVERRIDE_NONE) {
            log_ignored(r, owner, found->override);
        }
        else if (ep_policy_is_laxer((ep_rule)rule, server, owner)) {
            log_clamped(r, owner, server);
        }
    }
    log_lines_in_vain(r, found, how);
}

/* Logs a line of an owner for which there is no room: the line does not count. If
 * there is no room for a line of the server's files, uploads are refused, and that log
 * line names it. */
static void log_surplus(request_rec *r, const ep_setting *surplus)
{
    if (ep_log_once(r->pool, "surplus", surplus)) {
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "ignored: %s in %s:%u, as %d limits of .htaccess files "
                      "count here already", surplus->directive, surplus->file,
                      surplus->line, EP_OWNERS_MAX);
    }
}

static void compose(request_rec *r, const ap_conf_vector_t *vector,
                    ep_values_when when, ep_policy *policy)
{
    collected found;
    ep_override how = EP_OVERRIDE_TIGHTEN;

    memset(&found, 0, sizeof(found));
    found.r = r;
    found.when = when;
    collect(dir_config_in(vector), &found);
    if (found.override != NULL) {
        how = (ep_override)found.override->number;
    }
    /* which limit is laxer is known when all numbers are known */
    if (found.has_owner && how != EP_OVERRIDE_ANY && !found.awaits_values
        && ep_logs(r)) {
        log_in_vain(r, &found, how);
    }
    ep_policy_compose(policy,
                      how == EP_OVERRIDE_ANY ? &found.all : &found.server,
                      &found.owner, how);
    policy->awaits_values = found.awaits_values;
    /* the server's limits all hold, or nothing is admitted */
    if (policy->surplus[0] == NULL) {
        policy->surplus[0] = found.without_tree;
    }
    if (policy->surplus[1] != NULL && policy->mode != EP_MODE_OFF
        && ep_logs(r)) {
        log_surplus(r, policy->surplus[1]);
    }
}

static void bound(const server_rec *server, ep_policy *policy)
{
    const ep_setting *ceiling = server_config_of(server)->ceiling;

    if (ceiling != NULL && ceiling->number != EP_UNLIMITED) {
        policy->ceiling = ceiling;
    }
}

void ep_section_policy(request_rec *r, const ap_conf_vector_t *vector,
                       ep_values_when when, ep_policy *policy)
{
    compose(r, vector, when, policy);
    if (ep_section_has_ceiling(r) || policy->mode != EP_MODE_OFF) {
        bound(r->server, policy);
    }
    if (policy->mode == EP_MODE_OFF && policy->ceiling != NULL) {
        ep_policy host;

        compose(r, r->server->lookup_defaults, EP_VALUES_LATER, &host);
        ep_policy_only_ceiling(policy, host.mode);
    }
}

const ep_policy *ep_section_make_policy(request_rec *r,
                                        const ap_conf_vector_t *vector,
                                        ep_values_when when)
{
    ep_policy *policy = apr_palloc(ep_request_initial(r)->pool, sizeof(*policy));

    ep_section_policy(r, vector, when, policy);
    return policy;
}

int ep_section_advertises(request_rec *r, const ap_conf_vector_t *vector,
                          ep_values_when when, ep_policy *policy)
{
    if (!ep_section_may_be_on(vector)) {
        return 0;
    }
    ep_section_policy(r, vector, when, policy);
    return policy->mode == EP_MODE_ON && policy->advertises;
}

void ep_section_host_policy(request_rec *r, ep_policy *policy)
{
    const ep_setting *strictest = server_config_of(r->server)->strictest;

    compose(r, r->server->lookup_defaults, EP_VALUES_LATER, policy);
    if (policy->mode == EP_MODE_OFF && strictest != NULL) {
        policy->mode = (ep_mode)strictest->number;
        policy->mode_by = strictest;
    }
}

/* httpd looks for .htaccess files in the directories of <Directory> sections. */
static int has_open_directory(const server_rec *server, int override)
{
    const core_server_config *core = ap_get_core_module_config(
        server->module_config);
    int i;

    for (i = 0; i < core->sec_dir->nelts; i++) {
        const core_dir_config *directory = ap_get_core_module_config(
            APR_ARRAY_IDX(core->sec_dir, i, ap_conf_vector_t *));

        if ((directory->override & override) != 0
            || (directory->override_list != NULL
                && !apr_is_empty_table(directory->override_list))) {
            return 1;
        }
    }
    return 0;
}

int ep_section_has_owners(const server_rec *main_server, int override)
{
    const server_rec *server;

    for (server = main_server; server != NULL; server = server->next) {
        if (has_open_directory(server, override)) {
            return 1;
        }
    }
    return 0;
}

int ep_section_says(const ap_conf_vector_t *section)
{
    const dir_config *config = dir_config_in(section);

    /* NULL if the section has no directive of this module */
    return config != NULL
           && (config->base != NULL || config->says != NULL
               || config->override != NULL);
}

const ep_setting *ep_section_own(const ap_conf_vector_t *section, ep_rule rule)
{
    const dir_config *config = dir_config_in(section);

    if (config != NULL && config->add != NULL) {
        config = config->add;
    }
    return config != NULL && config->says != NULL ? config->says->rule[rule] : NULL;
}

int ep_section_says_here(const ap_conf_vector_t *section,
                         const ep_setting *setting)
{
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        if (ep_section_own(section, (ep_rule)rule) == setting) {
            return 1;
        }
    }
    return 0;
}

const ep_setting *ep_section_winner(const ap_conf_vector_t *vector, ep_rule rule)
{
    collected found;

    memset(&found, 0, sizeof(found));
    collect(dir_config_in(vector), &found);
    return found.server.rule[rule];
}

void ep_section_server_policy(const server_rec *server,
                              const ap_conf_vector_t *vector,
                              ep_policy *policy, const ep_setting **override)
{
    collected found;

    memset(&found, 0, sizeof(found));
    collect(dir_config_in(vector), &found);
    ep_policy_compose(policy, &found.server, NULL, EP_OVERRIDE_NONE);
    bound(server, policy);
    *override = found.override;
}
