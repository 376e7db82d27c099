/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getopt() and getopt_long(). Operands that stand between options are moved behind them, as GNU
 * does it, unless the option string begins with '+' (then the first operand ends the options: env,
 * nice, sh).
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

static const char *cluster; /* the rest of "-abc" */

/* Reports a problem with the option.  => returns what the caller is to return for it. */
static int
complain(const char *options, const char *what, const char *name, size_t n, int result)
{
	options += *options == '+' || *options == '-';
	if (*options == ':')
		return result == ':' ? ':' : '?';
	if (opterr)
		fprintf(stderr, "%s: %s -- '%.*s'\n", __progname, what, (int)n, name);
	return '?';
}

/* Moves argv[from] down to argv[to]; those between go up by one. */
static void
move_down(char **argv, int from, int to)
{
	char *arg = argv[from];

	memmove(argv + to + 1, argv + to, (from - to) * sizeof(*argv));
	argv[to] = arg;
}

/* A letter of a cluster. */
static int
short_option(int argc, char *const argv[], const char *options)
{
	const char *letter = cluster++, *spec;

	optopt = *letter;
	spec = *letter != ':' ? strchr(options, *letter) : NULL;
	if (*cluster == 0)
		optind++;
	if (spec == NULL) {
		cluster = *cluster != 0 ? cluster : NULL;
		return complain(options, "invalid option", letter, 1, '?');
	}
	if (spec[1] != ':') {
		cluster = *cluster != 0 ? cluster : NULL;
		return *letter;
	}
	optarg = NULL;
	if (*cluster != 0) {
		optarg = (char *)cluster;
		optind++;
	} else if (spec[2] != ':') {
		if (optind >= argc) {
			cluster = NULL;
			return complain(options, "option requires an argument", letter, 1, ':');
		}
		optarg = argv[optind++];
	}
	cluster = NULL;
	return *letter;
}

/*
 * Finds the option of n bytes; a beginning that fits only one is enough.
 * => NULL if none or several fit.
 */
static const struct option *
find_long(const struct option *longopts, const char *name, size_t n)
{
	const struct option *o, *found = NULL;
	bool several = false;

	for (o = longopts; o->name != NULL; o++) {
		if (strncmp(o->name, name, n) != 0)
			continue;
		if (o->name[n] == 0)
			return o;
		several = found != NULL;
		found = o;
	}
	return several ? NULL : found;
}

/* "--name" or "--name=value"; optind is behind it already. */
static int
long_option(int argc, char *const argv[], const char *options, const struct option *longopts,
    const char *name, int *index)
{
	size_t n = strcspn(name, "=");
	const struct option *o = find_long(longopts, name, n);

	optopt = 0;
	if (o == NULL)
		return complain(options, "unrecognized option", name - 2, n + 2, '?');
	optopt = o->val;
	optarg = name[n] == '=' ? (char *)name + n + 1 : NULL;
	if (optarg != NULL && o->has_arg == no_argument)
		return complain(options, "option takes no argument", name - 2, n + 2, '?');
	if (optarg == NULL && o->has_arg == required_argument) {
		if (optind >= argc)
			return complain(
			    options, "option requires an argument", name - 2, n + 2, ':');
		optarg = argv[optind++];
	}
	if (index != NULL)
		*index = o - longopts;
	if (o->flag == NULL)
		return o->val;
	*o->flag = o->val;
	return 0;
}

static bool
is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != 0;
}

/* Handles the option at argv[optind], which may use further elements. */
static int
next_option(
    int argc, char *const argv[], const char *options, const struct option *longopts, int *index)
{
	const char *arg = argv[optind];

	if (arg[1] == '-' && longopts != NULL) {
		optind++;
		return long_option(argc, argv, options, longopts, arg + 2, index);
	}
	cluster = arg + 1;
	return short_option(argc, argv, options);
}

int
getopt_long(
    int argc, char *const argv[], const char *options, const struct option *longopts, int *index)
{
	bool in_order = *options == '+';
	int first, next, result;

	if (optind == 0) { /* start again */
		optind = 1;
		cluster = NULL;
	}
	if (cluster != NULL)
		return short_option(argc, argv, options);
	for (first = next = optind; next < argc && !is_option(argv[next]); next++)
		if (in_order)
			return -1;
	if (next == argc)
		return -1;
	optind = next;
	if (strcmp(argv[next], "--") == 0) {
		optind++;
		result = -1;
	} else {
		result = next_option(argc, argv, options, longopts, index);
	}
	if (next > first) { /* bring the option and its argument before the operands */
		int used = optind - next, i;

		if (cluster != NULL) /* more letters follow: the element is not used up yet */
			used = 1;
		for (i = 0; i < used; i++)
			move_down((char **)argv, next + i, first + i);
		optind = cluster != NULL ? first : first + used;
	}
	return result;
}

int
getopt(int argc, char *const argv[], const char *options)
{
	return getopt_long(argc, argv, options, NULL, NULL);
}
