/* SPDX-License-Identifier: BSD-2-Clause */
/* free [-b | -k | -m]: memory and swap space, from /proc/meminfo. */
#include "user/cmd.h"

static const char usage[] = "free [-b | -k | -m]";

/* The value of a line "name:  n kB", 0 if there is none. */
static unsigned long
lookup(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (; *text != 0; text += strcspn(text, "\n"), text += *text != 0)
		if (strncmp(text, name, n) == 0 && text[n] == ':')
			return strtoul(text + n + 1, NULL, 10);
	return 0;
}

int
main(int argc, char *argv[])
{
	unsigned long total, unused, cached, available, swap, swap_free;
	char text[4096];
	double unit = 1; /* of 1024 bytes */
	size_t n;
	FILE *f;
	int c;

	while ((c = cmd_option(argc, argv, "bkm", usage, 1)) != -1)
		unit = c == 'b' ? 1024 : c == 'm' ? 1 / 1024.0 : 1;
	f = fopen("/proc/meminfo", "r");
	if (f == NULL)
		err(1, "/proc/meminfo");
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	total = lookup(text, "MemTotal");
	unused = lookup(text, "MemFree");
	cached = lookup(text, "Cached") + lookup(text, "Buffers");
	available = lookup(text, "MemAvailable");
	swap = lookup(text, "SwapTotal");
	swap_free = lookup(text, "SwapFree");
	printf("%18s%12s%12s%12s%12s\n", "total", "used", "free", "cached", "available");
	printf("Mem:  %12.0f%12.0f%12.0f%12.0f%12.0f\n", total * unit,
	    (total - unused - cached) * unit, unused * unit, cached * unit, available * unit);
	printf(
	    "Swap: %12.0f%12.0f%12.0f\n", swap * unit, (swap - swap_free) * unit, swap_free * unit);
	return cmd_finish(0);
}
