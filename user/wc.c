/* SPDX-License-Identifier: BSD-2-Clause */
/* wc [-clwm] [file...]: count lines, words and bytes. */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/cmd.h"

struct counts {
	unsigned long lines, words, bytes;
};

static const char usage[] = "wc [-clmw] [file...]";
static bool lines, words, bytes;
static int width; /* of the numbers */

static void
print(const struct counts *c, const char *name)
{
	const char *gap = "";

	if (lines) {
		printf("%*lu", width, c->lines);
		gap = " ";
	}
	if (words) {
		printf("%s%*lu", gap, width, c->words);
		gap = " ";
	}
	if (bytes)
		printf("%s%*lu", gap, width, c->bytes);
	printf("%s%s\n", *name != 0 ? " " : "", name);
}

/* How wide the numbers have to be: as the sum of all sizes, if that is known beforehand. */
static int
choose_width(int count, char *names[])
{
	unsigned long total = 0;
	struct stat st;
	int i;

	if (count <= 1 && lines + words + bytes == 1)
		return 1;
	for (i = 0; i < count || i == 0; i++) {
		bool standard = i >= count || strcmp(names[i], "-") == 0;

		if ((standard ? fstat(STDIN_FILENO, &st) : stat(names[i], &st)) < 0)
			continue;
		if (!S_ISREG(st.st_mode))
			return 7;
		total += st.st_size;
	}
	return snprintf(NULL, 0, "%lu", total);
}

static bool
count(int fd, struct counts *c)
{
	static char buf[16384];
	bool in_word = false;
	ssize_t n, i;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		c->bytes += n;
		for (i = 0; i < n; i++) {
			bool space = isspace((unsigned char)buf[i]);

			c->lines += buf[i] == '\n';
			c->words += in_word && space;
			in_word = !space;
		}
	}
	c->words += in_word;
	return n == 0;
}

int
main(int argc, char *argv[])
{
	struct counts total = {0};
	int status = 0, c, i;

	while ((c = cmd_option(argc, argv, "clmw", usage, 1)) != -1) {
		lines |= c == 'l';
		words |= c == 'w';
		bytes |= c == 'c' || c == 'm';
	}
	if (!lines && !words && !bytes)
		lines = words = bytes = true;
	width = choose_width(argc - optind, argv + optind);
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";
		int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);
		struct counts one = {0};

		if (fd < 0 || !count(fd, &one)) {
			warn("%s", name);
			status = 1;
		}
		if (fd >= 0)
			print(&one, i < argc ? name : "");
		if (fd > 0)
			close(fd);
		total.lines += one.lines;
		total.words += one.words;
		total.bytes += one.bytes;
	}
	if (argc - optind > 1)
		print(&total, "total");
	return cmd_finish(status);
}
