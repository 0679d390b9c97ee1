/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "config/dump.h"

#include "apr_file_io.h"
#include "apr_fnmatch.h"
#include "apr_hash.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_main.h"
#include "http_protocol.h"

#include "config/lint.h"
#include "config/review.h"
#include "config/section.h"
#include "config/words.h"
#include "core/status/version.h"

/* What asks for the dump: `-D DUMP_EXPECT_POLICY`, or, for the virtual hosts of one
 * name, `-D DUMP_EXPECT_POLICY=NAME`. */
#define ASKED "DUMP_EXPECT_POLICY"

/* A line of the output. */
typedef struct line {
    const char *text;
    /* NULL: it is no warning */
    const char *warning;
} line;

/* What is told of one section; its first line is its title. */
typedef struct block {
    const ap_conf_vector_t *section;
    /* of line */
    apr_array_header_t *lines;
    /* 1: only its warnings are told */
    int is_silent;
} block;

/* The state of the output, and the current section. */
typedef struct dump {
    apr_pool_t *pool;
    apr_file_t *out;
    const server_rec *main_server;
    server_rec *server;
    /* the name of the virtual hosts that are asked for; NULL: all */
    const char *name;
    /* how deep the current section lies, from 0 */
    int depth;
    ep_review review;
    /* what is told of the current section */
    apr_array_header_t *lines;
    /* the warnings that were printed so far: each is printed only once */
    apr_hash_t *warned;
    /* sections where some ExpectPolicy is On or DryRun */
    apr_hash_t *acts;
    /* what was told of sections of the main server; and the title of the server of
     * which all this was told */
    apr_hash_t *inherited;
    apr_hash_t *told;
} dump;

static void put(dump *d, const char *text)
{
    line *next = apr_array_push(d->lines);

    next->text = apr_psprintf(d->pool, "%*s%s\n", 4 * (d->depth + 1), "", text);
    next->warning = NULL;
}

static const char *place_of(const dump *d, const ep_setting *setting)
{
    return apr_psprintf(d->pool, "%s:%u", setting->file, setting->line);
}

static void put_setting(dump *d, const ep_setting *setting)
{
    put(d, apr_psprintf(d->pool, "%s %s  (%s)", setting->directive, setting->text,
                        place_of(d, setting)));
}

static void put_warning(void *data, const char *text)
{
    dump *d = data;

    put(d, apr_pstrcat(d->pool, "warning: ", text, NULL));
    APR_ARRAY_IDX(d->lines, d->lines->nelts - 1, line).warning = text;
}

static const ep_setting *server_says(const dump *d, ep_rule rule)
{
    return d->review.policy.rule[rule][0];
}

/* Prints each challenge as a line of its own. */
static void put_demand(dump *d, ep_rule rule, const ep_setting *setting)
{
    size_t i;

    if (ep_policy_row(rule)->kind != EP_KIND_CHALLENGES) {
        put_setting(d, setting);
        return;
    }
    for (i = 0; i < setting->names_count; i++) {
        put(d,     apr_psprintf(d->pool, "%s %s  (%s)", setting->directive,
                         setting->names[i], place_of(d, setting)));
    }
}

static const char *code_name(int code)
{
    const char *token = ep_check_of((ep_code)code)->token;

    return token != NULL ? token : "Refuse";
}

/* @return 0 if the line was printed already: one line may be for many codes */
static int is_first_of(const dump *d, int code)
{
    const ep_setting *setting = server_says(d, (ep_rule)(EP_RULE_STATUS + code));
    int before = 0;

    while (before < code
           && server_says(d, (ep_rule)(EP_RULE_STATUS + before)) != setting) {
        before++;
    }
    return before == code;
}

/* Prints a line with the codes for which it is in effect. */
static void put_status(dump *d, int code)
{
    const ep_setting *setting = server_says(d, (ep_rule)(EP_RULE_STATUS + code));
    const char *const words[] = { "Auto", "Specific", "417" };
    const char *codes = "";

    if (!is_first_of(d, code)) {
        return;
    }
    if (setting->names == NULL) {
        put_setting(d, setting);
        return;
    }
    for (; code < EP_CODES; code++) {
        if (server_says(d, (ep_rule)(EP_RULE_STATUS + code)) == setting) {
            codes = apr_pstrcat(d->pool, codes, " ", code_name(code), NULL);
        }
    }
    put(d, apr_psprintf(d->pool, "%s %s%s  (%s)", setting->directive,
                     words[setting->number], codes, place_of(d, setting)));
}

