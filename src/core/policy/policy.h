/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/**
 * The settings in configuration files, and the policy that they make.
 *
 * Each directive that was written is one ep_setting.  A half is all that one
 * side, the server's files or the site owner's, says for a place.  A policy is
 * both halves side by side: the settings of the two sides are not merged, and an
 * upload has to pass each check on both sides.
 */
#ifndef EP_POLICY_H
#define EP_POLICY_H

#include <stddef.h>
#include <stdint.h>

/** Sizes: no limit. */
#define EP_UNLIMITED INT64_MAX
/** The default of ExpectPolicyCountFrom, in bytes. */
#define EP_COUNT_FROM_DEFAULT (64 * 1024)
/** Sizes: unknown, or not to be told. */
#define EP_UNKNOWN ((int64_t)-1)
/** The longest single name in a list (media type, coding, expectation). */
#define EP_NAME_MAX 127
/** The most names that one directive may list. */
#define EP_NAMES_MAX 256

/**
 * The most bytes of names, quotes and commas that one list in a document or
 * header has.  In the worst case escaping doubles them, which still leaves
 * room for the rest.
 */
#define EP_LIST_BYTES 1500

/** The codes, in the order of the checks: a row each in checks.def. */
typedef enum ep_code {
#define HEAD_CHECK(code, ...) EP_##code,
#include "core/policy/checks.def"
    /** the number of checks of the head; after them, limits that count */
    EP_HEAD_CODES,
    EP_LAST_HEAD_CODE = EP_HEAD_CODES - 1,
#define COUNTED_CHECK(code, ...) EP_##code,
#include "core/policy/checks.def"
    EP_CODES,
    EP_ADMITTED = EP_CODES
} ep_code;

/** The most limits that count for one upload: in the server's files, free space
 * included, and in .htaccess files.  Neither side can use the other's room. */
#define EP_SERVERS_MAX 16
#define EP_OWNERS_MAX 8
#define EP_COUNTED_MAX (EP_SERVERS_MAX + EP_OWNERS_MAX)

/** The rules, in the order of rules.def: one for each row, or one for each code
 * (PER_CODE). */
typedef enum ep_rule {
#define RULE(rule, ...) EP_RULE_##rule,
#define PER_CODE(rule, ...) \
    EP_RULE_##rule, EP_RULE_##rule##_LAST = EP_RULE_##rule + EP_CODES - 1,
#include "core/policy/rules.def"
    EP_RULES
} ep_rule;

/** How the values of a rule compare, and which value makes no demand. */
typedef enum ep_rule_kind {
    /** says how a refusal looks, and makes no demand on an upload */
    EP_KIND_PER_CODE,
    /** bytes, EP_UNLIMITED demands nothing; the smaller number is stricter */
    EP_KIND_AT_MOST,
    /** bytes, 0 is Off; the smaller number is stricter.  Up to this number something
     * is allowed, so each value makes a demand, and there is a default */
    EP_KIND_UP_TO,
    /** Any demands nothing; names must be in both lists */
    EP_KIND_LIST,
    /** Off demands nothing; one of each side's must be met */
    EP_KIND_CHALLENGES,
    /** bytes, 0 demands nothing; the larger number is stricter.  For content of unknown
     * length, it can be checked only at the end */
    EP_KIND_AT_LEAST,
    EP_KIND_SWITCH,
    EP_KIND_CHOICE,
    EP_KIND_REFUSAL,
    /** the ledger is asked; several of them hold side by side */
    EP_KIND_COUNTED
} ep_rule_kind;

/** Where a directive may stand, and what it does in an .htaccess file. */
typedef enum ep_where {
    EP_OWNERS_CHOOSE,
    EP_OWNERS_TIGHTEN,
    EP_SERVERS
} ep_where;

/** A row of rules.def. */
typedef struct ep_rule_row {
    ep_rule_kind kind;
    ep_where where;
    const char *directive;
    const char *form;
    const char *member;
} ep_rule_row;

typedef enum ep_switch { EP_SWITCH_OFF, EP_SWITCH_ON } ep_switch;

typedef enum ep_mode { EP_MODE_OFF, EP_MODE_DRY_RUN, EP_MODE_ON } ep_mode;

typedef enum ep_status_choice {
    EP_STATUS_AUTO,
    EP_STATUS_SPECIFIC,
    EP_STATUS_417
} ep_status_choice;

/** What a refusal looks like. */
typedef enum ep_format {
    EP_FORMAT_JSON,
    EP_FORMAT_PROBLEM,
    /** as the client's Accept says */
    EP_FORMAT_NEGOTIATE
} ep_format;

/** How long a refused client may continue to send. */
typedef enum ep_linger {
    EP_LINGER_FULL,
    EP_LINGER_SHORT,
    EP_LINGER_ABORT
} ep_linger;

/** What becomes of an upload if the ledger cannot answer. */
typedef enum ep_failure {
    /** of a ledger that servers share: this server's own counts decide; of any other
     * the same as OPEN.  0, as where the directive is not used */
    EP_FAILURE_LOCAL,
    EP_FAILURE_OPEN,
    EP_FAILURE_CLOSED
} ep_failure;

