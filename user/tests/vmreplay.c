/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does every process see what the reference model says, when the fuzzer's inputs are system calls?
 *
 * The model and the inputs are those of the host (tests/vm_model.h, tests/corpus), with random inputs of the run besides. A space is a
 * process; one process keeps the model and tells the others what to do, one step at a time:
 *
 *      leader --request of space n--> pipe n --> process n: mmap, fork, load ... --answer--> leader compares
 *
 * As many leaders as there are harts work at once. What belongs to the host (files, the break at a fixed place, memory that runs out on
 * command) is left out here.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sys/syscall.h>

/* Far from the program, its stack and its libraries. */
#define AREA      0x1000000000ul
#define STACK_TOP 0x1010000000ul
#include "tests/vm_model.h"
#include "user/tests/umtest.h"

#define CORPUS       "/tests/corpus"
#define INPUT_MAX    1024u
#define RANDOM_RUNS  12u
#define LEADERS_MAX  4u
#define GUARD_PAGES  256ul /* what growth leaves free above the mapping below */
#define VERIFY_EVERY 16u   /* operations */
#define ILLEGAL_AT                                                                                 \
	64 /* in a page, of which only the first byte is ever stored: zeros are no instruction */

enum { DO_MAP = OP_CODES, DO_VERIFY, DO_LEAVE };

struct request {
	int code;
	unsigned long addr, len;
	int prot, flags; /* flags: of mmap, or the inheritance, or the child's space */
	uint8_t value;
};

struct answer {
	int error;
	uint8_t value;
};

/* What each page, and then each page of the stack, should show. */
struct verify {
	uint8_t error[PAGES + STACK_PAGES], value[PAGES + STACK_PAGES];
};

static struct mspace spaces[SPACES];
static int down[SPACES][2], up[2];
static const char *input_name;
static unsigned op_number;

/*
 * In the process that is a space.
 */
static sigjmp_buf back;
static volatile int armed, fault;

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!armed)
		_exit(50);
	fault = sig == SIGILL              ? 0
	    : sig == SIGBUS                ? EINVAL
	    : info->si_code == SEGV_ACCERR ? EACCES
					   : EFAULT;
	siglongjmp(back, 1);
}

static void
catch_faults(void)
{
	struct sigaction act;
	int signals[] = {SIGSEGV, SIGBUS, SIGILL};

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_fault;
	act.sa_flags = SA_SIGINFO;
	for (unsigned i = 0; i < 3; i++)
		REQUIRE(sigaction(signals[i], &act, NULL) == 0);
}

/* => 0 or an errno, as the model counts */
static int
try_access(int code, unsigned long addr, uint8_t *value)
{
	volatile uint8_t *p = (volatile uint8_t *)addr;

	fault = 0;
	if (sigsetjmp(back, 1) == 0) {
		armed = 1;
		if (code == OP_LOAD)
			*value = *p;
		else if (code == OP_STORE)
			*p = *value;
		else
			((void (*)(void))(addr + ILLEGAL_AT))();
	}
	armed = 0;
	return fault;
}

static void obey(unsigned space);

static int
do_fork(unsigned child)
{
	pid_t pid = fork();

	if (pid == 0)
		obey(child);
	return pid < 0 ? errno : 0;
}

/* Index + 1 of the first page that shows something else; value: what it shows. */
static int
do_verify(unsigned space, uint8_t *value)
{
	struct verify v;

	REQUIRE(read(down[space][0], &v, sizeof(v)) == sizeof(v));
	for (unsigned i = 0; i < PAGES + STACK_PAGES; i++) {
		unsigned long addr =
		    i < PAGES ? va_of(i) : STACK_TOP - (i - PAGES + 1) * MODEL_PAGE;

		if (v.error[i] == 0xff)
			continue;
		if (try_access(OP_LOAD, addr, value) != v.error[i] ||
		    (v.error[i] == 0 && *value != v.value[i]))
			return (int)i + 1;
	}
	return 0;
}

static int
do_lock(void *addr, size_t len, uint8_t value)
{
	int result = value & 1 ? munlock(addr, len)
	    : value & 2        ? mlock2(addr, len, MLOCK_ONFAULT)
			       : mlock(addr, len);

	return result == 0 ? 0 : errno;
}

