/* SPDX-License-Identifier: BSD-2-Clause */
/* Do /dev/null, /dev/zero and a closed /dev/console do what every program expects of them? */
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

int
main(void)
{
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
	char buf[5000];
	struct stat st;

	REQUIRE(null >= 0 && zero >= 0);
	EXPECT_EQ(0, read(null, buf, sizeof(buf)));
	EXPECT_EQ(5000, write(null, buf, sizeof(buf)));
	memset(buf, 1, sizeof(buf));
	EXPECT_EQ(5000, read(zero, buf, sizeof(buf)));
	for (size_t i = 0; i < sizeof(buf); i++)
		if (!EXPECT(buf[i] == 0))
			break;
	EXPECT_EQ(10, write(zero, buf, 10));
	EXPECT_EQ(0, stat("/dev/null", &st));
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(0, isatty(null));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_ERRNO(EBADF, fsync(99));
	return um_result();
}