static void put_policy(dump *d)
{
    const ep_policy *policy = &d->review.policy;
    size_t i;
    int rule;

    if (policy->mode_by != NULL) {
        put_setting(d, policy->mode_by);
    }
    for (rule = 0; rule < EP_RULES; rule++) {
        const ep_setting *setting = server_says(d, (ep_rule)rule);

        if (setting == NULL || setting->file == NULL
            || rule == EP_RULE_MODE) {
            /* a built-in default has no line */
            continue;
        }
        if (rule >= EP_RULE_STATUS && rule <= EP_RULE_STATUS_LAST) {
            put_status(d, rule - EP_RULE_STATUS);
        }
        else {
            put_demand(d, (ep_rule)rule, setting);
        }
    }
    for (i = 0; i < policy->counted_count; i++) {
        put_setting(d, policy->counted[i]);
    }
    if (d->review.override != NULL) {
        put_setting(d, d->review.override);
    }
    if (policy->ceiling != NULL) {
        put_setting(d, policy->ceiling);
    }
}

static core_dir_config *core_of(const ap_conf_vector_t *vector)
{
    return ap_get_core_module_config(vector);
}

/* @return 1 if @a has is true of a section, or of one inside it */
static int is_anywhere(const ap_conf_vector_t *section,
                       int (*has)(const ap_conf_vector_t *section))
{
    const core_dir_config *core = core_of(section);
    const apr_array_header_t *const inner[] = { core->sec_file, core->sec_if };
    int i, j;

    if (has(section)) {
        return 1;
    }
    for (i = 0; i < 2; i++) {
        for (j = 0; inner[i] != NULL && j < inner[i]->nelts; j++) {
            if (is_anywhere(APR_ARRAY_IDX(inner[i], j, ap_conf_vector_t *), has)) {
                return 1;
            }
        }
    }
    return 0;
}

static int is_on(const ap_conf_vector_t *section)
{
    return ep_section_says(section) && ep_section_may_be_on(section);
}

static const char *title_of(const dump *d, const char *kind,
                            const core_dir_config *core)
{
    if (core->condition != NULL) {
        return apr_psprintf(d->pool, "<%s> in %s:%u", kind,
                            core->condition->filename,
                            core->condition->line_number);
    }
    return apr_psprintf(d->pool, "<%s%s \"%s\">", kind,
                        core->r != NULL ? "Match" : "", core->d);
}

/* @return the first line of a section itself that is not ExpectPolicy; NULL: none */
static const ep_setting *first_limit(const ap_conf_vector_t *section)
{
    const ep_setting *first = NULL;
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        const ep_setting *setting = ep_section_own(section, (ep_rule)rule);

        if (rule != EP_RULE_MODE && setting != NULL
            && (first == NULL || setting->line < first->line)) {
            first = setting;
        }
    }
    return first;
}

/* Warns of a section whose limits act nowhere, as no ExpectPolicy stands in any section
 * of its virtual hosts, and no .htaccess file may have one. */
static void check_idle(dump *d)
{
    const ep_setting *first = first_limit(d->review.section);

    if (first != NULL
        && apr_hash_get(d->acts, &d->review.section, sizeof(d->review.section)) == NULL
        && ep_section_winner(d->review.merged, EP_RULE_MODE) == NULL
        && !ep_section_has_owners(ap_server_conf, OR_LIMIT)) {
        put_warning(d, ep_words_warning(d->pool, first,
                                        "does nothing, as no ExpectPolicy holds in"
                                        " this section or one inside it: write"
                                        " ExpectPolicy On, or DryRun to try it"));
    }
}

/* Tells the policy of d->review.merged. */
static void put_effective(dump *d)
{
    ep_section_server_policy(d->server, d->review.merged, &d->review.policy,
                             &d->review.override);
    if (d->review.policy.mode == EP_MODE_OFF) {
        put(d, "Off");
        check_idle(d);
        ep_review_override(&d->review);
        return;
    }
    put_policy(d);
    ep_review_policy(&d->review);
}

