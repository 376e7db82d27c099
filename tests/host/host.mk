# Host tests of vm/: the kernel's sources over the stand-ins of tests/host. Included by the Makefile.
#
#   check-vm           tests/vm_*.c under sanitizers, the corpus, and some random inputs
#   fuzz [T=60]        libFuzzer over the same inputs (without clang: random ones), T seconds
#   check-harts        the same tests over the kernel's own pmap, on harts with TLBs (part of check-vm)
#   check-sched        threads that meet, under many schedules; S='-s SEED NAME' repeats one (tests/vm_sched.c)
#   seeds [N=1000000]  so many of them in sum, without sanitizers; S='-e 3' all schedules with at most 3 preemptions
#   coverage           which lines of vm/ all of these reach: a table; V=1 lists the others
#   mutants [M=NAMES]  seeded bugs: does the test that each names find it? (JOBS=2 for two copies at a time)

T ?= 60
N ?= 1000000

HOSTVM_SRC := $(wildcard vm/*.c) lib/tree.c $(wildcard tests/host/*.c)
HOSTVM_TESTS := $(patsubst tests/%.c,%,$(filter-out tests/vm_fuzz%,$(wildcard tests/vm_*.c)))
HOSTVM_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -MD -MP -Itests/host/shadow -I. -D_GNU_SOURCE $(WARN) \
	-fsanitize=address,undefined -fno-sanitize-recover=all
HOSTVM_WRAP := -Wl,--wrap=zone_alloc,--wrap=vm_phys_alloc
HOSTVM_OBJ := $(HOSTVM_SRC:%=$(BUILD)/t/%.o)

$(BUILD)/t/%.o: % $(FLAGS)
	$(call say,HOSTCC,$<)
	$(MKDIR)
	$(Q)$(HOSTCC) $(HOSTVM_FLAGS) -c -o $@ $<

$(HOSTVM_TESTS:%=$(BUILD)/t/%): $(BUILD)/t/%: $(BUILD)/t/tests/%.c.o $(HOSTVM_OBJ)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined $(HOSTVM_WRAP) -o $@ $^ -lcmocka

$(BUILD)/t/vm_replay: $(BUILD)/t/tests/vm_fuzz.c.o $(BUILD)/t/tests/vm_fuzz_main.c.o $(HOSTVM_OBJ)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined $(HOSTVM_WRAP) -o $@ $^

# The fuzzer: every source of vm/ instrumented for coverage.
FUZZ_FLAGS := $(filter-out -MD -MP,$(HOSTVM_FLAGS)) -O2 -fsanitize=fuzzer-no-link
$(BUILD)/f/%.o: % $(FLAGS)
	$(call say,CLANG,$<)
	$(MKDIR)
	$(Q)clang $(FUZZ_FLAGS) -MD -MP -c -o $@ $<

$(BUILD)/f/vm_fuzz: $(BUILD)/f/tests/vm_fuzz.c.o $(HOSTVM_SRC:%=$(BUILD)/f/%.o)
	$(call say,HOSTLD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined $(HOSTVM_WRAP) -o $@ $^

.PHONY: check-vm
check-vm: $(HOSTVM_TESTS:%=$(BUILD)/t/%.ran) $(BUILD)/t/vm_replay $(BUILD)/w/vm_replay check-harts
	$(Q)$(BUILD)/t/vm_replay $(wildcard tests/corpus/*)
	$(Q)$(BUILD)/t/vm_replay -r 2000
	$(Q)HARTS=u $(BUILD)/w/vm_replay $(wildcard tests/corpus/*)
	$(Q)HARTS=s $(BUILD)/w/vm_replay -r 500

# The same over the kernel's own pmap, on harts with TLBs.
HARTS_SRC := $(filter-out tests/host/pmap_model.c,$(HOSTVM_SRC)) $(wildcard tests/host/harts/*.c) $(wildcard arch/riscv/pmap*.c) \
	arch/riscv/tlb.c tests/pmap/mmu.c
HARTS_WRAP := $(HOSTVM_WRAP),--wrap=pmap_destroy
$(BUILD)/w/%.o: % $(FLAGS)
	$(call say,HOSTCC,$<)
	$(MKDIR)
	$(Q)$(HOSTCC) -Itests/host/harts/shadow $(HOSTVM_FLAGS) -c -o $@ $<

$(HOSTVM_TESTS:%=$(BUILD)/w/%): $(BUILD)/w/%: $(BUILD)/w/tests/%.c.o $(HARTS_SRC:%=$(BUILD)/w/%.o)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined $(HARTS_WRAP) -o $@ $^ -lcmocka

$(BUILD)/w/vm_replay: $(patsubst %,$(BUILD)/w/%.o,tests/vm_fuzz.c tests/vm_fuzz_main.c $(HARTS_SRC))
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined $(HARTS_WRAP) -o $@ $^

# In the ways in which such harts behave; "us" takes faults of its own, which some tests count (vm_sched has it).
HARTS_MODES := t u s
.PHONY: check-harts
check-harts: $(foreach m,$(HARTS_MODES),$(HOSTVM_TESTS:%=$(BUILD)/w/%.ran-$m))

define harts_mode
.PHONY: $(HOSTVM_TESTS:%=$(BUILD)/w/%.ran-$1)
$(HOSTVM_TESTS:%=$(BUILD)/w/%.ran-$1): $(BUILD)/w/%.ran-$1: $(BUILD)/w/%
	$$(Q)HARTS=$1 $$< >$$<-$1.log 2>&1 || { cat $$<-$1.log; echo "failed: HARTS=$1 $$<"; exit 1; }
endef
$(foreach m,$(HARTS_MODES),$(eval $(call harts_mode,$m)))

.PHONY: check-sched
check-sched: $(BUILD)/t/vm_sched
	$(Q)$< $(S)

# The same without sanitizers: ten times as fast, and what the compiler makes of it at -O2.
SEEDS_FLAGS := $(filter-out -O1 -fsanitize% -fno-sanitize%,$(HOSTVM_FLAGS)) -O2
$(BUILD)/s/%.o: % $(FLAGS)
	$(call say,HOSTCC,$<)
	$(MKDIR)
	$(Q)$(HOSTCC) -Itests/host/harts/shadow $(SEEDS_FLAGS) -c -o $@ $<

$(BUILD)/s/vm_sched: $(BUILD)/s/tests/vm_sched.c.o $(HARTS_SRC:%=$(BUILD)/s/%.o)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(HARTS_WRAP) -o $@ $^ -lcmocka

.PHONY: seeds
seeds: $(BUILD)/s/vm_sched
	$(Q)$< $(if $(S),$(S),-t $(N))

.PHONY: $(HOSTVM_TESTS:%=$(BUILD)/t/%.ran)
$(HOSTVM_TESTS:%=$(BUILD)/t/%.ran): $(BUILD)/t/%.ran: $(BUILD)/t/%
	$(Q)$< >$<.log 2>&1 || { cat $<.log; echo "failed: $<"; exit 1; }

# New inputs that reach something new stay in the build folder; what is worth keeping is copied to tests/corpus by hand.
.PHONY: fuzz
ifneq ($(shell command -v clang 2>/dev/null),)
fuzz: $(BUILD)/f/vm_fuzz
	$(Q)mkdir -p $(BUILD)/f/corpus
	$(Q)$< -max_total_time=$(T) -max_len=512 -print_final_stats=1 -artifact_prefix=$(BUILD)/f/ $(BUILD)/f/corpus tests/corpus
else
fuzz: $(BUILD)/t/vm_replay
	$(Q)$< -t $(T)
endif

# gcov's counters instead of sanitizers, which leave branches of their own.
COVER_FLAGS := $(filter-out -O1 -fsanitize% -fno-sanitize%,$(HOSTVM_FLAGS)) -O0 --coverage
COVER_TESTS := $(HOSTVM_TESTS:%=$(BUILD)/c/%) $(BUILD)/c/vm_replay
$(BUILD)/c/%.o: % $(FLAGS)
	$(call say,HOSTCC,$<)
	$(MKDIR)
	$(Q)$(HOSTCC) $(COVER_FLAGS) -c -o $@ $<

$(HOSTVM_TESTS:%=$(BUILD)/c/%): $(BUILD)/c/%: $(BUILD)/c/tests/%.c.o $(HOSTVM_SRC:%=$(BUILD)/c/%.o)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) --coverage $(HOSTVM_WRAP) -o $@ $^ -lcmocka

$(BUILD)/c/vm_replay: $(patsubst %,$(BUILD)/c/%.o,tests/vm_fuzz.c tests/vm_fuzz_main.c $(HOSTVM_SRC))
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) --coverage $(HOSTVM_WRAP) -o $@ $^

.PHONY: coverage
coverage: $(COVER_TESTS)
	$(Q)find $(BUILD)/c -name '*.gcda' -exec rm -f {} +
	$(Q)for t in $(HOSTVM_TESTS); do $(BUILD)/c/$$t >$(BUILD)/c/$$t.log 2>&1 || echo "failed: $$t"; done
	$(Q)$(BUILD)/c/vm_replay $(wildcard tests/corpus/*) >/dev/null
	$(Q)$(BUILD)/c/vm_replay -r 300 >/dev/null
	$(Q)$(PYTHON) tests/host/coverage.py $(if $(V),-v) $(patsubst %,$(BUILD)/c/%.gcno,$(sort $(wildcard vm/*.c)))

.PHONY: mutants
mutants:
	$(Q)tests/mutants/run $(M)
