# Two commands for newcomers: `make demo` and `make check`.  `make help` lists the rest.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CC      ?= gcc
WERROR  ?=
OPT     ?= -O2
SAN     ?=

VERSION  := 0.1.0
LIBRARIES := yaml-0.1 libpcre2-8 jansson libelf libseccomp
# Not linked but loaded when they are needed: chaosctl/probe/libcurl.h, chaosctl/base/microhttpd.h,
# chaosctl/explore/libdw.h; ncurses, whose header is where every compiler looks: chaosctl/ncurses.h.
LOADED    := libcurl libmicrohttpd libdw
CPPFLAGS += -I. -D_GNU_SOURCE -DCHAOSCTL_VERSION='"$(VERSION)"'
CFLAGS   += -std=c11 $(OPT) -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum \
            -Wpointer-arith -Wundef -Wvla $(WERROR) $(SAN)
LIB_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES) $(LOADED))
LIB_LIBS   = $(shell pkg-config --libs $(LIBRARIES)) -lm -pthread
DEPFLAGS  = -MMD -MP

# The shim runs beneath malloc, in anybody's process: no helper leaves it, nothing is resolved late, and its TLS needs
# no __tls_get_addr.  It is never built with a sanitizer: it must come before none.
SHIM_CFLAGS  = -fPIC -fvisibility=hidden -ftls-model=initial-exec -fexceptions -fasynchronous-unwind-tables \
               -fno-stack-protector -U_FORTIFY_SOURCE $(SHIM_JUMPS)
# syscall and dlopen must end in a jump, at whatever level the rest is built.
SHIM_JUMPS   = -foptimize-sibling-calls $(if $(filter -O0,$(OPT)),-O1)
SHIM_LDFLAGS = -shared -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,--no-undefined -Wl,-soname,libchaosctl.so

