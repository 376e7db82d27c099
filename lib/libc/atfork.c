/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that fork() is to call: prepare in reverse order of registration, the others in order.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/libc/thread.h"

struct atfork {
	void (*prepare)(void);
	void (*parent)(void);
	void (*child)(void);
	struct atfork *next, *prev; /* later and earlier ones; written under LOCK_ATFORK */
};

static struct atfork *first, *last;

/* => entries are never removed, so that they can be run without the lock. */
int
pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	struct atfork *a = malloc(sizeof(*a));

	if (a == NULL)
		return ENOMEM;
	*a = (struct atfork){prepare, parent, child, NULL, NULL};
	__lock(LOCK_ATFORK);
	a->prev = last;
	__atomic_store_n(last != NULL ? &last->next : &first, a, __ATOMIC_RELEASE);
	__atomic_store_n(&last, a, __ATOMIC_RELEASE);
	__unlock(LOCK_ATFORK);
	return 0;
}

static void
call(void (*fn)(void))
{
	if (fn != NULL)
		fn();
}

void
__atfork_run(int when)
{
	struct atfork *a;

	if (when == 'p') {
		for (a = __atomic_load_n(&last, __ATOMIC_ACQUIRE); a != NULL; a = a->prev)
			call(a->prepare);
		return;
	}
	for (a = __atomic_load_n(&first, __ATOMIC_ACQUIRE); a != NULL;
	     a = __atomic_load_n(&a->next, __ATOMIC_ACQUIRE))
		call(when == 'c' ? a->child : a->parent);
}
