/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort [-bcfnrsu] [-t separator] [-k first[,last]]... [-o file] [file...]: sort lines by the bytes
 * of the keys given, else of the whole line. Lines with equal keys are ordered by the whole line
 * unless -s. All lines are held in memory.
 */
#include "user/cmd.h"

#define KEYS_MAX 8

/* How to compare: of the whole command line, or of one key. */
struct order {
	bool blanks;  /* b: leading blanks do not count */
	bool fold;    /* f: nor does case */
	bool numeric; /* n: by value */
	bool reverse; /* r */
};

/* -k first.first_char,last.last_char; last 0: to the end of the line. */
struct key {
	int first, first_char;
	int last, last_char;
	struct order order;
};

struct line {
	char *text;
	size_t len;
};

static const char usage[] = "sort [-bcfnrsu] [-t separator] [-k key] [-o file] [file...]";
static struct order global;
static struct key keys[KEYS_MAX];
static int key_count;
static int separator = -1; /* -1: fields begin with blanks */
static bool stable, unique, check;

static struct line *lines;
static size_t line_count, line_room;

/* ---- Keys ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The place where field n (from 1) begins. */
static const char *
find_field(const char *s, const char *end, int n)
{
	for (; n > 1 && s < end; n--) {
		if (separator >= 0) {
			while (s < end && *s != separator)
				s++;
			s += s < end;
			continue;
		}
		while (s < end && is_blank(*s))
			s++;
		while (s < end && !is_blank(*s))
			s++;
	}
	return s;
}

/* The end of field n. */
static const char *
field_end(const char *s, const char *end, int n)
{
	s = find_field(s, end, n);
	if (separator >= 0) {
		while (s < end && *s != separator)
			s++;
		return s;
	}
	while (s < end && is_blank(*s))
		s++;
	while (s < end && !is_blank(*s))
		s++;
	return s;
}

static const char *
skip_blanks(const char *s, const char *end)
{
	while (s < end && is_blank(*s))
		s++;
	return s;
}

/* The part of a line that a key names. */
static void
find_key(const struct line *l, const struct key *k, const char **from, const char **to)
{
	const char *end = l->text + l->len;

	*from = find_field(l->text, end, k->first);
	if (k->order.blanks)
		*from = skip_blanks(*from, end);
	*from = end - *from > k->first_char - 1 ? *from + k->first_char - 1 : end;
	if (k->last == 0) {
		*to = end;
	} else if (k->last_char == 0) {
		*to = field_end(l->text, end, k->last);
	} else {
		*to = find_field(l->text, end, k->last);
		if (k->order.blanks)
			*to = skip_blanks(*to, end);
		*to = end - *to > k->last_char ? *to + k->last_char : end;
	}
	if (*to < *from)
		*to = *from;
}

/* ---- Comparing ---- */

static size_t
digits(const char *s, const char *end)
{
	size_t n = 0;

	while (s + n < end && isdigit((unsigned char)s[n]))
		n++;
	return n;
}

/*
 * A number as text: sign, digits without leading zeroes, digits behind the point. Exact for any
 * length.
 */
struct number {
	bool negative;
	const char *whole, *fraction;
	size_t whole_len, fraction_len;
};

static struct number
parse_number(const char *s, const char *end)
{
	struct number n = {0};

	s = skip_blanks(s, end);
	if (s < end && *s == '-') {
		n.negative = true;
		s++;
	}
	while (s < end && *s == '0')
		s++;
	n.whole = s;
	n.whole_len = digits(s, end);
	s += n.whole_len;
	n.fraction = s < end && *s == '.' ? s + 1 : s;
	n.fraction_len = s < end && *s == '.' ? digits(s + 1, end) : 0;
	while (n.fraction_len > 0 && n.fraction[n.fraction_len - 1] == '0')
		n.fraction_len--;
	if (n.whole_len == 0 && n.fraction_len == 0)
		n.negative = false;
	return n;
}

static int
compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order != 0)
		return order;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int
compare_numbers(const char *a, const char *a_end, const char *b, const char *b_end)
{
	struct number x = parse_number(a, a_end), y = parse_number(b, b_end);
	int order;

	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	if (x.whole_len != y.whole_len)
		order = x.whole_len < y.whole_len ? -1 : 1;
	else
		order = memcmp(x.whole, y.whole, x.whole_len);
	if (order == 0)
		order = compare_bytes(x.fraction, x.fraction_len, y.fraction, y.fraction_len);
	return x.negative ? -order : order;
}

static int
compare_folded(const char *a, const char *a_end, const char *b, const char *b_end)
{
	for (; a < a_end && b < b_end; a++, b++) {
		int order = toupper((unsigned char)*a) - toupper((unsigned char)*b);

		if (order != 0)
			return order;
	}
	return a < a_end ? 1 : b < b_end ? -1 : 0;
}

static int
compare_keys(const struct line *x, const struct line *y, const struct key *k)
{
	const char *a, *a_end, *b, *b_end;
	int order;

	find_key(x, k, &a, &a_end);
	find_key(y, k, &b, &b_end);
	if (k->order.numeric)
		order = compare_numbers(a, a_end, b, b_end);
	else if (k->order.fold)
		order = compare_folded(a, a_end, b, b_end);
	else
		order = compare_bytes(a, a_end - a, b, b_end - b);
	return k->order.reverse ? -order : order;
}

