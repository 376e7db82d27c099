/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the line discipline do what a person at a terminal, and POSIX, expect?  kern/ldisc.c knows
 * nothing of the kernel: it is compiled as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include <cmocka.h>

#include "kern/ldisc.h"

static struct ldisc l;
static char screen[8192]; /* what went out to the line */
static size_t shown;
static unsigned todo; /* what the last typed characters asked for */

static void
put_on_screen(void *arg, char c)
{
	(void)arg;
	if (shown < sizeof(screen) - 1)
		screen[shown++] = c;
	screen[shown] = '\0';
}

static int
fresh(void **state)
{
	(void)state;
	ldisc_init(&l, put_on_screen, NULL);
	shown = 0;
	screen[0] = '\0';
	todo = 0;
	return 0;
}

static void
type(const char *keys)
{
	todo = 0;
	for (; *keys != '\0'; keys++)
		todo |= ldisc_input(&l, *keys);
}

static void
set_local(uint32_t clear, uint32_t set)
{
	struct ldisc_termios t = l.termios;

	t.lflag = (t.lflag & ~clear) | set;
	todo = ldisc_set_termios(&l, &t);
}

/* One read of up to n bytes gives exactly `want`. */
static void
expect_read(size_t n, const char *want)
{
	char buf[LDISC_SIZE + 1];
	size_t got = ldisc_read(&l, buf, n);

	buf[got] = '\0';
	assert_string_equal(buf, want);
}

