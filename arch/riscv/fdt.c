/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flattened device tree: what machine is this?
 *
 *      header | reserved ranges | structure: BEGIN name, PROP.., BEGIN.., END.. END | strings
 *
 * The structure block is walked once, front to back, with a stack of the nodes that are open.
 * Properties of a node come before its children, so a node is understood (`visit`) when the first
 * child begins or the node ends. What can only be resolved when everything was seen, because one
 * node points to another, waits for finish(): which hart a PLIC context belongs to.
 *
 * The tree is not trusted: every offset and length is checked against the block it lies in, and any
 * violation ends the parse with one line of text. This file depends on nothing but its header, so
 * that the host can test it.
 *
 * Rejected: unflattening into a tree in memory. There is no allocator yet, and one pass finds all
 * we ask for.
 */
#include <string.h>

#include "arch/riscv/machine.h"
#include "lib/minmax.h"

#define FDT_MAGIC       0xd00dfeed
#define FDT_BEGIN_NODE  1
#define FDT_END_NODE    2
#define FDT_PROP        3
#define FDT_NOP         4
#define FDT_END         9

#define FDT_HEADER_SIZE 40
#define FDT_COMPATIBLE  16 /* the version we can read; later ones say so in last_comp_version */
#define FDT_DEPTH       12
#define FDT_HARTS       64 /* harts whose interrupt controllers can be told apart */

#define IRQ_S_EXTERNAL  9

/* The properties we look at. */
enum prop_id {
	PROP_ADDRESS_CELLS,
	PROP_SIZE_CELLS,
	PROP_COMPATIBLE,
	PROP_DEVICE_TYPE,
	PROP_STATUS,
	PROP_REG,
	PROP_RANGES,
	PROP_PHANDLE,
	PROP_INTERRUPTS,
	PROP_INTERRUPTS_EXTENDED,
	PROP_NDEV,
	PROP_ISA,
	PROP_ISA_EXTENSIONS,
	PROP_MMU,
	PROP_TIMEBASE,
	PROP_BOOTARGS,
	PROP_RNG_SEED,
	PROP_NO_MAP,
	PROP_CLOCK,
	PROP_REG_SHIFT,
	PROP_COUNT
};

static const char *const prop_names[PROP_COUNT] = {
    [PROP_ADDRESS_CELLS] = "#address-cells",
    [PROP_SIZE_CELLS] = "#size-cells",
    [PROP_COMPATIBLE] = "compatible",
    [PROP_DEVICE_TYPE] = "device_type",
    [PROP_STATUS] = "status",
    [PROP_REG] = "reg",
    [PROP_RANGES] = "ranges",
    [PROP_PHANDLE] = "phandle",
    [PROP_INTERRUPTS] = "interrupts",
    [PROP_INTERRUPTS_EXTENDED] = "interrupts-extended",
    [PROP_NDEV] = "riscv,ndev",
    [PROP_ISA] = "riscv,isa",
    [PROP_ISA_EXTENSIONS] = "riscv,isa-extensions",
    [PROP_MMU] = "mmu-type",
    [PROP_TIMEBASE] = "timebase-frequency",
    [PROP_BOOTARGS] = "bootargs",
    [PROP_RNG_SEED] = "rng-seed",
    [PROP_NO_MAP] = "no-map",
    [PROP_CLOCK] = "clock-frequency",
    [PROP_REG_SHIFT] = "reg-shift",
};

struct prop {
	const uint8_t *data; /* NULL: the node does not have it */
	uint32_t len;
};

struct node {
	const char *name;
	bool visited;
	uint32_t address_cells, size_cells; /* of its children */
	struct prop prop[PROP_COUNT];
};

struct fdt_hart {
	uint64_t id;
	uint32_t intc; /* phandle of its interrupt controller */
};

struct walk {
	struct machine *m;
	const uint8_t *at, *end; /* what is left of the structure block */
	const char *strings;
	uint32_t strings_len;
	uint64_t boot_hartid;
	bool boot_hart_seen;
	struct node node[FDT_DEPTH]; /* [0] is the root */
	unsigned depth;              /* nodes open */
	struct fdt_hart hart[FDT_HARTS];
	unsigned nhart;
	struct prop plic_contexts;
};

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t
be_cells(const uint8_t *p, uint32_t cells)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < cells; i++)
		v = v << 32 | be32(p + 4 * i);
	return v;
}

/* A property of one cell, or of one 64-bit number; `otherwise` if it is absent or of another
 * size. */
