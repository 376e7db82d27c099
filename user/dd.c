/* SPDX-License-Identifier: BSD-2-Clause */
/* dd [if=file] [of=file] [bs=n] [count=n] [skip=n] [seek=n] [conv=notrunc,fsync]: copy blocks. */
#include <fcntl.h>

#include "user/cmd.h"

static const char usage[] = "dd [if=file] [of=file] [bs=bytes] [count=blocks] [skip=blocks] "
			    "[seek=blocks] [conv=notrunc,fsync]";
static const char *input, *output;
static long block_size = 512, count = LONG_MAX, skip, seek;
static bool no_truncate, sync_file;

static void
parse_conversions(const char *s)
{
	char *copy = strdup(s), *rest = copy, *word;

	if (copy == NULL)
		err(1, NULL);
	while ((word = strsep(&rest, ",")) != NULL)
		if (strcmp(word, "notrunc") == 0)
			no_truncate = true;
		else if (strcmp(word, "fsync") == 0 || strcmp(word, "fdatasync") == 0)
			sync_file = true;
		else
			errx(1, "unknown conversion: '%s'", word);
	free(copy);
}

static void
parse_operand(const char *s)
{
	static const struct {
		const char *name;
		long *value;
	} numbers[] = {
	    {"bs=", &block_size}, {"count=", &count}, {"skip=", &skip}, {"seek=", &seek}};
	size_t i, n;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		n = strlen(numbers[i].name);
		if (strncmp(s, numbers[i].name, n) == 0) {
			*numbers[i].value = cmd_number(s + n, 0, LONG_MAX);
			return;
		}
	}
	if (strncmp(s, "if=", 3) == 0)
		input = s + 3;
	else if (strncmp(s, "of=", 3) == 0)
		output = s + 3;
	else if (strncmp(s, "conv=", 5) == 0)
		parse_conversions(s + 5);
	else
		errx(1, "unknown operand: '%s'", s);
}

/* Skips blocks of the input: by seeking, or by reading where that is impossible. */
static void
skip_input(int in, char *buf)
{
	if (skip == 0 || lseek(in, skip * block_size, SEEK_CUR) >= 0)
		return;
	for (; skip > 0; skip--)
		if (read(in, buf, block_size) <= 0)
			return;
}

int
main(int argc, char *argv[])
{
	int in = STDIN_FILENO, out = STDOUT_FILENO;
	unsigned long full = 0, partial = 0, bytes = 0;
	ssize_t n = 0;
	char *buf;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	for (; optind < argc; optind++)
		parse_operand(argv[optind]);
	if (block_size == 0)
		errx(1, "bs must not be 0");
	buf = cmd_alloc(NULL, block_size);
	if (input != NULL && (in = open(input, O_RDONLY)) < 0)
		err(1, "%s", input);
	if (output != NULL &&
	    (out = open(
		 output, O_WRONLY | O_CREAT | (no_truncate || seek > 0 ? 0 : O_TRUNC), 0666)) < 0)
		err(1, "%s", output);
	skip_input(in, buf);
	if (seek > 0 && !no_truncate && ftruncate(out, seek * block_size) < 0)
		err(1, "%s", output != NULL ? output : "output");
	if (seek > 0 && lseek(out, seek * block_size, SEEK_CUR) < 0)
		err(1, "%s", output != NULL ? output : "output");
	for (; count > 0 && (n = read(in, buf, block_size)) > 0; count--) {
		if (!cmd_write(out, buf, n))
			err(1, "error writing");
		*(n == block_size ? &full : &partial) += 1;
		bytes += n;
	}
	if (n < 0)
		err(1, "error reading");
	if (sync_file && fsync(out) < 0)
		err(1, "fsync");
	fprintf(stderr, "%lu+%lu blocks, %lu bytes copied\n", full, partial, bytes);
	return 0;
}
