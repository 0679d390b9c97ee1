# Licensed under the Apache License, Version 2.0; see LICENSE.
#
# check-fuzz   runs every target on its corpus, under ASan and UBSan (gcc)
# fuzz         lets libFuzzer (clang) work on each target for FUZZ_SECONDS
# fuzz-engine  builds the targets for OSS-Fuzz, with its CC, CFLAGS, CXX,
#              CXXFLAGS and LIB_FUZZING_ENGINE, and zips the corpora, into OUT
#
# Paths are relative to the top directory; everything built lies in build/.

FUZZ_SECONDS ?= 60
FUZZ_CC ?= gcc
FUZZ_CLANG ?= clang
FUZZ_JANSSON ?= -ljansson

# those of src/redis need hiredis and APR, and so are not for fuzz-engine
FUZZ_REDIS = reply url
FUZZ_CORE = $(filter-out $(FUZZ_REDIS),$(patsubst t/fuzz/fuzz_%.c,%, \
    $(sort $(wildcard t/fuzz/fuzz_*.c))))
FUZZ_TARGETS = $(FUZZ_CORE) $(if $(HAS_HIREDIS),$(FUZZ_REDIS))
# the fewest files of a corpus
FUZZ_SEEDS_MIN = 20

FUZZ_CFLAGS = -std=c99 -Wall -Wextra -Wshadow -Wconversion -Werror \
    -D_DEFAULT_SOURCE -Isrc -It/fuzz -g -O1 -fno-omit-frame-pointer
FUZZ_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_SOURCES = $(CORE) t/fuzz/fuzz.c \
    t/fuzz/scenario.c t/fuzz/strict_json.c
FUZZ_HEADERS = $(filter src/core/% src/redis/%,$(HEADERS)) $(wildcard t/fuzz/*.h)

$(foreach target,$(FUZZ_REDIS),build/fuzz/replay_$(target) \
    build/fuzz/libfuzzer_$(target)): FUZZ_MORE = src/redis/reply.c \
    src/redis/url.c -isystem $$($(APXS) -q APR_INCLUDEDIR) \
    $$($(APXS) -q EXTRA_CPPFLAGS) $(REDIS_CPPFLAGS) $(REDIS_LIBS) \
    $$($$($(APXS) -q APR_CONFIG) --link-ld)

build/fuzz/replay_%: t/fuzz/fuzz_%.c t/fuzz/replay.c $(FUZZ_SOURCES) \
    $(FUZZ_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_SANITIZE) -o $@ $(filter %.c,$^) \
	    $(FUZZ_MORE) $(FUZZ_JANSSON)

build/fuzz/libfuzzer_%: t/fuzz/fuzz_%.c $(FUZZ_SOURCES) $(FUZZ_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all -o $@ $(filter %.c,$^) $(FUZZ_MORE) \
	    $(FUZZ_JANSSON)

# Fails if a corpus is missing or too small, and if there is no target.
.PHONY: check-fuzz
check-fuzz: $(patsubst %,build/fuzz/replay_%,$(FUZZ_TARGETS))
	@test -n "$(FUZZ_TARGETS)" || { \
	    echo "no t/fuzz/fuzz_*.c found" >&2; exit 1; }
	@for target in $(FUZZ_TARGETS); do \
	    corpus=t/fuzz/corpus/$$target; \
	    seeds=$$(find $$corpus -type f | wc -l); \
	    test "$$seeds" -ge $(FUZZ_SEEDS_MIN) || { \
	        echo "$$corpus has $$seeds files, not $(FUZZ_SEEDS_MIN)" >&2; \
	        exit 1; }; \
	    build/fuzz/replay_$$target $$corpus 2>build/fuzz/$$target.log || { \
	        cat build/fuzz/$$target.log >&2; exit 1; }; \
	done

# New inputs are written to build/; they are not added to the corpora.
.PHONY: fuzz
fuzz: $(patsubst %,build/fuzz/libfuzzer_%,$(FUZZ_TARGETS))
	@test -n "$(FUZZ_TARGETS)" || { \
	    echo "no t/fuzz/fuzz_*.c found" >&2; exit 1; }
	@for target in $(FUZZ_TARGETS); do \
	    mkdir -p build/fuzz/found/$$target; \
	    dict=t/fuzz/$$target.dict; \
	    test ! -f $$dict && dict= || dict=-dict=$$dict; \
	    echo "== $$target, $(FUZZ_SECONDS) seconds"; \
	    build/fuzz/libfuzzer_$$target $$dict -max_len=4096 \
	        -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	        -artifact_prefix=build/fuzz/found/$$target- \
	        build/fuzz/found/$$target t/fuzz/corpus/$$target || exit 1; \
	done

.PHONY: fuzz-engine
fuzz-engine: $(FUZZ_SOURCES) $(FUZZ_HEADERS)
	@test -n "$(OUT)" -a -n "$(LIB_FUZZING_ENGINE)" || { \
	    echo "fuzz-engine: OUT and LIB_FUZZING_ENGINE are not set" >&2; \
	    exit 1; }
	@mkdir -p build/fuzz/engine
	@set -e; for source in $(FUZZ_SOURCES) \
	    $(patsubst %,t/fuzz/fuzz_%.c,$(FUZZ_CORE)); do \
	    $(CC) $(CFLAGS) -std=c99 -D_DEFAULT_SOURCE -Isrc -It/fuzz -c \
	        -o build/fuzz/engine/$$(basename $$source .c).o $$source; \
	done
	@set -e; for target in $(FUZZ_CORE); do \
	    $(CXX) $(CXXFLAGS) -o $(OUT)/fuzz_$$target \
	        build/fuzz/engine/fuzz_$$target.o \
	        $(patsubst %,build/fuzz/engine/%.o, \
	            $(basename $(notdir $(FUZZ_SOURCES)))) \
	        $(LIB_FUZZING_ENGINE) $(FUZZ_JANSSON); \
	    zip -q -j $(OUT)/fuzz_$${target}_seed_corpus.zip \
	        t/fuzz/corpus/$$target/*; \
	    test ! -f t/fuzz/$$target.dict \
	        || cp t/fuzz/$$target.dict $(OUT)/fuzz_$$target.dict; \
	done
