/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * qsort() and bsearch(). Quicksort with the median of three as pivot, insertion sort for short
 * runs, and heapsort when the partitions turn out so uneven that quicksort would become quadratic:
 * O(n log n) always, no memory.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_RUN 8

typedef int compare_fn(const void *, const void *);

/* What every step needs to know of the array. */
struct array {
	size_t size; /* of an element */
	compare_fn *cmp;
};

static void
swap(const struct array *a, char *p, char *q)
{
	char tmp[64];
	size_t left = a->size, n;

	for (; left > 0; left -= n, p += n, q += n) {
		n = left < sizeof(tmp) ? left : sizeof(tmp);
		memcpy(tmp, p, n);
		memcpy(p, q, n);
		memcpy(q, tmp, n);
	}
}

static void
insertion_sort(const struct array *a, char *base, size_t count)
{
	char *end = base + count * a->size, *p, *q;

	for (p = base + a->size; p < end; p += a->size)
		for (q = p; q > base && a->cmp(q - a->size, q) > 0; q -= a->size)
			swap(a, q - a->size, q);
}

/* Moves element i down in the heap of n elements until its children are not larger. */
static void
sift_down(const struct array *a, char *base, size_t i, size_t n)
{
	size_t child;

	for (; (child = 2 * i + 1) < n; i = child) {
		char *c = base + child * a->size;

		if (child + 1 < n && a->cmp(c, c + a->size) < 0) {
			child++;
			c += a->size;
		}
		if (a->cmp(base + i * a->size, c) >= 0)
			return;
		swap(a, base + i * a->size, c);
	}
}

static void
heap_sort(const struct array *a, char *base, size_t count)
{
	size_t i;

	for (i = count / 2; i > 0; i--)
		sift_down(a, base, i - 1, count);
	for (i = count - 1; i > 0; i--) {
		swap(a, base, base + i * a->size);
		sift_down(a, base, 0, i);
	}
}

/* Puts the median of first, middle and last element at the front. */
static void
choose_pivot(const struct array *a, char *base, size_t count)
{
	char *mid = base + count / 2 * a->size, *last = base + (count - 1) * a->size;

	if (a->cmp(mid, last) > 0)
		swap(a, mid, last);
	if (a->cmp(base, mid) < 0)
		swap(a, base, mid);
	else if (a->cmp(base, last) > 0)
		swap(a, base, last);
}

/*
 * Moves smaller elements before larger ones.
 * => returns the index of the pivot, which is in its final place.
 */
static size_t
partition(const struct array *a, char *base, size_t count)
{
	char *low = base, *high = base + count * a->size;

	choose_pivot(a, base, count);
	for (;;) {
		do
			low += a->size;
		while (low < high && a->cmp(low, base) < 0);
		do
			high -= a->size;
		while (a->cmp(high, base) > 0);
		if (low >= high)
			break;
		swap(a, low, high);
	}
	swap(a, base, high);
	return (high - base) / a->size;
}

/* Sorts; `depth` is how often it may still cut in two.  => recurses into the smaller part only. */
static void
quick_sort(const struct array *a, char *base, size_t count, int depth)
{
	while (count > SHORT_RUN) {
		size_t pivot, above;

		if (depth-- == 0) {
			heap_sort(a, base, count);
			return;
		}
		pivot = partition(a, base, count);
		above = count - pivot - 1;
		if (pivot < above) {
			quick_sort(a, base, pivot, depth);
			base += (pivot + 1) * a->size;
			count = above;
		} else {
			quick_sort(a, base + (pivot + 1) * a->size, above, depth);
			count = pivot;
		}
	}
	insertion_sort(a, base, count);
}

void
qsort(void *base, size_t count, size_t size, compare_fn *cmp)
{
	struct array a = {size, cmp};

	if (count > 1 && size > 0)
		quick_sort(&a, base, count, 2 * (64 - __builtin_clzl(count)));
}

void *
bsearch(const void *key, const void *base, size_t count, size_t size, compare_fn *cmp)
{
	while (count > 0) {
		const char *mid = (const char *)base + count / 2 * size;
		int order = cmp(key, mid);

		if (order == 0)
			return (void *)mid;
		if (order > 0) {
			base = mid + size;
			count -= count / 2 + 1;
		} else {
			count /= 2;
		}
	}
	return NULL;
}
