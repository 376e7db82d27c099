/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is every damaged ELF file refused, or its process killed, without harm to anyone else?
 * A good file, this program itself, is damaged in one place at a time. A file that is still refused by exec must fail with
 * ENOEXEC or another errno; one that gets so far as to run may do anything but hurt the kernel.
 */
#include <elf.h>
#include <fcntl.h>

#include "user/tests/umtest.h"

#define VICTIM "/tmp/proc_elf.bad"
#define HEAD   4096

static unsigned char image[HEAD];
static const char *self;

static const struct {
	int offset, size;
	uint64_t value;
	const char *what;
	bool may_run; /* Linux does not mind, or only the program suffers */
} table[] = {
    {0, 1, 0, "magic", false},
    {4, 1, 1, "32-bit class", false},
    {16, 2, 1, "relocatable type", false},
    {16, 2, 0xffff, "unknown type", false},
    {18, 2, 62, "another machine", false},
    {24, 8, 0, "entry at zero", true},
    {24, 8, 0xffffffff80000000, "entry in the kernel", true},
    {24, 8, -1ull, "entry at the end", true},
    {32, 8, 1ull << 40, "program headers behind the end", false},
    {32, 8, -8ull, "program header offset wraps", false},
    {54, 2, 0, "program headers of no size", false},
    {54, 2, 57, "program headers of a wrong size", false},
    {56, 2, 0, "no program headers", false},
    {56, 2, 0xffff, "too many program headers", false},
};

/* Changes to every PT_LOAD header: offset within the header. */
static const struct {
	int offset;
	uint64_t value;
	const char *what;
} segments[] = {
    {8, 1ull << 50, "segment behind the end of the file"},
    {8, -4096ull, "segment offset wraps"},
    {8, 1, "segment offset not congruent to its address"},
    {16, 0xffffffc000000000, "segment in the kernel"},
    {16, 0x4000000000, "segment above user space"},
    {16, -4096ull, "segment at the very end"},
    {16, 0, "segment at zero"},
    {32, -1ull, "file size of everything"},
    {32, 1ull << 40, "file size larger than memory size"},
    {40, -1ull, "memory size of everything"},
    {40, 1ull << 62, "memory size that wraps"},
    {40, 1ull << 39, "memory size larger than user space"},
    {40, 0, "memory size smaller than file size"},
};

static void
copy_rest(int to)
{
	static char block[4096];
	int from = open(self, O_RDONLY);
	ssize_t n;

	REQUIRE(from >= 0 && lseek(from, HEAD, SEEK_SET) == HEAD);
	REQUIRE(lseek(to, HEAD, SEEK_SET) == HEAD);
	while ((n = read(from, block, sizeof(block))) > 0)
		REQUIRE(write(to, block, n) == n);
	close(from);
}

/* => errno of the exec, or 0 if the program started, however it ended */
static void
exec_victim(void *arg)
{
	char *argv[] = {"victim", "victim", NULL};
	int *error = arg;

	execv(VICTIM, argv);
	*error = errno;
	_exit(0);
}

static int
try_head(const unsigned char *head, int len)
{
	static int *error;
	int fd = open(VICTIM, O_CREAT | O_WRONLY, 0755);

	if (error == NULL)
		error = um_map(UM_PAGE, MAP_SHARED);
	REQUIRE(fd >= 0 && pwrite(fd, head, len, 0) == len);
	close(fd);
	*error = 0;
	um_status_of(exec_victim, error);
	return *error;
}

static void
damage_header(void)
{
	static unsigned char head[HEAD];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memcpy(head, image, HEAD);
		memcpy(head + table[i].offset, &table[i].value, table[i].size);
		if (try_head(head, HEAD) == 0 && !table[i].may_run)
			um_fail(__FILE__, __LINE__, "%s: was accepted", table[i].what);
	}
}

static void
damage_segments(void)
{
	static unsigned char head[HEAD];
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)image;

	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		for (int ph = 0; ph < ehdr->e_phnum; ph++) {
			size_t at = ehdr->e_phoff + ph * ehdr->e_phentsize;

			if (((Elf64_Phdr *)(image + at))->p_type != PT_LOAD)
				continue;
			memcpy(head, image, HEAD);
			memcpy(head + at + segments[i].offset, &segments[i].value, 8);
			try_head(head, HEAD);
		}
}

int
main(int argc, char *argv[])
{
	int fd;

	(void)argv;
	if (argc > 1)
		return 0;
	self = access("/tests/proc_elf", X_OK) == 0 ? "/tests/proc_elf" : "/proc/self/exe";
	fd = open(self, O_RDONLY);
	REQUIRE(fd >= 0 && read(fd, image, HEAD) == HEAD);
	close(fd);
	fd = open(VICTIM, O_CREAT | O_TRUNC | O_WRONLY, 0755);
	REQUIRE(fd >= 0);
	copy_rest(fd);
	close(fd);

	EXPECT_EQ(0, try_head(image, HEAD));
	damage_header();
	damage_segments();
	EXPECT_EQ(0, try_head(image, HEAD));
	/* Cut short: in the header, in the program headers, and to nothing. */
	for (int len = 100; len >= 0; len -= 20) {
		REQUIRE(truncate(VICTIM, len) == 0);
		EXPECT_EQ(ENOEXEC, try_head(image, len));
	}
	unlink(VICTIM);
	return um_result();
}