static uint64_t
prop_number(const struct prop *p, uint64_t otherwise)
{
	if (p->data == NULL || (p->len != 4 && p->len != 8))
		return otherwise;
	return be_cells(p->data, p->len / 4);
}

/* Is `s` one of the NUL-terminated strings of the property? */
static bool
prop_has_string(const struct prop *p, const char *s)
{
	size_t len = strlen(s) + 1;

	for (uint32_t at = 0; p->data != NULL && at < p->len;) {
		const uint8_t *nul = memchr(p->data + at, 0, p->len - at);

		if (nul == NULL)
			return false;
		if ((size_t)(nul - (p->data + at)) + 1 == len && memcmp(p->data + at, s, len) == 0)
			return true;
		at = (uint32_t)(nul - p->data) + 1;
	}
	return false;
}

/*
 * Addresses.
 */
/* Translate an address of depth `depth` nodes to the CPU's view, through the ranges of the buses
 * above. False: it is not visible. */
static bool
translate(const struct walk *w, unsigned depth, uint64_t *addr)
{
	for (unsigned d = depth - 1; d > 0; d--) {
		const struct node *bus = &w->node[d], *parent = &w->node[d - 1];
		const struct prop *ranges = &bus->prop[PROP_RANGES];
		uint32_t entry = 4 * (bus->address_cells + parent->address_cells + bus->size_cells);
		bool found = ranges->data != NULL && ranges->len == 0; /* the identity */

		if (ranges->data == NULL)
			return false;
		for (uint32_t at = 0; !found && at + entry <= ranges->len; at += entry) {
			const uint8_t *p = ranges->data + at;
			uint64_t child = be_cells(p, bus->address_cells);
			uint64_t base = be_cells(p + 4 * bus->address_cells, parent->address_cells);
			uint64_t size = be_cells(
			    p + 4 * (bus->address_cells + parent->address_cells), bus->size_cells);

			if (*addr >= child && *addr - child < size) {
				*addr = *addr - child + base;
				found = true;
			}
		}
		if (!found)
			return false;
	}
	return true;
}

/* The n-th range of the reg property of the node at hand.  Returns false when there is no such. */
static bool
node_reg(const struct walk *w, unsigned n, uint64_t *base, uint64_t *size)
{
	const struct node *node = &w->node[w->depth - 1];
	uint32_t ac = 2, sc = 1;

	if (w->depth > 1) {
		ac = w->node[w->depth - 2].address_cells;
		sc = w->node[w->depth - 2].size_cells;
	}

	uint64_t entry = 4ul * (ac + sc);
	const struct prop *reg = &node->prop[PROP_REG];

	if (reg->data == NULL || ac == 0 || ac > 2 || sc > 2 || (n + 1) * entry > reg->len)
		return false;
	*base = be_cells(reg->data + n * entry, ac);
	*size = be_cells(reg->data + n * entry + 4ul * ac, sc);
	return true;
}

/* Append [base, base + size) to a list of ranges; `outward`: round to whole pages that cover it,
 * else to those it covers. */
static bool
range_add(
    struct phys_range *list, unsigned *n, unsigned max, uint64_t base, uint64_t size, bool outward)
{
	uint64_t end = base + size < base ? UINT64_MAX - PAGE_MASK : base + size;
	uint64_t first =
	    outward || base > UINT64_MAX - PAGE_MASK ? trunc_page(base) : round_page(base);
	uint64_t last =
	    outward && end <= UINT64_MAX - PAGE_MASK ? round_page(end) : trunc_page(end);

	if (first >= last)
		return true;
	if (*n == max)
		return false;

	unsigned i = (*n)++;

	for (; i > 0 && list[i - 1].start > first; i--)
		list[i] = list[i - 1];
	list[i] = (struct phys_range){first, last};
	return true;
}

/* Merge ranges that touch or overlap.  => sorted */
static void
range_merge(struct phys_range *list, unsigned *n)
{
	unsigned out = 0;

	for (unsigned i = 1; i < *n; i++) {
		if (list[i].start <= list[out].end)
			list[out].end = MAX(list[out].end, list[i].end);
		else
			list[++out] = list[i];
	}
	if (*n > 0)
		*n = out + 1;
}

/* out = list minus holes, all sorted; the number of ranges that remain, 0 also when `max` does not
 * suffice. */
