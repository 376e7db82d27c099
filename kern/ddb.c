/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The in-kernel debugger: getting in and out, reading a line, finding the command.
 *
 *      ^B (tty.c) ---------.
 *      ebreak (trap.c) -----> ddb_enter: other harts wait --> [ prompt, line, command ]* --> continue
 *      panic, if ddb=1 ----'
 *      gdb sets ddb_request, clock tick
 *
 * It takes no lock: harts that wait hold no spinlock (arch/riscv/debug.c), sleeping locks and those
 * of this hart's interrupted code may be held, and then what they guard may be half changed; the
 * commands say so.  A command runs inside debug_try(), so a bad address costs no more than the
 * command.
 *
 * If two harts want in at once, the second waits like all others.  Only a panic takes over from a
 * session that is open on another hart.
 *
 * Rejected: a thread that does the talking, like ^P's (console.c).  It needs a scheduler, locks and
 * memory that work, and those are what is being debugged.
 */
#include "kern/ddb.h"

#include <string.h>

#include "arch/riscv/cpu.h"
#include "arch/riscv/debug.h"
#include "arch/riscv/machine.h"
#include "kern/base/chardev.h"
#include "kern/base/debug.h"
#include "kern/base/thread.h"
#include "kern/ddb_command.h"
#include "lib/minmax.h"

#define LINE_SIZE    128u
#define AHEAD_SIZE   64u
#define RESET_STATUS 125 /* QEMU's exit status: as after a panic */

#define KEY(letter)  ((letter) - '@')
#define DELETE       0x7f

uint32_t ddb_request; /* a */

static int owner;     /* a  hart index + 1 of the one that talks; 0: nobody */
static bool on_panic; /* I  a panic enters */
static bool leaving;  /* the owner's */
static char line[LINE_SIZE];
static uint8_t ahead[AHEAD_SIZE]; /* typed behind ^B */
static size_t ahead_n, ahead_at;

/*
 * Reading a line.
 */

/* The next byte typed.  => -1: a panic on another hart has taken the console. */
static int
read_key(int me)
{
	int key = -1;

	if (ahead_at < ahead_n)
		return ahead[ahead_at++];
	while (key < 0) {
		if (__atomic_load_n(&owner, __ATOMIC_RELAXED) != me)
			return -1;
		key = console_serial->receive_polled(console_serial);
	}
	return key;
}

static void
erase(size_t n)
{
	while (n-- > 0)
		kprintf("\b \b");
}

/* Read and echo a line.  => false: as read_key. */
static bool
read_line(int me)
{
	size_t n = 0;
	int key;

	kprintf("ddb> ");
	while ((key = read_key(me)) != '\r' && key != '\n') {
		if (key < 0)
			return false;
		if ((key == '\b' || key == DELETE) && n > 0) {
			erase(1);
			n--;
		} else if (key == KEY('U') || key == KEY('C')) {
			erase(n);
			n = 0;
		} else if (key >= ' ' && key < DELETE && n < LINE_SIZE - 1) {
			line[n++] = (char)key;
			kprintf("%c", key);
		}
	}
	line[n] = '\0';
	kprintf("\n");
	return true;
}

/*
 * Commands.
 */
static void
do_continue(const struct ddb_args *a)
{
	(void)a;
	if (panicking())
		kprintf("after a panic there is nothing to continue: reset\n");
	else
		leaving = true;
}

static void
do_reset(const struct ddb_args *a)
{
	(void)a;
	machine_poweroff(RESET_STATUS);
}

static void
do_panic(const struct ddb_args *a)
{
	(void)a;
	panic("asked for in the debugger");
}

static void do_help(const struct ddb_args *a);

