/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grep [-EFGcHhilLnoqrsvwx] [-m count] [-e pattern]... [-f file] [pattern] [file...]: lines that
 * match. Status: 0 a line was selected, 1 none, 2 an error.
 */
#include <dirent.h>
#include <regex.h>
#include <sys/stat.h>

#include "user/cmd.h"

static const char usage[] =
    "grep [-EFGcHhiLlnoqrsvwx] [-m count] [-e pattern] [-f file] [pattern] [file...]";
static bool opt[128]; /* options given, by letter */
static long max_count = LONG_MAX;
static bool errors, selected_any, with_name;

/* The patterns: a line is selected if one of them matches. */
static struct pattern {
	struct pattern *next;
	char *text;
	regex_t re;
} * patterns, **tail = &patterns;

static void
add_pattern(const char *text, size_t n)
{
	struct pattern *p = cmd_alloc(NULL, sizeof(*p));

	p->next = NULL;
	p->text = strndup(text, n);
	if (p->text == NULL)
		err(2, NULL);
	*tail = p;
	tail = &p->next;
}

/* A pattern of several lines is several patterns. */
static void
add_patterns(const char *text)
{
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, "\n");
		add_pattern(text, n);
		if (text[n] == 0)
			return;
	}
}

static void
add_patterns_of_file(const char *path)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	char *line = NULL;
	size_t size;
	ssize_t n;

	if (f == NULL)
		err(2, "%s", path);
	while ((n = getline(&line, &size, f)) > 0)
		add_pattern(line, n - (line[n - 1] == '\n'));
	free(line);
	if (f != stdin)
		fclose(f);
}

/*
 * The text with every byte that means something quoted: -F is a regular expression like any other.
 */
static char *
quote(const char *s)
{
	char *out = cmd_alloc(NULL, 3 * strlen(s) + 1), *p = out;

	for (; *s != 0; s++) {
		if (strchr("\\.*[^$", *s) != NULL)
			*p++ = '\\';
		*p++ = *s;
	}
	*p = 0;
	return out;
}

static void
compile(struct pattern *p)
{
	int flags = (opt['E'] ? REG_EXTENDED : 0) | (opt['i'] ? REG_ICASE : 0), error;
	char *text = opt['F'] ? quote(p->text) : p->text, message[80];

	error = regcomp(&p->re, text, flags);
	if (error != 0) {
		regerror(error, &p->re, message, sizeof(message));
		errx(2, "%s: '%s'", message, p->text);
	}
	if (opt['F'])
		free(text);
}

static bool
is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Is the match one that -w and -x want? */
static bool
acceptable(const char *line, const regmatch_t *m)
{
	if (opt['x'])
		return m->rm_so == 0 && line[m->rm_eo] == 0;
	if (opt['w'])
		return (m->rm_so == 0 || !is_word_byte(line[m->rm_so - 1])) &&
		    !is_word_byte(line[m->rm_eo]);
	return true;
}

/* Finds the first acceptable match of a pattern at or behind `from`. */
static bool
match_pattern(const struct pattern *p, const char *line, size_t from, regmatch_t *m)
{
	size_t n = strlen(line);

	for (; from <= n; from++) {
		int flags = from > 0 ? REG_NOTBOL : 0;

		if (regexec(&p->re, line + from, 1, m, flags) != 0)
			return false;
		m->rm_so += from;
		m->rm_eo += from;
		if (acceptable(line, m))
			return true;
		from = m->rm_so; /* try again behind where this one began */
	}
	return false;
}

/* Finds the leftmost, then longest match of any pattern. */
static bool
match_line(const char *line, size_t from, regmatch_t *best)
{
	const struct pattern *p;
	bool found = false;
	regmatch_t m;

	for (p = patterns; p != NULL; p = p->next) {
		if (!match_pattern(p, line, from, &m))
			continue;
		if (!found || m.rm_so < best->rm_so ||
		    (m.rm_so == best->rm_so && m.rm_eo > best->rm_eo))
			*best = m;
		found = true;
	}
	return found;
}

