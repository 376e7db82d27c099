/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal of the console: a serial line below, a line discipline in between, sessions and
 * process groups above.
 *
 *      uart interrupt --tty_input--> ldisc --tty_read--> reader
 *                                      | echo
 *      uart <--serial.send-- stage <---+--- tty_write <-- writer
 *
 * What goes out passes through `stage`, because one byte may become two and the line may have room
 * for one.  Writers wait when it is full; echo that does not fit is lost, as the interrupt handler
 * cannot wait.
 *
 * Whether a process has this terminal is decided by its session: the terminal knows the session,
 * processes know nothing of terminals.
 *
 * Locks: tty.lock (spin, RANK_TTY) guards everything; the line's own lock comes after it.  Signals
 * are sent after it is released.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "kern/base/chardev.h"
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/console.h"
#include "kern/ddb.h"
#include "kern/file.h"
#include "kern/ldisc.h"
#include "kern/poll.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/tty.h"
#include "kern/uaccess.h"
#include "lib/minmax.h"

#define STAGE_SIZE   256u
#define READ_CHUNK   512u
#define WRITE_CHUNK  128u
#define VTIME_NS     100000000ull /* c_cc[VTIME] counts tenths of a second */
#define DEFAULT_ROWS 24
#define DEFAULT_COLS 80
#define CONSOLE_RDEV 0x501u

struct tty {
	struct spinlock lock; /*    RANK_TTY; tag Y below */
	struct ldisc ldisc;   /* Y */
	struct serial *line;  /* I */
	struct poll_queue pollers;
	int32_t sid;            /* Y  the session it controls; 0: none */
	int32_t pgrp;           /* Y  that session's foreground group */
	bool held;              /* Y  the line keeps its input, as there is no room here */
	struct winsize size;    /* Y */
	unsigned staged;        /* Y  bytes in stage */
	char stage[STAGE_SIZE]; /* Y  on their way out */
};

static struct tty console;

_Static_assert(sizeof(struct ldisc_termios) == sizeof(struct termios),
    "ldisc_termios is the struct termios of programs");

/* ---- Output side ----------------------------------------------------------------------------- */

static void
stage_byte(void *arg, char c)
{
	struct tty *t = arg;

	if (t->staged < STAGE_SIZE)
		t->stage[t->staged++] = c;
}

/* Hand the line what it takes.  => t->lock held. */
static void
flush_stage(struct tty *t)
{
	size_t sent;

	if (t->staged == 0)
		return;
	sent = t->line->send(t->line, t->stage, t->staged);
	t->staged -= (unsigned)sent;
	memmove(t->stage, t->stage + sent, t->staged);
}

static bool
has_room(struct tty *t)
{
	if (t->staged + LDISC_EXPAND > STAGE_SIZE)
		flush_stage(t);
	return !t->ldisc.stopped && t->staged + LDISC_EXPAND <= STAGE_SIZE;
}

/* The line has room again.  => interrupt context. */
static void
tty_output_ready(void *arg)
{
	struct tty *t = arg;

	spin_lock(&t->lock);
	flush_stage(t);
	if (t->staged < STAGE_SIZE / 2)
		wakeup(&t->stage);
	spin_unlock(&t->lock);
	poll_wake(&t->pollers);
}

/* Write n bytes; *done says how many went out.  => returns 0, EAGAIN, EINTR. */
static int
output(struct tty *t, const char *buf, size_t n, bool nonblock, size_t *done)
{
	int error = 0;

	*done = 0;
	spin_lock(&t->lock);
	while (!error && *done < n) {
		if (has_room(t))
			ldisc_output(&t->ldisc, buf[(*done)++]);
		else if (nonblock)
			error = EAGAIN;
		else
			error =
			    sleep_spin(&t->stage, &t->lock, "tty_write", SLEEP_INTR, NO_DEADLINE);
	}
	flush_stage(t);
	spin_unlock(&t->lock);
	return error;
}

