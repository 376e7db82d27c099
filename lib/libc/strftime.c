/* SPDX-License-Identifier: BSD-2-Clause */
/* strftime() in the "C" locale. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const days[] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December"};

static const char *
day_name(const struct tm *tm)
{
	return tm->tm_wday >= 0 && tm->tm_wday < 7 ? days[tm->tm_wday] : "?";
}

static const char *
month_name(const struct tm *tm)
{
	return tm->tm_mon >= 0 && tm->tm_mon < 12 ? months[tm->tm_mon] : "?";
}

static int
hour12(const struct tm *tm)
{
	return tm->tm_hour % 12 == 0 ? 12 : tm->tm_hour % 12;
}

static int
days_in(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365;
}

/* The ISO 8601 week, which belongs to the year that has its Thursday.  => *year is that one. */
static int
iso_week(const struct tm *tm, long *year)
{
	int thursday = tm->tm_yday - (tm->tm_wday + 6) % 7 + 3;

	*year = tm->tm_year + 1900L;
	if (thursday < 0)
		thursday += days_in(--*year);
	else if (thursday >= days_in(*year))
		thursday -= days_in((*year)++);
	return thursday / 7 + 1;
}

/* What a conversion that is an abbreviation stands for, NULL if it is none. */
static const char *
expansion(char conv)
{
	switch (conv) {
	case 'c':
		return "%a %b %e %H:%M:%S %Y";
	case 'D':
	case 'x':
		return "%m/%d/%y";
	case 'F':
		return "%Y-%m-%d";
	case 'r':
		return "%I:%M:%S %p";
	case 'R':
		return "%H:%M";
	case 'T':
	case 'X':
		return "%H:%M:%S";
	default:
		return NULL;
	}
}

/* Numbers of the date.  => false: not one of those. */
static bool
format_date(char *buf, size_t size, char conv, const struct tm *tm)
{
	long year = tm->tm_year + 1900L, week_year;
	int week = iso_week(tm, &week_year);

	switch (conv) {
	case 'C':
		return snprintf(buf, size, "%02ld", year / 100);
	case 'd':
		return snprintf(buf, size, "%02d", tm->tm_mday);
	case 'e':
		return snprintf(buf, size, "%2d", tm->tm_mday);
	case 'G':
		return snprintf(buf, size, "%ld", week_year);
	case 'g':
		return snprintf(buf, size, "%02ld", week_year % 100);
	case 'j':
		return snprintf(buf, size, "%03d", tm->tm_yday + 1);
	case 'm':
		return snprintf(buf, size, "%02d", tm->tm_mon + 1);
	case 'U':
		return snprintf(buf, size, "%02d", (tm->tm_yday + 7 - tm->tm_wday) / 7);
	case 'u':
		return snprintf(buf, size, "%d", tm->tm_wday == 0 ? 7 : tm->tm_wday);
	case 'V':
		return snprintf(buf, size, "%02d", week);
	case 'W':
		return snprintf(buf, size, "%02d", (tm->tm_yday + 7 - (tm->tm_wday + 6) % 7) / 7);
	case 'w':
		return snprintf(buf, size, "%d", tm->tm_wday);
	case 'Y':
		return snprintf(buf, size, "%ld", year);
	case 'y':
		return snprintf(buf, size, "%02ld", (year % 100 + 100) % 100);
	default:
		return false;
	}
}

/* Names, the time of the day, and the rest.  => false: there is no such conversion. */
static bool
format_other(char *buf, size_t size, char conv, const struct tm *tm)
{
	struct tm copy = *tm;

	switch (conv) {
	case 'A':
		return snprintf(buf, size, "%s", day_name(tm));
	case 'a':
		return snprintf(buf, size, "%.3s", day_name(tm));
	case 'B':
		return snprintf(buf, size, "%s", month_name(tm));
	case 'b':
	case 'h':
		return snprintf(buf, size, "%.3s", month_name(tm));
	case 'H':
		return snprintf(buf, size, "%02d", tm->tm_hour);
	case 'I':
		return snprintf(buf, size, "%02d", hour12(tm));
	case 'M':
		return snprintf(buf, size, "%02d", tm->tm_min);
	case 'n':
		return snprintf(buf, size, "\n");
	case 'p':
		return snprintf(buf, size, "%s", tm->tm_hour < 12 ? "AM" : "PM");
	case 'S':
		return snprintf(buf, size, "%02d", tm->tm_sec);
	case 's':
		return snprintf(buf, size, "%ld", timegm(&copy));
	case 't':
		return snprintf(buf, size, "\t");
	case 'Z':
		return snprintf(buf, size, "UTC");
	case 'z':
		return snprintf(buf, size, "+0000");
	case '%':
		return snprintf(buf, size, "%%");
	default:
		return false;
	}
}

size_t
strftime(char *buf, size_t size, const char *fmt, const struct tm *tm)
{
	char text[64];
	size_t used = 0, n;

	for (; *fmt != 0; fmt++) {
		const char *longer = *fmt == '%' ? expansion(fmt[1]) : NULL;

		if (longer != NULL) {
			n = strftime(text, sizeof(text), longer, tm);
			fmt++;
		} else if (*fmt == '%' &&
		    (format_date(text, sizeof(text), fmt[1], tm) ||
			format_other(text, sizeof(text), fmt[1], tm))) {
			n = strlen(text);
			fmt++;
		} else {
			text[0] = *fmt;
			n = 1;
		}
		if (used + n >= size)
			return 0;
		memcpy(buf + used, text, n);
		used += n;
	}
	if (size == 0)
		return 0;
	buf[used] = 0;
	return used;
}
