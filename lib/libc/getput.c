/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving bytes through streams: functions for whoever has locked the stream, and around them those
 * that lock it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/libc/stream.h"

int
fgetc_unlocked(FILE *f)
{
	if (f->reading && f->pos < f->end)
		return *f->pos++;
	if (__stream_start_reading(f) != 0 || __stream_fill(f) != 0)
		return EOF;
	return *f->pos++;
}

static int
unget(int c, FILE *f)
{
	if (c == EOF || __stream_start_reading(f) != 0 || f->pos == f->buf - UNGET)
		return EOF;
	f->pos--;
	if (*f->pos != (unsigned char)c) /* a string being scanned may be read-only */
		*f->pos = c;
	f->eof = false;
	return (unsigned char)c;
}

/* Takes up to n bytes that are in the buffer.  => returns how many; 0 at the end of the file. */
static size_t
take(FILE *f, void *buf, size_t n)
{
	size_t have;

	if (f->pos == f->end && __stream_fill(f) != 0)
		return 0;
	have = f->end - f->pos;
	if (n > have)
		n = have;
	memcpy(buf, f->pos, n);
	f->pos += n;
	return n;
}

size_t
fread_unlocked(void *buf, size_t size, size_t count, FILE *f)
{
	size_t want, done = 0, n;

	if (size == 0 || __builtin_mul_overflow(size, count, &want) ||
	    __stream_start_reading(f) != 0)
		return 0;
	for (; done < want; done += n) {
		n = take(f, (char *)buf + done, want - done);
		if (n == 0)
			break;
	}
	return done / size;
}

char *
fgets_unlocked(char *buf, int size, FILE *f)
{
	size_t room = size - 1, n;
	unsigned char *newline = NULL;
	char *p = buf;

	if (size <= 0 || __stream_start_reading(f) != 0)
		return NULL;
	for (; room > 0 && newline == NULL; room -= n) {
		if (f->pos == f->end && __stream_fill(f) != 0)
			break;
		n = f->end - f->pos;
		if (n > room)
			n = room;
		newline = memchr(f->pos, '\n', n);
		if (newline != NULL)
			n = newline + 1 - f->pos;
		p = mempcpy(p, f->pos, n);
		f->pos += n;
	}
	*p = 0;
	return p == buf || (f->error && newline == NULL) ? NULL : buf;
}

/* Makes *line at least `need` bytes long. */
static int
grow_line(char **line, size_t *size, size_t need)
{
	size_t new_size = *size > 0 ? *size : 128;
	char *p;

	if (*line != NULL && *size >= need)
		return 0;
	while (new_size < need)
		new_size *= 2;
	p = realloc(*line, new_size);
	if (p == NULL)
		return EOF;
	*line = p;
	*size = new_size;
	return 0;
}

static ssize_t
get_delimited(char **line, size_t *size, int delim, FILE *f)
{
	size_t used = 0;
	unsigned char *found = NULL;

	if (*line == NULL)
		*size = 0;
	if (__stream_start_reading(f) != 0)
		return -1;
	while (found == NULL) {
		size_t n;

		if (f->pos == f->end && __stream_fill(f) != 0)
			break;
		n = f->end - f->pos;
		found = memchr(f->pos, delim, n);
		if (found != NULL)
			n = found + 1 - f->pos;
		if (grow_line(line, size, used + n + 1) != 0)
			return -1;
		memcpy(*line + used, f->pos, n);
		f->pos += n;
		used += n;
	}
	if (used == 0)
		return -1;
	(*line)[used] = 0;
	return used;
}

int
fputc_unlocked(int c, FILE *f)
{
	if (__stream_start_writing(f) != 0)
		return EOF;
	if (f->pos == f->end && __stream_flush(f) != 0)
		return EOF;
	*f->pos++ = c;
	if (f->mode == _IONBF || (f->mode == _IOLBF && c == '\n'))
		if (__stream_flush(f) != 0)
			return EOF;
	return (unsigned char)c;
}

size_t
fwrite_unlocked(const void *buf, size_t size, size_t count, FILE *f)
{
	const unsigned char *p = buf;
	size_t left;

	if (size == 0 || __builtin_mul_overflow(size, count, &left) ||
	    __stream_start_writing(f) != 0)
		return 0;
	while (left > 0) {
		size_t n = f->end - f->pos;

		if (n > left)
			n = left;
		f->pos = mempcpy(f->pos, p, n);
		p += n;
		left -= n;
		if (f->pos == f->end && __stream_flush(f) != 0)
			return (size * count - left) / size;
	}
	if (f->mode == _IONBF || (f->mode == _IOLBF && memrchr(buf, '\n', size * count) != NULL))
		if (__stream_flush(f) != 0)
			return 0;
	return count;
}

int
fputs_unlocked(const char *s, FILE *f)
{
	size_t n = strlen(s);

	return n == 0 || fwrite_unlocked(s, 1, n, f) == n ? 0 : EOF;
}

int
fgetc(FILE *f)
{
	int result;

	flockfile(f);
	result = fgetc_unlocked(f);
	funlockfile(f);
	return result;
}

int
getc(FILE *f)
{
	return fgetc(f);
}

int
getc_unlocked(FILE *f)
{
	return fgetc_unlocked(f);
}

int
getchar(void)
{
	return fgetc(stdin);
}

int
getchar_unlocked(void)
{
	return fgetc_unlocked(stdin);
}

int
ungetc(int c, FILE *f)
{
	int result;

	flockfile(f);
	result = unget(c, f);
	funlockfile(f);
	return result;
}

size_t
fread(void *buf, size_t size, size_t count, FILE *f)
{
	size_t result;

	flockfile(f);
	result = fread_unlocked(buf, size, count, f);
	funlockfile(f);
	return result;
}

char *
fgets(char *buf, int size, FILE *f)
{
	char *result;

	flockfile(f);
	result = fgets_unlocked(buf, size, f);
	funlockfile(f);
	return result;
}

ssize_t
getdelim(char **line, size_t *size, int delim, FILE *f)
{
	ssize_t result;

	flockfile(f);
	result = get_delimited(line, size, delim, f);
	funlockfile(f);
	return result;
}

ssize_t
getline(char **line, size_t *size, FILE *f)
{
	return getdelim(line, size, '\n', f);
}

int
fputc(int c, FILE *f)
{
	int result;

	flockfile(f);
	result = fputc_unlocked(c, f);
	funlockfile(f);
	return result;
}

int
putc(int c, FILE *f)
{
	return fputc(c, f);
}

int
putc_unlocked(int c, FILE *f)
{
	return fputc_unlocked(c, f);
}

int
putchar(int c)
{
	return fputc(c, stdout);
}

int
putchar_unlocked(int c)
{
	return fputc_unlocked(c, stdout);
}

size_t
fwrite(const void *buf, size_t size, size_t count, FILE *f)
{
	size_t result;

	flockfile(f);
	result = fwrite_unlocked(buf, size, count, f);
	funlockfile(f);
	return result;
}

int
fputs(const char *s, FILE *f)
{
	int result;

	flockfile(f);
	result = fputs_unlocked(s, f);
	funlockfile(f);
	return result;
}

int
puts(const char *s)
{
	int result;

	flockfile(stdout);
	result = fputs_unlocked(s, stdout) == EOF ? EOF : fputc_unlocked('\n', stdout);
	funlockfile(stdout);
	return result == EOF ? EOF : 0;
}
