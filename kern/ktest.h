/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests inside the kernel: what a program cannot ask and a host build has not got, the real page
 * tables, TLBs, locks and scheduler.
 *
 *      boot argument ktest[=pattern] --> ktest_main() --> a kernel thread for each test
 *                                    --> a line each on the console, then power off: 0 or 1
 *
 * A test is a function that KTEST() defines and puts into the table; its name is its question.
 * It runs alone, in a thread of its own that may sleep, and leaves nothing behind: the pages and
 * zone items in use are compared around it.
 */
#ifndef KERN_KTEST_H
#define KERN_KTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/annot.h"

struct ktest {
	const char *name;
	void (*run)(void);
};

#define KTEST(test)                                                                                \
	static void test(void);                                                                    \
	static const struct ktest entry_##test                                                     \
	    __attribute__((section(".ktest"), used)) = {#test, test};                              \
	static void test(void)

/* Is it so?  If not the test fails, and goes on.  Its value is that of the condition. */
#define KT_EXPECT(cond) ((cond) ? true : (ktest_failed(__FILE__, __LINE__, #cond), false))

/* => a test, or a thread that it spawned. */
void ktest_failed(const char *file, int line, const char *what);

/* Run fn(arg) in a kernel thread; ktest_join() waits for all of them.  => only in a test. */
void ktest_spawn(void (*fn)(void *arg), void *arg);
void ktest_join(void);

/* A number below n, of a sequence that is the same in each run.  => any context. */
uint32_t ktest_random(uint32_t n);

/* Take all pages but `left` that an ordinary allocation can get, and give them back.
 * => only in a test. */
void ktest_hoard(uint64_t left);
void ktest_unhoard(void);

/* ktest=PATTERN was given: the tests whose name contains it; NULL: `ktest`, all.  => boot. */
void ktest_want(const char *pattern);
/* Run them if they are wanted, and power off.  => process 1, all harts run. */
void ktest_main(void);

#endif
