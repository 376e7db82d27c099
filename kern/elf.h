/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading ELF files into address spaces, and writing to a space that is not active.
 */
#ifndef KERN_ELF_H
#define KERN_ELF_H

#include "lib/annot.h"
#include "vm/vmspace.h"

struct inode;

#define ELF_INTERP_MAX 256 /* bytes of an interpreter's path, with NUL */

enum elf_role {
	ELF_PROGRAM,    /* ET_EXEC where it says, ET_DYN at a fixed place */
	ELF_INTERPRETER /* ET_DYN below everything else; may not name one itself */
};

/* Where an image went. */
struct elf_image {
	vaddr_t bias; /* added to the addresses of the file */
	vaddr_t entry;
	vaddr_t phdr; /* the program headers in memory */
	unsigned phnum;
	vaddr_t end; /* of its last byte */
};

/* Map the segments of `file` into vm.  interp (ELF_INTERP_MAX bytes; NULL for interpreters): the
 * interpreter's path, "" if it needs none.
 * => no lock held; may sleep.  => 0; ENOEXEC: not an ELF file for this machine, or one whose
 * headers make no sense; EIO, ENOMEM. On failure part of it may be mapped: throw vm away. */
int elf_load(struct vmspace *vm, struct inode *file, enum elf_role role, struct elf_image *image,
    char *interp) MUST_CHECK;

/* Map [start, end) in a space that is being built.  => may sleep.  => as vm_map_insert; ENOMEM. */
int
elf_map(struct vmspace *vm, vaddr_t start, vaddr_t end, const struct vm_map_args *args) MUST_CHECK;

/*
 * Writing one piece after another; the first error stops it and is returned at the end.  => no lock
 * held; may sleep.
 */
struct space_writer {
	struct vmspace *vm;
	vaddr_t va;           /* where the next byte goes */
	struct vm_page *page; /* the one written to last, held; NULL: none */
	int error;
};

void space_writer_init(struct space_writer *w, struct vmspace *vm, vaddr_t va);
void space_seek(struct space_writer *w, vaddr_t va);
void space_put(struct space_writer *w, const void *data, size_t n);
void space_zero(struct space_writer *w, size_t n);
/* => returns 0, or what went wrong: EFAULT, EIO, ENOMEM. */
int space_writer_done(struct space_writer *w) MUST_CHECK;

#endif