static unsigned
range_subtract(struct phys_range *out, unsigned max, const struct phys_range *list, unsigned n,
    const struct phys_range *hole, unsigned nhole)
{
	unsigned nout = 0;

	for (unsigned i = 0; i < n; i++) {
		paddr_t at = list[i].start;

		for (unsigned h = 0; h <= nhole && at < list[i].end; h++) {
			paddr_t stop =
			    h < nhole ? MIN(MAX(hole[h].start, at), list[i].end) : list[i].end;

			if (stop > at) {
				if (nout == max)
					return 0;
				out[nout++] = (struct phys_range){at, stop};
			}
			if (h < nhole)
				at = MAX(at, hole[h].end);
		}
	}
	return nout;
}

/*
 * Nodes.
 */
static const char *
visit_memory(struct walk *w)
{
	uint64_t base, size;

	for (unsigned i = 0; node_reg(w, i, &base, &size); i++) {
		if (base >= DMAP_SIZE)
			continue; /* beyond what the direct map reaches */
		size = MIN(size, DMAP_SIZE - base);
		if (!range_add(w->m->bank, &w->m->nbank, PHYS_SEG_MAX, base, size, false))
			return "more memory banks than the kernel can handle";
	}
	return NULL;
}

static const char *
visit_reserved(struct walk *w)
{
	const struct node *node = &w->node[w->depth - 1];
	struct machine *m = w->m;
	uint64_t base, size;

	for (unsigned i = 0; node_reg(w, i, &base, &size); i++) {
		if (!range_add(m->reserved, &m->nreserved, PHYS_SEG_MAX, base, size, true))
			return "more reserved memory ranges than the kernel can handle";
		if (node->prop[PROP_NO_MAP].data != NULL &&
		    !range_add(m->nomap, &m->nnomap, PHYS_SEG_MAX, base, size, true))
			return "more reserved memory ranges than the kernel can handle";
	}
	return NULL;
}

/* Does an ISA string such as "rv64imafdc_zicsr_sstc" name an extension? One letter: in the first
 * part; else between underscores. */
static bool
isa_string_has(const struct prop *isa, const char *ext)
{
	size_t len = strlen(ext);
	bool first = true;

	for (uint32_t at = 4; at < isa->len && isa->data[at] != 0;) {
		uint32_t end = at;

		while (end < isa->len && isa->data[end] != '_' && isa->data[end] != 0)
			end++;
		if (first && len == 1 && memchr(isa->data + at, ext[0], end - at) != NULL)
			return true;
		if (!first && end - at == len && memcmp(isa->data + at, ext, len) == 0)
			return true;
		first = false;
		at = end + (end < isa->len && isa->data[end] == '_');
	}
	return false;
}

static bool
isa_has(const struct node *cpu, const char *ext)
{
	if (prop_has_string(&cpu->prop[PROP_ISA_EXTENSIONS], ext))
		return true;

	const struct prop *isa = &cpu->prop[PROP_ISA];

	return isa->data != NULL && isa->len > 4 && memcmp(isa->data, "rv64", 4) == 0 &&
	    isa_string_has(isa, ext);
}

/* Can the hart run this kernel?  Returns NULL or what it lacks. */
static const char *
hart_lacks(const struct node *cpu)
{
	static const struct {
		const char *ext, *complaint;
	} need[] = {
	    {"i", "the boot hart is not a 64-bit RISC-V (rv64i)"},
	    {"m", "the boot hart lacks the M extension"},
	    {"a", "the boot hart lacks the A extension"},
	    {"c", "the boot hart lacks the C extension"},
	};
	const struct prop *mmu = &cpu->prop[PROP_MMU];

	for (unsigned i = 0; i < NELEM(need); i++)
		if (!isa_has(cpu, need[i].ext))
			return need[i].complaint;
	if (mmu->data != NULL && !prop_has_string(mmu, "riscv,sv39") &&
	    !prop_has_string(mmu, "riscv,sv48") && !prop_has_string(mmu, "riscv,sv57"))
		return "the boot hart has no Sv39 address translation";
	return NULL;
}

/* The boot hart goes to [0]; the others follow as they come. */
static const char *
visit_cpu(struct walk *w)
{
	struct machine *m = w->m;
	const struct node *cpu = &w->node[w->depth - 1];
	uint64_t id, size;

	if (!node_reg(w, 0, &id, &size))
		return "a hart has no reg property";

	bool boot = id == w->boot_hartid;
	const char *lacks = hart_lacks(cpu);

	if (boot && lacks != NULL)
		return lacks;
	if (w->nhart < FDT_HARTS)
		w->hart[w->nhart++] = (struct fdt_hart){.id = id};
	if (lacks != NULL || (!boot && m->nhart == MAXHART)) {
		m->nhart_ignored++;
		return NULL;
	}
	if (boot)
		w->boot_hart_seen = true;
	else
		m->hartid[m->nhart++] = id;
	m->has_fpu = m->has_fpu && isa_has(cpu, "f") && isa_has(cpu, "d");
	m->has_sstc = m->has_sstc && isa_has(cpu, "sstc");
	return NULL;
}

