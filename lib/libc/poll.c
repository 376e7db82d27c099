/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for several files at once. */
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel writes the time left into the structure it is given: hand it a copy. */
int
ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec copy;

	if (timeout != NULL)
		copy = *timeout;
	return syscall(
	    SYS_ppoll, fds, count, timeout != NULL ? &copy : NULL, mask, sizeof(sigset_t));
}

int
poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec ts = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return ppoll(fds, count, timeout_ms < 0 ? NULL : &ts, NULL);
}

int
pselect(int nfds, fd_set *readable, fd_set *writable, fd_set *except,
    const struct timespec *timeout, const sigset_t *mask)
{
	struct {
		const sigset_t *mask;
		size_t size;
	} set = {mask, sizeof(*mask)};
	struct timespec copy;

	if (timeout != NULL)
		copy = *timeout;
	return syscall(
	    SYS_pselect6, nfds, readable, writable, except, timeout != NULL ? &copy : NULL, &set);
}

int
select(int nfds, fd_set *readable, fd_set *writable, fd_set *except, struct timeval *timeout)
{
	struct timespec ts;

	if (timeout != NULL)
		ts = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
	return pselect(nfds, readable, writable, except, timeout != NULL ? &ts : NULL, NULL);
}
