/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core of stdio: buffers, opening, closing. stream.h has the picture; the functions that move
 * bytes are in getput.c, seeking in seek.c, formatted output and input in printf.c and scanf.c.
 *
 * stdout is line buffered on a terminal and fully buffered elsewhere, which is decided at the first
 * byte; stderr is not buffered. Before a stream waits for input, a line buffered stdout is written
 * out: a prompt is seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/libc/libc.h"
#include "lib/libc/stream.h"

static unsigned char in_buf[UNGET + BUFSIZ], out_buf[BUFSIZ];
static struct stream err_stream = {.fd = 2, .can_write = true, .mode = _IONBF, .is_static = true};
static struct stream out_stream = {.fd = 1,
    .can_write = true,
    .mode = -1,
    .buf = out_buf,
    .size = sizeof(out_buf),
    .is_static = true,
    .next = &err_stream};
static struct stream in_stream = {.fd = 0,
    .can_read = true,
    .mode = -1,
    .buf = in_buf + UNGET,
    .size = BUFSIZ,
    .pos = in_buf + UNGET,
    .end = in_buf + UNGET,
    .is_static = true,
    .next = &out_stream};

FILE *stdin = &in_stream;
FILE *stdout = &out_stream;
FILE *stderr = &err_stream;
struct stream *__streams = &in_stream;

/*
 * Gives f a buffer if it has none.
 * => an unbuffered stream gets room for one byte; false: no memory.
 */
static bool
get_buffer(FILE *f)
{
	size_t size = f->mode == _IONBF ? 1 : BUFSIZ;
	unsigned char *p;

	if (f->size != 0)
		return true;
	p = malloc(UNGET + size);
	if (p == NULL)
		return false;
	f->buf = f->pos = f->end = p + UNGET;
	f->size = size;
	f->own_buf = true;
	return true;
}

/* Writes n bytes to the file, however many calls that takes. */
static int
write_all(FILE *f, const unsigned char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(f->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			f->error = true;
			return EOF;
		}
		p += done;
		n -= done;
	}
	return 0;
}

/* open_memstream: the buffer is the result; it grows, and the caller's variables follow. */
static int
flush_to_memory(FILE *f)
{
	size_t used = f->pos - f->buf;
	unsigned char *p;

	if (f->pos == f->end) {
		p = realloc(f->buf, f->size * 2);
		if (p == NULL) {
			f->error = true;
			return EOF;
		}
		f->buf = p;
		f->size *= 2;
		f->pos = p + used;
		f->end = p + f->size - 1; /* room for the 0 */
	}
	*f->pos = 0;
	*f->mem = (char *)f->buf;
	*f->mem_size = used;
	return 0;
}

int
__stream_flush(FILE *f)
{
	size_t n = f->pos - f->buf;

	if (!f->writing)
		return 0;
	if (f->mem != NULL)
		return flush_to_memory(f);
	f->pos = f->buf; /* what cannot be written is dropped, or the stream would be stuck */
	return write_all(f, f->buf, n);
}

int
__stream_start_reading(FILE *f)
{
	if (f->reading)
		return 0;
	if (!f->can_read) {
		errno = EBADF;
		f->error = true;
		return EOF;
	}
	if (__stream_flush(f) != 0 || !get_buffer(f))
		return EOF;
	f->writing = false;
	f->reading = true;
	f->pos = f->end = f->buf;
	return 0;
}

int
__stream_start_writing(FILE *f)
{
	if (f->writing)
		return 0;
	if (!f->can_write) {
		errno = EBADF;
		f->error = true;
		return EOF;
	}
	if (f->reading && f->pos != f->end)
		lseek(f->fd, f->pos - f->end, SEEK_CUR); /* to where the reader stands */
	if (f->mode == -1)
		f->mode = isatty(f->fd) ? _IOLBF : _IOFBF;
	if (!get_buffer(f))
		return EOF;
	f->reading = false;
	f->writing = true;
	f->pos = f->buf;
	f->end = f->buf + f->size;
	return 0;
}

int
__stream_fill(FILE *f)
{
	ssize_t n;

	if (f->fd < 0) {
		f->eof = true;
		return EOF;
	}
	if (stdout->mode == _IOLBF && ftrylockfile(stdout) == 0) {
		__stream_flush(stdout);
		funlockfile(stdout);
	}
	do
		n = read(f->fd, f->buf, f->size);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		f->eof = n == 0;
		f->error = n < 0;
		return EOF;
	}
	f->pos = f->buf;
	f->end = f->buf + n;
	return 0;
}

