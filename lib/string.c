/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and strings, for the kernel and the C library (prototypes: <string.h>).
 *
 * The memory routines work a machine word (8 bytes) at a time. memcpy() aligns the destination
 * first; when the source then is not aligned, it loads aligned source words and puts each
 * destination word together from two:
 *
 *	source words    |   w0  ..AA|BBBBBB..  w1   |
 *	destination     |AABBBBBB|                        (w0 >> 48 | w1 << 16)
 *
 * Unaligned loads would be simpler, but on some harts they trap to firmware, hundreds of cycles
 * each. The aligned loads may touch up to 7 bytes beside the source, never another page.
 *
 * The string routines are plain byte loops: strings here are short.
 */
#include <stdint.h>
#include <string.h>

#define WORD           sizeof(word_t)
#define WORD_OFFSET(p) ((uintptr_t)(p) % WORD)
#define ONES           0x0101010101010101UL
#define HIGHS          0x8080808080808080UL

/* Any object may be read through this type. */
typedef unsigned long __attribute__((may_alias)) word_t;

/*
 * Is one of the bytes of w zero?  The lowest such byte, and none below it, gets its high bit set.
 */
static int
has_zero_byte(word_t w)
{
	return ((w - ONES) & ~w & HIGHS) != 0;
}

/* Copies words upwards.  => dst and src aligned. */
static void
copy_words(word_t *dst, const word_t *src, size_t n)
{
	for (; n >= 8; n -= 8, dst += 8, src += 8) {
		word_t a = src[0], b = src[1], c = src[2], d = src[3];
		word_t e = src[4], f = src[5], g = src[6], h = src[7];

		dst[0] = a;
		dst[1] = b;
		dst[2] = c;
		dst[3] = d;
		dst[4] = e;
		dst[5] = f;
		dst[6] = g;
		dst[7] = h;
	}
	while (n-- > 0)
		*dst++ = *src++;
}

/* The same with src off by 1..7 bytes: each word is made of two.  => dst aligned, n > 0. */
static void
copy_words_shifted(word_t *dst, const unsigned char *src, size_t n)
{
	unsigned low = 8 * WORD_OFFSET(src), high = 64 - low;
	const word_t *from = (const word_t *)(src - WORD_OFFSET(src));
	word_t cur = *from++;

	while (n-- > 0) {
		word_t next = *from++;

		*dst++ = cur >> low | next << high;
		cur = next;
	}
}

/* Copies n bytes upwards. Bytes are loaded before anything is stored at their address, so the
 * source may overlap the destination from above. */
static void
copy_up(unsigned char *dst, const unsigned char *src, size_t n)
{
	if (n >= 2 * WORD) {
		size_t words;

		for (; WORD_OFFSET(dst) != 0; n--)
			*dst++ = *src++;
		words = n / WORD;
		if (WORD_OFFSET(src) == 0)
			copy_words((word_t *)dst, (const word_t *)src, words);
		else
			copy_words_shifted((word_t *)dst, src, words);
		dst += words * WORD;
		src += words * WORD;
		n %= WORD;
	}
	while (n-- > 0)
		*dst++ = *src++;
}

/* Copies from the high end downwards, by words where both ends can be aligned. */
static void
copy_down(unsigned char *dst, const unsigned char *src, size_t n)
{
	if (WORD_OFFSET(dst) == WORD_OFFSET(src)) {
		for (; n > 0 && WORD_OFFSET(dst + n) != 0; n--)
			dst[n - 1] = src[n - 1];
		for (; n >= WORD; n -= WORD)
			*(word_t *)(dst + n - WORD) = *(const word_t *)(src + n - WORD);
	}
	for (; n > 0; n--)
		dst[n - 1] = src[n - 1];
}

void *
memcpy(void *dst, const void *src, size_t n)
{
	copy_up(dst, src, n);
	return dst;
}

void *
memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n) /* below src, or behind its end */
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