static const struct command {
	const char *name; /* one word or two */
	const char *args;
	void (*run)(const struct ddb_args *a);
	const char *help;
} commands[] = {
    {"help", "", do_help, "this list"},
    {"ps", "", ddb_ps, "processes and their threads, then the kernel's own threads"},
    {"bt", "[TID|ADDR]", ddb_bt,
	"chain of calls of this thread, of thread TID, of the struct thread at ADDR"},
    {"show map", "PID|ADDR|NAME", ddb_show_map,
	"entries and objects; NAME: kernel, kstack, exec, pipe, kmem"},
    {"show procvm", "PID", ddb_show_procvm,
	"address space of a process: sizes, break, stack, limits"},
    {"show object", "ADDR", ddb_show_object,
	"object with its pages, then the whole chain behind it"},
    {"show page", "ADDR", ddb_show_page,
	"page at a physical address, or the struct vm_page at ADDR"},
    {"show zones", "", ddb_show_zones, "kinds of small kernel objects, and how many there are"},
    {"show locks", "", ddb_show_locks, "who holds which lock, who waits for one"},
    {"show pmap", "PID|kernel VA", ddb_show_pmap, "page-table walk, level by level"},
    {"watch counters", "", ddb_watch_counters,
	"which have changed since this command was last given"},
    {"x", "[/FMT] [PID:]ADDR", ddb_examine, "memory; FMT: count, x d u c s or p, size b h w or g"},
    {"continue", "", do_continue, "let the system go on"},
    {"panic", "", do_panic, "panic, to see what that does"},
    {"reset", "", do_reset, "power off; QEMU exits with 125"},
};

static void
do_help(const struct ddb_args *a)
{
	(void)a;
	for (unsigned i = 0; i < NELEM(commands); i++)
		kprintf("%-14s %-18s %s\n", commands[i].name, commands[i].args, commands[i].help);
	kprintf(
	    "Numbers: decimal, 0x..., or a function's name, with +N.  Names may be cut short.\n");
}

void
ddb_complain(const char *what, const char *word)
{
	kprintf("ddb: %s%s%s\n", what, word[0] != '\0' ? ": " : "", word);
}

/* Is `typed` the beginning of the word at `name`?  => where the next word of name begins (the end:
 * an empty string), NULL: it is not. */
static const char *
match_word(const char *name, const char *typed)
{
	size_t n = strlen(typed);

	if (strncmp(name, typed, n) != 0 || strcspn(name, " ") < n)
		return NULL;
	name += strcspn(name, " ");
	return name + strspn(name, " ");
}

/* The command that the words begin with, and how many words its name took. */
static const struct command *
find_command(char *const word[], unsigned n, unsigned *used)
{
	for (unsigned i = 0; i < NELEM(commands); i++) {
		const char *name = commands[i].name;

		for (*used = 0; *used < n && name != NULL && name[0] != '\0'; ++*used)
			name = match_word(name, word[*used]);
		if (name != NULL && name[0] == '\0')
			return &commands[i];
	}
	return NULL;
}

static void
run_line(void *arg)
{
	struct ddb_args a = {0};
	char *rest = arg, *word;
	const struct command *c;
	unsigned used;

	while (a.n < NELEM(a.word) && (word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			a.word[a.n++] = word;
	if (a.n == 0)
		return;
	word = a.word[0] + strcspn(a.word[0], "/");
	if (*word == '/') {
		*word = '\0';
		a.format = word + 1;
	}
	c = find_command(a.word, a.n, &used);
	if (c == NULL) {
		ddb_complain("no such command (help lists them)", a.word[0]);
		return;
	}
	a.n -= used;
	memmove(a.word, a.word + used, a.n * sizeof(a.word[0]));
	c->run(&a);
}

/*
 * What commands share.
 */

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

static bool
parse_digits(const char *s, size_t n, unsigned base, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned)digit_value(s[i]);

		if (d >= base)
			return false;
		*value = *value * base + d;
	}
	return n > 0;
}