typedef enum ep_override {
    EP_OVERRIDE_TIGHTEN,
    EP_OVERRIDE_ANY,
    EP_OVERRIDE_NONE
} ep_override;

/** For whom a limit counts. */
typedef enum ep_for {
    EP_FOR_CLIENT,
    EP_FOR_USER,
    EP_FOR_HOST,
    EP_FOR_DIRECTORY,
    EP_FOR_EXPRESSION
} ep_for;

/** An expression of httpd (ap_expr) whose value is a text. */
typedef struct ep_expression {
    const char *text;
    /** what httpd made of it (ap_expr_info_t) */
    const void *compiled;
    /** 1: it stands in an .htaccess file; it sees values that .htaccess files have
     * changed */
    int is_owners;
} ep_expression;

/** What a limit counts, and for whom; in settings of the rules that count. */
typedef struct ep_count {
    /** FREE_SPACE, QUOTA, ALLOWANCE or CONCURRENT */
    ep_rule rule;
    /**
     * names the place where the directive stands, the same after a restart:
     * limits of two places count apart
     */
    const char *scope;
    /** 1: it stands in an .htaccess file */
    int is_owners;
    /** ALLOWANCE, CONCURRENT */
    ep_for whom;
    /** EXPRESSION: its value is the key; else NULL */
    const ep_expression *expression;
    /** ALLOWANCE: microseconds */
    int64_t period;
    /** FREE_SPACE: 1: the number is percent of the file system */
    int is_percent;
    /**
     * QUOTA with a PATH: the tree.  Otherwise, and for DIRECTORY, the directory of
     * the section or .htaccess file.  NULL if that has wildcards: the directory is
     * then the first @a depth segments of the request's file name.
     * Absolute, without a slash at its end unless it is the root.
     */
    const char *directory;
    /** the path with wildcards; NULL: it has none */
    const char *pattern;
    /** QUOTA: its value is the tree of an upload; NULL: the directory is given.  After it
     * was evaluated, directory NULL means that the value is no legal path */
    const ep_expression *path;
    /** QUOTA: 1: no user has authenticated, so the answer does not tell how many bytes
     * are left */
    int is_untold;
    /** the number of segments of the directory; 0 for the root */
    unsigned int depth;
    /** QUOTA: the file that holds the usage; NULL: the tree is measured */
    const char *usage_file;
    /** QUOTA: 1: the tree is on this server's own disk, and not shared as the ledger is */
    int is_local;
    /** the line before this one in the same section; NULL: none.  A line with Off
     * (number EP_UNLIMITED) cancels the lines before it and those of outer sections */
    const struct ep_setting *before;
} ep_count;

/** One directive as it was written.  The rule decides which members are used. */
typedef struct ep_setting {
    /** the file, for logs and never for clients; NULL: it is built in */
    const char *file;
    unsigned int line;
    /** the directive's name and its arguments, for logs; NULL: it is built in */
    const char *directive;
    const char *text;
    /**
     * AT_MOST: bytes, EP_UNLIMITED: no limit; AT_LEAST, UP_TO: bytes; SWITCH: 0 or
     * 1; CHOICE: which of its words, of STATUS as well; REFUSAL: 1, or 0 for Off;
     * MESSAGE: 1;
     * COUNTED: bytes, percent or uploads, EP_UNLIMITED for Off
     */
    int64_t number;
    /**
     * AT_MOST, AT_LEAST, COUNTED: its value is the number, which is not known yet: every
     * upload passes until it is evaluated.  Then a copy with the number replaces this
     * setting.  NULL: the number is known
     */
    const ep_expression *expression;
    /**
     * LIST: what is accepted; CHALLENGES: these.  NULL: Any or Off, no demand is
     * made.  STATUS: the codes as written; NULL: it is for all.
     */
    const char *const *names;
    size_t names_count;
    /** REFUSE: the code, the message or NULL, the status; MESSAGE: the
     * message */
    const char *code;
    const char *message;
    int status;
    /** the rules that count, unless they are Off; NULL in all others */
    const ep_count *count;
} ep_setting;

/** The settings of one section, or of all sections of one side that hold in a place.
 * All 0: there are none. */
typedef struct ep_half {
    /** the setting that holds for each rule; NULL: none */
    const ep_setting *rule[EP_RULES];
    /** if sections were put together: the lines of QUOTA, ALLOWANCE and CONCURRENT
     * that count, the innermost section and its last line first */
    const ep_setting *counted[EP_COUNTED_MAX];
    size_t counted_count;
    /** how many of them are the server's [0] and owners' [1]; and the first line of
     * each for which there was no room, NULL: there was room for all */
    size_t counted_of[2];
    const ep_setting *surplus[2];
    /** the line with Off, for each of the three, from QUOTA on */
    const ep_setting *off[EP_RULES - EP_RULE_QUOTA];
} ep_half;

