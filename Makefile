# Umbra: `make help` lists what can be made. Sources are found by wildcard: a new file needs no line here.

BUILD ?= build
# One name for one folder, however it was written: dependency files name their targets by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
# As many jobs as there are processors, unless told otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
endif
CHECK ?= 1
FSSIZE ?= 64M

# ---- Tools: the first RISC-V toolchain found, or clang and lld with LLVM=1 ---------------------------------------------------

PREFIXES := riscv64-unknown-elf- riscv64-linux-gnu- riscv64-elf-
TOOLPREFIX ?= $(firstword $(foreach p,$(PREFIXES),$(if $(shell command -v $(p)gcc 2>/dev/null),$(p))))
HOSTCC ?= cc
PYTHON ?= python3

ifdef LLVM
CC := clang --target=riscv64-unknown-elf
LD := ld.lld
AR := llvm-ar
NM := llvm-nm
OBJCOPY := llvm-objcopy
CCINC := $(shell clang -print-resource-dir 2>/dev/null)/include
NOIDIOM :=
else
CC := $(TOOLPREFIX)gcc
LD := $(TOOLPREFIX)ld
AR := $(TOOLPREFIX)ar
NM := $(TOOLPREFIX)nm
OBJCOPY := $(TOOLPREFIX)objcopy
CCINC := $(shell $(CC) -print-file-name=include 2>/dev/null)
# gcc must not turn the loop inside memset into a call of memset.
NOIDIOM := -fno-tree-loop-distribute-patterns
endif

# Newer assemblers want the CSR and fence.i instructions named in -march; clang 14 refuses the names.
ZEXT := $(shell echo | $(CC) -march=rv64imac_zicsr_zifencei -mabi=lp64 -E - >/dev/null 2>&1 && echo _zicsr_zifencei)
# Only user programs use libgcc (long double, wide arithmetic). clang borrows that of an installed gcc.
LIBGCC := $(if $(TOOLPREFIX),$(shell $(TOOLPREFIX)gcc -march=rv64gc -mabi=lp64d -print-libgcc-file-name 2>/dev/null))

# ---- Flags --------------------------------------------------------------------------------------------------------------------

# What the two sides must agree on: how code for RISC-V is generated, and where its headers are.
INCLUDE := -nostdinc -I. -isystem lib/include -isystem $(CCINC)
CODE := -fno-pie -fno-common -fno-omit-frame-pointer -fno-stack-protector -fno-asynchronous-unwind-tables \
	-mcmodel=medany -mno-relax
KARCH := -march=rv64imac$(ZEXT) -mabi=lp64 $(CODE) -ffreestanding -DKERNEL -DCHECK=$(CHECK)
UARCH := -march=rv64gc -mabi=lp64d $(CODE) -ffunction-sections -fdata-sections -ftls-model=local-exec
LINK := -nostdlib -static -z max-page-size=4096 -z noexecstack --no-relax --build-id=none
# Programs lie right above the stack (USER_PROGRAM in arch/riscv/vmparam.h).
ULINKAT := $(if $(LLVM),--image-base=0x60300000,-Ttext-segment=0x60300000)

WARN := -Wall -Wextra -Werror
# A kernel stack has 8 KiB; docs/debugging.md says what lies on it at most.
KWARN := $(WARN) -Wmissing-prototypes -Wstrict-prototypes -Wframe-larger-than=1024
COMMON := -std=gnu11 -O2 -g -MD -MP -ffile-prefix-map=$(CURDIR)=.
KFLAGS := $(COMMON) $(INCLUDE) $(KARCH) $(NOIDIOM) $(KWARN)
UFLAGS := $(COMMON) $(INCLUDE) $(UARCH) $(WARN)
LIBFLAGS := $(UFLAGS) -ffreestanding $(NOIDIOM)
HOSTFLAGS := -std=gnu11 -O2 -g -MD -MP -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(WARN)

# ---- What there is to build ---------------------------------------------------------------------------------------------------