/* By the keys alone: lines that are equal so are one line for -u. */
static int
compare_by_keys(const struct line *x, const struct line *y)
{
	int i, order = 0;

	for (i = 0; i < key_count && order == 0; i++)
		order = compare_keys(x, y, &keys[i]);
	return order;
}

static int
compare(const struct line *x, const struct line *y)
{
	int order = compare_by_keys(x, y);

	if (order != 0 || stable || unique)
		return order;
	order = compare_bytes(x->text, x->len, y->text, y->len);
	return global.reverse ? -order : order;
}

/* Merge sort: stable, and at most n log n comparisons.  => tmp has room for half of the lines. */
static void
merge_sort(struct line *v, size_t n, struct line *tmp)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	merge_sort(v, half, tmp);
	merge_sort(v + half, n - half, tmp);
	memcpy(tmp, v, half * sizeof(*v));
	while (i < half && j < n)
		v[k++] = compare(&tmp[i], &v[j]) <= 0 ? tmp[i++] : v[j++];
	memcpy(v + k, tmp + i, (half - i) * sizeof(*v));
}

/* ---- Input, output, options ---- */

static void
read_lines(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;

	if (f == NULL)
		err(2, "%s", name);
	while ((n = getline(&text, &size, f)) > 0) {
		n -= text[n - 1] == '\n';
		if (line_count == line_room) {
			line_room = 2 * line_room + 64;
			lines = cmd_alloc(lines, line_room * sizeof(*lines));
		}
		lines[line_count].text = memcpy(cmd_alloc(NULL, n + 1), text, n);
		lines[line_count++].len = n;
	}
	if (ferror(f))
		err(2, "%s", name);
	free(text);
	if (f != stdin)
		fclose(f);
}

static bool
set_order(struct order *o, char c)
{
	switch (c) {
	case 'b':
		o->blanks = true;
		return true;
	case 'f':
		o->fold = true;
		return true;
	case 'n':
		o->numeric = true;
		return true;
	case 'r':
		o->reverse = true;
		return true;
	default:
		return false;
	}
}

/* Reads "field[.char][bfnr]".  => returns the place behind, NULL if there is no number. */
static const char *
parse_position(const char *s, int *field, int *ch, struct order *o)
{
	char *end;

	*field = strtol(s, &end, 10);
	if (end == s || *field < 1)
		return NULL;
	if (*end == '.') {
		*ch = strtol(end + 1, &end, 10);
		if (*ch < 0)
			return NULL;
	}
	while (set_order(o, *end))
		end++;
	return end;
}

static void
add_key(const char *text)
{
	struct key k = {.first_char = 1};
	const char *s = parse_position(text, &k.first, &k.first_char, &k.order);

	if (s != NULL && *s == ',')
		s = parse_position(s + 1, &k.last, &k.last_char, &k.order);
	if (s == NULL || *s != 0 || k.first_char < 1)
		errx(2, "invalid key: '%s'", text);
	if (key_count == KEYS_MAX)
		errx(2, "more than %d keys", KEYS_MAX);
	keys[key_count++] = k;
}

/*
 * A key without letters of its own takes those of the command line; without any key the line is the
 * key.
 */
static void
finish_keys(void)
{
	static const struct order none;
	int i;

	if (key_count == 0)
		keys[key_count++] = (struct key){.first = 1, .first_char = 1, .order = global};
	for (i = 0; i < key_count; i++)
		if (memcmp(&keys[i].order, &none, sizeof(none)) == 0)
			keys[i].order = global;
}

static int
check_sorted(void)
{
	size_t i;

	for (i = 1; i < line_count; i++) {
		int order = compare(&lines[i - 1], &lines[i]);

		if (order > 0 || (order == 0 && unique)) {
			warnx("disorder: %.*s", (int)lines[i].len, lines[i].text);
			return 1;
		}
	}
	return 0;
}

static void
write_lines(void)
{
	size_t i;

	for (i = 0; i < line_count; i++) {
		if (unique && i > 0 && compare_by_keys(&lines[i - 1], &lines[i]) == 0)
			continue;
		fwrite(lines[i].text, 1, lines[i].len, stdout);
		putchar('\n');
	}
}

int
main(int argc, char *argv[])
{
	const char *output = NULL;
	int c;

	while ((c = cmd_option(argc, argv, "bcfk:no:rst:u", usage, 2)) != -1) {
		if (c == 'k')
			add_key(optarg);
		else if (c == 'o')
			output = optarg;
		else if (c == 't')
			separator = *optarg;
		stable |= c == 's';
		unique |= c == 'u';
		check |= c == 'c';
		if (c != 'k' && c != 'o' && c != 't')
			set_order(&global, c);
	}
	finish_keys();
	if (optind == argc)
		read_lines("-");
	for (; optind < argc; optind++)
		read_lines(argv[optind]);
	if (check)
		return check_sorted();
	merge_sort(lines, line_count, cmd_alloc(NULL, (line_count / 2 + 1) * sizeof(*lines)));
	if (output != NULL && freopen(output, "w", stdout) == NULL)
		err(2, "%s", output);
	write_lines();
	return cmd_finish(0) != 0 ? 2 : 0;
}
