/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the stack that exec built to main():
 *
 *	sp -> argc | argv[0] .. argv[argc-1] | 0 | envp .. | 0 | auxv pairs .. | 0 0 | strings
 *
 * A static-PIE program first relocates itself: the pointers in its data are filled in with the
 * address it happens to be loaded at. Until that is done, no code may read such a pointer.
 */
#include <elf.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "lib/libc/libc.h"
#include "lib/libc/thread.h"

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern void (*const __init_array_start[])(void) __attribute__((weak, visibility("hidden")));
extern void (*const __init_array_end[])(void) __attribute__((weak, visibility("hidden")));

int main(int argc, char *argv[], char *envp[]);

char **environ;
const char *__progname = "";
static const Elf64_auxv_t *auxv;

static void
relocate(const Elf64_Dyn *dyn)
{
	uintptr_t base = (uintptr_t)&__ehdr_start;
	const Elf64_Rela *rela = NULL, *end;
	size_t size = 0;

	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_RELA)
			rela = (const Elf64_Rela *)(base + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_RELASZ)
			size = dyn->d_un.d_val;
	}
	end = rela + size / sizeof(*rela);
	for (; rela < end; rela++)
		if (ELF64_R_TYPE(rela->r_info) == R_RISCV_RELATIVE)
			*(uintptr_t *)(base + rela->r_offset) = base + rela->r_addend;
}

_Noreturn void
__libc_start(long *sp, const Elf64_Dyn *dynamic)
{
	int argc = *sp;
	char **argv = (char **)(sp + 1), **env;
	void (*const *init)(void);

	if (dynamic != NULL)
		relocate(dynamic);
	__tls_start();
	environ = argv + argc + 1;
	for (env = environ; *env != NULL; env++)
		;
	auxv = (const Elf64_auxv_t *)(env + 1);
	if (argc > 0) {
		const char *slash = strrchr(argv[0], '/');

		__progname = slash != NULL ? slash + 1 : argv[0];
	}
	for (init = __init_array_start; init < __init_array_end; init++)
		(*init)();
	exit(main(argc, argv, environ));
}

unsigned long
getauxval(unsigned long type)
{
	const Elf64_auxv_t *a;

	for (a = auxv; a->a_type != AT_NULL; a++)
		if (a->a_type == type)
			return a->a_un.a_val;
	return 0;
}
