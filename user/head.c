/* SPDX-License-Identifier: BSD-2-Clause */
/* head [-n lines | -c bytes] [file...]: the beginning of files. */
#include "user/cmd.h"

static const char usage[] = "head [-n lines | -c bytes] [file...]";

/* Copies until `n` lines or bytes have passed. */
static bool
head(FILE *f, long n, bool lines)
{
	int c;

	while (n > 0 && (c = getc(f)) != EOF) {
		putchar(c);
		if (!lines || c == '\n')
			n--;
	}
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
	bool lines = true;
	int status = 0, c, i;
	long n = 10;

	translate_old_option(argc, argv);
	while ((c = cmd_option(argc, argv, "n:c:", usage, 1)) != -1) {
		lines = c == 'n';
		n = cmd_number(optarg, 0, LONG_MAX);
	}
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";
		FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

		if (argc - optind > 1 && f != NULL)
			printf("%s==> %s <==\n", i > optind ? "\n" : "", name);
		if (f == NULL || !head(f, n, lines)) {
			warn("%s", name);
			status = 1;
		}
		if (f != NULL && f != stdin)
			fclose(f);
	}
	return cmd_finish(status);
}
