/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files in memory.
 *
 *      file:    | header | ... | text ........ | data ..... |
 *      memory:  bias + vaddr: text (R X)   data (RW) | bss
 *
 * Bss is the rest of the data's last page, made zero, then anonymous pages.
 *
 * A segment is a private mapping of the file's object, so programs share their text and nothing is
 * read before it is used.  Every number of the headers is checked before it is used; a file that
 * makes no sense is ENOEXEC.
 *
 * Lock order: the new space's map, for one insertion at a time.
 *
 * Rejected: reading segments into anonymous memory.  It is simpler, but a second copy of every
 * program in memory for each process.
 */
#include "kern/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/vfs.h"
#include "lib/minmax.h"
#include "vm/vm_fault.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/zone.h"

#define DYN_BASE   USER_PROGRAM /* where position-independent programs go */
#define PHDRS_SIZE 2048u        /* bytes of program headers that are accepted */
#define PHDR_MAX   (PHDRS_SIZE / sizeof(Elf64_Phdr))

/* A file being loaded. */
struct elf_file {
	struct inode *ip;
	uint64_t size; /* bytes of the file */
	Elf64_Ehdr eh;
	Elf64_Phdr *ph;    /* kmalloc, PHDRS_SIZE */
	vaddr_t low, high; /* pages that the segments span, before bias */
	struct vm_object *object;
};

/*
 * Writing to a space that is not active.
 */

void
space_writer_init(struct space_writer *w, struct vmspace *vm, vaddr_t va)
{
	*w = (struct space_writer){.vm = vm, .va = va};
}

static void
writer_drop_page(struct space_writer *w)
{
	if (w->page != NULL)
		vm_fault_unhold_pages(&w->page, 1, true);
	w->page = NULL;
}

void
space_seek(struct space_writer *w, vaddr_t va)
{
	if (trunc_page(va) != trunc_page(w->va))
		writer_drop_page(w);
	w->va = va;
}

/* Up to n bytes of one page to write to.  => NULL: w->error. */
static char *
writer_piece(struct space_writer *w, size_t *n)
{
	if (w->error == 0 && w->page == NULL)
		w->error = vm_fault_hold(&w->vm->map, trunc_page(w->va), VM_PROT_WRITE, &w->page);
	if (w->error != 0) {
		w->page = NULL;
		return NULL;
	}
	*n = MIN(*n, PAGE_SIZE - (w->va & PAGE_MASK));
	return (char *)vm_page_kva(w->page) + (w->va & PAGE_MASK);
}

static void
writer_advance(struct space_writer *w, size_t n)
{
	w->va += n;
	if ((w->va & PAGE_MASK) == 0)
		writer_drop_page(w);
}

void
space_put(struct space_writer *w, const void *data, size_t n)
{
	const char *from = data;

	while (n > 0) {
		size_t piece = n;
		char *to = writer_piece(w, &piece);

		if (to == NULL)
			return;
		memcpy(to, from, piece);
		writer_advance(w, piece);
		from += piece;
		n -= piece;
	}
}

void
space_zero(struct space_writer *w, size_t n)
{
	while (n > 0) {
		size_t piece = n;
		char *to = writer_piece(w, &piece);

		if (to == NULL)
			return;
		memset(to, 0, piece);
		writer_advance(w, piece);
		n -= piece;
	}
}

int
space_writer_done(struct space_writer *w)
{
	writer_drop_page(w);
	return w->error;
}

int
elf_map(struct vmspace *vm, vaddr_t start, vaddr_t end, const struct vm_map_args *args)
{
	struct vm_map_reserve r = VM_MAP_RESERVE_INIT(r);
	int error = vm_map_reserve(&r, 1);

	if (error != 0)
		return error;
	vm_map_lock(&vm->map);
	error = vm_map_insert(&vm->map, start, end, args, &r);
	vm_map_unlock(&vm->map);
	vm_map_unreserve(&r);
	return error;
}

/*
 * Headers.
 */

static bool
header_is_good(const Elf64_Ehdr *eh)
{
	return memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0 && eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	    eh->e_ident[EI_DATA] == ELFDATA2LSB && eh->e_machine == EM_RISCV &&
	    (eh->e_type == ET_EXEC || eh->e_type == ET_DYN) &&
	    eh->e_phentsize == sizeof(Elf64_Phdr) && eh->e_phnum >= 1 && eh->e_phnum <= PHDR_MAX;
}

