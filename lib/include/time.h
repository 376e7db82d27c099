/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: clocks of clock_gettime(2), calendar functions (the time zone is always UTC). */
#ifndef _TIME_H
#define _TIME_H

#include <sys/types.h>

struct timespec {
	time_t tv_sec;
	long tv_nsec; /* 0 .. 999,999,999 */
};

struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};

struct tm {
	int tm_sec;  /* 0 .. 60 */
	int tm_min;  /* 0 .. 59 */
	int tm_hour; /* 0 .. 23 */
	int tm_mday; /* 1 .. 31 */
	int tm_mon;  /* 0 .. 11 */
	int tm_year; /* since 1900 */
	int tm_wday; /* 0 = Sunday */
	int tm_yday; /* 0 .. 365 */
	int tm_isdst;
	long tm_gmtoff;
	const char *tm_zone;
};

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7

#define TIMER_ABSTIME            1

#define CLOCKS_PER_SEC           1000000L

clock_t clock(void);
time_t time(time_t *t);
double difftime(time_t end, time_t start);
int clock_gettime(clockid_t clock, struct timespec *ts);
int clock_settime(clockid_t clock, const struct timespec *ts);
int clock_getres(clockid_t clock, struct timespec *ts);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wait, struct timespec *left);
int nanosleep(const struct timespec *wait, struct timespec *left);

time_t mktime(struct tm *tm);
time_t timegm(struct tm *tm);
struct tm *gmtime(const time_t *t);
struct tm *gmtime_r(const time_t *t, struct tm *tm);
struct tm *localtime(const time_t *t);
struct tm *localtime_r(const time_t *t, struct tm *tm);
char *asctime(const struct tm *tm);
char *asctime_r(const struct tm *tm, char *buf);
char *ctime(const time_t *t);
char *ctime_r(const time_t *t, char *buf);
size_t strftime(char *buf, size_t size, const char *fmt, const struct tm *tm);

#endif
