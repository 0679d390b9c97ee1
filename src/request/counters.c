/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "request/counters.h"

#include <unistd.h>

#include "apr_atomic.h"
#include "apr_hash.h"
#include "apr_shm.h"
#include "apr_strings.h"
#include "http_log.h"

#include "core/book/amount.h"
#include "request/judgement.h"

APLOG_USE_MODULE(expect_policy);

/*
 * Anonymous shared memory, inherited by every child:
 *
 *     since  failures  hosts[0] ... hosts[HOSTS]
 *
 * and in the parent's own memory, where no child can write, names[i]: a hash of the
 * virtual host's name and port, 0: free.  The parent takes places, in order, while it
 * reads its configuration, and never gives them back.  So children of the previous
 * configuration continue to count in the right places. hosts[HOSTS] is for all virtual
 * hosts beyond these.  The parent reads no counter.  The kernel gives out memory when
 * it is first written to, so places that nobody takes cost nothing.
 */
#define HOSTS 4096u

/* The most bytes that one upload adds: a few clients that declare huge sizes must not
 * fill a counter. */
#define DECLARED_MAX ((int64_t)1 << 40)

typedef volatile apr_uint64_t counter;

typedef struct host {
    counter admitted;
    counter ended[EP_OUTCOMES][EP_CODES];
    counter declared;
    counter drained;
    /* by minute % EP_MINUTES: the minute in the upper 32 bits, the count in the
     * lower, so that both change at once */
    counter minutes[EP_MINUTES];
} host;

typedef struct memory {
    counter since;
    /* for all virtual hosts */
    counter failures[EP_FAILURES];
    host hosts[HOSTS + 1];
} memory;

/* Owned by the parent, until it ends. */
typedef struct kept {
    memory *memory;
    apr_uint64_t names[HOSTS];
} kept;

/* The part that belongs to this configuration; read-only after it was read. */
typedef struct place {
    const char *name;
    host *at;
} place;

static struct counters {
    memory *memory;
    /* only for the parent */
    apr_uint64_t *names;
    /* of server_rec */
    apr_hash_t *by_server;
    apr_array_header_t *places;
} counters;

/* The outcome of one request; in its pool. */
struct ep_counted {
    pid_t owner;
    host *at;
    ep_outcome outcome;
    ep_code code;
    int64_t declared;
};

/* @return the memory that all configurations of this process share */
static kept *find_kept(apr_pool_t *pool, server_rec *main_server)
{
    /* another version of the module may follow this one in a restart */
    const char *key = apr_psprintf(pool,
                                   "expect_policy counters %" APR_SIZE_T_FMT
                                   " %" APR_SIZE_T_FMT, sizeof(memory),
                                   sizeof(kept));
    kept *found = ap_retained_data_get(key);
    apr_shm_t *shm;
    apr_status_t rv;

    if (found != NULL) {
        return found;
    }
    rv = apr_shm_create(&shm, sizeof(memory), NULL,
                        main_server->process->pool);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, main_server,
                     "cannot make %" APR_SIZE_T_FMT " bytes of shared memory",
                     sizeof(memory));
        return NULL;
    }
    found = ap_retained_data_create(key, sizeof(*found));
    found->memory = apr_shm_baseaddr_get(shm);
    found->memory->since = (apr_uint64_t)apr_time_sec(apr_time_now());
    return found;
}

/* FNV-1a.  0 is taken. */
static apr_uint64_t hash_of(const char *name)
{
    apr_uint64_t hash = APR_UINT64_C(14695981039346656037);

    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * APR_UINT64_C(1099511628211);
    }
    return hash != 0 ? hash : 1;
}

static host *find_host(const char *name)
{
    const apr_uint64_t hash = hash_of(name);
    apr_size_t i = 0;

    while (i < HOSTS && counters.names[i] != 0
           && counters.names[i] != hash) {
        i++;
    }
    if (i < HOSTS) {
        counters.names[i] = hash;
    }
    return &counters.memory->hosts[i];
}

