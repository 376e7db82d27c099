/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The environment. environ starts as the array that exec left on the stack; the first change copies
 * the array (not the strings) to memory that can grow. Strings made by setenv() are not freed when
 * replaced: a program may still hold what getenv() gave it. Every function here takes LOCK_ENV;
 * those that change `environ` themselves, as exec's callers may, are on their own.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/libc/thread.h"

static char **own;  /* the array we allocated, if environ is it */
static size_t size; /* entries it has room for */

/* => returns the entry for the name of n bytes, or the place of the terminating NULL. */
static char **
find(const char *name, size_t n)
{
	static char *empty[1];
	char **e;

	if (environ == NULL)
		environ = empty;
	for (e = environ; *e != NULL; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			break;
	return e;
}

char *
getenv(const char *name)
{
	size_t n = strlen(name);
	char *entry;

	__lock(LOCK_ENV);
	entry = *find(name, n);
	__unlock(LOCK_ENV);
	return entry != NULL ? entry + n + 1 : NULL;
}

/* Puts "name=value" in place of the old entry or at the end.  => the name has n bytes. */
static int
put_locked(char *assignment, size_t n)
{
	char **e = find(assignment, n);
	size_t used = e - environ;
	bool append = *e == NULL;

	if (append && (environ != own || used + 1 >= size)) {
		size_t new_size = used + 16;
		char **array = environ == own ? realloc(own, new_size * sizeof(*array))
					      : malloc(new_size * sizeof(*array));

		if (array == NULL)
			return -1;
		if (environ != own)
			memcpy(array, environ, used * sizeof(*array));
		environ = own = array;
		size = new_size;
		e = environ + used;
	}
	if (append)
		e[1] = NULL;
	*e = assignment;
	return 0;
}

static int
put(char *assignment, size_t n)
{
	int result;

	__lock(LOCK_ENV);
	result = put_locked(assignment, n);
	__unlock(LOCK_ENV);
	return result;
}

/* => returns the length of a valid name, 0 with EINVAL for another. */
static size_t
name_len(const char *name)
{
	size_t n = name != NULL ? strcspn(name, "=") : 0;

	if (n > 0 && name[n] == 0)
		return n;
	errno = EINVAL;
	return 0;
}

int
setenv(const char *name, const char *value, int overwrite)
{
	size_t n = name_len(name), len = strlen(value);
	char *assignment;

	if (n == 0)
		return -1;
	if (!overwrite && getenv(name) != NULL)
		return 0;
	assignment = malloc(n + len + 2);
	if (assignment == NULL)
		return -1;
	memcpy(assignment, name, n);
	assignment[n] = '=';
	memcpy(assignment + n + 1, value, len + 1);
	return put(assignment, n);
}

int
unsetenv(const char *name)
{
	size_t n = name_len(name);
	char **e;

	if (n == 0)
		return -1;
	__lock(LOCK_ENV);
	while (*(e = find(name, n)) != NULL)
		for (; *e != NULL; e++)
			e[0] = e[1];
	__unlock(LOCK_ENV);
	return 0;
}

int
putenv(char *assignment)
{
	size_t n = strcspn(assignment, "=");

	return assignment[n] == '=' ? put(assignment, n) : unsetenv(assignment);
}

int
clearenv(void)
{
	static char *empty[1];

	__lock(LOCK_ENV);
	environ = empty;
	__unlock(LOCK_ENV);
	return 0;
}
