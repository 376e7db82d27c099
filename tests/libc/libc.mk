# Tests of the C library, the shell and the programs: run on the host by qemu-riscv64, left out where there is none.
# Included by the Makefile.
#
#   check-libc         tests/libc/*.c, and the scripts of tests/libc/*.cases

LIBC_TESTS := $(patsubst tests/libc/%.c,%,$(wildcard tests/libc/*.c))
LIBC_CASES := $(patsubst tests/libc/%.cases,%,$(wildcard tests/libc/*.cases))

$(BUILD)/u/tests/libc/%.o: tests/libc/% $(FLAGS)
	$(call say,CC,$<)
	$(MKDIR)
	$(Q)$(CC) $(LIBFLAGS) -c -o $@ $<

$(BUILD)/t/libc/%: $(BUILD)/u/tests/libc/%.c.o $(CRT0) $(LIBC)
	$(call say,LD,$@)
	$(MKDIR)
	$(ULINK)

.PHONY: check-libc
check-libc: $(LIBC_TESTS:%=$(BUILD)/t/libc/%.ran) $(LIBC_CASES:%=$(BUILD)/t/libc/%.cases)

define LIBC_RUN
	$(Q)mkdir -p $(BUILD)/t
	$(Q)$(PYTHON) tests/libc/run.py $(BUILD) $(1) >$(2) 2>&1 || { cat $(2); echo "failed: $(1)"; exit 1; }
	$(Q)grep 'left out' $(2) || true
endef

.PHONY: $(LIBC_TESTS:%=$(BUILD)/t/libc/%.ran) $(LIBC_CASES:%=$(BUILD)/t/libc/%.cases)
$(LIBC_TESTS:%=$(BUILD)/t/libc/%.ran): $(BUILD)/t/libc/%.ran: $(BUILD)/t/libc/%
	$(call LIBC_RUN,program $*,$(BUILD)/t/libc_$*.log)

$(LIBC_CASES:%=$(BUILD)/t/libc/%.cases): $(BUILD)/t/libc/%.cases: tests/libc/%.cases $(PROGS:%=$(BUILD)/user/bin/%)
	$(call LIBC_RUN,cases $<,$(BUILD)/t/libc_$*.log)