const char *ep_counters_name(apr_pool_t *pool, const server_rec *s)
{
    const char *name = s->server_hostname != NULL ? s->server_hostname : "*";
    apr_port_t port = s->port;

    if (port == 0 && s->addrs != NULL) {
        port = s->addrs->host_port;
    }
    return port != 0 ? apr_psprintf(pool, "%s:%u", name, (unsigned int)port)
                     : name;
}

static apr_size_t add_place(const char *name, host *at)
{
    place *next = apr_array_push(counters.places);

    next->name = name;
    next->at = at;
    return (apr_size_t)counters.places->nelts - 1;
}

/* httpd's list has the main server first, and then the virtual hosts, the last one of
 * the files first.  @return servers in the order of the files */
static apr_array_header_t *in_order(apr_pool_t *pconf, server_rec *main_server)
{
    apr_array_header_t *servers = apr_array_make(pconf, 16,
                                                 sizeof(const server_rec *));
    const server_rec *s;
    int first = 1, last;

    for (s = main_server; s != NULL; s = s->next) {
        APR_ARRAY_PUSH(servers, const server_rec *) = s;
    }
    for (last = servers->nelts - 1; first < last; first++, last--) {
        s = APR_ARRAY_IDX(servers, first, const server_rec *);
        APR_ARRAY_IDX(servers, first, const server_rec *)
            = APR_ARRAY_IDX(servers, last, const server_rec *);
        APR_ARRAY_IDX(servers, last, const server_rec *) = s;
    }
    return servers;
}

int ep_counters_open(apr_pool_t *pconf, server_rec *main_server)
{
    apr_hash_t *by_name = apr_hash_make(pconf);
    kept *found = find_kept(pconf, main_server);
    const apr_array_header_t *servers = in_order(pconf, main_server);
    int i;

    if (found == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    counters.memory = found->memory;
    counters.names = found->names;
    counters.by_server = apr_hash_make(pconf);
    counters.places = apr_array_make(pconf, 16, sizeof(place));
    add_place("(others)", &counters.memory->hosts[HOSTS]);
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, const server_rec *);
        const char *name = ep_counters_name(pconf, s);
        apr_size_t *index = apr_hash_get(by_name, name, APR_HASH_KEY_STRING);

        if (index == NULL) {
            host *at = find_host(name);

            index = apr_palloc(pconf, sizeof(*index));
            *index = at != &counters.memory->hosts[HOSTS]
                         ? add_place(name, at)
                         : EP_COUNTERS_OTHERS;
            apr_hash_set(by_name, name, APR_HASH_KEY_STRING, index);
        }
        apr_hash_set(counters.by_server, apr_pmemdup(pconf, &s, sizeof(s)),
                     sizeof(s), index);
    }
    return OK;
}

/* A counter never exceeds INT64_MAX. */
static void add(counter *to, int64_t more)
{
    apr_uint64_t was = apr_atomic_read64(to);

    while (was <= (apr_uint64_t)(INT64_MAX - more)) {
        const apr_uint64_t is = apr_atomic_cas64(to, was + (apr_uint64_t)more,
                                                 was);

        if (is == was) {
            return;
        }
        was = is;
    }
}

static void add_minute(host *at)
{
    const apr_uint64_t minute = (apr_uint64_t)(apr_time_sec(apr_time_now())
                                               / 60);
    counter *cell = &at->minutes[minute % EP_MINUTES];
    apr_uint64_t was = apr_atomic_read64(cell);

    for (;;) {
        const apr_uint64_t next = was >> 32 == minute ? was + 1
                                                      : minute << 32 | 1;
        const apr_uint64_t is = apr_atomic_cas64(cell, next, was);

        if (is == was) {
            return;
        }
        was = is;
    }
}

