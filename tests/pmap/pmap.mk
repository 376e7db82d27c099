# Host tests of the pmap: the kernel's sources over the model machine of tests/pmap. Included by the Makefile.
#
#   check-pmap         tests/pmap_test.c under sanitizers

PMAP_SRC := $(wildcard arch/riscv/pmap*.c) arch/riscv/tlb.c $(wildcard tests/pmap/*.c) tests/pmap_test.c
PMAP_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -MD -MP -Itests/pmap/shadow -I. -D_GNU_SOURCE $(WARN) \
	-fsanitize=address,undefined -fno-sanitize-recover=all

$(BUILD)/p/%.o: % $(FLAGS)
	$(call say,HOSTCC,$<)
	$(MKDIR)
	$(Q)$(HOSTCC) $(PMAP_FLAGS) -c -o $@ $<

$(BUILD)/p/pmap_test: $(PMAP_SRC:%=$(BUILD)/p/%.o)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined -o $@ $^ -lcmocka -lpthread

.PHONY: check-pmap
check-pmap: $(BUILD)/p/pmap_test
	$(Q)$< >$<.log 2>&1 || { cat $<.log; echo "failed: $<"; exit 1; }
