/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest program that works on files until the power goes, and says what it was promised.
 *
 * usage: load DIR SEED
 *
 * Each 16 bytes it writes say which file they belong to, where in it, and when they were written.
 * On standard output, one line each:
 *
 *      touch NAME                       from now on the file NAME may change, go, or come
 *      keep NAME ID UNITS AT N VERSION  fsync came back: so many units, and units [AT, AT + N) of
 *                                       this version
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES     8
#define MAX_UNITS 8192 /* of 16 bytes */
#define MAGIC     0x5354414du

struct unit {
	uint32_t magic, id, index, version;
};

struct file {
	uint32_t id; /* 0: there is none */
	unsigned units;
};

static struct file files[NAMES];
static uint32_t seed, next_id, version;
static const char *folder;

static unsigned
choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 10) % n;
}

static void
say(const char *line)
{
	if (write(1, line, strlen(line)) < 0)
		exit(1);
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static const char *
name_of(unsigned i)
{
	static char name[2][32];
	static unsigned turn;
	char *p = name[turn++ % 2];

	snprintf(p, sizeof(name[0]), i % 2 ? "f%u" : "sub/f%u", i);
	return p;
}

static void
touch(unsigned i)
{
	char line[160];

	snprintf(line, sizeof(line), "touch %s/%s\n", folder, name_of(i));
	say(line);
}

static int
open_file(unsigned i)
{
	int fd = open(name_of(i), O_RDWR | O_CREAT, 0644);

	if (fd < 0)
		die("open");
	if (files[i].id == 0)
		files[i] = (struct file){.id = ++next_id};
	return fd;
}

static void
do_write(unsigned i, int sync)
{
	static struct unit buffer[2048];
	unsigned n = 1 + choose(2048), at;
	char line[160];
	int fd;

	touch(i);
	fd = open_file(i);
	at = choose(3) == 0                  ? choose(MAX_UNITS - n)
	    : files[i].units < MAX_UNITS - n ? files[i].units
					     : 0;
	version++;
	for (unsigned u = 0; u < n; u++)
		buffer[u] = (struct unit){MAGIC, files[i].id, at + u, version};
	if (pwrite(fd, buffer, n * sizeof(buffer[0]), at * sizeof(buffer[0])) !=
	    (ssize_t)(n * sizeof(buffer[0])))
		die("write");
	if (at + n > files[i].units)
		files[i].units = at + n;
	if (sync) {
		if (fsync(fd) != 0)
			die("fsync");
		snprintf(line, sizeof(line), "keep %s/%s %u %u %u %u %u\n", folder, name_of(i),
		    files[i].id, files[i].units, at, n, version);
		say(line);
	}
	close(fd);
}

static void
do_truncate(unsigned i)
{
	int fd;

	touch(i);
	fd = open_file(i);
	files[i].units = choose(MAX_UNITS);
	if (ftruncate(fd, files[i].units * sizeof(struct unit)) != 0)
		die("ftruncate");
	close(fd);
}

static void
do_unlink(unsigned i)
{
	touch(i);
	if (files[i].id != 0 && unlink(name_of(i)) != 0)
		die("unlink");
	files[i].id = 0;
}

static void
do_rename(unsigned i, unsigned j)
{
	if (i == j || files[i].id == 0)
		return;
	touch(i);
	touch(j);
	if (rename(name_of(i), name_of(j)) != 0)
		die("rename");
	files[j] = files[i];
	files[i].id = 0;
}

static void
do_directory(void)
{
	if (mkdir("d", 0755) != 0)
		rmdir("d");
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	folder = argv[1];
	seed = (uint32_t)atoi(argv[2]);
	/* Files of earlier rounds are not ours: start with a folder of our own. */
	if (mkdir(argv[1], 0755) != 0 || chdir(argv[1]) != 0 || mkdir("sub", 0755) != 0)
		die(argv[1]);
	next_id = seed * 1000;
	for (;;) {
		unsigned i = choose(NAMES);

		switch (choose(10)) {
		case 0:
			do_truncate(i);
			break;
		case 1:
			do_unlink(i);
			break;
		case 2:
			do_rename(i, choose(NAMES));
			break;
		case 3:
			do_directory();
			break;
		default:
			do_write(i, choose(2) == 0);
		}
	}
}