/* Wait until all that was written has left. */
static int
drain(struct tty *t)
{
	int error = 0;

	spin_lock(&t->lock);
	while (!error && t->staged > 0)
		error = sleep_spin(&t->stage, &t->lock, "tty_drain", SLEEP_INTR, NO_DEADLINE);
	spin_unlock(&t->lock);
	return error;
}

/* ---- Input side ------------------------------------------------------------------------------ */

/* Hold the line back, or let it go on, by how much input is waiting here.  => t->lock held. */
static void
throttle(struct tty *t)
{
	bool hold = ldisc_throttled(&t->ldisc);

	if (hold != t->held)
		t->line->hold(t->line, hold);
	t->held = hold;
}

/* Do what the line discipline asked for.  => no lock held. */
static void
follow_up(struct tty *t, unsigned todo, int32_t pgrp)
{
	static const struct {
		unsigned bit;
		int sig;
	} signals[] = {{LDISC_SIGINT, SIGINT}, {LDISC_SIGQUIT, SIGQUIT}, {LDISC_SIGTSTP, SIGTSTP}};

	for (unsigned i = 0; i < NELEM(signals); i++)
		if ((todo & signals[i].bit) && pgrp != 0)
			signal_pgrp(pgrp, signals[i].sig, NULL);
	if (todo & LDISC_READABLE)
		wakeup(&t->ldisc);
	if (todo & LDISC_RESUMED)
		wakeup(&t->stage);
	if (todo & LDISC_DUMP)
		console_dump();
	poll_wake(&t->pollers);
}

/* Bytes came from the line.  => interrupt context. */
static void
tty_input(void *arg, const uint8_t *buf, size_t n)
{
	struct tty *t = arg;
	unsigned todo = 0;
	int32_t pgrp;

	/* Even if nobody listens to the terminal any more, the debugger does. */
	for (size_t i = 0; i < n; i++)
		if (buf[i] == DDB_KEY) {
			ddb_enter_typed(buf + i + 1, n - i - 1);
			n = i;
		}
	spin_lock(&t->lock);
	for (size_t i = 0; i < n; i++)
		todo |= ldisc_input(&t->ldisc, (char)buf[i]);
	flush_stage(t);
	throttle(t);
	pgrp = t->pgrp;
	spin_unlock(&t->lock);
	follow_up(t, todo, pgrp);
}

/*
 * Wait until a read of `want` bytes can be served, by the rules of VMIN and VTIME in raw mode.
 * => t->lock held on entry and exit.  => 0 (perhaps with nothing to read: VMIN is 0, or time is
 * over), EAGAIN, EINTR.
 */
static int
wait_input(struct tty *t, uint64_t want, bool nonblock) REQUIRES(t->lock)
{
	const struct ldisc_termios *modes = &t->ldisc.termios;
	uint64_t since = clock_mono_ns(), seen = 0;
	int error = 0;

	while (!error) {
		bool canon = modes->lflag & ICANON;
		uint64_t min = canon ? 1 : modes->cc[VMIN],
			 time = canon ? 0 : modes->cc[VTIME] * VTIME_NS;
		uint64_t ready = t->ldisc.finished - t->ldisc.read, deadline = NO_DEADLINE;

		if (ready >= MIN(MAX(min, 1ull * (time != 0)), want))
			return 0;
		if (nonblock)
			return ready > 0 ? 0 : EAGAIN;
		if (ready != seen)
			since = clock_mono_ns();
		seen = ready;
		/* With VMIN the time runs between bytes, without it from the start. */
		if (time != 0 && (min == 0 || ready > 0))
			deadline = since + time;
		error = sleep_spin(&t->ldisc, &t->lock, "tty_read", SLEEP_INTR, deadline);
		if (error == ETIMEDOUT || (error == EINTR && ready > 0))
			return 0;
	}
	return error;
}

/* ---- Job control ----------------------------------------------------------------------------- */