static void begin_review(dump *d, const ap_conf_vector_t *section,
                         const ap_conf_vector_t *merged, const char *directory)
{
    d->review.pool = d->pool;
    d->review.server = d->server;
    d->review.section = section;
    d->review.merged = merged;
    d->review.directory = directory;
    d->review.warn = put_warning;
    d->review.data = d;
}

static void put_inner(dump *d, ap_conf_vector_t *merged,
                      const ap_conf_vector_t *section);

/* Tells a section and those inside it.
 * @param merged the section, merged with those around it */
static void put_section(const dump *outer, const char *kind,
                        ap_conf_vector_t *section, ap_conf_vector_t *merged,
                        const char *directory)
{
    dump d = *outer;

    put(&d, title_of(&d, kind, core_of(section)));
    d.depth++;
    begin_review(&d, section, merged, directory);
    put_effective(&d);
    put_inner(&d, merged, section);
}

static void put_inner_sections(dump *d, const char *kind, ap_conf_vector_t *around,
                               const apr_array_header_t *sections)
{
    int i;

    for (i = 0; sections != NULL && i < sections->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(sections, i, ap_conf_vector_t *);

        if (is_anywhere(section, ep_section_says)) {
            put_section(d, kind, section,
                        ap_merge_per_dir_configs(d->pool, around, section), NULL);
        }
    }
}

static void put_inner(dump *d, ap_conf_vector_t *merged,
                      const ap_conf_vector_t *section)
{
    put_inner_sections(d, "Files", merged, core_of(section)->sec_file);
    put_inner_sections(d, "If", merged, core_of(section)->sec_if);
}

/* @return how many bytes at the beginning of a path each match of a regular expression
 *         has: of `^/api/.*[.]png$` these are "/api/" */
static size_t literal_length(const char *pattern, const char **literal)
{
    static const char special[] = ".[]()*+?{}|^$\\";
    size_t length;

    *literal = pattern + 1;
    /* one of several alternatives says nothing about the others */
    if (*pattern != '^' || strchr(pattern, '|') != NULL) {
        return 0;
    }
    length = strcspn(*literal, special);
    /* the last character may be one that is repeated, or not there */
    return length > 0 && strchr("*?{", (*literal)[length]) != NULL
                   && (*literal)[length] != '\0'
               ? length - 1
               : length;
}

/* 1 if @a path lies in @a outer: it is the same, or continues with a slash */
static int is_below(const char *outer, const char *path, size_t path_length)
{
    const size_t length = strlen(outer);

    return length <= path_length && strncmp(outer, path, length) == 0
           && (length == path_length || path[length] == '/'
               || (length > 0 && outer[length - 1] == '/'));
}

/* 1 if a regular expression matches a path and all that lies below it, as far as a name
 * shows that hardly anything else matches */
static int matches_below(const dump *d, const core_dir_config *outer, const char *path)
{
    static const char odd_name[] = "~expect~policy~";
    const char *below = apr_pstrcat(d->pool, path,
                                    path[strlen(path) - 1] == '/' ? "" : "/", odd_name,
                                    NULL);

    return ap_regexec(outer->r, path, 0, NULL, 0) == 0
           && ap_regexec(outer->r, below, 0, NULL, 0) == 0;
}

/* 1 if a <Directory> with wildcards matches a path, which ends with a slash, or one that
 * this lies in */
static int matches_above(const dump *d, const core_dir_config *outer, const char *path)
{
    unsigned int slashes = 0;
    size_t length;

    for (length = 0; path[length] != '\0' && slashes < outer->d_components; length++) {
        slashes += path[length] == '/';
    }
    return slashes == outer->d_components
           && apr_fnmatch(outer->d, apr_pstrndup(d->pool, path, length),
                          APR_FNM_PATHNAME) == APR_SUCCESS;
}

/* 1 if @a outer surely holds where @a inner does.  In sections with wildcards and
 * regular expressions, that can depend on the request. */
