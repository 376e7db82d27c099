/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns: regcomp and regexec, fnmatch. */
#include <fnmatch.h>
#include <regex.h>

#include "tests/libc/check.h"

/* Where the expression matches, as "0,3" with ";so,eo" for each group, or "no", or "bad n". */
static const char *
match(const char *pattern, const char *text, int flags)
{
	static char buf[100];
	regmatch_t m[5];
	char *p = buf;
	regex_t re;
	int error = regcomp(&re, pattern, flags);
	size_t i;

	if (error != 0) {
		snprintf(buf, sizeof(buf), "bad %d", error);
		return buf;
	}
	if (regexec(&re, text, 5, m, 0) != 0) {
		regfree(&re);
		return "no";
	}
	for (i = 0; i <= re.re_nsub && i < 5; i++)
		p += sprintf(p, "%s%ld,%ld", i > 0 ? ";" : "", m[i].rm_so, m[i].rm_eo);
	regfree(&re);
	return buf;
}

static void
extended_expressions(void)
{
	int e = REG_EXTENDED;

	CHECK_STR("1,4", match("b+c", "abbcd", e));
	CHECK_STR("0,4", match("a|ab|abcd", "abcde", e)); /* the longest, not the first */
	CHECK_STR("0,3;1,2", match("a(b|x)c", "abc", e));
	CHECK_STR("2,5", match("[0-9]{3}", "ab123", e));
	CHECK_STR("no", match("^b", "ab", e));
	CHECK_STR("1,2", match("b$", "ab", e));
	CHECK_STR("0,0", match("x*", "ab", e));
	CHECK_STR("0,6;3,6", match("(ab.)*", "ab1ab2", e));
	CHECK_STR("0,2;0,1;1,2", match("(a)(b?)", "ab", e));
	CHECK_STR("0,1;0,1;-1,-1", match("(a)|(b)", "a", e));
	CHECK_STR("0,4", match("[[:alpha:]_]+", "ab_c9", e));
	CHECK_STR("0,2", match("[]a]+", "]a", e));
	CHECK_STR("0,2", match("A[^b]", "ax", e | REG_ICASE));
	CHECK_STR("4,7", match("\\<fox\\>", "the fox", e));
}

static void
basic_expressions(void)
{
	CHECK_STR("0,2", match("a*", "aab", 0));
	CHECK_STR("0,2", match("*a", "*a", 0));
	CHECK_STR("0,3;0,1", match("\\(a\\)bc", "abc", 0));
	CHECK_STR("0,4", match("a\\{2,3\\}b", "aaab", 0));
	CHECK_STR("0,2", match("a+", "a+", 0));
	CHECK_STR("0,2", match("a\\+", "aab", 0));
	CHECK_STR("1,3", match("^b\\|ca", "xca", 0));
	CHECK_STR("0,6;0,3", match("\\(abc\\)\\1", "abcabc", 0));
	CHECK_STR("no", match("\\(ab*\\)\\1c", "ababb", 0));
	CHECK_STR("0,3", match("a$b", "a$b", 0)); /* '$' in the middle is itself */
}

static void
lines_and_errors(void)
{
	int e = REG_EXTENDED;

	CHECK_STR("2,3", match("^b", "a\nb", e | REG_NEWLINE));
	CHECK_STR("no", match("a.b", "a\nb", e | REG_NEWLINE));
	CHECK_STR("0,3", match("a.b", "a\nb", e));
	CHECK_STR("bad 8", match("(a", "", e));
	CHECK_STR("bad 7", match("[a", "", e));
	CHECK_STR("bad 10", match("a{3,2}", "", e));
	CHECK_STR("bad 13", match("*a", "", e));
	CHECK_STR("bad 5", match("a\\", "", e));
	CHECK_STR("bad 6", match("\\1", "", 0));
	CHECK_STR("bad 11", match("[b-a]", "", e));
}

/* Backtracking needs 2^n steps here. */
static void
regexec_is_not_exponential(void)
{
	char text[4001];

	memset(text, 'a', 4000);
	text[4000] = 0;
	CHECK_STR("no", match("(a*)*b", text, REG_EXTENDED | REG_NOSUB));
	CHECK_STR("no", match("(a|aa)+b", text, REG_EXTENDED | REG_NOSUB));
}

static void
shell_patterns(void)
{
	CHECK(fnmatch("*.c", "main.c", 0) == 0 && fnmatch("*.c", "main.h", 0) != 0);
	CHECK(fnmatch("a*b*c", "axxbyyc", 0) == 0 && fnmatch("a*b*c", "axxbyy", 0) != 0);
	CHECK(fnmatch("[!a-c]?", "dx", 0) == 0 && fnmatch("[!a-c]?", "bx", 0) != 0);
	CHECK(fnmatch("[[:digit:]]*", "7x", 0) == 0 && fnmatch("[]-]", "-", 0) == 0);
	CHECK(fnmatch("\\*", "*", 0) == 0 && fnmatch("\\*", "x", 0) != 0);
	CHECK(fnmatch("*", "a/b", FNM_PATHNAME) != 0 && fnmatch("*/*", "a/b", FNM_PATHNAME) == 0);
	CHECK(fnmatch("*", ".x", FNM_PERIOD) != 0 && fnmatch(".*", ".x", FNM_PERIOD) == 0);
	CHECK(fnmatch("[a", "[a", 0) == 0);
}

int
main(void)
{
	RUN(extended_expressions);
	RUN(basic_expressions);
	RUN(lines_and_errors);
	RUN(regexec_is_not_exponential);
	RUN(shell_patterns);
	return check_failures != 0;
}
