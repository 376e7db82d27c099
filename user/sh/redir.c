/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redirections. Those of a command that runs in the shell itself are undone afterwards: the
 * descriptors they replace are kept as copies at 10 and above, on a stack that an error also
 * unwinds.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/sh/sh.h"

#define COPIES_FROM 10

struct saved_fd {
	struct saved_fd *below;
	int fd;
	int copy; /* -1: it was closed */
};

static struct saved_fd *saved;

static void
save(int fd)
{
	struct saved_fd *s = arena_alloc(sizeof(*s));

	*s = (struct saved_fd){saved, fd, fcntl(fd, F_DUPFD_CLOEXEC, COPIES_FROM)};
	saved = s;
}

struct saved_fd *
redirect_mark(void)
{
	return saved;
}

void
redirect_undo(struct saved_fd *mark)
{
	for (; saved != mark; saved = saved->below) {
		if (saved->copy < 0) {
			close(saved->fd);
			continue;
		}
		dup2(saved->copy, saved->fd);
		close(saved->copy);
	}
}

/* A pipe with the text in it; a child writes what the pipe cannot take at once. */
static int
open_heredoc(const struct redir *r)
{
	const char *text = r->quoted ? r->target : expand_heredoc(r->target);
	size_t n = strlen(text);
	ssize_t done;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	if (n <= PIPE_BUF) {
		done = write(fds[1], text, n);
		if (done != (ssize_t)n)
			sh_warn("here-document: %s", strerror(errno));
	} else if (fork() == 0) {
		sh_subshell(false);
		for (; n > 0; text += done, n -= done) {
			done = write(fds[1], text, n);
			if (done < 0)
				break;
		}
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/* The descriptor named after <& or >&.  => -1 for "-", -2 with a message if it is none. */
static int
parse_fd(const char *s)
{
	char *end;
	long fd = strtol(s, &end, 10);

	if (strcmp(s, "-") == 0)
		return -1;
	if (*s >= '0' && *s <= '9' && *end == 0 && fd < INT_MAX)
		return fd;
	sh_warn("%s: not a file descriptor", s);
	return -2;
}

static int
open_target(const struct redir *r, const char *target)
{
	switch (r->type) {
	case T_LESS:
		return open(target, O_RDONLY | O_CLOEXEC);
	case T_LESSGREAT:
		return open(target, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	case T_DGREAT:
		return open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	default:
		return open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
}

/* <&n, >&n and >&-. */
static bool
duplicate(const struct redir *r, const char *target)
{
	int from = parse_fd(target);

	if (from == -2)
		return false;
	if (from == -1) {
		close(r->fd);
		return true;
	}
	if (dup2(from, r->fd) < 0) {
		sh_warn("%d: %s", from, strerror(errno));
		return false;
	}
	if (from == r->fd)
		fcntl(from, F_SETFD, 0);
	return true;
}

static bool
redirect_one(const struct redir *r, bool undoable)
{
	bool heredoc = r->type == T_DLESS || r->type == T_DLESSDASH;
	const char *target = heredoc ? "here-document" : expand_string(r->target);
	int fd;

	if (r->type == T_LESSAND || r->type == T_GREATAND) {
		if (undoable)
			save(r->fd);
		return duplicate(r, target);
	}
	if (undoable)
		save(r->fd); /* before open() can return this number */
	fd = heredoc ? open_heredoc(r) : open_target(r, target);
	if (fd < 0) {
		sh_warn("%s: %s", target, strerror(errno));
		return false;
	}
	if (fd == r->fd) {
		fcntl(fd, F_SETFD, 0);
		return true;
	}
	if (dup2(fd, r->fd) < 0) {
		sh_warn("%d: %s", r->fd, strerror(errno));
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

bool
redirect(const struct redir *r, bool undoable)
{
	for (; r != NULL; r = r->next)
		if (!redirect_one(r, undoable))
			return false;
	return true;
}
