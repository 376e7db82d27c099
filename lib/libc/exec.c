/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The convenient forms of execve(). execvp() looks for a name without '/' in each folder of $PATH.
 * A file that may be executed but is no program (ENOEXEC) is taken for a shell script.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin"

/* Runs `path` with /bin/sh.  => returns only on failure. */
static void
exec_script(const char *path, char *const argv[], char *const envp[])
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	char *args[argc + 3];

	args[0] = "sh";
	args[1] = (char *)path;
	memcpy(args + 2, argv + (argc > 0), (argc > 0 ? argc : 1) * sizeof(*args));
	execve("/bin/sh", args, envp);
}

int
execvpe(const char *file, char *const argv[], char *const envp[])
{
	const char *dir = getenv("PATH"), *end;
	char path[PATH_MAX];
	int error = ENOENT;

	if (strchr(file, '/') != NULL || *file == 0) {
		execve(file, argv, envp);
		if (errno == ENOEXEC)
			exec_script(file, argv, envp);
		return -1;
	}
	if (dir == NULL)
		dir = DEFAULT_PATH;
	for (;; dir = end + 1) {
		end = strchrnul(dir, ':');
		snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dir), dir,
		    end > dir ? "/" : "", file);
		execve(path, argv, envp);
		if (errno == ENOEXEC) {
			exec_script(path, argv, envp);
			return -1;
		}
		if (errno == EACCES)
			error = EACCES; /* but a later folder may have one that is executable */
		else if (errno != ENOENT && errno != ENOTDIR)
			return -1;
		if (*end == 0)
			break;
	}
	errno = error;
	return -1;
}

int
execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

int
execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

/* How many arguments up to the NULL. */
static int
count_args(va_list ap)
{
	int n = 1;

	while (va_arg(ap, char *) != NULL)
		n++;
	return n;
}

/* Stores arg0 and the rest, NULL included. */
static void
store_args(char **argv, const char *arg0, va_list *ap)
{
	*argv = (char *)arg0;
	while (*argv != NULL)
		*++argv = va_arg(*ap, char *);
}

int
execl(const char *path, const char *arg0, ...)
{
	struct {
		va_list ap;
	} args;

	va_start(args.ap, arg0);
	char *argv[count_args(args.ap) + 1];

	va_end(args.ap);
	va_start(args.ap, arg0);
	store_args(argv, arg0, &args.ap);
	va_end(args.ap);
	return execv(path, argv);
}

int
execlp(const char *file, const char *arg0, ...)
{
	struct {
		va_list ap;
	} args;

	va_start(args.ap, arg0);
	char *argv[count_args(args.ap) + 1];

	va_end(args.ap);
	va_start(args.ap, arg0);
	store_args(argv, arg0, &args.ap);
	va_end(args.ap);
	return execvp(file, argv);
}

int
execle(const char *path, const char *arg0, ...)
{
	struct {
		va_list ap;
	} args;
	char **envp;

	va_start(args.ap, arg0);
	char *argv[count_args(args.ap) + 1];

	va_end(args.ap);
	va_start(args.ap, arg0);
	store_args(argv, arg0, &args.ap);
	envp = va_arg(args.ap, char **);
	va_end(args.ap);
	return execve(path, argv, envp);
}