KSRC := $(wildcard arch/riscv/*.[cS] vm/*.c kern/base/*.c kern/*.c kern/fs/*.c kern/dev/*.c lib/*.c)
KOBJ := $(KSRC:%=$(BUILD)/k/%.o)
LIBSRC := $(filter-out lib/libc/crt0.S,$(wildcard lib/*.c lib/libc/*.[cS]))
LIBOBJ := $(LIBSRC:%=$(BUILD)/u/%.o)
CRT0 := $(BUILD)/u/lib/libc/crt0.S.o
LIBC := $(BUILD)/libc.a

PROGS := $(patsubst user/%.c,%,$(wildcard user/*.c)) $(if $(wildcard user/sh/*.c),sh)
TESTS := $(patsubst user/tests/%.c,%,$(wildcard user/tests/*.c))
ETC := $(patsubst user/etc/%,%,$(wildcard user/etc/*))
ROOT := $(BUILD)/root
CORPUS := $(wildcard tests/corpus/*)
ROOTFILES := $(PROGS:%=$(ROOT)/bin/%) $(TESTS:%=$(ROOT)/tests/%) $(ETC:%=$(ROOT)/etc/%) $(CORPUS:%=$(ROOT)/%)
ROOTDIRS := bin dev etc mnt proc root tests tmp

# Host programs have the host's own memcpy; everything else in lib/ is shared.
HOSTLIB := $(filter-out lib/string.c lib/fmt.c,$(wildcard lib/*.c))
MKFS := $(BUILD)/mkfs
MKFSOBJ := $(patsubst %,$(BUILD)/h/%.o,$(wildcard mkfs/*.c) $(HOSTLIB))

# ---- Rules --------------------------------------------------------------------------------------------------------------------

# Only the guest may write to the standard output of `make run`.
ifneq ($(filter run,$(MAKECMDGOALS)),)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2) >&2
else ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif
MKDIR = @mkdir -p $(@D)
comma := ,

.PHONY: all
all: $(BUILD)/kernel $(BUILD)/fs.img

# Rebuild everything when the tools or flags change in the same build folder.
FLAGS := $(BUILD)/flags
FLAGTEXT := $(CC) $(KFLAGS) $(UFLAGS) $(LINK)
$(FLAGS): force
	@mkdir -p $(@D)
	@test -n "$(LLVM)$(TOOLPREFIX)" || { echo "no RISC-V compiler found: run ./bootstrap, or set TOOLPREFIX= or LLVM=1" >&2; exit 1; }
	@echo '$(FLAGTEXT)' | cmp -s - $@ || echo '$(FLAGTEXT)' > $@
.PHONY: force
force:

$(BUILD)/k/%.o: % $(FLAGS)
	$(call say,CC,$<)
	$(MKDIR)
	$(Q)$(CC) $(KFLAGS) -c -o $@ $<

$(BUILD)/u/lib/%.o: lib/% $(FLAGS)
	$(call say,CC,$<)
	$(MKDIR)
	$(Q)$(CC) $(LIBFLAGS) -c -o $@ $<

$(BUILD)/u/user/%.o: user/% $(FLAGS)
	$(call say,CC,$<)
	$(MKDIR)
	$(Q)$(CC) $(UFLAGS) -c -o $@ $<

$(BUILD)/h/%.o: % $(FLAGS)
	$(call say,HOSTCC,$<)
	$(MKDIR)
	$(Q)$(HOSTCC) $(HOSTFLAGS) -c -o $@ $<

# The kernel is linked twice: the first link fixes the addresses of functions, from which the symbol table for backtraces is
# made; the table lies behind the text, so the second link does not move a function (checkelf.py verifies it).
KLINK = $(Q)$(LD) $(LINK) -T arch/riscv/kernel.ld -o $@ $(KOBJ)

$(BUILD)/ksyms0.S: tools/ksyms.py $(FLAGS)
	$(Q)$(PYTHON) tools/ksyms.py </dev/null >$@

$(BUILD)/kernel0: $(KOBJ) $(BUILD)/ksyms0.o arch/riscv/kernel.ld
	$(call say,LD,$@)
	$(KLINK) $(BUILD)/ksyms0.o

$(BUILD)/ksyms.S: $(BUILD)/kernel0 tools/ksyms.py
	$(Q)$(NM) -n $< | $(PYTHON) tools/ksyms.py >$@

$(BUILD)/ksyms0.o $(BUILD)/ksyms.o: %.o: %.S
	$(Q)$(CC) $(KFLAGS) -c -o $@ $<

$(BUILD)/kernel: $(KOBJ) $(BUILD)/ksyms.o arch/riscv/kernel.ld tools/checkelf.py
	$(call say,LD,$@)
	$(KLINK) $(BUILD)/ksyms.o
	$(Q)$(PYTHON) tools/checkelf.py $@ $(BUILD)/kernel0 || { rm -f $@; exit 1; }

$(LIBC): $(LIBOBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Sections that nobody refers to are left out: one function of a file does not cost all of it.
ULINK = $(Q)$(LD) $(LINK) $(ULINKAT) --gc-sections -o $@ $(CRT0) $(filter %.o,$(filter-out $(CRT0),$^)) $(LIBC) $(LIBGCC)

$(BUILD)/user/bin/sh: $(patsubst %,$(BUILD)/u/%.o,$(wildcard user/sh/*.c)) $(CRT0) $(LIBC)
	$(call say,LD,$@)
	$(MKDIR)
	$(ULINK)

$(BUILD)/user/bin/%: $(BUILD)/u/user/%.c.o $(CRT0) $(LIBC)
	$(call say,LD,$@)
	$(MKDIR)
	$(ULINK)

$(BUILD)/user/tests/%: $(BUILD)/u/user/tests/%.c.o $(CRT0) $(LIBC)
	$(call say,LD,$@)
	$(MKDIR)
	$(ULINK)

# What goes on the disk has no debug information; build/user/ keeps it for gdb.
$(ROOT)/etc/%: user/etc/%
	$(MKDIR)
	$(Q)install -m 644 $< $@

$(ROOT)/tests/corpus/%: tests/corpus/%
	$(MKDIR)
	$(Q)install -m 644 $< $@

$(ROOT)/%: $(BUILD)/user/%
	$(MKDIR)
	$(Q)$(OBJCOPY) --strip-all $< $@

$(MKFS): $(MKFSOBJ)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -o $@ $^

$(BUILD)/fs.img: $(MKFS) $(ROOTFILES) $(wildcard mkfs/devices) $(FLAGS)
	$(call say,MKFS,$@)
	$(Q)rm -f $(filter-out $(ROOTFILES),$(shell find $(ROOT) -type f 2>/dev/null))
	$(Q)mkdir -p $(ROOTDIRS:%=$(ROOT)/%)
	$(Q)$(MKFS) -d $(ROOT) -D mkfs/devices -s $(FSSIZE) $@.new && mv $@.new $@

# Dependency files of every object that could have been built.
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.SECONDARY:
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -rR

# ---- Running ------------------------------------------------------------------------------------------------------------------

# tools/run.py reads these from the environment. $(value) passes them as they were typed: `$` is the guest's, not make's.
RUNVARS := CMD CPUS MEM EXTRA IMG TIMEOUT APPEND QEMUEXTRA CORE
$(foreach v,$(RUNVARS),$(eval qemu qemu-gdb gdb run: export UMBRA_$(v) = $$(value $(v))))
unexport $(RUNVARS)

# make itself would exit with 2 for every failure; tools/makeexit.c lets it exit with the command's status.
ifneq ($(filter run,$(MAKECMDGOALS)),)
ifneq ($(filter load,$(.FEATURES)),)
UMBRA_STATUS := $(BUILD)/status.$(shell echo $$PPID)
MAKEEXIT := $(BUILD)/makeexit.so
ifneq ($(shell mkdir -p $(BUILD); test $(MAKEEXIT) -nt tools/makeexit.c || { \
	$(HOSTCC) -shared -fPIC -o $(MAKEEXIT).$$$$ tools/makeexit.c && mv $(MAKEEXIT).$$$$ $(MAKEEXIT); } 2>&1 || echo failed),)
$(warning makeexit.so could not be built: make exits with 2 for every failure)
else
load $(MAKEEXIT)
run: export UMBRA_STATUS := $(UMBRA_STATUS)
endif
endif
endif

.PHONY: qemu qemu-gdb gdb run
qemu qemu-gdb run: all
qemu qemu-gdb gdb run: export UMBRA_BUILD := $(BUILD)
qemu qemu-gdb gdb run: export UMBRA_NM := $(NM)
qemu qemu-gdb gdb run:
	@$(PYTHON) tools/run.py $@

# ---- Checking -----------------------------------------------------------------------------------------------------------------

CSRC := $(wildcard $(addsuffix /*.[ch],arch/riscv vm kern/base kern kern/fs kern/dev lib lib/libc lib/include \
	lib/include/sys user user/sh user/tests mkfs tests tests/host tests/libc tests/pmap tools))
CLANGINC = $(shell clang -print-resource-dir)/include
TSA = clang --target=riscv64-unknown-elf -fsyntax-only -std=gnu11 $(filter-out $(CCINC),$(INCLUDE)) $(CLANGINC) \
	-march=rv64imac $(filter-out -march=%,$(KARCH)) $(KWARN) -Wthread-safety

# One stamp for each file, so that lint repeats itself only where something changed, and in parallel.
.PHONY: lint
lint:
	@for tool in clang clang-format; do command -v $$tool >/dev/null || echo "lint: no $$tool, its part is left out"; done
lint: $(CSRC:%=$(BUILD)/lint/%.format) $(patsubst %,$(BUILD)/lint/%.locks,$(filter %.c,$(KSRC)))

.PHONY: lint-tree
lint: lint-tree
lint-tree:
	$(Q)$(PYTHON) tests/layers.py
	$(Q)$(PYTHON) tests/lint.py
	$(Q)$(PYTHON) tests/lineage.py

$(BUILD)/lint/%.format: % .clang-format
	$(MKDIR)
	$(Q)! command -v clang-format >/dev/null || clang-format --dry-run -Werror $<
	@touch $@

$(BUILD)/lint/%.locks: % $(FLAGS)
	$(call say,LOCKS,$<)
	$(MKDIR)
	$(Q)! command -v clang >/dev/null || $(TSA) -MD -MF $@.d -MT $@ $<
	@touch $@

.PHONY: format
format:
	clang-format -i $(CSRC)

# Everything: lint, host tests, the grade. The last line is `N passed, N failed`.
.PHONY: test
test:
	@BUILD=$(BUILD) $(PYTHON) tests/all.py

include tests/host/host.mk
include tests/pmap/pmap.mk
include tests/fs.mk
include tests/libc/libc.mk

# Tests on the host, under sanitizers. UNITS are parts that need nothing else of the kernel.
UNITS := ldisc fdt
.PHONY: check
check: check-vm check-pmap check-fs check-libc $(UNITS:%=check-%)

$(BUILD)/t/ldisc_test: $(BUILD)/t/kern/ldisc.c.o
$(BUILD)/t/fdt_test: $(BUILD)/t/arch/riscv/fdt.c.o

$(UNITS:%=$(BUILD)/t/%_test): $(BUILD)/t/%_test: $(BUILD)/t/tests/%_test.c.o
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -fsanitize=address,undefined -o $@ $^ -lcmocka

.PHONY: $(UNITS:%=check-%)
$(UNITS:%=check-%): check-%: $(BUILD)/t/%_test
	$(Q)$< >$<.log 2>&1 || { cat $<.log; echo "failed: $<"; exit 1; }

# ---- For tools and people -----------------------------------------------------------------------------------------------------

# For tools/umbra-cc: how to compile, and what a link needs before and after the program's own objects. No -Werror there.
.PHONY: umbra-cc-flags
umbra-cc-flags: $(CRT0) $(LIBC)
	@echo '$(CC) -std=gnu11 -nostdinc -isystem $(CURDIR)/lib/include -isystem $(CCINC) $(UARCH)'
	@echo '-nostdlib -static $(if $(LLVM),-fuse-ld=lld) $(foreach f,$(LINK) $(ULINKAT),-Wl$(comma)$f) $(abspath $(CRT0))'
	@echo '-Wl,--start-group $(abspath $(LIBC)) $(LIBGCC) -Wl,--end-group'

.PHONY: tags
tags: all
	ctags -R --languages=C,Asm arch vm kern lib user mkfs
	$(Q)$(PYTHON) tools/compdb.py $(BUILD) '$(CC) $(filter-out -MD -MP,$(KFLAGS))' '$(CC) $(filter-out -MD -MP,$(UFLAGS))' \
		'$(HOSTCC) $(filter-out -MD -MP,$(HOSTFLAGS))' >compile_commands.json

.PHONY: bench
bench: all
	$(Q)BUILD=$(BUILD) $(PYTHON) tools/bench.py $(ROWS)

.PHONY: soak
soak: all
	$(Q)BUILD=$(BUILD) $(PYTHON) tools/soak.py $(TESTS)

define HELP
make                       the kernel, the programs, the disk image
make qemu                  an interactive shell; Ctrl-A X leaves; files stay on build/disk.img
make qemu-gdb / make gdb   wait for gdb / connect to it; make gdb CORE=FILE: a dump of the guest's memory
make run CMD='...'         boot, run CMD, print its output, power off; exits with CMD's status,
                           128+N after signal N, 124 when the time is over, 125 after a kernel panic
make test                  lint, host tests, the grade; the last line is `N passed, N failed`
make check                 host tests under sanitizers
make crash [N=50]          QEMU killed at random moments of file work; nothing promised may be lost
make fuzz [T=60]           the fuzzers, T seconds
make bench [ROWS='...']    what operations cost in guest instructions, beside Linux and xv6
make soak [N=100 HARTS='1 3 8' MEM=64M TESTS='...']  each guest test many times in a row
make mutants               does a test notice when a piece of vm is broken?
make lint                  include direction, lock annotations, format, documents
make format                put the sources in the format that lint wants
make tags                  ctags and compile_commands.json
make clean
./grade.py --help          the grader
tools/umbra-cc             cc for programs outside the tree

qemu and run: CPUS=3 MEM=128M EXTRA='host[:guest] ...' IMG=FILE APPEND='boot arguments' QEMUEXTRA='options'
run only:     TIMEOUT=60
all:          BUILD=build CHECK=1 V=1 TOOLPREFIX=riscv64-...- LLVM=1
endef
.PHONY: help
help:
	@:$(info $(HELP))

.PHONY: clean
clean:
	rm -rf $(BUILD) tags compile_commands.json
