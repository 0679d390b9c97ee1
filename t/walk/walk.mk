# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-walk   the walk through a tree of files, without a server: gcc and
#              clang, under ASan and UBSan
#
# Paths are relative to the top directory; what it builds lies in build/walk.

WALK_SOURCES = t/walk/test_walk.c src/ledger/walk.c \
    src/ledger/nofollow.c src/ledger/expand.c src/core/book/amount.c
WALK_HEADERS = src/ledger/walk.h src/ledger/nofollow.h \
    src/ledger/expand.h src/core/book/amount.h
WALK_CFLAGS = -std=c99 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion \
    -Werror -Isrc -isystem $$(apr-1-config --includedir) -g -O1 -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all

build/walk/test_walk_%: $(WALK_SOURCES) $(WALK_HEADERS)
	@mkdir -p $(@D)
	$* $(WALK_CFLAGS) -o $@ $(WALK_SOURCES) $$(pkg-config --libs check) \
	    $$(apr-1-config --link-ld)

.PHONY: check-walk
check-walk: build/walk/test_walk_gcc build/walk/test_walk_clang
	build/walk/test_walk_gcc
	build/walk/test_walk_clang