static bool
parse_term(const char *s, size_t n, uint64_t *value)
{
	char name[64];

	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_digits(s + 2, n - 2, 16, value);
	if (parse_digits(s, n, 10, value))
		return true;
	if (n < sizeof(name)) {
		memcpy(name, s, n);
		name[n] = '\0';
		*value = ksym_address(name);
		if (*value != 0)
			return true;
	}
	return parse_digits(s, n, 16, value);
}

bool
ddb_number(const char *word, uint64_t *value)
{
	const char *s = word;
	uint64_t term;

	*value = 0;
	for (;;) {
		size_t n = strcspn(s, "+");

		if (!parse_term(s, n, &term)) {
			ddb_complain("neither a number nor a function", word);
			return false;
		}
		*value += term;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

bool
ddb_argument(const struct ddb_args *a, unsigned i, const char *what, uint64_t *value)
{
	if (i < a->n)
		return ddb_number(a->word[i], value);
	ddb_complain("missing", what);
	return false;
}

void
ddb_print_symbol(vaddr_t va)
{
	uint64_t offset;
	const char *name = ksym_find(va, &offset);

	if (name != NULL)
		kprintf("%s+%#lx ", name, offset);
}

void
ddb_warn_locked(bool locked, const char *what)
{
	if (locked)
		kprintf("(%s is locked: what follows may be half changed)\n", what);
}

/*
 * In and out.
 */

/* Talk until it is enough. */
static void
converse(int me)
{
	struct debug_fault fault;

	leaving = false;
	while (!leaving && read_line(me)) {
		if (debug_try(run_line, line, &fault))
			continue;
		kprintf("\nddb: nothing at %#lx (cause %lu, in ", fault.addr, fault.cause);
		ddb_print_symbol(fault.pc);
		kprintf("at %#lx)\n", fault.pc);
	}
}

static void
print_absent(uint64_t harts)
{
	for (unsigned i = 0; i < MAXHART; i++)
		if ((harts >> i & 1) != 0)
			kprintf("hart %u does not answer: it runs on, with interrupts off\n", i);
}

/* Become the one that talks.  => false: another hart is, and goes on being it. */
static bool
take_over(int me)
{
	int nobody = 0;

	if (__atomic_compare_exchange_n(
		&owner, &nobody, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) ||
	    nobody == me)
		return true;
	if (!panicking())
		return false;
	__atomic_store_n(&owner, me, __ATOMIC_RELEASE);
	return true;
}

void
ddb_enter(const char *why)
{
	int me;
	uint64_t absent;

	if (console_serial == NULL || console_serial->receive_polled == NULL)
		return;
	intr_push_off();
	me = (int)cpu_id() + 1;
	while (!take_over(me))
		debug_pause_point();
	absent = debug_pause_others();
	kprintf_alone(true);
	kprintf("\nddb: %s on hart %d, thread %s; help lists the commands\n", why, me - 1,
	    curthread()->name);
	if (!panicking())
		print_absent(absent);
	converse(me);
	while (panicking())
		cpu_relax(); /* another hart has the console, and will power off */
	kprintf_alone(false);
	debug_resume_others();
	__atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
	intr_pop_off();
}

void
ddb_enter_typed(const uint8_t *typed, size_t n)
{
	ahead_at = 0;
	ahead_n = MIN(n, (size_t)AHEAD_SIZE);
	memcpy(ahead, typed, ahead_n);
	ddb_enter("^B");
}

void
ddb_check_request(void)
{
	if (__atomic_load_n(&ddb_request, __ATOMIC_RELAXED) != 0 &&
	    __atomic_exchange_n(&ddb_request, 0, __ATOMIC_RELAXED) != 0)
		ddb_enter("gdb");
}

/* From below: a breakpoint or a panic. */
static void
enter_from_below(const char *why)
{
	if (!panicking() || on_panic)
		ddb_enter(why);
}

void
ddb_on_panic(bool yes)
{
	on_panic = yes;
}

void
ddb_init(void)
{
	debugger_hook = enter_from_below;
}