static int is_around(const dump *d, int is_directory, const core_dir_config *outer,
                     const core_dir_config *inner)
{
    if (inner->r != NULL) {
        const char *literal;
        const size_t length = literal_length(inner->d, &literal);

        /* a slash has to follow: the next character may be another one */
        return outer->r == NULL && !outer->d_is_fnmatch
               && (strlen(outer->d) < length || *outer->d == '\0'
                   || outer->d[strlen(outer->d) - 1] == '/')
               && is_below(outer->d, literal, length);
    }
    if (outer->r != NULL) {
        return !inner->d_is_fnmatch && *inner->d != '\0'
               && matches_below(d, outer, inner->d);
    }
    if (outer->d_is_fnmatch && !inner->d_is_fnmatch) {
        /* httpd compares the whole path of a URL */
        return is_directory ? matches_above(d, outer, inner->d)
                            : apr_fnmatch(outer->d, inner->d, APR_FNM_PATHNAME)
                                  == APR_SUCCESS;
    }
    if (outer->d_is_fnmatch && !is_directory) {
        return strcmp(outer->d, inner->d) == 0;
    }
    return is_below(outer->d, inner->d, strlen(inner->d));
}

static ap_conf_vector_t *section_at(const apr_array_header_t *sections, int i)
{
    return APR_ARRAY_IDX(sections, i, ap_conf_vector_t *);
}

/* Merges a section with all sections of its kind that surely hold there, before and
 * behind it, in the order in which httpd merges them, which has sorted them. */
static ap_conf_vector_t *merge(const dump *d, int is_directory,
                               const apr_array_header_t *sections,
                               const core_dir_config *inner)
{
    ap_conf_vector_t *merged = d->server->lookup_defaults;
    int i;

    for (i = 0; i < sections->nelts; i++) {
        const core_dir_config *outer = core_of(section_at(sections, i));

        if (outer == inner || is_around(d, is_directory, outer, inner)) {
            merged = ap_merge_per_dir_configs(d->pool, merged, section_at(sections, i));
        }
    }
    return merged;
}

/* @return the section that has a setting; NULL: none of these has */
static const ap_conf_vector_t *find_owner(const apr_array_header_t *sections,
                                          const ep_setting *setting)
{
    int i;

    for (i = 0; i < sections->nelts; i++) {
        if (ep_section_says_here(section_at(sections, i), setting)) {
            return section_at(sections, i);
        }
    }
    return NULL;
}

static void warn_hidden(dump *d, const char *kind, const ep_setting *setting,
                        const ep_setting *winner, const ap_conf_vector_t *owner)
{
    const core_dir_config *here = core_of(d->review.section);
    const core_dir_config *there = core_of(owner);
    const char *advice = "write this section behind that one";

    if (there->r != NULL && here->r == NULL && *kind == 'D') {
        advice = "sections with regular expressions hold last, so write this one as"
                 " <DirectoryMatch>, behind that one";
    }
    put_warning(d, ep_words_warning(d->pool, setting,
        apr_psprintf(d->pool, "does not hold in %s, as %s stands behind it, with %s %s"
                              " in %s: %s",
                     title_of(d, kind, here), title_of(d, kind, there),
                     winner->directive, winner->text, place_of(d, winner), advice)));
}

/* Warns of settings of a section that a later one hides, which holds there as well: one
 * with wildcards, or an outer <Location>. */
static void check_hidden(dump *d, const char *kind, const apr_array_header_t *sections)
{
    int rule;

    for (rule = 0; rule < EP_RULES; rule++) {
        const ep_setting *setting = ep_section_own(d->review.section, (ep_rule)rule);
        const ep_setting *winner = ep_section_winner(d->review.merged, (ep_rule)rule);
        const ap_conf_vector_t *owner;

        /* lines that count add up, but Off ends those before it */
        if (setting == NULL || winner == setting || strcmp(winner->text, setting->text) == 0
            || (rule >= EP_RULE_QUOTA && winner->number != EP_UNLIMITED)) {
            continue;
        }
        owner = find_owner(sections, winner);
        if (owner != NULL) {
            warn_hidden(d, kind, setting, winner, owner);
        }
    }
}

