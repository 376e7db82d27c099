/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calendar arithmetic in UTC. Days are counted from 1 March of the year 0 of the Gregorian
 * calendar, so that the leap day is the last of its year: 400 years always have 146,097 days, and
 * month m of such a year begins at day (153 m + 2) / 5.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#define DAY        86400L
#define EPOCH_DAYS 719468L /* from 1 March 0 to 1 January 1970 */
#define DAYS_400   146097L

static long
floor_div(long a, long b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int
is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1 January 1970; month 0 is January. */
static long
days_of(long year, int month, long day)
{
	long cycle, of_cycle;

	if (month < 2)
		year--;
	cycle = floor_div(year, 400);
	of_cycle = year - cycle * 400;
	return cycle * DAYS_400 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 +
	    (153 * ((month + 10) % 12) + 2) / 5 + day - 1 - EPOCH_DAYS;
}

struct tm *
gmtime_r(const time_t *t, struct tm *tm)
{
	long days = floor_div(*t, DAY), second = *t - days * DAY;
	long cycle = floor_div(days + EPOCH_DAYS, DAYS_400);
	long day = days + EPOCH_DAYS - cycle * DAYS_400; /* of 400 years */
	long year = (day - day / 1460 + day / 36524 - day / 146096) / 365, month;

	day -= year * 365 + year / 4 - year / 100; /* of the year that begins in March */
	month = (5 * day + 2) / 153;
	year += cycle * 400 + (month >= 10);
	if (year - 1900 > INT_MAX || year - 1900 < INT_MIN) {
		errno = EOVERFLOW;
		return NULL;
	}
	tm->tm_mday = day - (153 * month + 2) / 5 + 1;
	tm->tm_mon = (month + 2) % 12;
	tm->tm_year = year - 1900;
	tm->tm_yday = month >= 10 ? day - 306 : day + 59 + is_leap(year);
	tm->tm_wday = (days % 7 + 11) % 7; /* 1 January 1970 was a Thursday */
	tm->tm_hour = second / 3600;
	tm->tm_min = second / 60 % 60;
	tm->tm_sec = second % 60;
	tm->tm_isdst = 0;
	tm->tm_gmtoff = 0;
	tm->tm_zone = "UTC";
	return tm;
}

struct tm *
gmtime(const time_t *t)
{
	static struct tm tm;

	return gmtime_r(t, &tm);
}

struct tm *
localtime(const time_t *t)
{
	return gmtime(t);
}

struct tm *
localtime_r(const time_t *t, struct tm *tm)
{
	return gmtime_r(t, tm);
}

/* Fields may be out of their range; they are brought back into it. */
time_t
timegm(struct tm *tm)
{
	long year = tm->tm_year + 1900L + floor_div(tm->tm_mon, 12);
	int month = tm->tm_mon - 12 * floor_div(tm->tm_mon, 12);
	time_t t = days_of(year, month, tm->tm_mday) * DAY + tm->tm_hour * 3600L +
	    tm->tm_min * 60L + tm->tm_sec;

	gmtime_r(&t, tm);
	return t;
}

time_t
mktime(struct tm *tm)
{
	return timegm(tm);
}

double
difftime(time_t end, time_t start)
{
	return end - start;
}

/* => `buf` has room for 26 bytes, as the standard says; with a year beyond 9999 it is empty. */
char *
asctime_r(const struct tm *tm, char *buf)
{
	if (strftime(buf, 26, "%a %b %e %H:%M:%S %Y\n", tm) == 0)
		*buf = 0;
	return buf;
}

char *
ctime_r(const time_t *t, char *buf)
{
	struct tm tm;

	return asctime_r(localtime_r(t, &tm), buf);
}

char *
asctime(const struct tm *tm)
{
	static char buf[64];

	strftime(buf, sizeof(buf), "%a %b %e %H:%M:%S %Y\n", tm);
	return buf;
}

char *
ctime(const time_t *t)
{
	struct tm *tm = gmtime(t);

	return tm != NULL ? asctime(tm) : NULL;
}
