/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thread-local storage of a static program. The linker gathers _Thread_local variables in one
 * segment (PT_TLS): initial values, and how much zero follows. Each thread gets a copy at its tp;
 * code finds a variable at a distance from tp that the linker computed (the local-exec model).
 */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/libc/thread.h"

#define PAGE ((size_t)4096)

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static struct {
	const char *data; /* initial values */
	size_t data_size;
	size_t size; /* with what is zero */
	size_t align;
	size_t skew; /* where the segment begins, modulo align: so does the copy */
} image;

/* Enough for most programs; a large one gets a mapping. */
static char main_area[512] __attribute__((aligned(64)));

static void
find_image(void)
{
	const char *base = (const char *)&__ehdr_start;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);
	const char *bias = __ehdr_start.e_type == ET_DYN ? base : NULL;

	image.align = _Alignof(struct pthread);
	for (int i = 0; i < __ehdr_start.e_phnum; i++, ph++) {
		if (ph->p_type != PT_TLS)
			continue;
		image.data = bias + ph->p_vaddr;
		image.data_size = ph->p_filesz;
		image.size = ph->p_memsz;
		image.skew = ph->p_vaddr & (ph->p_align - 1);
		if (ph->p_align > image.align)
			image.align = ph->p_align;
	}
}

size_t
__tls_size(void)
{
	return sizeof(struct pthread) + image.align + image.skew + image.size;
}

struct pthread *
__tls_place(void *area)
{
	uintptr_t tp = (uintptr_t)area + sizeof(struct pthread);

	tp = (tp + image.align - 1) & -image.align;
	if (image.data_size > 0)
		memcpy((char *)tp + image.skew, image.data, image.data_size);
	return (struct pthread *)tp - 1;
}

void
__tls_start(void)
{
	void *area = main_area;

	find_image();
	if (__tls_size() > sizeof(main_area)) {
		area = (void *)__call(SYS_mmap, 0, (__tls_size() + PAGE - 1) & -PAGE,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if ((uintptr_t)area > -PAGE)
			__call(SYS_exit_group, 127, 0, 0, 0, 0, 0);
	}
	__asm__ volatile("mv tp, %0" : : "r"(__tls_place(area) + 1) : "memory");
}
