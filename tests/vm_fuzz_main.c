/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fuzzer without libFuzzer: replays files, or runs inputs made of random bytes.
 *
 *      vm_replay FILE...       these inputs; a single one with each operation printed
 *      vm_replay -r N          N random inputs, seeds 1 to N
 *      vm_replay -t SECONDS    random inputs for so long
 *      vm_replay -s SEED       the one random input of that seed (what a failure names), each operation printed
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm_fuzz.h"

#define INPUT_MAX 512u

static char running[300]; /* what to say if it fails */

static void
on_abort(int sig)
{
	if (write(STDERR_FILENO, running, strlen(running)) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Sanitizer findings take the same way as panics. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "abort_on_error=1";
}

static void
run_random(unsigned long seed)
{
	uint8_t input[INPUT_MAX];
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	size_t size;

	snprintf(running, sizeof(running), "input: -s %lu\n", seed);
	for (size_t i = 0; i < INPUT_MAX; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		input[i] = (uint8_t)(x >> 24);
	}
	/* Most with plenty of memory. */
	if (seed % 4 != 0)
		input[0] &= (uint8_t)~4;
	size = 40 + x % (INPUT_MAX - 40);
	LLVMFuzzerTestOneInput(input, size);
}

static int
run_file(const char *path)
{
	uint8_t input[4096];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (f == NULL) {
		perror(path);
		return 1;
	}
	size = fread(input, 1, sizeof(input), f);
	fclose(f);
	snprintf(running, sizeof(running), "input: %s\n", path);
	LLVMFuzzerTestOneInput(input, size);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned long n = argc == 3 ? strtoul(argv[2], NULL, 0) : 0, done = 0;
	time_t end = time(NULL) + (time_t)n;
	int error = 0;

	signal(SIGABRT, on_abort);
	if (argc == 3 && strcmp(argv[1], "-s") == 0) {
		vm_fuzz_trace = true;
		run_random(n);
	} else if (argc == 3 && strcmp(argv[1], "-r") == 0) {
		while (done < n)
			run_random(++done);
		printf("%lu random inputs\n", done);
	} else if (argc == 3 && strcmp(argv[1], "-t") == 0) {
		srand((unsigned)time(NULL));
		while (time(NULL) < end)
			run_random((unsigned long)rand());
	} else {
		vm_fuzz_trace = argc == 2;
		for (int i = 1; i < argc; i++)
			error |= run_file(argv[i]);
		printf("%d inputs\n", argc - 1);
	}
	return error;
}
