# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# Fuzzes refusals in a real httpd: sends raw requests, checks every answer, and
# chooses further requests by the coverage of the module.
#
# check-fuzz-server   the corpus, and 10 seconds of mutations; 5 over HTTP/2
# fuzz-server         mutations for FUZZ_SECONDS, over each of them

FUZZ_SERVER = build/fuzz/server
# APR makes its own offsetof() from a null pointer unless it knows stddef.h's,
# which clang's UBSan calls by its name.
FUZZ_SERVER_FLAGS = -std=c99 -g -O1 -fno-omit-frame-pointer -fPIC \
    -include stddef.h \
    -fsanitize=address,undefined -fno-sanitize-recover=undefined
# Without coverage: what the drain thread does depends on no request.
FUZZ_SERVER_BLIND = src/connection/drain.c

$(FUZZ_SERVER)/mod_expect_policy.so: $(SOURCES) $(HEADERS) \
    t/fuzz/server/coverage.c t/fuzz/server/server.mk
	@mkdir -p $(@D)
	@set -e; for source in $(SOURCES); do \
	    case " $(FUZZ_SERVER_BLIND) " in \
	        *" $$source "*) cover=;; \
	        *) cover=-fsanitize-coverage=trace-pc-guard;; \
	    esac; \
	    $(FUZZ_CLANG) $(FUZZ_SERVER_FLAGS) $$cover \
	        $$($(APXS) -q EXTRA_CPPFLAGS) -Isrc \
	        -isystem $$($(APXS) -q INCLUDEDIR) \
	        -isystem $$($(APXS) -q APR_INCLUDEDIR) \
	        -c -o $(@D)/$$(basename $$source .c).o $$source; \
	done
	$(FUZZ_CLANG) -std=c99 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -O2 -fPIC \
	    -c -o $(@D)/coverage.o t/fuzz/server/coverage.c
	$(FUZZ_CLANG) -shared -fsanitize=address,undefined -shared-libasan -o $@ \
	    $(patsubst %,$(@D)/%.o,$(basename $(notdir $(SOURCES)))) \
	    $(@D)/coverage.o -ljansson

.PHONY: check-fuzz-server fuzz-server
check-fuzz-server: $(FUZZ_SERVER)/mod_expect_policy.so
	FUZZ_CLANG=$(FUZZ_CLANG) t/fuzz/server/fuzz-server 10
	FUZZ_CLANG=$(FUZZ_CLANG) FUZZ_PROTOCOL=h2c t/fuzz/server/fuzz-server 5

fuzz-server: $(FUZZ_SERVER)/mod_expect_policy.so
	FUZZ_CLANG=$(FUZZ_CLANG) t/fuzz/server/fuzz-server $(FUZZ_SECONDS)
	FUZZ_CLANG=$(FUZZ_CLANG) FUZZ_PROTOCOL=h2c \
	    t/fuzz/server/fuzz-server $(FUZZ_SECONDS)