/* The interrupt controller inside a cpu node: remember how the PLIC will name that hart. */
static const char *
visit_cpu_intc(struct walk *w)
{
	if (w->nhart > 0)
		w->hart[w->nhart - 1].intc =
		    (uint32_t)prop_number(&w->node[w->depth - 1].prop[PROP_PHANDLE], 0);
	return NULL;
}

static const char *
visit_chosen(struct walk *w)
{
	const struct prop *args = &w->node[w->depth - 1].prop[PROP_BOOTARGS];
	const struct prop *seed = &w->node[w->depth - 1].prop[PROP_RNG_SEED];

	if (seed->data != NULL) {
		w->m->rng_seed_len = MIN(seed->len, RNG_SEED_MAX);
		memcpy(w->m->rng_seed, seed->data, w->m->rng_seed_len);
	}
	if (args->data == NULL)
		return NULL;
	if (args->len > BOOTARGS_MAX)
		return "the boot arguments are too long";
	memcpy(w->m->bootargs, args->data, args->len);
	w->m->bootargs[BOOTARGS_MAX - 1] = 0;
	return NULL;
}

/* Registers and interrupt of the node at hand; false: it has no registers that the CPU can see. */
static bool
node_device(const struct walk *w, struct machine_dev *dev)
{
	const struct node *node = &w->node[w->depth - 1];
	const struct prop *irq = &node->prop[PROP_INTERRUPTS];
	uint64_t base, size;

	if (!node_reg(w, 0, &base, &size) || !translate(w, w->depth - 1, &base))
		return false;
	if (base == 0 || size == 0 || base >= DMAP_SIZE || size > DMAP_SIZE - base)
		return false;
	*dev = (struct machine_dev){.base = base,
	    .size = size,
	    .irq = irq->data != NULL && irq->len >= 4 ? be32(irq->data) : 0};
	return true;
}

static const char *
visit_uart(struct walk *w)
{
	const struct node *node = &w->node[w->depth - 1];
	struct machine *m = w->m;

	if (m->uart.base != 0 || !node_device(w, &m->uart))
		return NULL;
	m->uart_shift = (unsigned)prop_number(&node->prop[PROP_REG_SHIFT], 0);
	m->uart_clock = prop_number(&node->prop[PROP_CLOCK], 0);
	if (m->uart_shift > 3)
		return "the UART's reg-shift makes no sense";
	return NULL;
}

static const char *
visit_plic(struct walk *w)
{
	const struct node *node = &w->node[w->depth - 1];

	if (w->m->plic.base != 0 || !node_device(w, &w->m->plic))
		return NULL;
	w->m->plic_ndev = (unsigned)prop_number(&node->prop[PROP_NDEV], 0);
	w->plic_contexts = node->prop[PROP_INTERRUPTS_EXTENDED];
	if (w->m->plic_ndev == 0 || w->m->plic_ndev > 1023)
		return "the interrupt controller (PLIC) has no sensible riscv,ndev";
	return NULL;
}

static const char *
visit_virtio(struct walk *w)
{
	struct machine *m = w->m;
	struct machine_dev dev;

	if (!node_device(w, &dev) || m->nvirtio == MACHINE_MAXVIRTIO)
		return NULL;

	unsigned i = m->nvirtio++;

	for (; i > 0 && m->virtio[i - 1].base > dev.base; i--)
		m->virtio[i] = m->virtio[i - 1];
	m->virtio[i] = dev;
	return NULL;
}

static const char *
visit_testdev(struct walk *w)
{
	if (w->m->testdev.base == 0)
		node_device(w, &w->m->testdev);
	return NULL;
}

static const char *
visit_rtc(struct walk *w)
{
	if (w->m->rtc.base == 0)
		node_device(w, &w->m->rtc);
	return NULL;
}

static const struct {
	const char *compatible;
	const char *(*visit)(struct walk *w);
} devices[] = {
    {"ns16550a", visit_uart},
    {"ns16550", visit_uart},
    {"riscv,plic0", visit_plic},
    {"sifive,plic-1.0.0", visit_plic},
    {"virtio,mmio", visit_virtio},
    {"sifive,test0", visit_testdev},
    {"google,goldfish-rtc", visit_rtc},
    {"riscv,cpu-intc", visit_cpu_intc},
};

