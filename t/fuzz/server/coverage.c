/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * Counts which edges of the instrumented module a request takes, where the
 * fuzzer can see it: in a file that both have mapped or read.  Built without
 * instrumentation itself.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* As many as the fuzzer reads (MAP_BYTES in t/fuzz/server/fuzz-server). */
#define MAP_BYTES 16384

static uint8_t unseen[MAP_BYTES];
static uint8_t *counters = unseen;
static uint32_t edges;

/* Hidden, so that these are the module's: the sanitizers' runtime, which is
 * loaded before it, has functions of the same names that do nothing. */
#define OURS __attribute__((visibility("hidden")))
OURS void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
OURS void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    const char *path = getenv("EP_COVERAGE");
    uint32_t *guard;

    /* called once for every object file; httpd also loads modules twice */
    for (guard = start; guard < stop; guard++) {
        if (*guard == 0) {
            *guard = ++edges % MAP_BYTES;
        }
    }
    if (path != NULL && counters == unseen) {
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        void *map = fd < 0 ? MAP_FAILED
                           : mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE,
                                  MAP_SHARED, fd, 0);

        if (map == MAP_FAILED) {
            abort();
        }
        close(fd);
        counters = map;
    }
}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    uint8_t *counter = &counters[*guard];

    if (*counter < UINT8_MAX) {
        ++*counter;
    }
}