/* The cleanup of the initial request's pool: counts its outcome. */
static apr_status_t count(void *data)
{
    const struct ep_counted *counted = data;

    /* a process that was forked to run a program has its parent's pools, and
     * destroys them if it ends before exec */
    if (counted->owner != getpid()) {
        return APR_SUCCESS;
    }
    if (counted->outcome == EP_OUTCOME_ADMITTED) {
        add(&counted->at->admitted, 1);
        return APR_SUCCESS;
    }
    add(&counted->at->ended[counted->outcome][counted->code], 1);
    if (counted->outcome != EP_OUTCOME_WOULD_REFUSE) {
        add_minute(counted->at);
    }
    if (counted->outcome == EP_OUTCOME_REFUSED) {
        add(&counted->at->declared, counted->declared);
    }
    return APR_SUCCESS;
}

void ep_counters_note(request_rec *r, ep_request *state,
                      const ep_judgement *judgement, ep_outcome outcome)
{
    struct ep_counted *counted = state->counted_as;

    if (counted == NULL) {
        apr_pool_t *pool = ep_request_initial(r)->pool;

        counted = apr_pcalloc(pool, sizeof(*counted));
        counted->owner = getpid();
        counted->at = APR_ARRAY_IDX(counters.places,
                                    ep_counters_place(r->server), place).at;
        state->counted_as = counted;
        apr_pool_cleanup_register(pool, counted, count, apr_pool_cleanup_null);
    }
    if (outcome > counted->outcome) {
        counted->outcome = outcome;
        counted->code = judgement->verdict.code;
        counted->declared = judgement->facts->content != EP_CONTENT_SIZED
                                ? 0
                                : judgement->facts->declared < DECLARED_MAX
                                      ? judgement->facts->declared
                                      : DECLARED_MAX;
    }
}

void ep_counters_drained(size_t index, apr_size_t bytes)
{
    add(&APR_ARRAY_IDX(counters.places, index, place).at->drained,
        (int64_t)bytes);
}

void ep_counters_failed(ep_tally_cause why)
{
    add(&counters.memory->failures[why], 1);
}

/* Another process may have written anything. */
static int64_t read_counter(counter *from)
{
    return ep_amount_of((int64_t)apr_atomic_read64(from));
}

apr_time_t ep_counters_since(void)
{
    return read_counter(&counters.memory->since);
}

int64_t ep_counters_failures(ep_tally_cause why)
{
    return read_counter(&counters.memory->failures[why]);
}

size_t ep_counters_places(void)
{
    return (size_t)counters.places->nelts;
}

size_t ep_counters_place(const server_rec *server)
{
    const apr_size_t *index = apr_hash_get(counters.by_server, &server,
                                           sizeof(server));

    /* some modules create a server_rec for a request */
    return index != NULL ? *index : EP_COUNTERS_OTHERS;
}

const char *ep_counters_read(size_t index, ep_tally *tally)
{
    const apr_uint64_t now = (apr_uint64_t)(apr_time_sec(apr_time_now()) / 60);
    const place *from = &APR_ARRAY_IDX(counters.places, index, place);
    apr_uint64_t i;
    int outcome, code;

    memset(tally, 0, sizeof(*tally));
    tally->admitted = read_counter(&from->at->admitted);
    tally->declared = read_counter(&from->at->declared);
    tally->drained = read_counter(&from->at->drained);
    for (outcome = 0; outcome < EP_OUTCOMES; outcome++) {
        for (code = 0; code < EP_CODES; code++) {
            tally->ended[outcome][code] = read_counter(
                &from->at->ended[outcome][code]);
        }
    }
    for (i = 0; i < EP_MINUTES; i++) {
        const apr_uint64_t minute = now - (EP_MINUTES - 1) + i;
        const apr_uint64_t cell = apr_atomic_read64(
            &from->at->minutes[minute % EP_MINUTES]);

        if (cell >> 32 == minute) {
            tally->minutes[i] = (int64_t)(cell & 0xffffffffu);
        }
    }
    return from->name;
}
