/* SPDX-License-Identifier: BSD-2-Clause */
/* When four processes append to one file and make and remove files in one directory, is nothing lost or torn? */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "user/tests/umtest.h"

#define WRITERS 4
#define RECORDS 150
#define LEN     37
#define TOP     "/tmp/fs_append"

static void
append(int who)
{
	int fd = open(TOP "/log", O_WRONLY | O_APPEND);
	char record[LEN], name[60];

	REQUIRE(fd >= 0);
	memset(record, 'a' + who, LEN);
	for (int i = 0; i < RECORDS; i++) {
		EXPECT_EQ(LEN, write(fd, record, LEN));
		snprintf(name, sizeof(name), TOP "/%d.%d", who, i);
		EXPECT(close(open(name, O_CREAT | O_EXCL | O_WRONLY, 0600)) == 0);
		/* Every second one stays. */
		if (i & 1)
			EXPECT_EQ(0, unlink(name));
	}
}

static void
check_log(void)
{
	static char log[WRITERS * RECORDS * LEN + 1];
	int fd = open(TOP "/log", O_RDONLY), count[WRITERS] = {0};

	REQUIRE(fd >= 0);
	EXPECT_EQ(WRITERS * RECORDS * LEN, read(fd, log, sizeof(log)));
	for (int i = 0; i < WRITERS * RECORDS; i++) {
		for (int k = 1; k < LEN; k++)
			if (log[i * LEN + k] != log[i * LEN])
				um_fail(__FILE__, __LINE__, "record %d is torn", i);
		count[(log[i * LEN] - 'a') & 3]++;
	}
	for (int i = 0; i < WRITERS; i++)
		EXPECT_EQ(RECORDS, count[i]);
	close(fd);
}

int
main(void)
{
	pid_t pids[WRITERS];
	char name[60];

	REQUIRE(mkdir(TOP, 0755) == 0);
	REQUIRE(close(open(TOP "/log", O_CREAT | O_WRONLY, 0644)) == 0);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = um_fork();
		if (pids[i] == 0) {
			append(i);
			exit(um_result());
		}
	}
	for (int i = 0; i < WRITERS; i++)
		EXPECT_EQ(0, um_wait(pids[i]));
	check_log();
	for (int who = 0; who < WRITERS; who++)
		for (int i = 0; i < RECORDS; i++) {
			snprintf(name, sizeof(name), TOP "/%d.%d", who, i);
			EXPECT_EQ(i & 1 ? -1 : 0, unlink(name));
		}
	EXPECT_EQ(0, unlink(TOP "/log"));
	EXPECT_EQ(0, rmdir(TOP));
	return um_result();
}