static bool
is_controlling(struct tty *t)
{
	int32_t sid = __atomic_load_n(&t->sid, __ATOMIC_RELAXED);

	return sid != 0 && sid == curproc()->sid;
}

/* A background process uses its terminal: stop its group with sig, unless it does not want to be
 * stopped.
 * => returns 0: go on; EINTR: signalled, do the call again; EIO. */
static int
check_foreground(struct tty *t, int sig)
{
	struct proc *p = curproc();

	if (!is_controlling(t) || p->pgid == __atomic_load_n(&t->pgrp, __ATOMIC_RELAXED))
		return 0;
	if (signal_is_ignored_or_blocked(sig))
		return sig == SIGTTIN ? EIO : 0;
	if (pgrp_is_orphaned(p->pgid))
		return EIO;
	signal_pgrp(p->pgid, sig, NULL);
	return EINTR;
}

/* Make t the controlling terminal of the caller's session, if it leads one and t is free.
 * => returns 0 or EPERM. */
static int
take_control(struct tty *t)
{
	struct proc *p = curproc();
	int error = 0;

	spin_lock(&t->lock);
	if (p->pid != p->sid || (t->sid != 0 && t->sid != p->sid)) {
		error = EPERM;
	} else if (t->sid == 0) {
		t->sid = p->sid;
		t->pgrp = p->pgid;
	}
	spin_unlock(&t->lock);
	return error;
}

void
tty_leader_exit(int sid)
{
	struct tty *t = &console;
	int32_t pgrp = 0;

	spin_lock(&t->lock);
	if (sid != 0 && t->sid == sid) {
		pgrp = t->pgrp;
		t->sid = t->pgrp = 0;
	}
	spin_unlock(&t->lock);
	if (pgrp == 0)
		return;
	signal_pgrp(pgrp, SIGHUP, NULL);
	signal_pgrp(pgrp, SIGCONT, NULL);
}

void
tty_of_session(int sid, uint32_t *rdev, int *pgrp)
{
	struct tty *t = &console;

	spin_lock(&t->lock);
	*rdev = sid != 0 && t->sid == sid ? CONSOLE_RDEV : 0;
	*pgrp = *rdev != 0 ? t->pgrp : -1;
	spin_unlock(&t->lock);
}

/* ---- File operations ------------------------------------------------------------------------- */

/* One piece of a read.  => *over: the read ends here. */
static int
read_chunk(struct tty *t, char *buf, size_t size, bool nonblock, size_t *got, bool *over)
{
	int error;

	spin_lock(&t->lock);
	error = wait_input(t, size, nonblock);
	*got = error ? 0 : ldisc_read(&t->ldisc, buf, size);
	throttle(t);
	*over = *got < size || !ldisc_readable(&t->ldisc) ||
	    ((t->ldisc.termios.lflag & ICANON) && ldisc_at_line_end(&t->ldisc));
	spin_unlock(&t->lock);
	return error;
}

static int
tty_read(struct file *f, struct uio *u)
{
	struct tty *t = f->data;
	char buf[READ_CHUNK];
	bool over = u->resid == 0;
	size_t got;
	int error;

	error = check_foreground(t, SIGTTIN);
	while (!error && !over && u->resid > 0) {
		size_t size = (size_t)MIN(u->resid, (uint64_t)sizeof(buf));

		error = read_chunk(t, buf, size, f->flags & O_NONBLOCK, &got, &over);
		if (!error)
			error = uio_move(buf, got, u);
	}
	return error;
}

static int
tty_write(struct file *f, struct uio *u)
{
	struct tty *t = f->data;
	char buf[WRITE_CHUNK];
	size_t n, done;
	int error = 0;

	if (t->ldisc.termios.lflag & TOSTOP)
		error = check_foreground(t, SIGTTOU);
	while (!error && u->resid > 0) {
		n = (size_t)MIN(u->resid, (uint64_t)sizeof(buf));
		error = uio_move(buf, n, u);
		if (error)
			break;
		error = output(t, buf, n, f->flags & O_NONBLOCK, &done);
		/* Nobody looks at the buffers of an interrupted write any more, but its count must
		 * be right. */
		u->resid += n - done;
	}
	return error;
}

