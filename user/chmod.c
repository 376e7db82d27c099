/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chmod mode file...: mode is octal, or [ugoa]*[-+=][rwxXst]* parts with commas between, applied
 * one after the other.
 */
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] = "chmod mode file...";

/* The bits of "who": u, g, o, a. Nobody named is everybody, less what umask says. */
static const char *
parse_who(const char *s, mode_t *who, mode_t mask)
{
	*who = 0;
	for (; *s != 0 && strchr("ugoa", *s) != NULL; s++)
		*who |= *s == 'u' ? 04700 : *s == 'g' ? 02070 : *s == 'o' ? 01007 : 07777;
	if (*who == 0)
		*who = 07777 & ~mask;
	return s;
}

static const char *
parse_bits(const char *s, mode_t *bits, mode_t mode)
{
	*bits = 0;
	for (; *s != 0 && strchr("rwxXst", *s) != NULL; s++) {
		switch (*s) {
		case 'r':
			*bits |= 0444;
			break;
		case 'w':
			*bits |= 0222;
			break;
		case 'X': /* only folders, and what somebody may execute already */
			if (!S_ISDIR(mode) && !(mode & 0111))
				break;
			*bits |= 0111;
			break;
		case 'x':
			*bits |= 0111;
			break;
		case 's':
			*bits |= 06000;
			break;
		default:
			*bits |= 01000;
		}
	}
	return s;
}

/* What a mode becomes.  => leaves with a message when `s` is no mode. */
static mode_t
apply(const char *text, mode_t mode, mode_t mask)
{
	const char *s = text;
	mode_t who, bits;
	char *end;

	if (isdigit((unsigned char)*s)) {
		bits = strtoul(s, &end, 8);
		if (*end != 0 || bits > 07777)
			errx(1, "invalid mode: '%s'", text);
		return bits;
	}
	do {
		s = parse_who(s, &who, mask);
		do {
			char op = *s;

			if (op != '+' && op != '-' && op != '=')
				errx(1, "invalid mode: '%s'", text);
			s = parse_bits(s + 1, &bits, mode);
			if (op == '=')
				mode &= ~who;
			mode = op == '-' ? mode & ~(bits & who) : mode | (bits & who);
		} while (*s != 0 && *s != ',');
	} while (*s++ == ',');
	return mode & 07777;
}

int
main(int argc, char *argv[])
{
	mode_t mask = umask(0);
	int status = 0, i = 1;
	struct stat st;

	umask(mask);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s\n", usage);
		return 0;
	}
	i += i < argc && strcmp(argv[i], "--") == 0;
	if (argc - i < 2)
		cmd_usage(usage, 1);
	for (int file = i + 1; file < argc; file++)
		if (stat(argv[file], &st) < 0 ||
		    chmod(argv[file], apply(argv[i], st.st_mode, mask)) < 0) {
			warn("%s", argv[file]);
			status = 1;
		}
	return status;
}
