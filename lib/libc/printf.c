/* SPDX-License-Identifier: BSD-2-Clause */
/* The printf family: lib/fmt.c with a destination. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fmt.h"
#include "lib/libc/fmt_float.h"
#include "lib/libc/stream.h"

/* fmt says -1 when the length does not fit an int. */
static int
checked(int n)
{
	if (n < 0)
		errno = EOVERFLOW;
	return n;
}

static void
put_stream(void *arg, char c)
{
	fputc_unlocked(c, arg);
}

/* An unbuffered stream gets a buffer for the time of the call: one write for each message. */
static int
print_unbuffered(FILE *f, const char *fmt, va_list ap)
{
	unsigned char buf[256];
	struct stream tmp = *f;
	int n;

	tmp.buf = tmp.pos = buf;
	tmp.size = sizeof(buf);
	tmp.end = buf + sizeof(buf);
	tmp.writing = true;
	tmp.mode = _IOFBF;
	n = fmt_vformat_fp(put_stream, &tmp, fmt, ap, fmt_float);
	__stream_flush(&tmp);
	f->error |= tmp.error;
	return n;
}

static int
print(FILE *f, const char *fmt, va_list ap)
{
	bool had_error = f->error, failed;
	int n;

	if (__stream_start_writing(f) != 0)
		return -1;
	f->error = false;
	if (f->mode == _IONBF)
		n = print_unbuffered(f, fmt, ap);
	else
		n = fmt_vformat_fp(put_stream, f, fmt, ap, fmt_float);
	failed = f->error;
	f->error |= had_error;
	return failed ? -1 : checked(n);
}

int
vfprintf(FILE *f, const char *fmt, va_list ap)
{
	int n;

	flockfile(f);
	n = print(f, fmt, ap);
	funlockfile(f);
	return n;
}

int
vprintf(const char *fmt, va_list ap)
{
	return vfprintf(stdout, fmt, ap);
}

int
vdprintf(int fd, const char *fmt, va_list ap)
{
	struct stream f = {.fd = fd, .can_write = true};
	int n = print_unbuffered(&f, fmt, ap);

	return f.error ? -1 : checked(n);
}

int
vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return checked(fmt_vsnprintf_fp(buf, size, fmt, ap, fmt_float));
}

int
vsprintf(char *buf, const char *fmt, va_list ap)
{
	return vsnprintf(buf, INT_MAX, fmt, ap);
}

int
vasprintf(char **out, const char *fmt, va_list ap)
{
	va_list copy;
	int n;

	va_copy(copy, ap);
	n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	*out = n < 0 ? NULL : malloc(n + 1);
	return *out == NULL ? -1 : vsnprintf(*out, n + 1, fmt, ap);
}

int
printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	return n;
}

int
fprintf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	return n;
}

int
dprintf(int fd, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(fd, fmt, ap);
	va_end(ap);
	return n;
}

int
snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int
sprintf(char *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsprintf(buf, fmt, ap);
	va_end(ap);
	return n;
}

int
asprintf(char **out, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(out, fmt, ap);
	va_end(ap);
	return n;
}
