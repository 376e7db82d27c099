/* SPDX-License-Identifier: BSD-2-Clause */
/* Does /proc/self/maps list the mappings that there are, in Linux's format, to the byte? */
#include "user/tests/procfs.h"

#define PAGES 8

/* The mapping that contains p; REQUIREs that there is one. */
static struct proc_map
find(const void *p)
{
	char *text = proc_text("/proc/self/maps"), *rest = text, *line;
	struct proc_map m, found = {0};

	while ((line = proc_line(&rest)) != NULL) {
		REQUIRE(proc_parse_map(line, &m));
		if (m.start <= (unsigned long)p && (unsigned long)p < m.end)
			found = m;
	}
	free(text);
	return found;
}

static void
expect_range(const char *p, size_t pages, const char *rights)
{
	struct proc_map m = find(p);

	EXPECT_EQ((unsigned long)p, m.start);
	EXPECT_EQ((unsigned long)p + pages * UM_PAGE, m.end);
	EXPECT(strcmp(m.rights, rights) == 0);
	EXPECT_EQ(0, m.offset);
}

static void
expect_order(void)
{
	char *text = proc_text("/proc/self/maps"), *rest = text, *line;
	struct proc_map m;
	unsigned long last = 0;
	bool stack = false;

	while ((line = proc_line(&rest)) != NULL) {
		REQUIRE(proc_parse_map(line, &m));
		EXPECT(m.start >= last && m.start % UM_PAGE == 0 && m.end % UM_PAGE == 0);
		last = m.end;
		stack |= strcmp(m.name, "[stack]") == 0;
	}
	EXPECT(stack);
	free(text);
}

/* A mapping between two that are not there, so that it has no neighbour to merge with. */
static char *
map_alone(int flags)
{
	char *p = mmap(NULL, (PAGES + 2) * UM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	REQUIRE(munmap(p, (PAGES + 2) * UM_PAGE) == 0);
	p = mmap(p + UM_PAGE, PAGES * UM_PAGE, PROT_READ | PROT_WRITE,
	    flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	REQUIRE(p != MAP_FAILED);
	return p;
}

static void
private_mapping(void)
{
	char *p = map_alone(MAP_PRIVATE);

	expect_range(p, PAGES, "rw-p");
	REQUIRE(mprotect(p + 2 * UM_PAGE, UM_PAGE, PROT_READ | PROT_EXEC) == 0);
	REQUIRE(mprotect(p + 3 * UM_PAGE, UM_PAGE, PROT_NONE) == 0);
	expect_range(p, 2, "rw-p");
	expect_range(p + 2 * UM_PAGE, 1, "r-xp");
	expect_range(p + 3 * UM_PAGE, 1, "---p");
	expect_range(p + 4 * UM_PAGE, 4, "rw-p");
	REQUIRE(munmap(p + 5 * UM_PAGE, UM_PAGE) == 0);
	EXPECT_EQ(0, find(p + 5 * UM_PAGE).end);
	REQUIRE(munmap(p, PAGES * UM_PAGE) == 0);
	EXPECT_EQ(0, find(p).end);
}

static void
shared_mapping(void)
{
	char *p = map_alone(MAP_SHARED);

	EXPECT(strcmp(find(p).rights, "rw-s") == 0);
	REQUIRE(munmap(p, PAGES * UM_PAGE) == 0);
}

int
main(void)
{
	int local = 0;

	expect_order();
	private_mapping();
	shared_mapping();
	EXPECT(strcmp(find(&local).name, "[stack]") == 0);
	/* The program's text is some file. */
	EXPECT(find((void *)main).rights[2] == 'x' && find((void *)main).inode != 0);
	return um_result();
}