void *
memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;

	if (n >= 2 * WORD) {
		word_t pattern = ONES * (unsigned char)c;
		word_t *w;

		for (; WORD_OFFSET(d) != 0; n--)
			*d++ = c;
		for (w = (word_t *)d; n >= 8 * WORD; n -= 8 * WORD, w += 8) {
			w[0] = pattern;
			w[1] = pattern;
			w[2] = pattern;
			w[3] = pattern;
			w[4] = pattern;
			w[5] = pattern;
			w[6] = pattern;
			w[7] = pattern;
		}
		for (; n >= WORD; n -= WORD)
			*w++ = pattern;
		d = (unsigned char *)w;
	}
	while (n-- > 0)
		*d++ = c;
	return dst;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	if (WORD_OFFSET(p) == WORD_OFFSET(q)) {
		for (; n > 0 && WORD_OFFSET(p) != 0 && *p == *q; n--, p++, q++)
			;
		if (WORD_OFFSET(p) == 0)
			for (; n >= WORD && *(const word_t *)p == *(const word_t *)q; n -= WORD) {
				p += WORD;
				q += WORD;
			}
	}
	for (; n > 0; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *
memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;
	word_t pattern = ONES * (unsigned char)c;

	for (; n > 0 && WORD_OFFSET(p) != 0; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	for (; n >= WORD && !has_zero_byte(*(const word_t *)p ^ pattern); n -= WORD)
		p += WORD;
	for (; n > 0; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

void *
memrchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	while (n-- > 0)
		if (p[n] == (unsigned char)c)
			return (void *)(p + n);
	return NULL;
}

void *
memmem(const void *hay, size_t hay_len, const void *needle, size_t needle_len)
{
	const unsigned char *h = hay, *end = h + hay_len;

	if (needle_len == 0)
		return (void *)hay;
	while ((size_t)(end - h) >= needle_len) {
		h = memchr(h, *(const unsigned char *)needle, end - h - needle_len + 1);
		if (h == NULL)
			return NULL;
		if (memcmp(h, needle, needle_len) == 0)
			return (void *)h;
		h++;
	}
	return NULL;
}

void *
mempcpy(void *dst, const void *src, size_t n)
{
	return (char *)memcpy(dst, src, n) + n;
}

size_t
strlen(const char *s)
{
	const char *p = s;

	for (; WORD_OFFSET(p) != 0; p++)
		if (*p == 0)
			return p - s;
	while (!has_zero_byte(*(const word_t *)p))
		p += WORD;
	while (*p != 0)
		p++;
	return p - s;
}

size_t
strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, 0, max);

	return end != NULL ? (size_t)(end - s) : max;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != 0 && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0 && *a != 0 && *a == *b; n--) {
		a++;
		b++;
	}
	return n == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

char *
stpcpy(char *dst, const char *src)
{
	while ((*dst = *src++) != 0)
		dst++;
	return dst;
}

char *
strcpy(char *dst, const char *src)
{
	stpcpy(dst, src);
	return dst;
}

char *
strncpy(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);

	memcpy(dst, src, len);
	memset(dst + len, 0, n - len);
	return dst;
}

char *
strcat(char *dst, const char *src)
{
	stpcpy(dst + strlen(dst), src);
	return dst;
}

char *
strncat(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);
	char *end = mempcpy(dst + strlen(dst), src, len);

	*end = 0;
	return dst;
}

size_t
strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size > 0) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = 0;
	}
	return len;
}

size_t
strlcat(char *dst, const char *src, size_t size)
{
	size_t used = strnlen(dst, size);

	return used + strlcpy(dst + used, src, size - used);
}

char *
strchrnul(const char *s, int c)
{
	while (*s != 0 && *s != (char)c)
		s++;
	return (char *)s;
}

char *
strchr(const char *s, int c)
{
	s = strchrnul(s, c);
	return *s == (char)c ? (char *)s : NULL;
}

char *
strrchr(const char *s, int c)
{
	return memrchr(s, c, strlen(s) + 1);
}

char *
strstr(const char *hay, const char *needle)
{
	return memmem(hay, strlen(hay), needle, strlen(needle));
}

size_t
strspn(const char *s, const char *accept)
{
	const char *p = s;

	while (*p != 0 && strchr(accept, *p) != NULL)
		p++;
	return p - s;
}

size_t
strcspn(const char *s, const char *reject)
{
	const char *p = s;

	while (*p != 0 && strchr(reject, *p) == NULL)
		p++;
	return p - s;
}

char *
strpbrk(const char *s, const char *accept)
{
	s += strcspn(s, accept);
	return *s != 0 ? (char *)s : NULL;
}

char *
strsep(char **rest, const char *delim)
{
	char *token = *rest, *end;

	if (token == NULL)
		return NULL;
	end = strpbrk(token, delim);
	if (end != NULL)
		*end++ = 0;
	*rest = end;
	return token;
}

char *
strtok_r(char *s, const char *delim, char **rest)
{
	if (s == NULL)
		s = *rest;
	if (s != NULL)
		s += strspn(s, delim);
	if (s == NULL || *s == 0) {
		*rest = NULL;
		return NULL;
	}
	*rest = s;
	return strsep(rest, delim);
}
