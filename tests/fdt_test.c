/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the device-tree parser find what the machine has, and does it end with one line of text on
 * whatever else it is given?
 *
 * Trees are built by a few calls, in the shape that QEMU's virt machine has; a test leaves out or
 * bends one thing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/riscv/machine.h"

#define TREE_MAX  8192
#define KERNEL_PA 0x80200000ul

static uint8_t structure[TREE_MAX], tree[2 * TREE_MAX];
static char strings[TREE_MAX];
static size_t nstructure, nstrings;
static struct machine m;

/* What a tree has; the tests change it before build(). */
static struct {
	uint64_t hart[16];
	unsigned nhart;
	const char *isa, *mmu;
	bool memory, timebase, uart, plic, devices_first, isa_list, translated;
	uint64_t memory_size, reserved_base, reserved_size;
	unsigned banks;
	const char *bootargs;
} spec;

static void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void
cell(uint32_t v)
{
	put32(structure + nstructure, v);
	nstructure += 4;
}

static void
bytes(const void *data, size_t n)
{
	memcpy(structure + nstructure, data, n);
	nstructure += n;
	while (nstructure % 4 != 0)
		structure[nstructure++] = 0;
}

static void
begin(const char *name)
{
	cell(1);
	bytes(name, strlen(name) + 1);
}

static void
end(void)
{
	cell(2);
}

static void
prop(const char *name, const void *data, size_t n)
{
	cell(3);
	cell((uint32_t)n);
	cell((uint32_t)nstrings);
	strcpy(strings + nstrings, name);
	nstrings += strlen(name) + 1;
	bytes(data, n);
}

static void
prop_string(const char *name, const char *s)
{
	prop(name, s, strlen(s) + 1);
}

static void
prop_cells(const char *name, unsigned n, const uint64_t *v)
{
	uint8_t data[64];

	for (unsigned i = 0; i < n; i++)
		put32(data + 4 * i, (uint32_t)v[i]);
	prop(name, data, 4ul * n);
}

#define CELLS(name, ...)                                                                           \
	prop_cells(name, sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]){__VA_ARGS__})

static void
build_memory(void)
{
	for (unsigned i = 0; i < spec.banks; i++) {
		begin("memory@80000000");
		prop_string("device_type", "memory");
		CELLS("reg", 0, 0x80000000 + i * 2 * spec.memory_size, spec.memory_size >> 32,
		    spec.memory_size);
		end();
	}
	if (spec.reserved_size == 0)
		return;
	begin("reserved-memory");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	prop("ranges", "", 0);
	begin("firmware@80000000");
	CELLS("reg", 0, spec.reserved_base, 0, spec.reserved_size);
	prop("no-map", "", 0);
	end();
	end();
}

static void
build_cpus(void)
{
	static const char list[] = "i\0m\0a\0f\0d\0c\0zicsr\0sstc";

	begin("cpus");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 0);
	if (spec.timebase)
		CELLS("timebase-frequency", 10000000);
	for (unsigned i = 0; i < spec.nhart; i++) {
		begin("cpu");
		prop_string("device_type", "cpu");
		CELLS("reg", spec.hart[i]);
		if (spec.isa_list)
			prop("riscv,isa-extensions", list, sizeof(list));
		else
			prop_string("riscv,isa", spec.isa);
		prop_string("mmu-type", spec.mmu);
		begin("interrupt-controller");
		prop_string("compatible", "riscv,cpu-intc");
		CELLS("phandle", 100 + i);
		end();
		end();
	}
	end();
}

/* Contexts: hart i has 2i for machine mode and 2i + 1 for supervisor mode. */
static void
build_plic(void)
{
	uint64_t pairs[64];

	for (unsigned i = 0; i < spec.nhart; i++) {
		pairs[4 * i] = pairs[4 * i + 2] = 100 + i;
		pairs[4 * i + 1] = 11;
		pairs[4 * i + 3] = 9;
	}
	begin("plic@c000000");
	prop("compatible", "sifive,plic-1.0.0\0riscv,plic0", 30);
	CELLS("reg", 0, 0xc000000, 0, 0x600000);
	CELLS("riscv,ndev", 96);
	cell(3);
	cell(16 * spec.nhart);
	cell((uint32_t)nstrings);
	strcpy(strings + nstrings, "interrupts-extended");
	nstrings += 20;
	for (unsigned i = 0; i < 4 * spec.nhart; i++)
		cell((uint32_t)pairs[i]);
	end();
}

