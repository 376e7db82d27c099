/* SPDX-License-Identifier: BSD-2-Clause */
/* df [-i] [path...]: space of file systems in KiB, or inodes. */
#include <sys/statfs.h>

#include "user/cmd.h"

static const char usage[] = "df [-i] [path...]";

static bool
show(const char *path, bool inodes)
{
	unsigned long total, unused, unit;
	struct statfs st;

	if (statfs(path, &st) < 0) {
		warn("%s", path);
		return false;
	}
	unit = inodes ? 1024 : st.f_bsize;
	total = (inodes ? st.f_files : st.f_blocks) * unit / 1024;
	unused = (inodes ? st.f_ffree : st.f_bfree) * unit / 1024;
	printf("%12lu%12lu%12lu%5lu%% %s\n", total, total - unused, unused,
	    total > 0 ? (total - unused) * 100 / total : 0, path);
	return true;
}

int
main(int argc, char *argv[])
{
	bool inodes = false;
	int status = 0, c;

	while ((c = cmd_option(argc, argv, "ik", usage, 1)) != -1)
		inodes |= c == 'i';
	printf("%12s%12s%12s%6s %s\n", inodes ? "inodes" : "KiB", "used", "free", "used", "on");
	if (optind == argc)
		status = !show("/", inodes);
	for (; optind < argc; optind++)
		if (!show(argv[optind], inodes))
			status = 1;
	return cmd_finish(status);
}
