/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of the C library: programs for riscv64 that run on the host under qemu-riscv64 (and on
 * Umbra). Each test is a function named by its question; the result lines are those of cmocka,
 * which the tools count.
 */
#ifndef TESTS_LIBC_CHECK_H
#define TESTS_LIBC_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool check_failed;
static int check_failures;

#define CHECK(cond)          check_that(cond, #cond, __FILE__, __LINE__)
#define CHECK_STR(want, got) check_string(want, got, __FILE__, __LINE__)
#define RUN(test)            check_run(#test, test)

static inline void
check_that(bool holds, const char *cond, const char *file, int line)
{
	if (holds)
		return;
	printf("%s:%d: not so: %s\n", file, line, cond);
	check_failed = true;
}

static inline void
check_string(const char *want, const char *got, const char *file, int line)
{
	if (strcmp(want, got) == 0)
		return;
	printf("%s:%d: \"%s\" instead of \"%s\"\n", file, line, got, want);
	check_failed = true;
}

static inline void
check_run(const char *name, void (*test)(void))
{
	check_failed = false;
	test();
	printf("[  %s ] %s\n", check_failed ? "FAILED" : "     OK", name);
	check_failures += check_failed;
}

#endif
