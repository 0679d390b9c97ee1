# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-redis   src/redis without httpd: URLs, replies, calls with their deadline and
#               the breaker, with a server that does what a script says and with a
#               redis-server of its own; and the promises of ledger/provider.h with
#               the provider redis; under ASan and UBSan
#
# Paths are relative to the top directory; everything built lies in build/.

REDIS_CALLS = $(addprefix src/redis/,url.c reply.c conn.c breaker.c pool.c)

build/redis/test_redis: t/redis/test_redis.c t/redis/fake.c t/redis/fake.h \
    $(REDIS_CALLS) $(HEADERS)
	@mkdir -p $(@D)
	gcc $(LEDGER_CFLAGS) $(REDIS_CPPFLAGS) -It/redis \
	    -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ \
	    $(filter %.c,$^) -Wl,--wrap=getaddrinfo $(REDIS_LIBS) $(LEDGER_LIBS) \
	    $$(pkg-config --libs check)

# the contract suite of t/ledger, with the provider redis
build/redis/contract: t/ledger/contract.c t/ledger/contract_shm.c \
    t/ledger/contract_redis.c t/ledger/contract.h t/ledger/tap.h t/redis/fake.c \
    t/redis/fake.h $(wildcard src/redis/*.c) src/core/text/number.c \
    src/core/text/text.c $(LEDGER_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	gcc $(LEDGER_CFLAGS) $(REDIS_CPPFLAGS) -DCONTRACT_REDIS -It/ledger -It/redis \
	    -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ \
	    $(filter %.c,$^) -Wl,--wrap=ep_book_leave,--wrap=ep_journal_make \
	    $(REDIS_LIBS) $(LEDGER_LIBS)

.PHONY: check-redis
ifeq ($(HAS_HIREDIS),)
check-redis:
	@echo "check-redis: there is no hiredis, and so no ledger in Redis"
else
check-redis: build/redis/test_redis build/redis/contract
	tools/embed-scripts --check
	timeout $(LEDGER_TIMEOUT) build/redis/test_redis
	timeout $(LEDGER_TIMEOUT) build/redis/contract 5
endif