static void
build_devices(void)
{
	begin("soc");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	if (spec.translated)
		CELLS("ranges", 0, 0, 1, 0, 0, 0x20000000);
	else
		prop("ranges", "", 0);
	if (spec.plic)
		build_plic();
	if (spec.uart) {
		begin("serial@10000000");
		prop_string("compatible", "ns16550a");
		CELLS("reg", 0, 0x10000000, 0, 0x100);
		CELLS("interrupts", 10);
		end();
	}
	begin("serial@10010000");
	prop_string("compatible", "ns16550a");
	prop_string("status", "disabled");
	CELLS("reg", 0, 0x10010000, 0, 0x100);
	end();
	for (unsigned i = 4; i-- > 0;) {
		begin("virtio_mmio");
		prop_string("compatible", "virtio,mmio");
		CELLS("reg", 0, 0x10001000 + i * 0x1000, 0, 0x1000);
		CELLS("interrupts", i + 1);
		end();
	}
	begin("test@100000");
	prop("compatible", "sifive,test1\0sifive,test0\0syscon", 33);
	CELLS("reg", 0, 0x100000, 0, 0x1000);
	end();
	end();
}

/* Header, one empty list of reserved ranges, structure, strings.  Returns the size. */
static size_t
assemble(void)
{
	static const uint32_t header_size = 40, reserve_size = 16;
	uint32_t at_structure = header_size + reserve_size;
	uint32_t at_strings = at_structure + (uint32_t)nstructure;
	uint32_t total = at_strings + (uint32_t)nstrings;
	uint32_t header[] = {0xd00dfeed, total, at_structure, at_strings, header_size, 17, 16, 0,
	    (uint32_t)nstrings, (uint32_t)nstructure};

	memset(tree, 0, sizeof(tree));
	for (unsigned i = 0; i < 10; i++)
		put32(tree + 4 * i, header[i]);
	memcpy(tree + at_structure, structure, nstructure);
	memcpy(tree + at_strings, strings, nstrings);
	return total;
}

static size_t
build(void)
{
	nstructure = nstrings = 0;
	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	begin("chosen");
	prop_string("bootargs", spec.bootargs);
	end();
	if (spec.devices_first)
		build_devices();
	if (spec.memory)
		build_memory();
	build_cpus();
	if (!spec.devices_first)
		build_devices();
	end();
	cell(9);
	return assemble();
}

static int
setup(void **state)
{
	(void)state;
	memset(&spec, 0, sizeof(spec));
	spec.nhart = 1;
	spec.isa = "rv64imafdch_zicsr_zifencei_sstc";
	spec.mmu = "riscv,sv48";
	spec.memory = spec.timebase = spec.uart = spec.plic = true;
	spec.memory_size = 128ul << 20;
	spec.banks = 1;
	spec.bootargs = "quiet";
	return 0;
}

/* Parse from a block of exactly the tree's size, so that the sanitizer sees a step too far. */
static const char *
parse_size(size_t size, uint64_t boot_hartid)
{
	uint8_t *copy = malloc(size + 1);
	const char *error;

	memcpy(copy, tree, size);
	error = fdt_parse(&m, copy, size, boot_hartid);
	free(copy);
	return error;
}

static const char *
parse(uint64_t boot_hartid)
{
	return parse_size(build(), boot_hartid);
}

static void
is_virt_understood(void **state)
{
	(void)state;
	assert_null(parse(0));
	assert_int_equal(m.nbank, 1);
	assert_int_equal(m.bank[0].start, 0x80000000);
	assert_int_equal(m.ram_bytes, 128ul << 20);
	assert_int_equal(m.nhart, 1);
	assert_true(m.has_fpu && m.has_sstc);
	assert_int_equal(m.timebase, 10000000);
	assert_int_equal(m.uart.base, 0x10000000);
	assert_int_equal(m.uart.irq, 10);
	assert_int_equal(m.plic_ndev, 96);
	assert_int_equal(m.plic_context[0], 1);
	assert_int_equal(m.testdev.base, 0x100000);
	assert_int_equal(m.nvirtio, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(m.virtio[i].base, 0x10001000 + i * 0x1000);
		assert_int_equal(m.virtio[i].irq, i + 1);
	}
	assert_string_equal(m.bootargs, "quiet");
}

static void
does_the_order_of_nodes_not_matter(void **state)
{
	(void)state;
	spec.devices_first = true;
	assert_null(parse(0));
	assert_int_equal(m.plic_context[0], 1);
}

static void
may_hart_ids_be_sparse_and_any_hart_boot(void **state)
{
	static const uint64_t ids[] = {3, 17, 200, 5};

	(void)state;
	spec.nhart = 4;
	memcpy(spec.hart, ids, sizeof(ids));
	assert_null(parse(200));
	assert_int_equal(m.nhart, 4);
	assert_int_equal(m.hartid[0], 200);
	assert_int_equal(m.plic_context[0], 5);
	assert_int_equal(m.hartid[1], 3);
	assert_int_equal(m.plic_context[1], 1);
	assert_int_equal(m.hartid[3], 5);
	assert_int_equal(m.plic_context[3], 7);
}

