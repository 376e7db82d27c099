/* SPDX-License-Identifier: BSD-2-Clause */
/* Options: getopt() of POSIX, getopt_long() of GNU (arguments may stand between options). */
#ifndef _GETOPT_H
#define _GETOPT_H

extern char *optarg; /* the option's argument */
extern int optind;   /* the next element of argv */
extern int opterr;   /* print messages (1) or not (0) */
extern int optopt;   /* the offending option */

struct option {
	const char *name;
	int has_arg;
	int *flag; /* NULL: getopt_long returns val; else it stores val there and returns 0 */
	int val;
};

#define no_argument       0
#define required_argument 1
#define optional_argument 2

int getopt(int argc, char *const argv[], const char *options);
int getopt_long(
    int argc, char *const argv[], const char *options, const struct option *longopts, int *index);

#endif
