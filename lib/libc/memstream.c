/* SPDX-License-Identifier: BSD-2-Clause */
/* open_memstream(): a stream that is written into memory. */
#include <stdlib.h>

#include "lib/libc/stream.h"

#define FIRST_SIZE 128

FILE *
open_memstream(char **buf, size_t *size)
{
	FILE *f = __stream_create(-1, "w");

	if (f == NULL)
		return NULL;
	flockfile(f); /* fflush(NULL) of another thread may find it already */
	f->buf = malloc(FIRST_SIZE);
	if (f->buf == NULL) {
		funlockfile(f);
		__stream_unlist(f);
		__stream_free(f);
		return NULL;
	}
	f->size = FIRST_SIZE;
	f->pos = f->buf;
	f->end = f->buf + FIRST_SIZE - 1;
	f->mode = _IOFBF;
	f->writing = true;
	f->mem = buf;
	f->mem_size = size;
	__stream_flush(f);
	funlockfile(f);
	return f;
}