static unsigned
tty_poll(struct file *f, struct poll_wait *w)
{
	struct tty *t = f->data;
	const struct ldisc *l = &t->ldisc;
	unsigned events = 0, need;

	poll_enqueue(&t->pollers, w);
	spin_lock(&t->lock);
	need = (l->termios.lflag & ICANON) || l->termios.cc[VTIME]
	    ? 1
	    : MAX(l->termios.cc[VMIN], (uint8_t)1);
	if (l->finished - l->read >= need)
		events |= POLLIN | POLLRDNORM;
	if (has_room(t))
		events |= POLLOUT | POLLWRNORM;
	spin_unlock(&t->lock);
	return events;
}

static int
set_modes(struct tty *t, uint32_t cmd, uint64_t arg)
{
	struct ldisc_termios modes;
	unsigned todo;
	int error = check_foreground(t, SIGTTOU);

	if (!error)
		error = copyin(&modes, arg, sizeof(modes));
	if (!error && cmd != TCSETS)
		error = drain(t);
	if (error)
		return error;
	spin_lock(&t->lock);
	if (cmd == TCSETSF)
		ldisc_flush_input(&t->ldisc);
	todo = ldisc_set_termios(&t->ldisc, &modes);
	throttle(t);
	spin_unlock(&t->lock);
	follow_up(t, todo, 0);
	return 0;
}

static int
get_modes(struct tty *t, uint64_t arg)
{
	struct ldisc_termios modes;

	spin_lock(&t->lock);
	modes = t->ldisc.termios;
	spin_unlock(&t->lock);
	return copyout(arg, &modes, sizeof(modes));
}

static bool
process_exists(int32_t pid)
{
	struct proc *p = proc_find(pid);

	if (p == NULL)
		return false;
	proc_unref(p);
	return true;
}

static int
set_foreground(struct tty *t, uint64_t arg)
{
	struct proc *p = curproc();
	int32_t pgrp;
	int error = check_foreground(t, SIGTTOU);

	if (error)
		return error == EIO ? ENOTTY : error;
	if (!is_controlling(t))
		return ENOTTY;
	if (copyin(&pgrp, arg, sizeof(pgrp)))
		return EFAULT;
	if (pgrp < 0)
		return EINVAL;
	if (!pgrp_in_session(pgrp, p->sid))
		return process_exists(pgrp) ? EPERM : ESRCH;
	spin_lock(&t->lock);
	if (t->sid == p->sid)
		t->pgrp = pgrp;
	spin_unlock(&t->lock);
	return 0;
}

static int
get_id(struct tty *t, uint64_t arg, const int32_t *id)
{
	int32_t value = __atomic_load_n(id, __ATOMIC_RELAXED);

	if (!is_controlling(t))
		return ENOTTY;
	return copyout(arg, &value, sizeof(value));
}

static int
release_control(struct tty *t)
{
	struct proc *p = curproc();

	if (!is_controlling(t))
		return ENOTTY;
	if (p->pid != p->sid)
		return EPERM; /* the session has the terminal, not the process */
	tty_leader_exit(p->sid);
	return 0;
}

static int
get_size(struct tty *t, uint64_t arg)
{
	struct winsize size;

	spin_lock(&t->lock);
	size = t->size;
	spin_unlock(&t->lock);
	return copyout(arg, &size, sizeof(size));
}

static int
set_size(struct tty *t, uint64_t arg)
{
	struct winsize size;
	int32_t pgrp;
	bool changed;

	if (copyin(&size, arg, sizeof(size)))
		return EFAULT;
	spin_lock(&t->lock);
	changed = memcmp(&t->size, &size, sizeof(size)) != 0;
	t->size = size;
	pgrp = t->pgrp;
	spin_unlock(&t->lock);
	if (changed && pgrp != 0)
		signal_pgrp(pgrp, SIGWINCH, NULL);
	return 0;
}

