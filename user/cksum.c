/* SPDX-License-Identifier: BSD-2-Clause */
/* cksum [file...]: the CRC of POSIX and the size of files. */
#include <fcntl.h>
#include <stdint.h>

#include "user/cmd.h"

#define POLYNOMIAL 0x04c11db7U

static const char usage[] = "cksum [file...]";
static uint32_t table[256];

static void
make_table(void)
{
	uint32_t crc;
	int i, bit;

	for (i = 0; i < 256; i++) {
		crc = (uint32_t)i << 24;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x80000000U ? crc << 1 ^ POLYNOMIAL : crc << 1;
		table[i] = crc;
	}
}

static uint32_t
update(uint32_t crc, unsigned char byte)
{
	return crc << 8 ^ table[crc >> 24 ^ byte];
}

/* The CRC goes over the contents, then over the bytes of the length, lowest first. */
static bool
sum(int fd, const char *name)
{
	static unsigned char buf[16384];
	unsigned long size = 0, n;
	uint32_t crc = 0;
	ssize_t got, i;

	while ((got = read(fd, buf, sizeof(buf))) > 0) {
		size += got;
		for (i = 0; i < got; i++)
			crc = update(crc, buf[i]);
	}
	if (got < 0)
		return false;
	for (n = size; n > 0; n >>= 8)
		crc = update(crc, n & 0xff);
	printf("%u %lu%s%s\n", ~crc, size, *name != 0 ? " " : "", name);
	return true;
}

int
main(int argc, char *argv[])
{
	int status = 0, i;

	while (cmd_option(argc, argv, "", usage, 1) != -1)
		;
	make_table();
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";
		int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY);

		if (fd < 0 || !sum(fd, i < argc ? name : "")) {
			warn("%s", name);
			status = 1;
		}
		if (fd > 0)
			close(fd);
	}
	return cmd_finish(status);
}