/** The policy of a request. */
typedef struct ep_policy {
    /** the values of the choices in rules.def */
#define CHOICE(rule, type, chosen, ...) type chosen;
#include "core/policy/rules.def"
    ep_status_choice status[EP_CODES];
    /** 1: some number is not known yet, see ep_setting.expression */
    int awaits_values;
    /** 1: the answer may have Upload-Limit.  Only the server's files can allow it,
     * since it says that uploads can be resumed */
    int tells_upload_limit;
    /** the setting that switched the policy on; NULL: only the ceiling holds */
    const ep_setting *mode_by;
    /** [0] the server's and [1] the owner's demand; NULL: there is none, or the rule
     * is one that counts */
    const ep_setting *rule[EP_RULES][2];
    /** ExpectPolicyCeiling, which bounds MAX_SIZE; NULL: there is none */
    const ep_setting *ceiling;
    /** all limits that count, by rule, the server's before the owner's */
    const ep_setting *counted[EP_COUNTED_MAX];
    size_t counted_count;
    /** the first line of the server's [0] and of owners' [1] for which there was no
     * room; NULL: there was room for all */
    const ep_setting *surplus[2];
} ep_policy;

/**
 * Adds an outer section to those inside it.
 * @param half all 0, or the result for the inner sections
 * @param section the settings of one section
 */
void ep_policy_add_section(ep_half *half, const ep_half *section);

/**
 * Makes the policy from both halves.  If one side has more limits that count than there
 * is room for, the outermost are left out.
 * @param server the settings of the server's files; with EP_OVERRIDE_ANY those of all
 *        files, as one sequence.  NULL: none
 * @param owner the settings of .htaccess files; used only with EP_OVERRIDE_TIGHTEN
 */
void ep_policy_compose(ep_policy *policy, const ep_half *server,
                       const ep_half *owner, ep_override how);

/**
 * Removes all rules except the ceiling, since the ceiling of a virtual host also holds
 * in a section that is Off.
 * @param mode the mode of the virtual host
 */
void ep_policy_only_ceiling(ep_policy *policy, ep_mode mode);

/**
 * @param server the server's setting for a rule, NULL if it has none
 * @return 1 if the owner's setting for the same rule would allow more than the
 *         server's does, so that it is clamped; 0 for all rules that may stand
 *         several times
 */
int ep_policy_is_laxer(ep_rule rule, const ep_setting *server,
                       const ep_setting *owner);

/**
 * The same for a line of a rule that may stand several times.
 * @param server the half of the server's files
 * @param owner a line of @a rule, Off or a limit
 * @return the server's limit that counts all that the owner's counts, and
 *         allows less; NULL: there is none
 */
const ep_setting *ep_policy_tighter(ep_rule rule, const ep_half *server,
                                    const ep_setting *owner);

/** @return the site's own message for a code; NULL: none */
const char *ep_policy_message(const ep_policy *policy, ep_code code);

/** @return the setting that limits the size most; NULL: none does */
const ep_setting *ep_policy_max_size(const ep_policy *policy);

/** @return bytes up to which an upload is small (ExpectPolicyCountFrom); 0: none
 * is */
int64_t ep_policy_count_from(const ep_policy *policy);

/** @return 1 if a rule has a demand (AT_LEAST) that can be checked only at the end of
 * content of unknown length */
int ep_policy_asks_at_end(const ep_policy *policy);

/** @return the default of ExpectPolicyTotalFields */
const ep_setting *ep_policy_total_fields(void);

/** @return the row of a rule in rules.def; if a row has one rule for each code, all 0
 * for each of these except the first */
const ep_rule_row *ep_policy_row(ep_rule rule);

/** @return the setting; NULL: there is none, or its number is not known yet */
const ep_setting *ep_policy_known(const ep_setting *setting);

/** @return the stricter of both halves' settings of a rule whose values are
 * numbers; NULL: no demand, or none whose number is known */
const ep_setting *ep_policy_strictest(const ep_policy *policy, ep_rule rule);

/** The same, bounded by the ceiling if that is of the rule. */
const ep_setting *ep_policy_limit(const ep_policy *policy, ep_rule rule);

/** @return 1 if a list of the rule may have @a name */
int ep_policy_is_name(ep_rule rule, const char *name);

/** @return 1 if @a name, of @a rule's kind, is taken in by @a listed */
int ep_policy_covers(ep_rule rule, const char *listed, const char *name);

/** @return 1 if @a names of the setting take in @a name */
int ep_policy_lists(ep_rule rule, const ep_setting *setting, const char *name);

/**
 * Lists what a list rule accepts: the names that both halves accept.
 * @param names at least EP_NAMES_MAX places; they point into the policy
 * @param bytes the most bytes that the names may take together in JSON
 * @param complete 0 if names were left out for that reason, else 1
 * @return how many there are
 */
size_t ep_policy_names(const ep_policy *policy, ep_rule rule,
                       const char **names, size_t bytes, int *complete);

#endif