static int
flush_queues(struct tty *t, uint64_t which)
{
	int error = check_foreground(t, SIGTTOU);

	if (error)
		return error;
	if (which > TCIOFLUSH)
		return EINVAL;
	spin_lock(&t->lock);
	if (which != TCOFLUSH)
		ldisc_flush_input(&t->ldisc);
	if (which != TCIFLUSH)
		t->staged = 0;
	throttle(t);
	spin_unlock(&t->lock);
	follow_up(t, LDISC_RESUMED, 0);
	return 0;
}

/* tcflow(): stop and restart output; what concerns the other side's output is not supported by the
 * line. */
static int
set_flow(struct tty *t, uint64_t action)
{
	int error = check_foreground(t, SIGTTOU);

	if (error)
		return error;
	if (action > 3)
		return EINVAL;
	spin_lock(&t->lock);
	if (action < 2)
		t->ldisc.stopped = action == 0;
	spin_unlock(&t->lock);
	follow_up(t, LDISC_RESUMED, 0);
	return 0;
}

static int
count_queued(struct tty *t, uint64_t arg, bool input)
{
	int n;

	spin_lock(&t->lock);
	n = (int)(input ? ldisc_available(&t->ldisc) : t->staged);
	spin_unlock(&t->lock);
	return copyout(arg, &n, sizeof(n));
}

static int
tty_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct tty *t = f->data;
	int error;

	switch (cmd) {
	case TCGETS:
		return get_modes(t, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_modes(t, cmd, arg);
	case TCSBRK:
		error = check_foreground(t, SIGTTOU);
		return error ? error : drain(t);
	case TCXONC:
		return set_flow(t, arg);
	case TCFLSH:
		return flush_queues(t, arg);
	case TIOCSCTTY:
		return take_control(t);
	case TIOCNOTTY:
		return release_control(t);
	case TIOCGPGRP:
		return get_id(t, arg, &t->pgrp);
	case TIOCSPGRP:
		return set_foreground(t, arg);
	case TIOCGSID:
		return get_id(t, arg, &t->sid);
	case TIOCGWINSZ:
		return get_size(t, arg);
	case TIOCSWINSZ:
		return set_size(t, arg);
	case FIONREAD:
		return count_queued(t, arg, true);
	case TIOCOUTQ:
		return count_queued(t, arg, false);
	default:
		return ENOTTY;
	}
}

static const struct file_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .poll = tty_poll,
};

/* ---- Opening --------------------------------------------------------------------------------- */

static int
make_file(struct tty *t, uint32_t oflags, struct file **fp)
{
	struct file *f = file_alloc(&tty_ops, oflags);

	if (f == NULL)
		return ENFILE;
	f->data = t;
	*fp = f;
	return 0;
}

int
tty_open_console(uint32_t oflags, struct file **fp)
{
	struct tty *t = &console;

	if (t->line == NULL)
		return ENXIO;
	return make_file(t, oflags, fp);
}

int
tty_open_current(uint32_t oflags, struct file **fp)
{
	struct tty *t = &console;

	if (t->line == NULL || !is_controlling(t))
		return ENXIO;
	return make_file(t, oflags, fp);
}

void
tty_init(void)
{
	struct tty *t = &console;

	spin_init(&t->lock, "tty", RANK_TTY);
	poll_queue_init(&t->pollers);
	ldisc_init(&t->ldisc, stage_byte, t);
	t->size = (struct winsize){.ws_row = DEFAULT_ROWS, .ws_col = DEFAULT_COLS};
	t->line = console_serial;
	if (t->line == NULL)
		return;
	t->line->arg = t;
	t->line->output_ready = tty_output_ready;
	t->line->input = tty_input;
	t->line->hold(t->line, false);
}