/* Adds what is told of a section, if that is anything. */
static void add_block(dump *outer, apr_array_header_t *blocks, const char *kind,
                      const apr_array_header_t *sections, ap_conf_vector_t *section)
{
    const int is_directory = *kind == 'D';
    const core_dir_config *core = core_of(section);
    const char *directory = is_directory && core->r == NULL && !core->d_is_fnmatch
                                ? core->d
                                : NULL;
    const int has_word = is_anywhere(section, ep_section_says);
    ap_conf_vector_t *merged;
    dump d = *outer;
    block next;

    if (!has_word && directory == NULL) {
        return;
    }
    d.lines = apr_array_make(d.pool, 8, sizeof(line));
    merged = merge(&d, is_directory, sections, core);
    if (has_word) {
        put_section(&d, kind, section, merged, directory);
        d.depth++;
        begin_review(&d, section, merged, directory);
        check_hidden(&d, kind, sections);
    }
    else {
        put(&d, title_of(&d, kind, core));
        d.depth++;
        begin_review(&d, section, merged, directory);
        d.review.override = NULL;
        ep_review_override(&d.review);
    }
    next.section = section;
    next.lines = d.lines;
    next.is_silent = !has_word;
    APR_ARRAY_PUSH(blocks, block) = next;
}

/* Tells what holds in the DocumentRoot of a virtual host; of all virtual hosts, only
 * warnings. */
static void add_root(dump *outer, apr_array_header_t *blocks)
{
    const core_server_config *core = ap_get_core_module_config(
        outer->server->module_config);
    core_dir_config root;
    dump d = *outer;
    block next;

    if (core->ap_document_root == NULL || *core->ap_document_root != '/') {
        return;
    }
    memset(&root, 0, sizeof(root));
    root.d = ap_make_dirstr_parent(d.pool, ap_make_full_path(d.pool,
                                                             core->ap_document_root, "x"));
    d.lines = apr_array_make(d.pool, 8, sizeof(line));
    put(&d, apr_psprintf(d.pool, "DocumentRoot \"%s\"", root.d));
    d.depth++;
    begin_review(&d, d.server->lookup_defaults, merge(&d, 1, core->sec_dir, &root),
                 root.d);
    if (d.name != NULL) {
        put_effective(&d);
    }
    else {
        d.review.override = NULL;
        ep_review_override(&d.review);
    }
    next.section = NULL;
    next.lines = d.lines;
    next.is_silent = d.name == NULL;
    APR_ARRAY_PUSH(blocks, block) = next;
}

static const char *text_of(const dump *d, const apr_array_header_t *lines)
{
    const char **texts = apr_palloc(d->pool, (apr_size_t)lines->nelts * sizeof(*texts));
    apr_array_header_t all;
    int i;

    memset(&all, 0, sizeof(all));
    for (i = 0; i < lines->nelts; i++) {
        texts[i] = APR_ARRAY_IDX(lines, i, line).text;
    }
    all.elts = (char *)texts;
    all.nelts = lines->nelts;
    all.elt_size = sizeof(*texts);
    return apr_array_pstrcat(d->pool, &all, '\0');
}

static void print(const dump *d, const char *text)
{
    apr_file_puts(text, d->out);
}

/* 1 if a warning is new, which is noted */
static int is_new(dump *d, const char *warning)
{
    if (apr_hash_get(d->warned, warning, APR_HASH_KEY_STRING) != NULL) {
        return 0;
    }
    apr_hash_set(d->warned, warning, APR_HASH_KEY_STRING, warning);
    return 1;
}

static void print_lines(dump *d, const apr_array_header_t *lines, int is_silent)
{
    int is_begun = !is_silent;
    int i;

    for (i = 0; i < lines->nelts; i++) {
        const line *next = &APR_ARRAY_IDX(lines, i, line);

        if (next->warning == NULL ? is_silent : !is_new(d, next->warning)) {
            continue;
        }
        if (!is_begun) {
            print(d, APR_ARRAY_IDX(lines, 0, line).text);
            is_begun = 1;
        }
        print(d, next->text);
    }
}

/* Prints what is told of the sections of a server, without those of a virtual host of
 * which the same was told as part of the main server. */