static void
print_prefix(const char *name, unsigned long number)
{
	if (with_name)
		printf("%s:", name);
	if (opt['n'])
		printf("%lu:", number);
}

/* -o: each match on a line of its own. */
static void
print_matches(const char *line, const char *name, unsigned long number)
{
	size_t from = 0, n = strlen(line);
	regmatch_t m;

	while (from <= n && match_line(line, from, &m)) {
		if (m.rm_eo > m.rm_so) {
			print_prefix(name, number);
			printf("%.*s\n", (int)(m.rm_eo - m.rm_so), line + m.rm_so);
		}
		from = m.rm_eo > m.rm_so ? m.rm_eo : m.rm_eo + 1;
	}
}

static void
print_selected(const char *line, const char *name, unsigned long number)
{
	if (opt['q'] || opt['c'] || opt['l'] || opt['L'])
		return;
	if (opt['o']) {
		if (!opt['v'])
			print_matches(line, name, number);
		return;
	}
	print_prefix(name, number);
	puts(line);
}

/* => returns how many lines were selected. */
static unsigned long
grep_stream(FILE *f, const char *name)
{
	unsigned long number = 0, selected = 0;
	char *line = NULL;
	size_t size = 0;
	regmatch_t m;
	ssize_t n;

	while (selected < (unsigned long)max_count && (n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		number++;
		if (match_line(line, 0, &m) == opt['v'])
			continue;
		selected++;
		print_selected(line, name, number);
		if (opt['q'] || opt['l'] || opt['L'])
			break;
	}
	free(line);
	return selected;
}

static void
complain(const char *path)
{
	if (!opt['s'])
		warn("%s", path);
	errors = true;
}

static void
grep_file(const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "(standard input)" : path;
	FILE *f = standard ? stdin : fopen(path, "r");
	unsigned long selected;

	if (f == NULL) {
		complain(path);
		return;
	}
	selected = grep_stream(f, name);
	if (ferror(f))
		complain(path);
	if (!standard)
		fclose(f);
	selected_any |= opt['L'] ? selected == 0 : selected > 0;
	if (opt['q'])
		return;
	if (opt['l'] || opt['L']) {
		if ((selected > 0) == opt['l'])
			puts(name);
	} else if (opt['c']) {
		if (with_name)
			printf("%s:", name);
		printf("%lu\n", selected);
	}
}

static void
grep_path(const char *path)
{
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (!opt['r'] || stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		grep_file(path);
		return;
	}
	dir = opendir(path);
	if (dir == NULL) {
		complain(path);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		char *inner = cmd_join(path, e->d_name);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    lstat(inner, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			grep_path(inner);
		free(inner);
	}
	closedir(dir);
}

static void
parse_options(int argc, char *argv[])
{
	int c;

	while ((c = cmd_option(argc, argv, "EFGLHce:f:hilm:noqrRsvwx", usage, 2)) != -1) {
		switch (c) {
		case 'e':
			add_patterns(optarg);
			break;
		case 'f':
			add_patterns_of_file(optarg);
			break;
		case 'm':
			max_count = cmd_number(optarg, 0, LONG_MAX);
			break;
		case 'R':
			opt['r'] = true;
			break;
		default:
			opt[c] = true;
		}
		opt['e'] |= c == 'e' || c == 'f';
	}
}

int
main(int argc, char *argv[])
{
	struct pattern *p;

	parse_options(argc, argv);
	if (!opt['e']) {
		if (optind == argc)
			cmd_usage(usage, 2);
		add_patterns(argv[optind++]);
	}
	for (p = patterns; p != NULL; p = p->next)
		compile(p);
	with_name = !opt['h'] && (opt['H'] || opt['r'] || argc - optind > 1);
	if (optind == argc)
		grep_path(opt['r'] ? "." : "-");
	for (; optind < argc; optind++)
		grep_path(argv[optind]);
	errors |= cmd_finish(0) != 0;
	if (selected_any && opt['q'])
		return 0;
	return errors ? 2 : !selected_any;
}
