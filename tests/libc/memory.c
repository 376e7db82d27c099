/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and strings: malloc, the word-wise copies, qsort. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "tests/libc/check.h"

static uint64_t seed = 88172645463325252;

static uint64_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Byte by byte, so that there is something to compare with. */
static void
slow_move(unsigned char *dst, const unsigned char *src, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		size_t at = dst < src ? i : n - 1 - i;

		dst[at] = src[at];
	}
}

static void
copies_of_every_alignment(void)
{
	static unsigned char a[400], b[400];
	int round, i;

	for (i = 0; i < 400; i++)
		a[i] = b[i] = next_random();
	for (round = 0; round < 20000; round++) {
		size_t dst = next_random() % 200, src = next_random() % 200,
		       n = next_random() % (round % 3 ? 40 : 200);

		if (round % 4 == 3) {
			memset(a + dst, round, n);
			for (i = 0; i < (int)n; i++)
				b[dst + i] = round;
		} else {
			memmove(a + dst, a + src, n);
			slow_move(b + dst, b + src, n);
		}
		if (memcmp(a, b, sizeof(a)) != 0) {
			CHECK(!"the copies differ");
			return;
		}
	}
}

static void
searches(void)
{
	char text[64] = "the quick brown fox jumps over the lazy dog";
	int from;

	for (from = 0; from < 9; from++) {
		const char *s = text + from;

		CHECK(strlen(s) == (size_t)(43 - from));
		CHECK(memchr(s, 'z', 40) == strchr(s, 'z') && strchr(s, 'z') == text + 37);
		CHECK(memchr(s, 'q', from < 5 ? 4 - from : 0) == NULL);
	}
	CHECK(strstr(text, "lazy") == text + 35 && strstr(text, "lazyx") == NULL &&
	    strstr(text, "") == text);
	CHECK(strrchr(text, 'o') == text + 41 && strrchr(text, 0) == text + 43);
	CHECK(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4);
	CHECK(
	    memcmp("\x80", "\x01", 1) > 0 && strcmp("a", "b") < 0 && strncmp("abc", "abd", 2) == 0);
}

static void
cutting_copies(void)
{
	char buf[6], *rest = buf, *token;

	CHECK(strlcpy(buf, "abcdefgh", sizeof(buf)) == 8);
	CHECK_STR("abcde", buf);
	buf[2] = 0;
	CHECK(strlcat(buf, "xyz1", sizeof(buf)) == 6);
	CHECK_STR("abxyz", buf);
	strcpy(buf, "a,,b");
	token = strsep(&rest, ",");
	CHECK_STR("a", token);
	token = strsep(&rest, ",");
	CHECK_STR("", token);
	token = strsep(&rest, ",");
	CHECK(strcmp(token, "b") == 0 && rest == NULL);
}

#define BLOCKS 200

/* Random allocation; every block is full of its own byte, so any overlap shows. */
static void
malloc_keeps_blocks_apart(void)
{
	static unsigned char *block[BLOCKS], tag[BLOCKS];
	static size_t size[BLOCKS];
	int round, i;
	size_t k;

	for (round = 0; round < 60000; round++) {
		i = next_random() % BLOCKS;
		for (k = 0; block[i] != NULL && k < size[i]; k++)
			if (block[i][k] != tag[i]) {
				CHECK(!"a block was overwritten");
				return;
			}
		if (block[i] != NULL && round % 3 != 0) {
			free(block[i]);
			block[i] = NULL;
			continue;
		}
		size[i] = next_random() %
		    (round % 100 == 0         ? 300000
			    : round % 10 == 0 ? 5000
					      : 200);
		block[i] = realloc(block[i], size[i]);
		CHECK(block[i] != NULL && (uintptr_t)block[i] % 16 == 0);
		tag[i] = next_random();
		memset(block[i], tag[i], size[i]);
	}
	for (i = 0; i < BLOCKS; i++)
		free(block[i]);
}

static void
malloc_gives_memory_back(void)
{
	char *before = sbrk(0);
	void *p[100];
	int i;

	for (i = 0; i < 100; i++)
		p[i] = malloc(50000);
	for (i = 0; i < 100; i++)
		free(p[i]);
	CHECK((char *)sbrk(0) - before < 512 * 1024);
}

static void
malloc_edges(void)
{
	void *p = NULL;

	CHECK((errno = 0, malloc(SIZE_MAX)) == NULL && errno == ENOMEM);
	CHECK(calloc((size_t)1 << 33, (size_t)1 << 33) == NULL);
	CHECK(posix_memalign(&p, 3, 10) == EINVAL);
	CHECK(posix_memalign(&p, 4096, 10) == 0 && (uintptr_t)p % 4096 == 0);
	free(p);
	free(NULL);
}

static int
by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static void
qsort_of_any_order(void)
{
	static int v[5000];
	int kind, n, i;

	for (kind = 0; kind < 5; kind++)
		for (n = 0; n <= 5000; n = n * 2 + 1) {
			long sum = 0;

			for (i = 0; i < n; i++) {
				v[i] = kind == 0 ? i
				    : kind == 1  ? -i
				    : kind == 2  ? i % 3
				    : kind == 3  ? i ^ 0x555
						 : (int)next_random();
				sum += v[i];
			}
			qsort(v, n, sizeof(*v), by_value);
			for (i = 0; i < n; i++) {
				sum -= v[i];
				CHECK(i == 0 || v[i - 1] <= v[i]);
			}
			CHECK(sum == 0);
		}
	i = v[77];
	CHECK(*(int *)bsearch(&i, v, 100, sizeof(*v), by_value) == i);
}

int
main(void)
{
	RUN(copies_of_every_alignment);
	RUN(searches);
	RUN(cutting_copies);
	RUN(malloc_keeps_blocks_apart);
	RUN(malloc_gives_memory_back);
	RUN(malloc_edges);
	RUN(qsort_of_any_order);
	return check_failures != 0;
}
