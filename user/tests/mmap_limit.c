/* SPDX-License-Identifier: BSD-2-Clause */
/* Is the number of mappings limited by /proc/sys/vm/max_map_count, with ENOMEM and nothing lost? */
#include <fcntl.h>

#include "user/tests/umtest.h"

#define LIMIT     "400"
#define FILE_NAME "/proc/sys/vm/max_map_count"

static char old[32];

static void
set_limit(const char *text)
{
	int fd = open(FILE_NAME, O_WRONLY);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

int
main(void)
{
	char *p = um_map(1000 * UM_PAGE, MAP_PRIVATE);
	int i, fd = open(FILE_NAME, O_RDONLY);

	if (fd < 0 || read(fd, old, sizeof(old) - 1) <= 0)
		return UM_SKIP;
	close(fd);
	memset(p, 'x', 1000 * UM_PAGE);
	set_limit(LIMIT);
	/* Every second page read-only: each call cuts two new pieces out. */
	for (i = 0; i < 1000; i += 2)
		if (mprotect(p + i * UM_PAGE, UM_PAGE, PROT_READ) != 0)
			break;
	EXPECT_EQ(ENOMEM, errno);
	EXPECT(i > 300 && i < 402);
	EXPECT_ERRNO(ENOMEM, mprotect(p + 501 * UM_PAGE, UM_PAGE, PROT_READ));
	/* A hole in the middle needs but one new piece, for which there may still have been room. */
	munmap(p + 901 * UM_PAGE, UM_PAGE);
	EXPECT_ERRNO(ENOMEM, munmap(p + 501 * UM_PAGE, UM_PAGE));
	EXPECT_EQ(0, um_store_status(p + 501 * UM_PAGE));
	EXPECT_EQ('x', p[501 * UM_PAGE]);
	/* What needs no new piece still works. */
	EXPECT_EQ(0, munmap(p, 1000 * UM_PAGE));
	p = um_map(UM_PAGE, MAP_PRIVATE);
	set_limit(old);
	return um_result();
}
