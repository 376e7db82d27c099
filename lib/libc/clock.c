/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls on time. */
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	return syscall(SYS_clock_gettime, clock, ts);
}

int
clock_settime(clockid_t clock, const struct timespec *ts)
{
	return syscall(SYS_clock_settime, clock, ts);
}

int
clock_getres(clockid_t clock, struct timespec *ts)
{
	return syscall(SYS_clock_getres, clock, ts);
}

/* => returns the error instead of setting errno. */
int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *wait, struct timespec *left)
{
	return syscall(SYS_clock_nanosleep, clock, flags, wait, left) == 0 ? 0 : errno;
}

int
nanosleep(const struct timespec *wait, struct timespec *left)
{
	return syscall(SYS_nanosleep, wait, left);
}

time_t
time(time_t *t)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

clock_t
clock(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		return -1;
	return ts.tv_sec * CLOCKS_PER_SEC + ts.tv_nsec / 1000;
}

int
gettimeofday(struct timeval *tv, void *tz)
{
	struct timespec ts;

	(void)tz;
	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return 0;
}

int
settimeofday(const struct timeval *tv, const struct timezone *tz)
{
	struct timespec ts = {tv->tv_sec, tv->tv_usec * 1000};

	(void)tz;
	return clock_settime(CLOCK_REALTIME, &ts);
}

int
getitimer(int which, struct itimerval *now)
{
	return syscall(SYS_getitimer, which, now);
}

int
setitimer(int which, const struct itimerval *new, struct itimerval *old)
{
	return syscall(SYS_setitimer, which, new, old);
}

unsigned int
alarm(unsigned int seconds)
{
	struct itimerval new = {.it_value.tv_sec = seconds}, old;

	if (setitimer(ITIMER_REAL, &new, &old) < 0)
		return 0;
	return old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}

/* => returns the seconds not slept when a signal came in between. */
unsigned int
sleep(unsigned int seconds)
{
	struct timespec ts = {.tv_sec = seconds};

	if (nanosleep(&ts, &ts) == 0)
		return 0;
	return ts.tv_sec + (ts.tv_nsec > 0);
}

int
usleep(useconds_t usec)
{
	struct timespec ts = {usec / 1000000, usec % 1000000 * 1000};

	return nanosleep(&ts, NULL);
}