/* Exactly n bytes. */
static int
read_exactly(struct elf_file *f, void *buf, size_t n, uint64_t offset)
{
	size_t got;
	int error = vfs_read_kernel(f->ip, buf, n, offset, &got);

	return error != 0 ? error : got == n ? 0 : ENOEXEC;
}

static int
read_headers(struct elf_file *f)
{
	int error = read_exactly(f, &f->eh, sizeof(f->eh), 0);

	if (error == 0 && !header_is_good(&f->eh))
		error = ENOEXEC;
	if (error == 0)
		error = read_exactly(f, f->ph, f->eh.e_phnum * sizeof(Elf64_Phdr), f->eh.e_phoff);
	return error;
}

/* Does the segment lie in the file, in user space, and at the same place of a page in both? */
static bool
segment_is_good(const struct elf_file *f, const Elf64_Phdr *ph)
{
	return ph->p_filesz <= ph->p_memsz && ph->p_memsz <= VM_MAX_USER_ADDRESS &&
	    ph->p_vaddr <= VM_MAX_USER_ADDRESS - ph->p_memsz && ph->p_offset <= f->size &&
	    ph->p_filesz <= f->size - ph->p_offset &&
	    ((ph->p_vaddr ^ ph->p_offset) & PAGE_MASK) == 0;
}

/* All segments: good, ascending, page by page apart. */
static int
check_segments(struct elf_file *f)
{
	f->low = VM_MAX_USER_ADDRESS;
	f->high = 0;
	for (unsigned i = 0; i < f->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &f->ph[i];

		if (ph->p_type != PT_LOAD || ph->p_memsz == 0)
			continue;
		if (!segment_is_good(f, ph) || trunc_page(ph->p_vaddr) < f->high)
			return ENOEXEC;
		f->low = MIN(f->low, trunc_page(ph->p_vaddr));
		f->high = round_page(ph->p_vaddr + ph->p_memsz);
	}
	return f->high != 0 ? 0 : ENOEXEC;
}

/* The path of the interpreter.  => ENOEXEC: two of them, or not a string. */
static int
read_interp(struct elf_file *f, char *interp)
{
	bool found = false;

	for (unsigned i = 0; i < f->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &f->ph[i];
		int error;

		if (ph->p_type != PT_INTERP)
			continue;
		if (found || interp == NULL || ph->p_filesz < 2 || ph->p_filesz > ELF_INTERP_MAX)
			return ENOEXEC;
		error = read_exactly(f, interp, ph->p_filesz, ph->p_offset);
		if (error != 0)
			return error;
		if (interp[ph->p_filesz - 1] != '\0' || interp[0] == '\0')
			return ENOEXEC;
		found = true;
	}
	return 0;
}

/*
 * Mapping.
 */

/* Where an image goes that can go anywhere. */
static int
choose_bias(struct vmspace *vm, const struct elf_file *f, enum elf_role role, vaddr_t *bias)
{
	vaddr_t at = DYN_BASE;
	bool found = true;

	*bias = 0;
	if (f->eh.e_type == ET_EXEC)
		return 0;
	if (role == ELF_INTERPRETER) {
		vm_map_lock(&vm->map);
		found = vm_map_findspace(
		    &vm->map, vm->map.min, vm->map.max, f->high - f->low, true, &at);
		vm_map_unlock(&vm->map);
	}
	if (!found || f->high - f->low > VM_MAX_USER_ADDRESS - at)
		return ENOMEM;
	*bias = at - f->low;
	return 0;
}

static vm_prot_t
segment_prot(const Elf64_Phdr *ph)
{
	vm_prot_t prot = VM_PROT_NONE;

	if ((ph->p_flags & PF_R) != 0)
		prot |= VM_PROT_READ;
	if ((ph->p_flags & PF_W) != 0)
		prot |= VM_PROT_WRITE | VM_PROT_READ;
	if ((ph->p_flags & PF_X) != 0)
		prot |= VM_PROT_EXEC;
	return prot;
}

