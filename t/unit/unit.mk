# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-unit    the core's unit tests, built by gcc and by clang, under ASan
#               and UBSan
# check-layers  which file may know which, and that the guard of it works
#
# Paths are relative to the top directory; everything built lies in build/.

UNIT_COMPILERS ?= gcc clang
UNIT_WARNINGS = -std=c99 -Wall -Wextra -Wshadow -Wconversion -Werror
UNIT_SANITIZE = -g -O1 -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all
# mmap() and its like are not C99: the tests' own, never the core's
UNIT_CFLAGS = -D_DEFAULT_SOURCE -Isrc -It/unit -It/fuzz

UNIT_CORE = $(basename $(notdir $(CORE)))
# base names are unique, see tools/check-layers
vpath %.c $(sort $(dir $(CORE)))
UNIT_TESTS = $(patsubst t/unit/%.c,%,$(sort $(wildcard t/unit/test_*.c)))
UNIT_HELP = unit paper scenario strict_json

# One set of rules for each compiler.
define UNIT_RULES
build/unit/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$(1) $$(UNIT_WARNINGS) $$(UNIT_SANITIZE) -Isrc -MMD -MP -c -o $$@ $$<

build/unit/$(1)/%.o: t/unit/%.c
	@mkdir -p $$(@D)
	$(1) $$(UNIT_WARNINGS) $$(UNIT_SANITIZE) $$(UNIT_CFLAGS) -MMD -MP \
	    -c -o $$@ $$<

build/unit/$(1)/%.o: t/fuzz/%.c
	@mkdir -p $$(@D)
	$(1) $$(UNIT_WARNINGS) $$(UNIT_SANITIZE) $$(UNIT_CFLAGS) -MMD -MP \
	    -c -o $$@ $$<

build/unit/$(1)/test_%: build/unit/$(1)/test_%.o \
    $$(patsubst %,build/unit/$(1)/%.o,$$(UNIT_HELP) $$(UNIT_CORE))
	$(1) $$(UNIT_SANITIZE) -o $$@ $$^ -ljansson \
	    $$$$(pkg-config --libs check)

# kept, though make takes them for in-between
.SECONDARY: $$(patsubst %,build/unit/$(1)/%.o,$$(UNIT_TESTS) $$(UNIT_HELP) \
    $$(UNIT_CORE))

-include $$(wildcard build/unit/$(1)/*.d)
endef
$(foreach compiler,$(UNIT_COMPILERS),$(eval $(call UNIT_RULES,$(compiler))))

UNIT_PROGRAMS = $(foreach compiler,$(UNIT_COMPILERS), \
    $(patsubst %,build/unit/$(compiler)/%,$(UNIT_TESTS)))

# A file of the core without a suite is a failure; so is finding none at all.
.PHONY: check-unit
check-unit: $(UNIT_PROGRAMS)
	@test -n "$(UNIT_CORE)" || { echo "no src/core found" >&2; exit 1; }
	@for core in $(UNIT_CORE); do \
	    test -f t/unit/test_$$core.c || { \
	        echo "$$core.c has no t/unit/test_$$core.c" >&2; exit 1; }; \
	done
	@failed=; for program in $(UNIT_PROGRAMS); do \
	    echo "== $$program"; ./$$program || failed="$$failed $$program"; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

.PHONY: check-layers
check-layers: all
	tools/check-layers
	t/layers/breaks
