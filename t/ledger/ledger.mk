# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-ledger  the promises of ledger/provider.h, with every provider;
#               the ledger's memory and lock without httpd: children that are killed
#               or stopped, and memory that is overwritten while they run, under
#               ASan and UBSan; threads, under ThreadSanitizer; and ledger-show
#               with damaged files
#
# Paths are relative to the top directory; everything built lies in build/.

# how long each kind of load lasts
LEDGER_SECONDS ?= 2
# far longer than a run takes: ends only a run that hangs
LEDGER_TIMEOUT = 300

LEDGER_SOURCES = src/ledger/shm_book.c \
    src/ledger/shm_file.c \
    src/ledger/clock.c src/core/book/book.c src/core/book/account.c \
    src/core/book/amount.c
LEDGER_CFLAGS = -std=c99 -Wall -Wextra -Wshadow -Werror -g -O1 \
    -fno-omit-frame-pointer $$($(APXS) -q EXTRA_CPPFLAGS) -Isrc \
    -isystem $$($(APXS) -q INCLUDEDIR) -isystem $$($(APXS) -q APR_INCLUDEDIR)
LEDGER_LIBS = $$($$($(APXS) -q APU_CONFIG) --link-ld) \
    $$($$($(APXS) -q APR_CONFIG) --link-ld) -lpthread

build/ledger/processes: t/ledger/processes.c t/ledger/tap.h $(LEDGER_SOURCES) \
    $(HEADERS)
	@mkdir -p $(@D)
	gcc $(LEDGER_CFLAGS) -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -o $@ $(filter %.c,$^) \
	    -Wl,--wrap=ep_book_enter,--wrap=ep_book_leave \
	    -Wl,--wrap=ep_account_hold,--wrap=ep_account_give_back $(LEDGER_LIBS)

# the contract suite, with every provider
CONTRACT_SOURCES = t/ledger/contract.c t/ledger/contract_shm.c \
    t/ledger/reference.c

build/ledger/contract: $(CONTRACT_SOURCES) t/ledger/contract.h t/ledger/tap.h \
    $(LEDGER_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	gcc $(LEDGER_CFLAGS) -It/ledger -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -o $@ $(filter %.c,$^) \
	    -Wl,--wrap=ep_book_leave $(LEDGER_LIBS)

# a provider in a module file of its own, which includes no header of this module
# except ledger/provider.h
SECOND_PROVIDER = build/ledger/second-provider.so
$(SECOND_PROVIDER): t/ledger/second.c t/ledger/reference.c \
    t/ledger/contract.h src/ledger/provider.h
	@rm -rf build/ledger/border
	@mkdir -p build/ledger/border/ledger
	cp src/ledger/provider.h build/ledger/border/ledger
	cp t/ledger/contract.h t/ledger/second.c t/ledger/reference.c \
	    build/ledger/border
	gcc -std=c99 -Wall -Wextra -Wshadow -Werror -g -O1 -shared -fPIC \
	    $$($(APXS) -q EXTRA_CPPFLAGS) -Ibuild/ledger/border \
	    -isystem $$($(APXS) -q INCLUDEDIR) \
	    -isystem $$($(APXS) -q APR_INCLUDEDIR) -o $@ \
	    build/ledger/border/second.c build/ledger/border/reference.c

build/ledger/threads: t/ledger/threads.c $(LEDGER_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	gcc $(LEDGER_CFLAGS) -fsanitize=thread -o $@ $(filter %.c,$^) \
	    $(LEDGER_LIBS)

# ledger-show, and a program that writes files for it and checks its output
build/ledger/show: $(LEDGER_SHOW_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	gcc -std=c99 -Wall -Wextra -Wshadow -Wconversion -Werror -Isrc -g -O1 \
	    -fno-omit-frame-pointer -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -o $@ $(LEDGER_SHOW_SOURCES)

build/ledger/shown: t/ledger/shown.c src/core/book/book.c \
    src/core/book/account.c \
    src/core/book/amount.c $(HEADERS)
	@mkdir -p $(@D)
	gcc -std=c99 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -Isrc -g -O1 \
	    -o $@ $(filter %.c,$^)

.PHONY: check-ledger
check-ledger: build/ledger/contract build/ledger/processes build/ledger/threads \
    build/ledger/show build/ledger/shown
	timeout $(LEDGER_TIMEOUT) build/ledger/shown build/ledger/show \
	    build/ledger/shown.dir t/fuzz/corpus/book
	timeout $(LEDGER_TIMEOUT) build/ledger/contract
	timeout $(LEDGER_TIMEOUT) build/ledger/processes $(LEDGER_SECONDS)
	timeout $(LEDGER_TIMEOUT) build/ledger/threads