/* flags: 0 or MREMAP_DONTUNMAP */
static int
do_remap(const struct request *q)
{
	unsigned long to = va_of(q->value % PAGES);
	void *got = mremap(
	    (void *)q->addr, q->len, q->len, MREMAP_MAYMOVE | MREMAP_FIXED | q->flags, (void *)to);

	return got == (void *)to ? 0 : errno;
}

static int
do_request(unsigned space, const struct request *q, struct answer *a)
{
	void *addr = (void *)q->addr;

	switch (q->code) {
	case DO_MAP:
		return mmap(addr, q->len, q->prot, q->flags, -1, 0) == addr ? 0 : errno;
	case OP_UNMAP:
		return munmap(addr, q->len) == 0 ? 0 : errno;
	case OP_PROTECT:
		return mprotect(addr, q->len, q->prot) == 0 ? 0 : errno;
	case OP_INHERIT:
		return (int)-um_syscall(1000, (long)q->addr, (long)q->len, q->flags, 0, 0, 0);
	case OP_LOCK:
		return do_lock(addr, q->len, q->value);
	case OP_REMAP:
		return do_remap(q);
	case OP_ADVISE:
		return madvise(addr, q->len, q->flags) == 0 ? 0 : errno;
	case OP_FORK:
		return do_fork((unsigned)q->flags);
	case DO_VERIFY:
		return do_verify(space, &a->value);
	default:
		return try_access(q->code, q->addr, &a->value);
	}
}

static void
obey(unsigned space)
{
	struct request q;

	for (;;) {
		struct answer a = {0, 0};

		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (read(down[space][0], &q, sizeof(q)) != sizeof(q))
			_exit(51);
		a.value = q.value;
		if (q.code != DO_LEAVE)
			a.error = do_request(space, &q, &a);
		if (write(up[1], &a, sizeof(a)) != sizeof(a))
			_exit(52);
		if (q.code == DO_LEAVE)
			_exit(0);
	}
}

/*
 * In the leader.
 */
static void
wrong(const char *what, long got, long want)
{
	um_fail(__FILE__, __LINE__, "%s, operation %u: %s: %ld, expected %ld", input_name,
	    op_number, what, got, want);
	exit(1);
}

static struct answer
ask(const struct mspace *s, const struct request *q)
{
	struct answer a;

	REQUIRE(write(down[s - spaces][1], q, sizeof(*q)) == sizeof(*q));
	REQUIRE(read(up[0], &a, sizeof(a)) == sizeof(a));
	return a;
}

static int
ask_range(const struct op *op, int code, int flags, unsigned long less)
{
	struct request q = {.code = code,
	    .addr = va_of(op->first),
	    .len = (op->last - op->first) * MODEL_PAGE - less,
	    .prot = op->prot,
	    .flags = flags,
	    .value = op->value};

	return ask(op->s, &q).error;
}

static void
op_map(const struct op *op, bool shared)
{
	int flags = MAP_FIXED | MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE);
	int error = ask_range(op, DO_MAP, flags, op->value & 1);

	if (error != 0)
		wrong("mmap", error, 0);
	model_map(op, shared, NULL, 0);
}

static void
op_unmap(const struct op *op)
{
	int error = ask_range(op, OP_UNMAP, 0, 0);

	if (error != 0)
		wrong("munmap", error, 0);
	model_unmap(op);
}

static void
op_protect(const struct op *op)
{
	int error = ask_range(op, OP_PROTECT, 0, 0), want = model_protect(op);

	if (error != want)
		wrong("mprotect", error, want);
}

/* Linux has none. */
static void
op_inherit(const struct op *op)
{
	int error = ask_range(op, OP_INHERIT, op->value & 3, 0);

	if (error == 0)
		model_inherit(op);
	else if (error != ENOSYS)
		wrong("minherit", error, 0);
}

static void
op_advise(const struct op *op)
{
	int error = ask_range(op, OP_ADVISE, op_advice(op), 0), want = model_advise(op);

	if (error != want)
		wrong("madvise", error, want);
}

