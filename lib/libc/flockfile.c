/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locks of streams: the lock in one word of lock.c, with an owner so that it can be taken
 * again.
 */
#include "lib/libc/stream.h"
#include "lib/libc/thread.h"

static bool
is_mine(FILE *f)
{
	return __atomic_load_n(&f->owner, __ATOMIC_RELAXED) == __self();
}

static void
set_owner(FILE *f, struct pthread *owner)
{
	__atomic_store_n(&f->owner, owner, __ATOMIC_RELAXED);
}

void
flockfile(FILE *f)
{
	if (is_mine(f)) {
		f->depth++;
		return;
	}
	__word_lock(&f->lock, false, NULL);
	set_owner(f, __self());
}

int
ftrylockfile(FILE *f)
{
	if (is_mine(f))
		f->depth++;
	else if (__word_trylock(&f->lock))
		set_owner(f, __self());
	else
		return -1;
	return 0;
}

void
funlockfile(FILE *f)
{
	if (f->depth > 0) {
		f->depth--;
		return;
	}
	set_owner(f, NULL);
	__word_unlock(&f->lock, false);
}