static void
are_too_many_harts_cut_but_never_the_boot_hart(void **state)
{
	(void)state;
	spec.nhart = MAXHART + 3;
	for (unsigned i = 0; i < spec.nhart; i++)
		spec.hart[i] = i;
	assert_null(parse(MAXHART + 2));
	assert_int_equal(m.nhart, MAXHART);
	assert_int_equal(m.nhart_ignored, 3);
	assert_int_equal(m.hartid[0], MAXHART + 2);
}

static void
is_the_isa_string_read_right(void **state)
{
	(void)state;
	spec.isa = "rv64imac_zicsr_sstcx";
	assert_null(parse(0));
	assert_false(m.has_fpu);
	assert_false(m.has_sstc);
	spec.isa_list = true;
	assert_null(parse(0));
	assert_true(m.has_fpu && m.has_sstc);
}

static void
is_reserved_memory_left_out(void **state)
{
	(void)state;
	spec.reserved_base = 0x80000000;
	spec.reserved_size = 0x7f001;
	assert_null(parse(0));
	machine_find_free(&m, KERNEL_PA, KERNEL_PA + 0x80000);
	assert_int_equal(m.nfree, 2);
	assert_int_equal(m.free[0].start, 0x80080000);
	assert_int_equal(m.free[0].end, KERNEL_PA);
	assert_int_equal(m.free[1].start, KERNEL_PA + 0x80000);
	assert_int_equal(m.free[1].end, 0x88000000);
	assert_int_equal(m.nmapped, 1);
	assert_int_equal(m.mapped[0].start, 0x80080000);
}

static void
are_addresses_translated_by_buses(void **state)
{
	(void)state;
	spec.translated = true;
	assert_null(parse(0));
	assert_int_equal(m.uart.base, 0x110000000);
}

static void
is_each_missing_thing_named(void **state)
{
	(void)state;
	spec.memory = false;
	assert_non_null(strstr(parse(0), "memory"));
	setup(NULL);
	spec.uart = false;
	assert_non_null(strstr(parse(0), "UART"));
	setup(NULL);
	spec.plic = false;
	assert_non_null(strstr(parse(0), "PLIC"));
	setup(NULL);
	spec.timebase = false;
	assert_non_null(strstr(parse(0), "timebase"));
	setup(NULL);
	assert_non_null(strstr(parse(1), "hart"));
	spec.isa = "rv64imfdc";
	assert_non_null(strstr(parse(0), "A extension"));
	spec.isa = "rv32imac";
	assert_non_null(strstr(parse(0), "64-bit"));
	setup(NULL);
	spec.mmu = "riscv,none";
	assert_non_null(strstr(parse(0), "Sv39"));
	setup(NULL);
	spec.banks = PHYS_SEG_MAX + 1;
	spec.memory_size = 1ul << 20;
	assert_non_null(strstr(parse(0), "banks"));
}

static void
is_a_tree_cut_anywhere_refused(void **state)
{
	size_t size = build();

	(void)state;
	for (size_t n = 0; n < size; n++)
		assert_non_null(parse_size(n, 0));
	/* ... and when the header claims it is whole, and the structure block is what ends early. */
	for (uint32_t n = 0; n < nstructure; n++) {
		put32(tree + 36, n);
		assert_non_null(parse_size(size, 0));
	}
}

/* Any answer will do, as long as there is one. */
static void
does_no_wrong_byte_hurt(void **state)
{
	static const uint8_t wrong[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	size_t size = build();

	(void)state;
	for (size_t at = 0; at < size; at++) {
		uint8_t right = tree[at];

		for (unsigned i = 0; i < sizeof(wrong); i++) {
			tree[at] = wrong[i];
			if (parse_size(size, 0) == NULL)
				machine_find_free(&m, KERNEL_PA, KERNEL_PA + 0x80000);
		}
		tree[at] = right;
	}
	assert_null(parse_size(size, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(is_virt_understood, setup),
	    cmocka_unit_test_setup(does_the_order_of_nodes_not_matter, setup),
	    cmocka_unit_test_setup(may_hart_ids_be_sparse_and_any_hart_boot, setup),
	    cmocka_unit_test_setup(are_too_many_harts_cut_but_never_the_boot_hart, setup),
	    cmocka_unit_test_setup(is_the_isa_string_read_right, setup),
	    cmocka_unit_test_setup(is_reserved_memory_left_out, setup),
	    cmocka_unit_test_setup(are_addresses_translated_by_buses, setup),
	    cmocka_unit_test_setup(is_each_missing_thing_named, setup),
	    cmocka_unit_test_setup(is_a_tree_cut_anywhere_refused, setup),
	    cmocka_unit_test_setup(does_no_wrong_byte_hurt, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
