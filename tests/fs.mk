# Host tests of kern/fs and mkfs: the kernel's sources over tests/host and a disk in memory. Included by the Makefile.
#
#   check-fs           unit tests, then power cuts at every point of a few workloads
#   crash [N=50]       the guest: QEMU killed at N random moments (tests/crash)

HOSTFS_SRC := $(filter-out kern/fs/procfs.c,$(wildcard kern/fs/*.c)) kern/base/blkdev.c kern/base/uio.c lib/crc32c.c \
	$(filter-out mkfs/mkfs.c,$(wildcard mkfs/*.c)) tests/fs_host.c $(HOSTVM_SRC)
HOSTFS_OBJ := $(HOSTFS_SRC:%=$(BUILD)/t/%.o)

$(BUILD)/t/fs_test $(BUILD)/t/fs_crash: $(BUILD)/t/%: $(BUILD)/t/tests/%.c.o $(HOSTFS_OBJ)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined $(HOSTVM_WRAP) -o $@ $^ -lcmocka

.PHONY: check-fs
check-fs: $(BUILD)/t/fs_test $(BUILD)/t/fs_crash
	$(Q)$(BUILD)/t/fs_test >$(BUILD)/t/fs_test.log 2>&1 || { cat $(BUILD)/t/fs_test.log; echo "failed: fs_test"; exit 1; }
	$(Q)$(BUILD)/t/fs_crash -n 600

N ?= 50
.PHONY: crash
crash: all
	$(Q)$(PYTHON) tests/crash/crash.py -n $(N) -b $(BUILD)
