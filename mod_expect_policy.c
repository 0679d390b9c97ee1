/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * mod_expect_policy: refuses a doomed upload on its head, per directory.
 *
 * The way of a request, and what is done where:
 *
 *   pre_read_request     hide Expect from core, if the configuration needs it
 *   post_read_request    put it back (src/request/expect_hold.c); the
 *                        ceiling of the virtual host; the server's own
 *                        policy for requests that never get to a place; no
 *                        ErrorDocument for a refusal; keep the client's
 *                        fields, if it may ask for limits
 *   header_parser        the policy of the place, once all sections are merged
 *   fixups               the same, where httpd's authentication comes first;
 *                        limits that count
 *   handler              the same, where a fast redirect changed the place;
 *                        quotas once more, by what the handler sees; COPY and
 *                        MOVE; limits, for a client that asks
 *   insert_error_filter  core's own 417, and content cut on its way: our page
 *
 * docs/design.md tells why.
 */

#include "request/request.h"

#include "http_core.h"
#include "http_protocol.h"
#include "http_request.h"

#include "answer/advertise.h"
#include "answer/foreign_error.h"
#include "answer/refusal.h"
#include "config/directives.h"
#include "config/dump.h"
#include "config/lint.h"
#include "config/section.h"
#include "config/words.h"
#include "connection/close.h"
#include "connection/drain.h"
#include "core/answer/document.h"
#include "core/status/version.h"
#include "hooks/error_page.h"
#include "hooks/explainer.h"
#include "hooks/judge.h"
#include "hooks/meter.h"
#include "ledger/claim.h"
#include "ledger/copy.h"
#include "ledger/ledger.h"
#include "ledger/measure.h"
#include "ledger/removal.h"
#include "ledger/replaced.h"
#include "ledger/space.h"
#include "request/counters.h"
#include "request/expect_hold.h"
#include "request/expression.h"
#include "request/facts.h"
#include "request/snapshot.h"
#include "status/handler.h"

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    ep_expect_hold_reset();
    ep_facts_reset();
    ep_foreign_error_reset();
    ep_snapshot_reset();
    ep_claim_reset();
    ep_ledger_reset();
    ep_measure_reset();
    ep_lint_reset(pconf);
    ep_space_reset();
    ep_handler_look(pconf);
    return OK;
}

/* Also for -t. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s)
{
    const char *error = ep_ledger_check(pconf);

    (void)plog;
    (void)ptemp;
    (void)s;
    if (error != NULL) {
        fprintf(stderr, "mod_expect_policy: %s\n", error);
    }
    return error == NULL ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

/* Prints messages of the start on the terminal.  Runs before core's hook redirects
 * stderr to the error log, and before httpd detaches.  A process that only signals
 * a running server (-k stop) has ended by now, and so has -t. */
static int say_at_start(apr_pool_t *pconf, apr_pool_t *plog,
                        apr_pool_t *ptemp, server_rec *s)
{
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        ep_ledger_announce(pconf);
        ep_lint_say(ptemp, s, NULL);
    }
    return OK;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *s)
{
    int result;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    ap_log_error(__FILE__, __LINE__, expect_policy_module.module_index,
                 APLOG_NOTICE, 0, s,
                 "mod_expect_policy/" EP_VERSION " configured");
    ep_lint_say(ptemp, s, s);
    ep_document_init();
    ep_judge_start(s);
    ep_expression_start(ep_section_has_owners(s, OR_FILEINFO));
    result = ep_counters_open(pconf, s);
    if (result == OK) {
        result = ep_section_finish(pconf, s);
    }
    if (result != OK) {
        return result;
    }
    ep_replaced_start();
    ep_space_start(pconf, s);
    ep_ledger_open(pconf, s);
    return ep_measure_start(pconf, s, ep_ledger_find_measured(),
                            ep_section_has_owners(s, OR_LIMIT));
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const reads_content[] = { "mod_security2.c", NULL };
    static const char *const opens_log[] = { "core.c", NULL };

    ep_words_register();
    ep_expect_hold_register();
    ep_refusal_register();
    ep_meter_register();
    ep_claim_register();
    ep_copy_register();
    ep_removal_register();
    ep_foreign_error_register();
    ep_advertise_register();
    ep_close_register();
    ep_drain_register();
    ep_dump_register();
    ep_ledger_register(pool);
    ep_measure_register();
    ep_handler_register();
    ep_explainer_register();

    /* before directives are read: their handlers switch features on */
    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    /* before core's, which leaves the terminal */
    ap_hook_open_logs(say_at_start, NULL, opens_log, APR_HOOK_REALLY_FIRST);
    /* all files have been read, and the error log is open */
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);

    /* after mod_remoteip and `RequestHeader early`: the log line names the
     * right client, and the fields are judged as the administrator edited them */
    ap_hook_post_read_request(ep_judge_host, NULL, NULL, APR_HOOK_LAST);
    /* not access_checker, whose veto `Satisfy Any` overrules; and before
     * mod_ssl's renegotiation, which reads the content in access_checker */
    ap_hook_header_parser(ep_judge_head, NULL, NULL, APR_HOOK_FIRST);
    /* before mod_security, which reads the content at the same place */
    ap_hook_fixups(ep_judge_authenticated, NULL, reads_content,
                   APR_HOOK_REALLY_FIRST);
    /* before any handler (mod_proxy's is FIRST): mod_dir and mod_negotiation
     * swap the place under a request after all other hooks have run */
    ap_hook_handler(ep_judge_place, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* before mod_headers (LAST), so that it sees the final status */
    ap_hook_insert_error_filter(ep_error_page_insert, NULL, NULL,
                                APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(expect_policy) = {
    STANDARD20_MODULE_STUFF,
    ep_section_create_dir,
    ep_section_merge_dir,
    ep_section_create_server,
    ep_section_merge_server,
    ep_directives,
    register_hooks
#if defined(AP_MODULE_FLAG_ALWAYS_MERGE)
    /* a virtual host without a directive of ours still inherits */
    , AP_MODULE_FLAG_ALWAYS_MERGE
#endif
};