/* Where it must fail Linux goes some way all the same, so that is not tried. */
static void
op_lock(const struct op *op)
{
	int error;

	if (lock_is_vague(op) || model_lock(op) != 0)
		return;
	error = ask_range(op, OP_LOCK, 0, 0);
	if (error != 0)
		wrong("mlock", error, 0);
}

static void
op_remap(const struct op *op)
{
	unsigned n = op->last - op->first;
	int error, want = remap_refused(op);

	if (op_target(op) + n > PAGES)
		return;
	error = ask_range(op, OP_REMAP, op_keeps(op) ? MREMAP_DONTUNMAP : 0, 0);
	if (error == 0 && want == 0)
		model_remap(op);
	else if (error != want && !(error == EFAULT && want == 0 && n > 1))
		wrong("mremap", error, want);
}

static void
op_fork(const struct op *op)
{
	unsigned child = 1;
	int error;

	while (child < SPACES && spaces[child].vm != NULL)
		child++;
	if (child == SPACES)
		return;
	error = ask_range(op, OP_FORK, (int)child, 0);
	if (error != 0)
		wrong("fork", error, 0);
	space_fork(&spaces[child], op->s, op->s->vm);
}

static void
op_leave(struct mspace *s)
{
	(void)ask(s, &(struct request){.code = DO_LEAVE});
	space_clear(s);
}

static void
op_access(const struct op *op)
{
	static const uint8_t rights[OP_CODES] = {
	    [OP_LOAD] = PROT_READ, [OP_STORE] = PROT_WRITE, [OP_FETCH] = PROT_EXEC};
	struct vpage *p = &op->s->page[op->first];
	struct request q = {.code = op->code, .addr = va_of(op->first), .value = op->value};
	int want = expected(p, rights[op->code]);
	struct answer a = ask(op->s, &q);

	if (a.error != want)
		wrong("access", a.error, want);
	if (want == 0 && op->code == OP_LOAD && a.value != cell_value(p->cell))
		wrong("load", a.value, cell_value(p->cell));
	if (want == 0 && op->code == OP_STORE)
		cell_store(p->cell, op->value);
}

static void
op_stack(const struct op *op)
{
	unsigned depth = op->first % (STACK_PAGES + 4);
	bool write = op->value & 1;
	struct request q = {.code = write ? OP_STORE : OP_LOAD,
	    .addr = STACK_TOP - (depth + 1) * MODEL_PAGE,
	    .value = op->value};
	struct answer a = ask(op->s, &q);
	int want = depth < STACK_PAGES ? 0 : EFAULT;

	if (a.error != want)
		wrong("stack", a.error, want);
	if (want != 0)
		return;
	stack_grow(op->s, depth + 1);
	if (write)
		cell_store(op->s->stack[depth], op->value);
	else if (a.value != cell_value(op->s->stack[depth]))
		wrong("stack page", a.value, cell_value(op->s->stack[depth]));
}

static void
verify_space(const struct mspace *s)
{
	struct request q = {.code = DO_VERIFY};
	struct answer a;
	struct verify v;

	memset(&v, 0xff, sizeof(v));
	for (unsigned i = 0; i < PAGES; i++) {
		v.error[i] = (uint8_t)expected(&s->page[i], PROT_READ);
		v.value[i] = v.error[i] == 0 ? cell_value(s->page[i].cell) : 0;
	}
	for (unsigned i = 0; i < s->stack_pages; i++) {
		v.error[PAGES + i] = 0;
		v.value[PAGES + i] = cell_value(s->stack[i]);
	}
	REQUIRE(write(down[s - spaces][1], &q, sizeof(q)) == sizeof(q));
	REQUIRE(write(down[s - spaces][1], &v, sizeof(v)) == sizeof(v));
	REQUIRE(read(up[0], &a, sizeof(a)) == sizeof(a));
	if (a.error != 0)
		wrong("a page shows", a.value, v.value[a.error - 1]);
}

static void
verify_spaces(void)
{
	for (struct mspace *s = spaces; s < &spaces[SPACES]; s++)
		if (s->vm != NULL)
			verify_space(s);
}

