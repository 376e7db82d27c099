/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving bytes between the kernel and a list of buffers, user or kernel ones.
 *
 * Lock order: none of its own; see rule R14 (docs/locking.md) for what callers may hold.
 */
#include "kern/base/uio.h"

#include <errno.h>
#include <string.h>

#include "arch/riscv/types.h"
#include "arch/riscv/uaccess.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"

/* One piece within one buffer.  => returns how many bytes were moved. */
static size_t
move_piece(const struct uio *u, uint64_t addr, void *kbuf, size_t n)
{
	if (u->user)
		return u->dir == UIO_READ ? md_copyout_part(addr, kbuf, n)
					  : md_copyin_part(kbuf, addr, n);
	if (u->dir == UIO_READ)
		memcpy((void *)(uintptr_t)addr, kbuf, n);
	else
		memcpy(kbuf, (void *)(uintptr_t)addr, n);
	return n;
}

int
uio_move(void *kbuf, size_t n, struct uio *u)
{
	char *k = kbuf;

	while (n > 0 && u->resid > 0) {
		struct uio_vec *v = u->vec;
		size_t piece, moved;

		KASSERT(u->nvec > 0);
		if (v->len == 0) {
			u->vec++;
			u->nvec--;
			continue;
		}
		piece = v->len < n ? v->len : n;
		if (piece > u->resid) /* a caller may have cut resid short of the buffers */
			piece = u->resid;
		moved = move_piece(u, v->base, k, piece);
		v->base += moved;
		v->len -= moved;
		u->resid -= moved;
		u->offset += moved;
		k += moved;
		n -= moved;
		if (moved < piece)
			return EFAULT;
	}
	return 0;
}

int
uio_move_nofault(void *kbuf, size_t n, struct uio *u)
{
	struct thread *td = curthread();
	bool saved = td->nofault;
	int error;

	td->nofault = true;
	error = uio_move(kbuf, n, u);
	td->nofault = saved;
	return error;
}

/* Make the page of `addr` present with the right to do what u will do. */
static int
touch_page(const struct uio *u, vaddr_t addr)
{
	vaddr_t word = addr & ~(vaddr_t)3;
	uint32_t value, seen;
	int error = md_fetch32(word, &value);

	/* Storing what is there is the only harmless write; another thread may get in between, then
	 * again. */
	while (error == 0 && u->dir == UIO_READ) {
		error = md_cas32(word, value, value, &seen);
		if (error == 0 && seen == value)
			break;
		value = seen;
	}
	return error;
}

int
uio_fault_in(const struct uio *u, size_t n)
{
	if (!u->user)
		return 0;
	for (unsigned i = 0; i < u->nvec && n > 0; i++) {
		uint64_t len = u->vec[i].len < n ? u->vec[i].len : n;
		vaddr_t addr = u->vec[i].base, end = addr + len;

		if (end < addr)
			return EFAULT;
		for (; addr < end; addr = trunc_page(addr) + PAGE_SIZE) {
			int error = touch_page(u, addr);

			if (error != 0)
				return error;
		}
		n -= len;
	}
	return 0;
}