int
__stream_flags(const char *mode)
{
	int flags = strchr(mode, '+') != NULL ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

	if (strchr(mode, 'e') != NULL)
		flags |= O_CLOEXEC;
	if (strchr(mode, 'x') != NULL)
		flags |= O_EXCL;
	switch (*mode) {
	case 'r':
		return flags;
	case 'w':
		return flags | O_CREAT | O_TRUNC;
	case 'a':
		return flags | O_CREAT | O_APPEND;
	default:
		errno = EINVAL;
		return -1;
	}
}

FILE *
__stream_create(int fd, const char *mode)
{
	int flags = __stream_flags(mode);
	FILE *f;

	if (flags < 0)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->fd = fd;
	f->can_read = (flags & O_ACCMODE) != O_WRONLY;
	f->can_write = (flags & O_ACCMODE) != O_RDONLY;
	f->append = (flags & O_APPEND) != 0;
	f->mode = -1;
	__stream_list(f);
	return f;
}

void
__stream_free(FILE *f)
{
	if (f->own_buf)
		free(f->buf - UNGET);
	if (!f->is_static)
		free(f);
}

FILE *
fopen(const char *path, const char *mode)
{
	int flags = __stream_flags(mode), fd;
	FILE *f;

	if (flags < 0)
		return NULL;
	fd = open(path, flags, 0666);
	if (fd < 0)
		return NULL;
	f = __stream_create(fd, mode);
	if (f == NULL)
		close(fd);
	return f;
}

FILE *
fdopen(int fd, const char *mode)
{
	return fcntl(fd, F_GETFD) < 0 ? NULL : __stream_create(fd, mode);
}

/* The new file takes the old one's number, as everybody expects of freopen(path, "w", stdout). */
FILE *
freopen(const char *path, const char *mode, FILE *f)
{
	int flags = __stream_flags(mode), fd;

	flockfile(f);
	__stream_flush(f);
	fd = flags < 0 || path == NULL ? -1 : open(path, flags, 0666);
	if (fd < 0) {
		funlockfile(f);
		fclose(f);
		return NULL;
	}
	if (fd != f->fd) {
		dup3(fd, f->fd, flags & O_CLOEXEC);
		close(fd);
	}
	f->can_read = (flags & O_ACCMODE) != O_WRONLY;
	f->can_write = (flags & O_ACCMODE) != O_RDONLY;
	f->append = (flags & O_APPEND) != 0;
	f->reading = f->writing = f->eof = f->error = false;
	f->pos = f->end = f->buf;
	funlockfile(f);
	return f;
}

static int
flush_one(FILE *f)
{
	if (f->reading && f->fd >= 0 && f->pos != f->end) {
		lseek(f->fd, f->pos - f->end, SEEK_CUR);
		f->pos = f->end;
	}
	return __stream_flush(f);
}

int
fflush(FILE *f)
{
	int result;

	if (f == NULL)
		return __streams_flush();
	flockfile(f);
	result = flush_one(f);
	funlockfile(f);
	return result;
}

void
__stdio_exit(void)
{
	fflush(NULL);
}

int
fclose(FILE *f)
{
	int result;

	__stream_unlist(f);
	flockfile(f);
	result = flush_one(f);
	if (f->fd >= 0 && close(f->fd) < 0)
		result = EOF;
	funlockfile(f);
	__stream_free(f);
	return result;
}

static void
set_buffer(FILE *f, char *buf, int mode, size_t size)
{
	f->mode = mode;
	if (f->reading || f->writing || (buf == NULL && mode != _IONBF))
		return;
	if (f->own_buf)
		free(f->buf - UNGET);
	f->own_buf = false;
	f->size = 0;
	if (mode != _IONBF && size > UNGET) {
		f->buf = f->pos = f->end = (unsigned char *)buf + UNGET;
		f->size = size - UNGET;
	}
}

int
setvbuf(FILE *f, char *buf, int mode, size_t size)
{
	if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF) {
		errno = EINVAL;
		return EOF;
	}
	flockfile(f);
	set_buffer(f, buf, mode, size);
	funlockfile(f);
	return 0;
}

void
setbuf(FILE *f, char *buf)
{
	setvbuf(f, buf, buf != NULL ? _IOFBF : _IONBF, BUFSIZ);
}

void
setlinebuf(FILE *f)
{
	setvbuf(f, NULL, _IOLBF, 0);
}

int
fileno(FILE *f)
{
	if (f->fd >= 0)
		return f->fd;
	errno = EBADF;
	return -1;
}

int
feof(FILE *f)
{
	return f->eof;
}

int
ferror(FILE *f)
{
	return f->error;
}

void
clearerr(FILE *f)
{
	f->eof = f->error = false;
}
