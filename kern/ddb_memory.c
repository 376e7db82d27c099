/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debugger's x: memory as numbers, characters or strings.
 *
 *      x/4xg 0xffffffc080000000      four words of the kernel's
 *      x/s 7:0x10000                 a string of process 7's, wherever its pages are
 *
 * User memory is read through the process's page table and the direct map, so that nothing faults:
 * a page that is not there is said to be not there.
 */
#include <string.h>

#include "arch/riscv/debug.h"
#include "arch/riscv/pmap_md.h"
#include "arch/riscv/vmparam.h"
#include "kern/base/debug.h"
#include "kern/ddb_command.h"
#include "kern/proc.h"
#include "lib/minmax.h"
#include "vm/vmspace.h"

#define COUNT_MAX  1024u
#define STRING_MAX 256u
#define LINE_BYTES 16u

struct format {
	unsigned count;
	char letter; /* x d u c s p */
	unsigned size;
};

/* What to read: the kernel's memory, or a space's. */
struct source {
	struct pmap *pmap; /* NULL: the kernel's */
	vaddr_t at;
};

static bool
parse_format(const char *text, struct format *f)
{
	static const struct {
		char letter;
		unsigned size;
	} sizes[] = {{'b', 1}, {'h', 2}, {'w', 4}, {'g', 8}};

	*f = (struct format){0, 'x', 0};
	for (const char *s = text != NULL ? text : ""; *s != '\0'; s++) {
		bool known = true;

		if (*s >= '0' && *s <= '9')
			f->count = MIN(f->count * 10 + (unsigned)(*s - '0'), COUNT_MAX);
		else if (strchr("xducsp", *s) != NULL)
			f->letter = *s;
		else
			known = false;
		for (unsigned i = 0; i < NELEM(sizes); i++) {
			if (*s != sizes[i].letter)
				continue;
			f->size = sizes[i].size;
			known = true;
		}
		if (!known) {
			ddb_complain("unknown format", text);
			return false;
		}
	}
	f->count = MAX(f->count, 1u);
	if (f->size == 0)
		f->size = f->letter == 'c' ? 1 : f->letter == 'p' ? 8 : 4;
	return true;
}

/* [PID:]ADDR; an address of user space without PID: means the process that was interrupted. */
static bool
parse_source(const char *word, struct source *s)
{
	const char *colon = strchr(word, ':');
	struct vmspace *vm = NULL;
	char pid_word[12];
	uint64_t pid;

	s->pmap = NULL;
	if (colon != NULL && (size_t)(colon - word) < sizeof(pid_word)) {
		memcpy(pid_word, word, (size_t)(colon - word));
		pid_word[colon - word] = '\0';
		if (!ddb_number(pid_word, &pid) || (vm = ddb_find_vmspace(pid)) == NULL)
			return false;
		s->pmap = vm->map.pmap;
		word = colon + 1;
	}
	if (!ddb_number(word, &s->at))
		return false;
	if (vm == NULL && s->at < VM_MAX_USER_ADDRESS && ddb_current_proc() != NULL &&
	    ddb_current_proc()->vmspace != NULL)
		s->pmap = ddb_current_proc()->vmspace->map.pmap;
	return true;
}

/* Copy n bytes, which may cross a page.  False, having complained: one is not there. */
static bool
fetch(const struct source *s, vaddr_t va, void *buf, size_t n)
{
	char *to = buf;
	paddr_t pa;

	if (s->pmap == NULL) {
		for (size_t i = 0; i < n; i++)
			to[i] = ((const volatile char *)va)[i];
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (!debug_translate(s->pmap, va + i, &pa)) {
			kprintf("\nddb: no page at %#lx\n", va + i);
			return false;
		}
		to[i] = *(const volatile char *)dmap_pa_to_va(pa);
	}
	return true;
}

static bool
print_string(const struct source *s, vaddr_t *at)
{
	char c = '\1';

	kprintf("%#018lx: \"", *at);
	for (unsigned n = 0; n < STRING_MAX && c != '\0'; n++) {
		if (!fetch(s, (*at)++, &c, 1))
			return false;
		if (c >= ' ' && c < 0x7f)
			kprintf("%c", c);
		else if (c != '\0')
			kprintf("\\x%02x", (unsigned char)c);
	}
	kprintf("\"\n");
	return true;
}

static void
print_value(const struct format *f, uint64_t value)
{
	unsigned drop = 64 - 8 * f->size;
	int64_t sign_extended = (int64_t)(value << drop) >> drop;

	switch (f->letter) {
	case 'd':
		kprintf(" %ld", sign_extended);
		break;
	case 'u':
		kprintf(" %lu", value);
		break;
	case 'c':
		kprintf(" %c", value >= ' ' && value < 0x7f ? (char)value : '.');
		break;
	case 'p':
		kprintf(" %#lx ", value);
		ddb_print_symbol(value);
		break;
	default:
		kprintf(" %0*lx", 2 * (int)f->size, value);
		break;
	}
}

static void
print_values(const struct format *f, const struct source *s)
{
	unsigned per_line = f->letter == 'p' ? 1 : LINE_BYTES / f->size;
	vaddr_t at = s->at;

	for (unsigned i = 0; i < f->count; i++, at += f->size) {
		uint64_t value = 0;

		if (i % per_line == 0)
			kprintf("%s%#018lx:", i > 0 ? "\n" : "", at);
		if (!fetch(s, at, &value, f->size))
			return;
		print_value(f, value);
	}
	kprintf("\n");
}

void
ddb_examine(const struct ddb_args *a)
{
	struct format f;
	struct source s;

	if (a->n == 0)
		ddb_complain("missing", "ADDR");
	if (a->n == 0 || !parse_format(a->format, &f) || !parse_source(a->word[0], &s))
		return;
	if (f.letter != 's') {
		print_values(&f, &s);
		return;
	}
	for (vaddr_t at = s.at; f.count > 0; f.count--)
		if (!print_string(&s, &at))
			return;
}