static bool
node_named(const struct node *node, const char *name)
{
	size_t len = strlen(name);

	return strncmp(node->name, name, len) == 0 &&
	    (node->name[len] == 0 || node->name[len] == '@');
}

/* All properties of the innermost node are known. */
static const char *
visit(struct walk *w)
{
	struct node *node = &w->node[w->depth - 1];
	const struct prop *status = &node->prop[PROP_STATUS];

	if (node->visited)
		return NULL;
	node->visited = true;
	node->address_cells = (uint32_t)prop_number(&node->prop[PROP_ADDRESS_CELLS], 2);
	node->size_cells = (uint32_t)prop_number(&node->prop[PROP_SIZE_CELLS], 1);
	if (node->address_cells > 4 || node->size_cells > 4)
		return "a node has impossible #address-cells or #size-cells";
	if (status->data != NULL && !prop_has_string(status, "okay") &&
	    !prop_has_string(status, "ok"))
		return NULL;

	if (w->depth == 2 && prop_has_string(&node->prop[PROP_DEVICE_TYPE], "memory"))
		return visit_memory(w);
	if (w->depth == 2 && node_named(node, "chosen"))
		return visit_chosen(w);
	if (w->depth == 2 && node_named(node, "cpus"))
		w->m->timebase = prop_number(&node->prop[PROP_TIMEBASE], 0);
	if (w->depth == 3 && node_named(node - 1, "reserved-memory"))
		return visit_reserved(w);
	if (w->depth == 3 && prop_has_string(&node->prop[PROP_DEVICE_TYPE], "cpu"))
		return visit_cpu(w);
	for (unsigned i = 0; i < NELEM(devices); i++)
		if (prop_has_string(&node->prop[PROP_COMPATIBLE], devices[i].compatible))
			return devices[i].visit(w);
	return NULL;
}

/*
 * The structure block.
 */
static const char *const truncated = "the device tree is cut off";

static const char *
begin_node(struct walk *w)
{
	const uint8_t *nul = memchr(w->at, 0, (size_t)(w->end - w->at));

	if (nul == NULL)
		return truncated;
	if (w->depth == FDT_DEPTH)
		return "the device tree is nested too deeply";
	memset(&w->node[w->depth], 0, sizeof(w->node[w->depth]));
	w->node[w->depth++].name = (const char *)w->at;
	w->at = nul + 1;
	return NULL;
}

static const char *
read_prop(struct walk *w)
{
	if (w->end - w->at < 8)
		return truncated;

	uint32_t len = be32(w->at), name = be32(w->at + 4);

	w->at += 8;
	if ((uint64_t)(w->end - w->at) < len)
		return truncated;
	if (w->depth == 0 || w->node[w->depth - 1].visited)
		return "the device tree has a property in a wrong place";
	if (name >= w->strings_len || memchr(w->strings + name, 0, w->strings_len - name) == NULL)
		return "the device tree has a property without a name";
	for (unsigned i = 0; i < PROP_COUNT; i++)
		if (strcmp(w->strings + name, prop_names[i]) == 0)
			w->node[w->depth - 1].prop[i] = (struct prop){w->at, len};
	w->at += len;
	return NULL;
}

static const char *
walk_structure(struct walk *w, const uint8_t *start)
{
	const char *error = NULL;

	while (error == NULL) {
		size_t pad = (size_t) - (w->at - start) & 3;

		if ((size_t)(w->end - w->at) < pad + 4)
			return truncated;
		w->at += pad;

		uint32_t token = be32(w->at);

		w->at += 4;
		if ((token == FDT_BEGIN_NODE || token == FDT_END_NODE) && w->depth > 0)
			error = visit(w);
		if (error != NULL)
			break;
		if (token == FDT_BEGIN_NODE)
			error = begin_node(w);
		else if (token == FDT_PROP)
			error = read_prop(w);
		else if (token == FDT_END_NODE && w->depth > 0)
			w->depth--;
		else if (token == FDT_END && w->depth == 0)
			return NULL;
		else if (token != FDT_NOP)
			error = "the device tree is malformed";
	}
	return error;
}

/* The list of reserved ranges in front of the structure block: pairs of 64-bit numbers, ended by
 * two zeros. */
