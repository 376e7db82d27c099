/* SPDX-License-Identifier: BSD-2-Clause */
/* uname [-amnrsv]: what system this is. */
#include <sys/utsname.h>

#include "user/cmd.h"

static const char usage[] = "uname [-amnrsv]";

int
main(int argc, char *argv[])
{
	static const char letters[] = "snrvm"; /* in the order in which they are printed */
	bool wanted[sizeof(letters)] = {false}, any = false;
	struct utsname u;
	const char *text[] = {u.sysname, u.nodename, u.release, u.version, u.machine};
	const char *gap = "";
	int c;
	size_t i;

	while ((c = cmd_option(argc, argv, "asnrvm", usage, 1)) != -1)
		for (i = 0; letters[i] != 0; i++)
			wanted[i] |= c == 'a' || c == letters[i];
	if (uname(&u) < 0)
		err(1, NULL);
	for (i = 0; letters[i] != 0; i++)
		any |= wanted[i];
	wanted[0] |= !any;
	for (i = 0; letters[i] != 0; i++)
		if (wanted[i]) {
			printf("%s%s", gap, text[i]);
			gap = " ";
		}
	putchar('\n');
	return cmd_finish(0);
}