static void print_blocks(dump *d, const apr_array_header_t *blocks)
{
    int same = 0;
    int i;

    for (i = 0; i < blocks->nelts; i++) {
        const block *next = &APR_ARRAY_IDX(blocks, i, block);
        const void *key = &next->section;
        const char *text = text_of(d, next->lines);
        const char *known = apr_hash_get(d->inherited, key, sizeof(next->section));

        if (d->server == d->main_server) {
            apr_hash_set(d->inherited, key, sizeof(next->section), text);
        }
        else if (d->name == NULL && known != NULL && strcmp(known, text) == 0) {
            same += !next->is_silent;
            continue;
        }
        print_lines(d, next->lines, next->is_silent);
    }
    if (same > 0) {
        print(d, apr_psprintf(d->pool, "    %d section%s as in the main server\n", same,
                              same > 1 ? "s" : ""));
    }
}

static const char *name_of(const dump *d)
{
    return d->server == d->main_server
               ? "main server"
               : apr_psprintf(d->pool, "virtual host %s (%s:%u)",
                              d->server->server_hostname, d->server->defn_name,
                              d->server->defn_line_number);
}

/* @return all that is told of a server, as one text */
static const char *whole_of(const dump *d, const apr_array_header_t *blocks)
{
    const char *whole = text_of(d, d->lines);
    int i;

    for (i = 0; i < blocks->nelts; i++) {
        whole = apr_pstrcat(d->pool, whole,
                            text_of(d, APR_ARRAY_IDX(blocks, i, block).lines), NULL);
    }
    return whole;
}

static void add_blocks(dump *d, apr_array_header_t *blocks)
{
    const core_server_config *core = ap_get_core_module_config(
        d->server->module_config);
    int i;

    add_root(d, blocks);
    for (i = 0; i < core->sec_dir->nelts; i++) {
        add_block(d, blocks, "Directory", core->sec_dir, section_at(core->sec_dir, i));
    }
    for (i = 0; i < core->sec_url->nelts; i++) {
        add_block(d, blocks, "Location", core->sec_url, section_at(core->sec_url, i));
    }
}

static void put_server(dump *d)
{
    apr_array_header_t *blocks = apr_array_make(d->pool, 8, sizeof(block));
    const char *whole, *first;

    d->lines = apr_array_make(d->pool, 8, sizeof(line));
    begin_review(d, d->server->lookup_defaults, d->server->lookup_defaults, NULL);
    put_effective(d);
    put_inner(d, d->server->lookup_defaults, d->server->lookup_defaults);
    add_blocks(d, blocks);
    whole = whole_of(d, blocks);
    first = apr_hash_get(d->told, whole, APR_HASH_KEY_STRING);
    if (first != NULL) {
        print(d, apr_pstrcat(d->pool, name_of(d), ": as ", first, "\n", NULL));
        return;
    }
    apr_hash_set(d->told, whole, APR_HASH_KEY_STRING, name_of(d));
    print(d, apr_pstrcat(d->pool, name_of(d), "\n", NULL));
    print_lines(d, d->lines, 0);
    print_blocks(d, blocks);
}

static void note_sections(dump *d, const apr_array_header_t *sections)
{
    int i;

    for (i = 0; i < sections->nelts; i++) {
        const ap_conf_vector_t **key = apr_palloc(d->pool, sizeof(*key));

        *key = section_at(sections, i);
        apr_hash_set(d->acts, key, sizeof(*key), key);
    }
}

static int has_on(const apr_array_header_t *sections)
{
    int i;

    for (i = 0; i < sections->nelts; i++) {
        if (is_anywhere(section_at(sections, i), is_on)) {
            return 1;
        }
    }
    return 0;
}

/* Notes the sections of a server in some of which ExpectPolicy is On: they may meet in a
 * request. */
static void note_acting(dump *d, const server_rec *server)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    apr_array_header_t *defaults = apr_array_make(d->pool, 2, sizeof(void *));

    if (is_anywhere(server->lookup_defaults, is_on) || has_on(core->sec_dir)
        || has_on(core->sec_url)) {
        APR_ARRAY_PUSH(defaults, const void *) = server->lookup_defaults;
        APR_ARRAY_PUSH(defaults, const void *) = d->main_server->lookup_defaults;
        note_sections(d, defaults);
        note_sections(d, core->sec_dir);
        note_sections(d, core->sec_url);
    }
}