static const char *
read_reserved(struct machine *m, const uint8_t *p, const uint8_t *end)
{
	for (; end - p >= 16; p += 16) {
		uint64_t base = be_cells(p, 2), size = be_cells(p + 8, 2);

		if (base == 0 && size == 0)
			return NULL;
		if (!range_add(m->reserved, &m->nreserved, PHYS_SEG_MAX, base, size, true))
			return "more reserved memory ranges than the kernel can handle";
	}
	return truncated;
}

/* Which PLIC context is the supervisor mode of each hart: the n-th pair (controller, interrupt)
 * belongs to context n. */
static bool
find_contexts(struct walk *w)
{
	unsigned found = 0;

	for (uint32_t n = 0; w->plic_contexts.data != NULL && (n + 1) * 8 <= w->plic_contexts.len;
	     n++) {
		uint32_t intc = be32(w->plic_contexts.data + n * 8);

		if (be32(w->plic_contexts.data + n * 8 + 4) != IRQ_S_EXTERNAL)
			continue;
		for (unsigned h = 0; h < w->nhart; h++) {
			if (w->hart[h].intc != intc)
				continue;
			for (unsigned i = 0; i < w->m->nhart; i++) {
				if (w->m->hartid[i] == w->hart[h].id) {
					w->m->plic_context[i] = n;
					found |= 1u << i;
				}
			}
		}
	}
	return found == (1u << w->m->nhart) - 1;
}

/* Is all there that the kernel cannot do without? */
static const char *
finish(struct walk *w)
{
	struct machine *m = w->m;

	range_merge(m->bank, &m->nbank);
	range_merge(m->reserved, &m->nreserved);
	range_merge(m->nomap, &m->nnomap);
	for (unsigned i = 0; i < m->nbank; i++)
		m->ram_bytes += m->bank[i].end - m->bank[i].start;
	m->nmapped =
	    range_subtract(m->mapped, NELEM(m->mapped), m->bank, m->nbank, m->nomap, m->nnomap);

	if (m->nmapped == 0)
		return "the device tree names no memory";
	if (!w->boot_hart_seen)
		return "the device tree does not list the hart we run on";
	if (m->timebase == 0 || m->timebase > 1000000000)
		return "the device tree has no sensible timebase-frequency";
	if (m->uart.base == 0)
		return "the device tree names no ns16550 UART";
	if (m->plic.base == 0)
		return "the device tree names no interrupt controller (PLIC)";
	if (!find_contexts(w))
		return "the interrupt controller (PLIC) does not reach every hart";
	return NULL;
}

const char *
fdt_parse(struct machine *m, const void *fdt, size_t max, uint64_t boot_hartid)
{
	const uint8_t *base = fdt;

	memset(m, 0, sizeof(*m));
	if (max < FDT_HEADER_SIZE || be32(base) != FDT_MAGIC)
		return "there is no device tree at the address that the firmware gave";

	uint32_t total = be32(base + 4), structure = be32(base + 8), strings = be32(base + 12),
		 reserved = be32(base + 16);
	uint32_t strings_len = be32(base + 32), structure_len = be32(base + 36);

	if (be32(base + 20) < FDT_COMPATIBLE + 1 || be32(base + 24) > FDT_COMPATIBLE + 1)
		return "the device tree has an unknown version";
	if (total > max || structure > total || structure_len > total - structure ||
	    strings > total || strings_len > total - strings || reserved > total)
		return truncated;

	static struct walk w; /* too large for a stack; nobody else runs yet */

	memset(&w, 0, sizeof(w));
	w.m = m;
	w.at = base + structure;
	w.end = base + structure + structure_len;
	w.strings = (const char *)base + strings;
	w.strings_len = strings_len;
	w.boot_hartid = boot_hartid;

	m->hartid[0] = boot_hartid;
	m->nhart = 1;
	m->has_fpu = m->has_sstc = true;

	const char *error = read_reserved(m, base + reserved, base + total);

	if (error == NULL)
		error = walk_structure(&w, base + structure);
	return error != NULL ? error : finish(&w);
}

void
machine_find_free(struct machine *m, paddr_t start, paddr_t end)
{
	struct phys_range taken[PHYS_SEG_MAX + 1];
	unsigned n = m->nreserved;

	memcpy(taken, m->reserved, sizeof(m->reserved));
	(void)range_add(taken, &n, NELEM(taken), start, end - start, true);
	range_merge(taken, &n);
	m->nfree = range_subtract(m->free, NELEM(m->free), m->mapped, m->nmapped, taken, n);
}