static void
run_op(const struct op *op)
{
	switch (op->code) {
	case OP_MAP:
	case OP_MAP_SHARED:
		op_map(op, op->code == OP_MAP_SHARED);
		break;
	case OP_UNMAP:
		op_unmap(op);
		break;
	case OP_PROTECT:
		op_protect(op);
		break;
	case OP_INHERIT:
		op_inherit(op);
		break;
	case OP_ADVISE:
		op_advise(op);
		break;
	case OP_LOCK:
		op_lock(op);
		break;
	case OP_REMAP:
		op_remap(op);
		break;
	case OP_FORK:
		op_fork(op);
		break;
	case OP_EXIT:
		if (op->s != &spaces[0])
			op_leave(op->s);
		break;
	case OP_LOAD:
	case OP_STORE:
	case OP_FETCH:
		op_access(op);
		break;
	case OP_STACK:
		op_stack(op);
		break;
	default:
		break; /* the host's */
	}
}

/* A stack of one page that may grow to STACK_PAGES: then it would come too near to what lies below. */
static void
make_stack(void)
{
	char *top = (char *)STACK_TOP;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	REQUIRE(mmap(top - (STACK_PAGES + GUARD_PAGES + 1) * MODEL_PAGE, MODEL_PAGE, PROT_READ,
		    flags, -1, 0) != MAP_FAILED);
	REQUIRE(mmap(top - MODEL_PAGE, MODEL_PAGE, PROT_READ | PROT_WRITE, flags | MAP_GROWSDOWN,
		    -1, 0) != MAP_FAILED);
}

static void
replay(const uint8_t *input, size_t size)
{
	pid_t first = um_fork();

	if (first == 0) {
		catch_faults();
		make_stack();
		obey(0);
	}
	spaces[0].vm = (struct vmspace *)spaces; /* in use */
	spaces[0].brk = 0;
	stack_grow(&spaces[0], 1);
	for (op_number = 0; op_number < op_count(size); op_number++) {
		struct op op = op_decode(&input[INPUT_SETUP + INPUT_OP * op_number], spaces);

		run_op(&op);
		if (op_number % VERIFY_EVERY == 0)
			verify_spaces();
	}
	verify_spaces();
	for (unsigned i = SPACES; i-- > 0;)
		if (spaces[i].vm != NULL)
			op_leave(&spaces[i]);
	EXPECT_EQ(0, um_wait(first));
}

/*
 * Inputs.
 */
static void
replay_file(const char *name)
{
	uint8_t input[INPUT_MAX];
	char path[300];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	fd = open(path, O_RDONLY);
	REQUIRE(fd >= 0);
	size = read(fd, input, sizeof(input));
	REQUIRE(size >= 0);
	close(fd);
	input_name = name;
	replay(input, (size_t)size);
}

/* Every n-th file, from the k-th on. => how many there were */
static unsigned
replay_corpus(unsigned k, unsigned n)
{
	DIR *dir = opendir(CORPUS);
	struct dirent *entry;
	unsigned found = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && found++ % n == k)
			replay_file(entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return found;
}

static void
replay_random(unsigned which)
{
	uint8_t input[INPUT_SETUP + INPUT_OP * OPS_MAX];
	char name[40];

	for (unsigned i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)um_mix(um_nonce() + which, i);
	snprintf(name, sizeof(name), "random input %u", which);
	input_name = name;
	replay(input, sizeof(input));
}

static void
lead(void *arg)
{
	unsigned k = ((unsigned *)arg)[0], n = ((unsigned *)arg)[1];

	for (unsigned i = 0; i < SPACES; i++)
		REQUIRE(pipe(down[i]) == 0);
	REQUIRE(pipe(up) == 0);
	replay_corpus(k, n);
	for (unsigned i = 0; i < RANDOM_RUNS; i++)
		if (i % n == k)
			replay_random(i);
}

int
main(void)
{
	long harts = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = harts < 1 ? 1 : harts > (long)LEADERS_MAX ? LEADERS_MAX : (unsigned)harts;
	pid_t leader[LEADERS_MAX];

	for (unsigned k = 0; k < n; k++) {
		leader[k] = um_fork();
		if (leader[k] == 0) {
			lead((unsigned[]){k, n});
			exit(um_result());
		}
	}
	for (unsigned k = 0; k < n; k++)
		EXPECT_EQ(0, um_wait(leader[k]));
	return um_result();
}