/* @return all servers (server_rec *), the main server first, in the order of the files:
 *         httpd's list has the last one first */
static apr_array_header_t *all_servers(apr_pool_t *pool, server_rec *main_server)
{
    apr_array_header_t *servers = apr_array_make(pool, 8, sizeof(server_rec *));
    server_rec *server;
    int i, j;

    for (server = main_server; server != NULL; server = server->next) {
        APR_ARRAY_PUSH(servers, server_rec *) = server;
    }
    for (i = 1, j = servers->nelts - 1; i < j; i++, j--) {
        server = APR_ARRAY_IDX(servers, i, server_rec *);
        APR_ARRAY_IDX(servers, i, server_rec *) = APR_ARRAY_IDX(servers, j,
                                                                server_rec *);
        APR_ARRAY_IDX(servers, j, server_rec *) = server;
    }
    return servers;
}

static int is_listed(const apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; names != NULL && i < names->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(names, i, const char *);

        if (pattern != NULL && ap_strcasecmp_match(name, pattern) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_named(const dump *d, const server_rec *server)
{
    return d->name == NULL
           || (server->server_hostname != NULL
               && ap_cstr_casecmp(server->server_hostname, d->name) == 0)
           || is_listed(server->names, d->name)
           || is_listed(server->wild_names, d->name);
}

/* @return 0 if no dump is asked for */
static int find_request(dump *d)
{
    const apr_size_t length = sizeof(ASKED) - 1;
    int i;

    for (i = 0; i < ap_server_config_defines->nelts; i++) {
        const char *define = APR_ARRAY_IDX(ap_server_config_defines, i, const char *);

        if (strncmp(define, ASKED, length) == 0
            && (define[length] == '=' || define[length] == '\0')) {
            d->name = define[length] == '=' ? define + length + 1 : NULL;
            return 1;
        }
    }
    return 0;
}

/* Prints what lines were warned of when they were read. */
static void print_lint(dump *d, server_rec *main_server)
{
    const apr_array_header_t *warnings = ep_lint_finish(d->pool, main_server);
    int i;

    for (i = 0; i < warnings->nelts; i++) {
        const char *warning = APR_ARRAY_IDX(warnings, i, const char *);

        if (is_new(d, warning)) {
            print(d, apr_pstrcat(d->pool, "warning: ", warning, "\n", NULL));
        }
    }
}

static void dump_servers(dump *d, server_rec *main_server)
{
    const apr_array_header_t *servers = all_servers(d->pool, main_server);
    unsigned int count;
    int found = 0;
    int i;

    for (i = 0; i < servers->nelts; i++) {
        note_acting(d, APR_ARRAY_IDX(servers, i, server_rec *));
    }
    for (i = 0; i < servers->nelts; i++) {
        d->server = APR_ARRAY_IDX(servers, i, server_rec *);
        if (is_named(d, d->server)) {
            found = 1;
            put_server(d);
        }
    }
    if (!found) {
        print(d, apr_psprintf(d->pool, "no virtual host is named %s; apache2 -S lists"
                                       " all\n", d->name));
    }
    print_lint(d, main_server);
    count = apr_hash_count(d->warned);
    print(d, apr_psprintf(d->pool, "%u warning%s\n", count, count == 1 ? "" : "s"));
}

static void dump_policy(apr_pool_t *pool, server_rec *main_server)
{
    dump d;

    memset(&d, 0, sizeof(d));
    if (!find_request(&d)) {
        ep_lint_say(pool, main_server, NULL);
        return;
    }
    d.pool = pool;
    d.main_server = main_server;
    d.warned = apr_hash_make(pool);
    d.acts = apr_hash_make(pool);
    d.inherited = apr_hash_make(pool);
    d.told = apr_hash_make(pool);
    if (apr_file_open_stdout(&d.out, pool) == APR_SUCCESS) {
        print(&d, "mod_expect_policy " EP_VERSION "\n");
        dump_servers(&d, main_server);
    }
}

void ep_dump_register(void)
{
    ap_hook_test_config(dump_policy, NULL, NULL, APR_HOOK_MIDDLE);
}
