/* SPDX-License-Identifier: BSD-2-Clause */
/* Positions in streams. */
#include <errno.h>
#include <unistd.h>

#include "lib/libc/stream.h"

static int
seek(FILE *f, off_t offset, int whence)
{
	if (whence == SEEK_CUR && f->reading)
		offset -= f->end - f->pos; /* the file is further on than the reader */
	if (__stream_flush(f) != 0 || lseek(f->fd, offset, whence) < 0)
		return -1;
	f->pos = f->end = f->buf;
	f->reading = f->writing = f->eof = false;
	return 0;
}

int
fseeko(FILE *f, off_t offset, int whence)
{
	int result;

	flockfile(f);
	result = seek(f, offset, whence);
	funlockfile(f);
	return result;
}

int
fseek(FILE *f, long offset, int whence)
{
	return fseeko(f, offset, whence);
}

static off_t
tell(FILE *f)
{
	off_t at = lseek(f->fd, 0, f->writing && f->append ? SEEK_END : SEEK_CUR);

	if (at < 0)
		return -1;
	return f->reading ? at - (f->end - f->pos) : f->writing ? at + (f->pos - f->buf) : at;
}

off_t
ftello(FILE *f)
{
	off_t at;

	flockfile(f);
	at = tell(f);
	funlockfile(f);
	return at;
}

long
ftell(FILE *f)
{
	return ftello(f);
}

void
rewind(FILE *f)
{
	fseeko(f, 0, SEEK_SET);
	f->error = false;
}

int
fgetpos(FILE *f, fpos_t *pos)
{
	*pos = ftello(f);
	return *pos < 0 ? -1 : 0;
}

int
fsetpos(FILE *f, const fpos_t *pos)
{
	return fseeko(f, *pos, SEEK_SET);
}