/* The pages that the file has something for. */
static int
map_file_part(struct vmspace *vm, struct elf_file *f, const Elf64_Phdr *ph, vaddr_t bias)
{
	struct vm_map_args args = {
	    .object = f->object,
	    .offset = trunc_page(ph->p_offset),
	    .prot = segment_prot(ph),
	    .max_prot = VM_PROT_ALL,
	    .inherit = VM_INHERIT_COPY,
	    .eflags = MAP_ENTRY_COW | MAP_ENTRY_NEEDS_COPY,
	};
	vaddr_t start = bias + trunc_page(ph->p_vaddr),
		end = bias + round_page(ph->p_vaddr + ph->p_filesz);
	int error;

	if (ph->p_filesz == 0)
		return 0;
	vm_object_ref(f->object);
	error = elf_map(vm, start, end, &args);
	if (error != 0)
		vm_object_unref(f->object);
	return error;
}

/* The memory behind what the file has: zero, which in the last file page must be made so. */
static int
map_bss(struct vmspace *vm, const Elf64_Phdr *ph, vaddr_t bias)
{
	struct vm_map_args args = {
	    .prot = segment_prot(ph),
	    .max_prot = VM_PROT_ALL,
	    .inherit = VM_INHERIT_COPY,
	};
	vaddr_t file_end = bias + ph->p_vaddr + ph->p_filesz,
		end = bias + ph->p_vaddr + ph->p_memsz;
	vaddr_t start = ph->p_filesz != 0 ? round_page(file_end) : trunc_page(file_end);
	int error = 0;

	if (ph->p_filesz != 0 && file_end < end && file_end < start) {
		struct space_writer w;

		if ((ph->p_flags & PF_W) == 0)
			return ENOEXEC;
		space_writer_init(&w, vm, file_end);
		space_zero(&w, start - file_end);
		error = space_writer_done(&w);
	}
	if (error == 0 && start < round_page(end))
		error = elf_map(vm, start, round_page(end), &args);
	return error;
}

static int
map_segments(struct vmspace *vm, struct elf_file *f, vaddr_t bias)
{
	int error = 0;

	for (unsigned i = 0; i < f->eh.e_phnum && error == 0; i++) {
		const Elf64_Phdr *ph = &f->ph[i];

		if (ph->p_type != PT_LOAD || ph->p_memsz == 0)
			continue;
		error = map_file_part(vm, f, ph, bias);
		if (error == 0)
			error = map_bss(vm, ph, bias);
	}
	/* The file asks for a place that is not free, or not for programs. */
	return error == EEXIST || error == EINVAL ? ENOEXEC : error;
}

/* The address of the program headers in memory; 0: no segment has them. */
static vaddr_t
phdr_address(const struct elf_file *f)
{
	for (unsigned i = 0; i < f->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &f->ph[i];

		if (ph->p_type == PT_LOAD && f->eh.e_phoff >= ph->p_offset &&
		    f->eh.e_phoff - ph->p_offset < ph->p_filesz)
			return f->eh.e_phoff - ph->p_offset + ph->p_vaddr;
	}
	return 0;
}

static void
describe(const struct elf_file *f, vaddr_t bias, struct elf_image *image)
{
	vaddr_t phdr = phdr_address(f);

	image->bias = bias;
	image->entry = f->eh.e_entry + bias;
	image->phdr = phdr != 0 ? phdr + bias : 0;
	image->phnum = phdr != 0 ? f->eh.e_phnum : 0;
	image->end = f->high + bias;
}

/* => f->ph is allocated; the caller frees it and drops f->object. */
static int
load(struct vmspace *vm, struct elf_file *f, enum elf_role role, struct elf_image *image,
    char *interp)
{
	vaddr_t bias;
	int error = read_headers(f);

	if (error == 0)
		error = check_segments(f);
	if (error == 0)
		error = read_interp(f, interp);
	if (error == 0)
		error = choose_bias(vm, f, role, &bias);
	if (error == 0)
		error = vfs_object(f->ip, &f->object);
	if (error == 0)
		error = map_segments(vm, f, bias);
	if (error == 0)
		describe(f, bias, image);
	return error;
}

int
elf_load(struct vmspace *vm, struct inode *file, enum elf_role role, struct elf_image *image,
    char *interp)
{
	struct elf_file f = {.ip = file, .size = file->size};
	int error;

	if (interp != NULL)
		interp[0] = '\0';
	f.ph = kmalloc(PHDRS_SIZE, 0);
	if (f.ph == NULL)
		return ENOMEM;
	error = load(vm, &f, role, image, interp);
	vm_object_unref(f.object);
	kfree(f.ph, PHDRS_SIZE);
	return error;
}