static void
expect_screen(const char *want)
{
	assert_string_equal(screen, want);
	shown = 0;
	screen[0] = '\0';
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void
a_line_is_readable_when_it_is_finished(void **state)
{
	(void)state;
	type("abc");
	assert_false(ldisc_readable(&l));
	type("\r");
	assert_true(ldisc_readable(&l));
	assert_true(todo & LDISC_READABLE);
	assert_int_equal(ldisc_available(&l), 4);
	expect_read(100, "abc\n");
	assert_false(ldisc_readable(&l));
	expect_screen("abc\r\n");
}

static void
one_read_gives_one_line(void **state)
{
	(void)state;
	type("one\rtwo\r");
	expect_read(100, "one\n");
	assert_true(ldisc_at_line_end(&l));
	expect_read(100, "two\n");
}

static void
a_short_read_leaves_the_rest(void **state)
{
	(void)state;
	type("abcdef\r");
	expect_read(4, "abcd");
	assert_false(ldisc_at_line_end(&l));
	expect_read(4, "ef\n");
}

static void
end_of_file_is_an_empty_read(void **state)
{
	(void)state;
	type("\4");
	assert_true(ldisc_readable(&l));
	assert_int_equal(ldisc_available(&l), 0);
	expect_read(100, "");
	assert_false(ldisc_readable(&l));
	expect_screen("");
}

static void
end_of_file_after_text_ends_the_line(void **state)
{
	(void)state;
	type("ab\4");
	expect_read(100, "ab");
	assert_false(ldisc_readable(&l));
}

static void
end_of_file_does_not_outlive_a_read_that_just_fits(void **state)
{
	(void)state;
	type("ab\4");
	expect_read(2, "ab");
	assert_false(ldisc_readable(&l));
}

/* ---- Editing --------------------------------------------------------------------------------- */

static void
both_erase_keys_erase(void **state)
{
	(void)state;
	type("abc\177\bx\r");
	expect_read(100, "ax\n");
	expect_screen("abc\b \b\b \bx\r\n");
}

static void
erase_stops_at_the_start_of_the_line(void **state)
{
	(void)state;
	type("done\ra\177\177\177b\r");
	expect_read(100, "done\n");
	expect_read(100, "b\n");
	expect_screen("done\r\na\b \bb\r\n");
}

static void
erasing_a_tab_goes_back_to_where_it_began(void **state)
{
	(void)state;
	for (const char *prompt = "$ "; *prompt != '\0'; prompt++)
		ldisc_output(&l, *prompt);
	type("a\t\177");
	expect_screen("$ a\t\b \b\b \b\b \b\b \b\b \b");
}

static void
a_control_character_shows_and_erases_as_two(void **state)
{
	(void)state;
	type("\26\1\177");
	expect_screen("^A\b \b\b \b");
}

static void
a_character_of_several_bytes_is_erased_as_one(void **state)
{
	(void)state;
	type("x\303\244\177\r");
	expect_read(100, "x\n");
	expect_screen("x\303\244\b \b\r\n");
}

static void
kill_forgets_the_line_but_no_finished_one(void **state)
{
	(void)state;
	type("keep\rabc\25xy\r");
	expect_read(100, "keep\n");
	expect_read(100, "xy\n");
	expect_screen("keep\r\nabc\b \b\b \b\b \bxy\r\n");
}

static void
word_erase_takes_the_word_and_the_blanks_behind_it(void **state)
{
	(void)state;
	type("one two  \27x\r");
	expect_read(100, "one x\n");
}

static void
a_quoted_character_means_itself(void **state)
{
	(void)state;
	type("a\26\3\26\177\r");
	assert_false(todo & LDISC_SIGINT);
	expect_read(100, "a\3\177\n");
}

static void
reprint_shows_the_line_again(void **state)
{
	(void)state;
	type("ab\22");
	expect_screen("ab^R\r\nab");
}

/* ---- Keys that act --------------------------------------------------------------------------- */

static void
interrupt_signals_and_drops_input(void **state)
{
	(void)state;
	type("line\rhalf\3");
	assert_true(todo & LDISC_SIGINT);
	assert_false(ldisc_readable(&l));
	type("x\r");
	expect_read(100, "x\n");
}

static void
quit_and_suspend_signal(void **state)
{
	(void)state;
	type("\34");
	assert_true(todo & LDISC_SIGQUIT);
	type("\32");
	assert_true(todo & LDISC_SIGTSTP);
	expect_screen("^\\^Z");
}

static void
dump_is_asked_for_in_line_mode_only(void **state)
{
	(void)state;
	type("\20");
	assert_true(todo & LDISC_DUMP);
	set_local(ICANON, 0);
	type("\20");
	assert_false(todo & LDISC_DUMP);
	expect_read(100, "\20");
}

static void
stop_and_start_hold_output(void **state)
{
	(void)state;
	type("\23");
	assert_true(l.stopped);
	type("\21");
	assert_false(l.stopped);
	assert_true(todo & LDISC_RESUMED);
	assert_false(ldisc_readable(&l));
}

static void
interrupt_releases_stopped_output(void **state)
{
	(void)state;
	type("\23\3");
	assert_false(l.stopped);
	assert_true(todo & LDISC_RESUMED);
}

/* ---- Modes ----------------------------------------------------------------------------------- */

static void
raw_mode_gives_every_byte_at_once(void **state)
{
	struct ldisc_termios raw = l.termios;

	(void)state;
	raw.iflag = 0;
	raw.oflag = 0;
	raw.lflag = 0;
	ldisc_set_termios(&l, &raw);
	type("\3\r\177");
	assert_int_equal(todo, LDISC_READABLE);
	expect_read(100, "\3\r\177");
	expect_screen("");
}

static void
a_half_typed_line_becomes_readable_in_raw_mode(void **state)
{
	(void)state;
	type("half");
	set_local(ICANON, 0);
	assert_true(todo & LDISC_READABLE);
	expect_read(100, "half");
}

static void
raw_input_stays_readable_in_line_mode(void **state)
{
	(void)state;
	set_local(ICANON, 0);
	type("raw");
	set_local(0, ICANON);
	assert_true(ldisc_readable(&l));
	type("line\r");
	expect_read(100, "raw");
	expect_read(100, "line\n");
}

static void
without_echo_nothing_is_shown(void **state)
{
	(void)state;
	set_local(ECHO, ECHONL);
	type("secret\177\r");
	expect_read(100, "secre\n");
	expect_screen("\r\n");
}

static void
output_is_processed_only_if_asked(void **state)
{
	struct ldisc_termios t = l.termios;

	(void)state;
	ldisc_output(&l, '\n');
	expect_screen("\r\n");
	t.oflag = 0;
	ldisc_set_termios(&l, &t);
	ldisc_output(&l, '\n');
	expect_screen("\n");
}

/* ---- Too much -------------------------------------------------------------------------------- */

static void
an_endless_line_can_still_be_finished(void **state)
{
	char buf[LDISC_SIZE];

	(void)state;
	for (unsigned i = 0; i < 3 * LDISC_SIZE; i++)
		ldisc_input(&l, 'x');
	assert_false(ldisc_throttled(&l));
	type("\r");
	assert_int_equal(ldisc_read(&l, buf, sizeof(buf)), LDISC_SIZE);
	assert_int_equal(buf[LDISC_SIZE - 2], 'x');
	assert_int_equal(buf[LDISC_SIZE - 1], '\n');
}

/* A line that waits while it is told to loses nothing, however slowly it is read. */
static void
input_that_waits_for_the_reader_is_complete(void **state)
{
	unsigned sent = 0, seen = 0;
	char line[16], buf[16];

	(void)state;
	while (seen < 5000) {
		while (sent < 5000 && !ldisc_throttled(&l)) {
			snprintf(line, sizeof(line), "%u\r", sent++);
			type(line);
		}
		size_t n = ldisc_read(&l, buf, sizeof(buf));

		snprintf(line, sizeof(line), "%u\n", seen++);
		assert_int_equal(n, strlen(line));
		assert_memory_equal(buf, line, n);
	}
	assert_false(ldisc_readable(&l));
}

static void
counters_may_wrap(void **state)
{
	(void)state;
	l.read = l.finished = l.write = UINT32_MAX - 3;
	type("wrapped around\r");
	expect_read(100, "wrapped around\n");
	type("again\177\r");
	expect_read(100, "agai\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_line_is_readable_when_it_is_finished, fresh),
	    cmocka_unit_test_setup(one_read_gives_one_line, fresh),
	    cmocka_unit_test_setup(a_short_read_leaves_the_rest, fresh),
	    cmocka_unit_test_setup(end_of_file_is_an_empty_read, fresh),
	    cmocka_unit_test_setup(end_of_file_after_text_ends_the_line, fresh),
	    cmocka_unit_test_setup(end_of_file_does_not_outlive_a_read_that_just_fits, fresh),
	    cmocka_unit_test_setup(both_erase_keys_erase, fresh),
	    cmocka_unit_test_setup(erase_stops_at_the_start_of_the_line, fresh),
	    cmocka_unit_test_setup(erasing_a_tab_goes_back_to_where_it_began, fresh),
	    cmocka_unit_test_setup(a_control_character_shows_and_erases_as_two, fresh),
	    cmocka_unit_test_setup(a_character_of_several_bytes_is_erased_as_one, fresh),
	    cmocka_unit_test_setup(kill_forgets_the_line_but_no_finished_one, fresh),
	    cmocka_unit_test_setup(word_erase_takes_the_word_and_the_blanks_behind_it, fresh),
	    cmocka_unit_test_setup(a_quoted_character_means_itself, fresh),
	    cmocka_unit_test_setup(reprint_shows_the_line_again, fresh),
	    cmocka_unit_test_setup(interrupt_signals_and_drops_input, fresh),
	    cmocka_unit_test_setup(quit_and_suspend_signal, fresh),
	    cmocka_unit_test_setup(dump_is_asked_for_in_line_mode_only, fresh),
	    cmocka_unit_test_setup(stop_and_start_hold_output, fresh),
	    cmocka_unit_test_setup(interrupt_releases_stopped_output, fresh),
	    cmocka_unit_test_setup(raw_mode_gives_every_byte_at_once, fresh),
	    cmocka_unit_test_setup(a_half_typed_line_becomes_readable_in_raw_mode, fresh),
	    cmocka_unit_test_setup(raw_input_stays_readable_in_line_mode, fresh),
	    cmocka_unit_test_setup(without_echo_nothing_is_shown, fresh),
	    cmocka_unit_test_setup(output_is_processed_only_if_asked, fresh),
	    cmocka_unit_test_setup(an_endless_line_can_still_be_finished, fresh),
	    cmocka_unit_test_setup(input_that_waits_for_the_reader_is_complete, fresh),
	    cmocka_unit_test_setup(counters_may_wrap, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
