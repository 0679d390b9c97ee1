# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-redis   src/redis without httpd: URLs, replies, calls with their deadline and
#               the breaker, with a server that does what a script says and with a
#               redis-server of its own; under ASan and UBSan
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

.PHONY: check-redis
ifeq ($(HAS_HIREDIS),)
check-redis:
	@echo "check-redis: there is no hiredis, and so no ledger in Redis"
else
check-redis: build/redis/test_redis
	timeout $(LEDGER_TIMEOUT) build/redis/test_redis
endif
