/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tail [-f] [-n [+]lines | -c [+]bytes] [file...]: the end of files; +n: from the n-th line or byte
 * on; -f: wait for more.
 *
 * The end is found in one pass that keeps the last part read: a ring of lines, or of bytes.
 */
#include "user/cmd.h"

static const char usage[] = "tail [-f] [-n [+]lines | -c [+]bytes] [file...]";
static bool follow, from_start, lines = true;
static long count = 10;

struct line {
	char *text;
	size_t size;
	ssize_t len;
};

/* Skips count - 1 lines or bytes and copies the rest. */
static void
copy_from(FILE *f)
{
	long skip = count - 1;
	int c;

	while (skip > 0 && (c = getc(f)) != EOF)
		if (!lines || c == '\n')
			skip--;
	while ((c = getc(f)) != EOF)
		putchar(c);
}

static void
copy_last_lines(FILE *f)
{
	struct line *ring = calloc(count, sizeof(*ring)), *l;
	unsigned long next = 0, i;
	ssize_t n;

	if (ring == NULL)
		err(1, NULL);
	for (;; next++) {
		l = &ring[next % count];
		n = getline(&l->text, &l->size, f);
		if (n < 0)
			break; /* the line that was in this place is still there */
		l->len = n;
	}
	for (i = next > (unsigned long)count ? next - count : 0; i < next; i++)
		fwrite(ring[i % count].text, 1, ring[i % count].len, stdout);
	for (i = 0; i < (unsigned long)count; i++)
		free(ring[i].text);
	free(ring);
}

static void
copy_last_bytes(FILE *f)
{
	char *ring = cmd_alloc(NULL, count);
	unsigned long next = 0, i;
	int c;

	while ((c = getc(f)) != EOF)
		ring[next++ % count] = c;
	for (i = next > (unsigned long)count ? next - count : 0; i < next; i++)
		putchar(ring[i % count]);
	free(ring);
}

static _Noreturn void
wait_for_more(FILE *f)
{
	int c;

	for (;;) {
		fflush(stdout);
		sleep(1);
		clearerr(f);
		while ((c = getc(f)) != EOF)
			putchar(c);
	}
}

static bool
tail(FILE *f)
{
	if (from_start)
		copy_from(f);
	else if (count > 0 && lines)
		copy_last_lines(f);
	else if (count > 0)
		copy_last_bytes(f);
	if (follow)
		wait_for_more(f);
	return !ferror(f);
}

/* "-5" is "-n 5". */
static void
translate_old_option(int argc, char *argv[])
{
	char *option;

	if (argc < 2 || argv[1][0] != '-' || !isdigit((unsigned char)argv[1][1]))
		return;
	if (asprintf(&option, "-n%s", argv[1] + 1) < 0)
		err(1, NULL);
	argv[1] = option;
}

int
main(int argc, char *argv[])
{
	int status = 0, c, i;

	translate_old_option(argc, argv);
	while ((c = cmd_option(argc, argv, "fn:c:", usage, 1)) != -1) {
		if (c == 'f') {
			follow = true;
			continue;
		}
		lines = c == 'n';
		from_start = *optarg == '+';
		count = cmd_number(*optarg == '-' ? optarg + 1 : optarg, 0, 1 << 24);
	}
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";
		FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

		if (argc - optind > 1 && f != NULL)
			printf("%s==> %s <==\n", i > optind ? "\n" : "", name);
		if (f == NULL || !tail(f)) {
			warn("%s", name);
			status = 1;
		}
		if (f != NULL && f != stdin)
			fclose(f);
	}
	return cmd_finish(status);
}
