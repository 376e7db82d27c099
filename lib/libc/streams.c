/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of open streams: who writes them all out must find them, and may have to wait for each.
 *
 * It does not keep the list locked meanwhile: the thread that it waits for may be about to open or
 * close another stream, or to fork. Instead the stream it is at is pinned, and fclose() waits until
 * nobody is there any more.
 */
#include <limits.h>

#include "lib/libc/stream.h"
#include "lib/libc/thread.h"

static int unpins; /* changes when a pin goes; under LOCK_STREAMS */

void
__stream_list(FILE *f)
{
	__lock(LOCK_STREAMS);
	f->next = __streams;
	__streams = f;
	__unlock(LOCK_STREAMS);
}

void
__stream_unlist(FILE *f)
{
	struct stream **link;
	int seen;

	__lock(LOCK_STREAMS);
	while (f->pins > 0) {
		seen = unpins;
		__unlock(LOCK_STREAMS);
		__futex_wait(&unpins, seen, false, CLOCK_MONOTONIC, NULL);
		__lock(LOCK_STREAMS);
	}
	for (link = &__streams; *link != NULL; link = &(*link)->next)
		if (*link == f) {
			*link = f->next;
			break;
		}
	__unlock(LOCK_STREAMS);
}

/*
 * Lets go of `f` and pins the next stream that is being written; NULL: the first, and none is left.
 * A stream that waits for input has nothing to write and is not waited for.
 */
static FILE *
next_writer(FILE *f)
{
	FILE *next;

	__lock(LOCK_STREAMS);
	next = f != NULL ? f->next : __streams;
	while (next != NULL && !next->writing)
		next = next->next;
	if (next != NULL)
		next->pins++;
	if (f != NULL) {
		f->pins--;
		unpins++;
	}
	__unlock(LOCK_STREAMS);
	if (f != NULL)
		__futex_wake(&unpins, INT_MAX, false);
	return next;
}

int
__streams_flush(void)
{
	int result = 0;
	FILE *f;

	for (f = next_writer(NULL); f != NULL; f = next_writer(f)) {
		flockfile(f);
		result |= __stream_flush(f);
		funlockfile(f);
	}
	return result != 0 ? EOF : 0;
}

/* What other threads had locked stays as it was at that moment: perhaps half a line. */
void
__streams_after_fork(void)
{
	struct stream *f;

	for (f = __streams; f != NULL; f = f->next) {
		f->pins = 0;
		if (f->owner == __self())
			continue;
		f->owner = NULL;
		f->depth = 0;
		f->lock = 0;
	}
}