DECISION := $(wildcard injectors/decision/*.c injectors/*.c)
# Ways in of the tool's alone: nothing of them goes into the shim.
RELAY    := $(wildcard injectors/relay/*.c injectors/seccomp/*.c)
EXPLORE  := $(wildcard preload/explore/*.c injectors/explore/*.c)
SHIM     := $(wildcard preload/*.c)
TOOL     := $(wildcard chaosctl/base/*.c chaosctl/scenario/*.c chaosctl/run/*.c chaosctl/probe/*.c \
                       chaosctl/check/*.c chaosctl/explore/*.c chaosctl/proxy/*.c chaosctl/report/*.c chaosctl/matrix/*.c) $(RELAY)
COMMANDS := $(wildcard chaosctl/*.c)

DECISION_O := $(DECISION:%.c=$(BUILD)/obj/%.o)
# It reads registers, so far those of one architecture; elsewhere `chaosctl explore -- COMMAND` says that it is not there.
EXPLORE_SO := $(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),$(BUILD)/libchaosctl-explore.so)
EXPLORE_O  := $(EXPLORE:%.c=$(BUILD)/explore/%.o)
SHIM_O     := $(SHIM:%.c=$(BUILD)/shim/%.o) $(DECISION:%.c=$(BUILD)/shim/%.o)
TOOL_O     := $(TOOL:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/injectors/explore/failing.o
COMMANDS_O := $(COMMANDS:%.c=$(BUILD)/obj/%.o)

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
CALL_PROGS := $(patsubst tests/calls/%.c,$(BUILD)/tests/calls/%,$(wildcard tests/calls/*.c))
HOSTILE_PROGS := $(patsubst tests/hostile/%.c,$(BUILD)/tests/hostile/%,$(wildcard tests/hostile/*.c))
EXPLORE_PROGS := $(patsubst tests/explore/%.c,$(BUILD)/tests/explore/%,$(wildcard tests/explore/*.c))
HOST_PROGS := $(CALL_PROGS) $(HOSTILE_PROGS) $(EXPLORE_PROGS)
# Each program of the corpus twice: with its defect, and fixed.
CORPUS := $(patsubst tests/corpus/%.c,$(BUILD)/tests/corpus/%,$(wildcard tests/corpus/*.c))
CORPUS_PROGS := $(CORPUS) $(CORPUS:%=%_fixed)
BENCH_MARKS := $(BUILD)/bench/mark_first.so $(BUILD)/bench/mark_last.so
BENCH_PROGS := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c)) $(BENCH_MARKS)

.PHONY: all demo scenarios check check-quick nevers needs needs-scenarios needs-check unit calls live hostile \
        install uninstall clean asan ubsan tsan aarch64 aarch64-parts fuzz bench bench-doc transparency soak \
        format format-check help
.DELETE_ON_ERROR:

all: $(BUILD)/chaosctl $(BUILD)/libchaosctl.so $(EXPLORE_SO)

help:
	@echo 'make              build/chaosctl and build/libchaosctl.so'
	@echo 'make demo         install what is missing, build, and see a service lose its Redis'
	@echo 'make scenarios    install what is missing, build, and run the scenario library'
	@echo 'make check        install what is missing, build, and run every test'
	@echo 'make unit|calls|live|hostile|nevers    one family of tests'
	@echo 'make asan|ubsan|tsan                   the tests under a sanitizer'
	@echo 'make aarch64      the shim, built by a cross compiler'
	@echo 'make fuzz [FUZZ_SECONDS=600]           the scenario parser against random input (clang)'
	@echo 'make bench [BENCH_FORMAT=markdown|json] what it costs, beside native and the peers (five minutes)'
	@echo 'make bench BENCH="redis start"          some of its sections: bench/run --help'
	@echo 'make bench-doc                         the same into docs/bench.md'
	@echo 'make transparency                      other people'\''s test suites, native and under the idle shim'
	@echo 'make transparency SUITES="redis libuv" some of them'
	@echo 'make soak [SOAK=1h]                    servers under load while faults come and go'
	@echo 'make format|format-check               lay the code out as .clang-format says | see whether it is'
	@echo 'make install PREFIX= DESTDIR=          command, shim, scenarios, man pages, completion'

# --- what newcomers type ---

demo:
	@tools/needs demo
	@$(MAKE) --no-print-directory -j2 all
	@tools/demo

scenarios:
	@tools/needs scenarios
	@$(MAKE) --no-print-directory -j2 all
	@scenarios/check

check:
	@tools/needs check
	@$(MAKE) --no-print-directory -j2 WERROR=-Werror all tests
	@tests/run nevers unit calls hostile live

needs:
	@tools/needs demo
needs-scenarios:
	@tools/needs scenarios
needs-check:
	@tools/needs check

# --- building ---

$(BUILD)/chaosctl: $(COMMANDS_O) $(TOOL_O) $(DECISION_O)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(BUILD)/libchaosctl.so: $(SHIM_O) $(BUILD)/shim/exports.map
	$(CC) $(filter-out -fsanitize=%,$(CFLAGS)) $(SHIM_LDFLAGS) -Wl,--version-script=$(BUILD)/shim/exports.map \
	      -o $@ $(SHIM_O)

# What is preloaded into an explored program.  Its unwinder is in it: libgcc_s is not to be loaded in mid-call.
EXPLORE_LDFLAGS = $(subst libchaosctl.so,libchaosctl-explore.so,$(SHIM_LDFLAGS)) -Wl,-z,initfirst -static-libgcc
$(BUILD)/libchaosctl-explore.so: $(EXPLORE_O) preload/explore/exports.map
	$(CC) $(filter-out -fsanitize=%,$(CFLAGS)) $(EXPLORE_LDFLAGS) \
	      -Wl,--version-script=preload/explore/exports.map -o $@ $(EXPLORE_O)

$(BUILD)/explore/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(filter-out -fsanitize=%,$(CFLAGS)) $(SHIM_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# The export list is call.def and nothing else.
$(BUILD)/shim/exports.map: injectors/decision/call.def
	@mkdir -p $(@D)
	printf '#define CALL(s, r, e) s;\n#define ALIAS(s, c) s;\n#define SAME(s, c) s;\n#define FOLLOW(s) s;\n{ global:\n#include "%s"\nlocal: *; };\n' $< | \
	    $(CC) -I. -E -P -xc - > $@

$(BUILD)/shim/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(filter-out -fsanitize=%,$(CFLAGS)) $(SHIM_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(BUILD)/obj/injectors/%.o: injectors/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(BUILD)/obj/chaosctl/%.o: chaosctl/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LIB_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# --- tests: every one prints TAP; tests/run adds up ---

tests: $(UNIT_TESTS) $(HOST_PROGS) $(CORPUS_PROGS) $(BENCH_PROGS)

# A unit test is linked with everything but main.
$(BUILD)/tests/unit/%: tests/unit/%.c $(TOOL_O) $(DECISION_O)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LIB_CFLAGS) $(shell pkg-config --cflags check) $(DEPFLAGS) -o $@ $< \
	      $(TOOL_O) $(DECISION_O) $(LIB_LIBS) $(shell pkg-config --libs check)
$(BUILD)/tests/unit/source: | $(CORPUS)

# A host program runs under the shim and knows nothing of it.
$(BUILD)/tests/calls/% $(BUILD)/tests/hostile/%: tests/%
$(BUILD)/tests/%: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(DEPFLAGS) -o $@ $< $(DECISION_O) -pthread
$(CALL_PROGS) $(HOSTILE_PROGS): $(DECISION_O)
# Explored without a sanitizer: its allocator would stand where the library does.
$(EXPLORE_PROGS): $(BUILD)/tests/explore/%: tests/explore/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(filter-out -fsanitize=%,$(CFLAGS)) $(DEPFLAGS) -o $@ $< -pthread

# As anybody builds a program: optimised, with DWARF, knowing nothing of chaosctl, and without a sanitizer of ours.
CORPUS_CFLAGS = -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra $(WERROR)
$(BUILD)/tests/corpus/%_fixed: tests/corpus/%.c
	@mkdir -p $(@D)
	$(CC) $(CORPUS_CFLAGS) -DFIXED $(DEPFLAGS) -o $@ $<
$(BUILD)/tests/corpus/%: tests/corpus/%.c
	@mkdir -p $(@D)
	$(CC) $(CORPUS_CFLAGS) $(DEPFLAGS) -o $@ $<

nevers unit calls live hostile: all tests
	@tests/run $@

asan:
	$(MAKE) BUILD=build/asan SAN="-fsanitize=address -fno-omit-frame-pointer" OPT=-O1 all tests
	BUILD=build/asan tests/run unit hostile
ubsan:
	$(MAKE) BUILD=build/ubsan SAN="-fsanitize=undefined -fno-sanitize-recover=all" OPT=-O1 all tests
	BUILD=build/ubsan tests/run unit hostile
tsan:
	$(MAKE) BUILD=build/tsan SAN="-fsanitize=thread" OPT=-O1 all tests
	BUILD=build/tsan tests/run unit

# The shim for another machine, and host programs that qemu can run under it (tests/calls/aarch64.test).
CROSS_PROGS = rows targets datagram memory stress
aarch64:
	$(MAKE) CC=aarch64-linux-gnu-gcc BUILD=$(BUILD)/aarch64 aarch64-parts
aarch64-parts: $(BUILD)/libchaosctl.so $(CROSS_PROGS:%=$(BUILD)/tests/calls/%)

# --- what takes too long for every change ---

SUITES ?=
transparency:
	@tools/needs transparency
	@$(MAKE) --no-print-directory -j2 all
	@tests/transparency/run $(SUITES)

SOAK ?= 5m
soak:
	@tools/needs soak
	@$(MAKE) --no-print-directory -j2 all
	@SOAK=$(SOAK) TEST_TIMEOUT=86400 tests/run tests/soak/run

FUZZ_SECONDS ?= 60
fuzz:
	@tests/fuzz/run $(FUZZ_SECONDS)

FORMATTED = $(shell git ls-files '*.[ch]')
format:
	@clang-format -i $(FORMATTED)
format-check:
	@clang-format --dry-run --Werror $(FORMATTED)

# --- figures: a goal that is missed fails nothing, a program that does ---

BENCH_FORMAT ?= text
BENCH ?=

$(BUILD)/bench/%: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(DEPFLAGS) -o $@ $< -pthread

# Two copies of one library: bench/mark/mark.c.
$(BENCH_MARKS): bench/mark/mark.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<

bench: all $(BENCH_PROGS)
	@BUILD=$(BUILD) TOXIPROXY=$(TOXIPROXY) bench/run --format=$(BENCH_FORMAT) $(BENCH)

# The words of docs/bench.md stay, the figures are new: on a machine with nothing else to do.
bench-doc: all $(BENCH_PROGS)
	@sed '/^Machine: /,$$d' docs/bench.md >$(BUILD)/bench.md
	@BUILD=$(BUILD) TOXIPROXY=$(TOXIPROXY) bench/run --format=markdown >>$(BUILD)/bench.md
	@mv $(BUILD)/bench.md docs/bench.md

# --- installing ---

install: all
	@tools/install "$(BUILD)" "$(DESTDIR)" "$(PREFIX)"
uninstall:
	@tools/install --remove "$(BUILD)" "$(DESTDIR)" "$(PREFIX)"

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -path $(BUILD)/transparency -prune -o -name '*.d' -type f -print 2>/dev/null)
