/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes: the table of waiters, futex(2), and the lists of locks that outlive their owner.
 *
 *      key -> bucket: lock, waiters (each on its thread's kernel stack), longest first
 *
 * A word is known by its key, never by its physical address: copy-on-write and paging give the
 * same word other frames.
 *
 *      memory that forks share     (object, offset in it)
 *      other memory                (vmspace, address)
 *
 * Whoever says FUTEX_PRIVATE_FLAG gets the second form without a look at the map.  A key holds no
 * reference: the waiter's space lives as long as the waiter, and if the memory is unmapped under a
 * waiter and its object freed, a new object in the same place costs a spurious wakeup at worst.
 *
 * The waiter compares the word and queues itself under the bucket's lock, and whoever wakes changes
 * the word before it takes that lock: no wakeup is lost.  Under the lock the word is read with
 * faults disabled; if it is not there, all is unlocked, faulted in, and begun again.
 *
 * Lock order: the map (to make a key) alone; then buckets (RANK_FUTEX), two of them in the order of
 * their addresses; then the pmap (a fault that only the page table has to fix), sleep queues.
 *
 * Rejected: waiting on the sleep queues of kern/base directly.  They know one channel a thread, but
 * neither keys of two words, nor bitsets, nor moving a sleeper to another channel.
 */
#include "kern/futex.h"

#include <errno.h>
#include <sys/futex.h>

#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/proc.h"
#include "kern/signal.h"
#include "kern/syscall.h"
#include "kern/time.h"
#include "kern/uaccess.h"
#include "lib/list.h"
#include "lib/minmax.h"
#include "vm/vmspace.h"

#define NBUCKET      64   /* a power of two */
#define ROBUST_LIMIT 2048 /* locks looked at in a thread's robust list; it may be a circle */

struct futex_key {
	const void *space; /* struct vmspace or struct vm_object */
	uint64_t where;    /* address or offset, bytes */
};

static struct bucket {
	struct spinlock lock; /* RANK_FUTEX */
	struct list waiters;  /* lock  longest first */
} buckets[NBUCKET];

struct waiter {
	struct list link;      /* lock of its bucket */
	struct futex_key key;  /* the same */
	struct bucket *bucket; /* a  changed with the bucket locked; NULL: woken */
	uint32_t bitset;       /* I */
};

void
futex_init(void)
{
	for (unsigned i = 0; i < NBUCKET; i++) {
		spin_init(&buckets[i].lock, "futex", RANK_FUTEX);
		list_init(&buckets[i].waiters);
	}
}

/*
 * Keys.
 */

/* The word's place in memory that forks share.  => map locked exclusively, unless the entry has an
 * object of its own.  ENOMEM. */
static int
object_key(struct vm_map_entry *e, vaddr_t va, struct futex_key *key)
{
	int error = vm_map_entry_own_object(e);

	if (error == 0)
		*key = (struct futex_key){e->u.object, e->offset + (va - e->start)};
	return error;
}

static bool
has_own_object(const struct vm_map_entry *e)
{
	return e->u.object != NULL && (e->eflags & MAP_ENTRY_NEEDS_COPY) == 0;
}

/* => map locked; EAGAIN: it has to be locked exclusively. */
static int
entry_key(struct vm_map *map, vaddr_t va, vm_prot_t access, bool exclusive, struct futex_key *key)
{
	struct vm_map_entry *e = vm_map_lookup_entry(map, va, NULL);

	if (e == NULL || (e->eflags & MAP_ENTRY_GUARD) != 0 || (e->protection & access) != access)
		return EFAULT;
	if (e->inheritance != VM_INHERIT_SHARE) {
		*key = (struct futex_key){CONTAINER_OF(map, struct vmspace, map), va};
		return 0;
	}
	if (!exclusive && !has_own_object(e))
		return EAGAIN;
	return object_key(e, va, key);
}

/* => returns 0; EINVAL (alignment), EFAULT, ENOMEM. */
static int
get_key(vaddr_t va, bool private, vm_prot_t access, struct futex_key *key)
{
	struct vmspace *vm = curproc()->vmspace;
	int error;

	if (va % sizeof(uint32_t) != 0)
		return EINVAL;
	if (va >= VM_MAX_USER_ADDRESS)
		return EFAULT;
	if (private) {
		*key = (struct futex_key){vm, va};
		return 0;
	}
	vm_map_lock_read(&vm->map);
	error = entry_key(&vm->map, va, access, false, key);
	vm_map_unlock_read(&vm->map);
	if (error == EAGAIN) {
		vm_map_lock(&vm->map);
		error = entry_key(&vm->map, va, access, true, key);
		vm_map_unlock(&vm->map);
	}
	return error;
}

static inline bool
same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->space == b->space && a->where == b->where;
}

static struct bucket *
bucket_of(const struct futex_key *key)
{
	uint64_t h = ((uint64_t)(uintptr_t)key->space ^ key->where) * 0x9e3779b97f4a7c15ul;

	return &buckets[(h >> 32) % NBUCKET];
}

/* => a may be b. */
static void
lock_both(struct bucket *a, struct bucket *b) NO_LOCK_ANALYSIS
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock_nested(a < b ? &b->lock : &a->lock);
}

static void
unlock_both(struct bucket *a, struct bucket *b) NO_LOCK_ANALYSIS
{
	if (a != b)
		spin_unlock(a < b ? &b->lock : &a->lock);
	spin_unlock(a < b ? &a->lock : &b->lock);
}

/*
 * Waiting.
 */

/* Go to the queue if the word has the expected value.  => 0: queued, sleep_wait() comes next.
 * EAGAIN: another value. EFAULT. */
static int
enqueue_if_equal(struct waiter *w, vaddr_t va, uint32_t expected)
{
	for (;;) {
		struct bucket *b = bucket_of(&w->key);
		uint32_t value;
		int error;

		spin_lock(&b->lock);
		error = fetch32_nofault(va, &value);
		if (error == 0 && value == expected) {
			w->bucket = b;
			list_push_back(&b->waiters, &w->link);
			sleep_prepare(w, "futex");
			spin_unlock(&b->lock);
			return 0;
		}
		spin_unlock(&b->lock);
		if (error == 0)
			return EAGAIN;
		error = fetch32(va, &value);
		if (error != 0)
			return error;
	}
}

/* The sleep has ended.  => true: nobody had woken us. */
static bool
leave_queue(struct waiter *w)
{
	struct bucket *b;

	/* It may be moved to another bucket until we hold the lock. */
	while ((b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE)) != NULL) {
		bool same;

		spin_lock(&b->lock);
		same = __atomic_load_n(&w->bucket, __ATOMIC_RELAXED) == b;
		if (same)
			list_remove(&w->link);
		spin_unlock(&b->lock);
		if (same)
			return true;
	}
	return false;
}

/* => returns 0 (woken, or for no reason), EAGAIN, ETIMEDOUT, EINTR, EINVAL, EFAULT, ENOMEM. */
static int
futex_wait(vaddr_t va, bool private, uint32_t expected, uint32_t bitset, uint64_t deadline)
{
	struct waiter w = {.bitset = bitset};
	int error;

	if (bitset == 0)
		return EINVAL;
	error = get_key(va, private, VM_PROT_READ, &w.key);
	if (error == 0)
		error = enqueue_if_equal(&w, va, expected);
	if (error != 0)
		return error;
	error = sleep_wait(SLEEP_INTR, deadline);
	return leave_queue(&w) ? error : 0;
}

/*
 * Waking.
 */

/* => its bucket locked.  The waiter cannot be gone before the lock is released. */
static void
wake_waiter(struct waiter *w)
{
	list_remove(&w->link);
	wakeup(w);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
}

/* Wake up to n of those who wait for key with a bit of bitset, at least one.  => b locked; returns
 * how many. */
static unsigned
wake_in(struct bucket *b, const struct futex_key *key, uint32_t bitset, unsigned n)
{
	unsigned woken = 0;

	LIST_FOREACH_SAFE(link, &b->waiters) {
		struct waiter *w = LIST_ENTRY(link, struct waiter, link);

		if (!same_key(&w->key, key) || (w->bitset & bitset) == 0)
			continue;
		wake_waiter(w);
		if (++woken >= n)
			break;
	}
	return woken;
}

/* What a program says is a signed number; 0 and less wake one. */
static unsigned
wake_count(uint32_t n)
{
	return (unsigned)MAX((int32_t)n, 1);
}

static long
futex_wake(vaddr_t va, bool private, uint32_t n, uint32_t bitset)
{
	struct futex_key key;
	struct bucket *b;
	unsigned woken;
	int error;

	if (bitset == 0)
		return -EINVAL;
	error = get_key(va, private, VM_PROT_READ, &key);
	if (error != 0)
		return -error;
	b = bucket_of(&key);
	spin_lock(&b->lock);
	woken = wake_in(b, &key, bitset, wake_count(n));
	spin_unlock(&b->lock);
	return woken;
}

void
futex_wake_user(uint64_t uaddr, unsigned n)
{
	(void)futex_wake(uaddr, false, n, FUTEX_BITSET_MATCH_ANY);
}

/* Two words, and the buckets of their waiters. */
struct futex_pair {
	struct futex_key key1, key2;
	struct bucket *b1, *b2;
};

static int
get_pair(vaddr_t va1, vaddr_t va2, bool private, vm_prot_t access2, struct futex_pair *pair)
{
	int error = get_key(va1, private, VM_PROT_READ, &pair->key1);

	if (error == 0)
		error = get_key(va2, private, access2, &pair->key2);
	if (error != 0)
		return error;
	pair->b1 = bucket_of(&pair->key1);
	pair->b2 = bucket_of(&pair->key2);
	return 0;
}

/* Wake nwake waiters of the first word, and let up to nmove more wait for the second.  => both
 * buckets locked; returns how many that were together. */
static long
move_waiters(const struct futex_pair *pair, int32_t nwake, int32_t nmove)
{
	int64_t seen = 0;

	LIST_FOREACH_SAFE(link, &pair->b1->waiters) {
		struct waiter *w = LIST_ENTRY(link, struct waiter, link);

		if (!same_key(&w->key, &pair->key1))
			continue;
		if (seen == (int64_t)nwake + nmove)
			break;
		if (seen++ < nwake) {
			wake_waiter(w);
			continue;
		}
		if (same_key(&pair->key1, &pair->key2))
			continue;
		list_remove(link);
		w->key = pair->key2;
		list_push_back(&pair->b2->waiters, link);
		__atomic_store_n(&w->bucket, pair->b2, __ATOMIC_RELEASE);
	}
	return seen;
}

struct requeue {
	vaddr_t va1, va2;
	bool private;
	int32_t nwake, nmove;
	const uint32_t *expected; /* NULL: whatever the first word is */
};

static long
futex_requeue(const struct requeue *r)
{
	struct futex_pair pair;
	long result;
	int error;

	if (r->nwake < 0 || r->nmove < 0)
		return -EINVAL;
	error = get_pair(r->va1, r->va2, r->private, VM_PROT_READ, &pair);
	while (error == 0) {
		uint32_t value = 0;

		lock_both(pair.b1, pair.b2);
		if (r->expected != NULL)
			error = fetch32_nofault(r->va1, &value);
		if (error == 0)
			result = r->expected != NULL && value != *r->expected
			    ? -EAGAIN
			    : move_waiters(&pair, r->nwake, r->nmove);
		unlock_both(pair.b1, pair.b2);
		if (error == 0)
			return result;
		error = fetch32(r->va1, &value);
	}
	return -error;
}

/*
 * FUTEX_WAKE_OP: change the second word, wake waiters of the first, and, depending on what the
 * second was, some of its own.
 */

struct wake_op {
	unsigned op, cmp;
	int32_t oparg, cmparg;
};

enum { WAKE_OP_SET, WAKE_OP_ADD, WAKE_OP_OR, WAKE_OP_ANDN, WAKE_OP_XOR, WAKE_OP_COUNT };
enum { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_COUNT };

#define OPARG_IS_SHIFT 0x80000000u

/* 12 bits with sign. */
static int32_t
sign_extend12(uint32_t v)
{
	return (int32_t)(v << 20) >> 20;
}

static struct wake_op
decode_wake_op(uint32_t code)
{
	struct wake_op o = {
	    .op = code >> 28 & 7,
	    .cmp = code >> 24 & 15,
	    .oparg = sign_extend12(code >> 12 & 0xfff),
	    .cmparg = sign_extend12(code & 0xfff),
	};

	if ((code & OPARG_IS_SHIFT) != 0)
		o.oparg = (int32_t)(1u << (o.oparg & 31));
	return o;
}

static uint32_t
apply_op(const struct wake_op *o, uint32_t old)
{
	uint32_t arg = (uint32_t)o->oparg;

	switch (o->op) {
	case WAKE_OP_SET:
		return arg;
	case WAKE_OP_ADD:
		return old + arg;
	case WAKE_OP_OR:
		return old | arg;
	case WAKE_OP_ANDN:
		return old & ~arg;
	default:
		return old ^ arg;
	}
}

static bool
compare(const struct wake_op *o, int32_t old)
{
	switch (o->cmp) {
	case CMP_EQ:
		return old == o->cmparg;
	case CMP_NE:
		return old != o->cmparg;
	case CMP_LT:
		return old < o->cmparg;
	case CMP_LE:
		return old <= o->cmparg;
	case CMP_GT:
		return old > o->cmparg;
	default:
		return old >= o->cmparg;
	}
}

/* Change the word, with faults disabled.  => EFAULT. */
static int
change_word(const struct wake_op *o, vaddr_t va, uint32_t *old)
{
	int error = fetch32_nofault(va, old);

	while (error == 0) {
		uint32_t seen;

		error = cas32_nofault(va, *old, apply_op(o, *old), &seen);
		if (error == 0 && seen == *old)
			return 0;
		*old = seen;
	}
	return error;
}

/* Make the word writable, with faults: as an atomic operation that changes nothing. */
static int
fault_in_for_write(vaddr_t va)
{
	uint32_t value, seen;
	int error = fetch32(va, &value);

	return error != 0 ? error : cas32(va, value, value, &seen);
}

static long
wake_both(
    const struct futex_pair *pair, const struct wake_op *o, uint32_t old, uint32_t n1, uint32_t n2)
{
	unsigned woken;

	if (o->cmp >= CMP_COUNT)
		return -ENOSYS;
	woken = wake_in(pair->b1, &pair->key1, FUTEX_BITSET_MATCH_ANY, wake_count(n1));
	if (compare(o, (int32_t)old))
		woken += wake_in(pair->b2, &pair->key2, FUTEX_BITSET_MATCH_ANY, wake_count(n2));
	return woken;
}

static long
futex_wake_op(const struct requeue *r, uint32_t code)
{
	struct wake_op o = decode_wake_op(code);
	struct futex_pair pair;
	int error = get_pair(r->va1, r->va2, r->private, VM_PROT_WRITE, &pair);

	if (error == 0 && o.op >= WAKE_OP_COUNT)
		error = ENOSYS;
	while (error == 0) {
		uint32_t old;
		long result = 0;

		lock_both(pair.b1, pair.b2);
		error = change_word(&o, r->va2, &old);
		if (error == 0)
			result = wake_both(&pair, &o, old, (uint32_t)r->nwake, (uint32_t)r->nmove);
		unlock_both(pair.b1, pair.b2);
		if (error == 0)
			return result;
		error = fault_in_for_write(r->va2);
	}
	return -error;
}

/*
 * futex(2).
 */

/* When the wait is to end.  => EFAULT, EINVAL. */
static int
get_deadline(uint64_t user, bool absolute, bool realtime, uint64_t *deadline)
{
	uint64_t ns, now = clock_mono_ns();
	struct timespec ts;
	int error;

	*deadline = NO_DEADLINE;
	if (user == 0)
		return 0;
	error = copyin(&ts, user, sizeof(ts));
	if (error != 0)
		return error;
	if (!timespec_to_ns(&ts, &ns))
		return EINVAL;
	if (absolute) {
		uint64_t then = realtime ? clock_real_ns() : now;

		ns = ns > then ? ns - then : 0;
	} else if (curuthread()->restart_deadline != 0) {
		*deadline = curuthread()->restart_deadline;
		return 0;
	}
	*deadline = MIN(now + ns, NO_DEADLINE - 1);
	return 0;
}

static long
do_wait(const struct syscall_args *args, bool private, bool realtime, bool bitset)
{
	uint64_t deadline;
	int error = get_deadline(args->a[3], bitset, realtime, &deadline);

	if (error == 0)
		error = futex_wait(args->a[0], private, (uint32_t)args->a[2],
		    bitset ? (uint32_t)args->a[5] : FUTEX_BITSET_MATCH_ANY, deadline);
	if (error != EINTR)
		return -error;
	if (deadline == NO_DEADLINE)
		return -ERESTARTSYS;
	curuthread()->restart_deadline = deadline;
	return -ERESTARTNOHAND;
}

static long
do_pair(const struct syscall_args *args, int cmd, bool private)
{
	uint32_t val3 = (uint32_t)args->a[5];
	struct requeue r = {
	    .va1 = args->a[0],
	    .va2 = args->a[4],
	    .private = private,
	    .nwake = (int32_t)args->a[2],
	    .nmove = (int32_t)args->a[3],
	    .expected = cmd == FUTEX_CMP_REQUEUE ? &val3 : NULL,
	};

	return cmd == FUTEX_WAKE_OP ? futex_wake_op(&r, val3) : futex_requeue(&r);
}

long
sys_futex(const struct syscall_args *args)
{
	int op = (int)args->a[1], cmd = op & FUTEX_CMD_MASK;
	bool private = (op & FUTEX_PRIVATE_FLAG) != 0, realtime = (op & FUTEX_CLOCK_REALTIME) != 0;

	if (realtime && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return do_wait(args, private, realtime, cmd == FUTEX_WAIT_BITSET);
	case FUTEX_WAKE:
		return futex_wake(
		    args->a[0], private, (uint32_t)args->a[2], FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(args->a[0], private, (uint32_t)args->a[2], (uint32_t)args->a[5]);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
		return do_pair(args, cmd, private);
	default:
		return -ENOSYS;
	}
}

/*
 * The robust list: locks that this thread holds, linked through user memory.  Bit 0 of a link says
 * that the lock inherits priority.
 */

#define OWNER_DIED     0x40000000u
#define HAS_WAITERS    0x80000000u
#define TID_MASK       0x3fffffffu
#define ROBUST_LINK_PI 1ul

/* The lock word at va: if t owns it, nobody does from now on, and one waiter learns of it.
 * `pending`: t was about to take or release it.  => EFAULT, EINVAL: the list is no good. */
static int
orphan_lock(struct uthread *t, vaddr_t va, bool pi, bool pending)
{
	uint32_t value, seen;
	int error = va % sizeof(value) != 0 ? EINVAL : fetch32(va, &value);

	while (error == 0) {
		/* Unlocked, and perhaps t died before it could wake the next one. */
		if (pending && !pi && (value & TID_MASK) == 0) {
			futex_wake_user(va, 1);
			return 0;
		}
		if ((value & TID_MASK) != (uint32_t)t->tid)
			return 0;
		error = cas32(va, value, (value & HAS_WAITERS) | OWNER_DIED, &seen);
		if (error == 0 && seen == value)
			break;
		value = seen;
	}
	if (error == 0 && !pi && (value & HAS_WAITERS) != 0)
		futex_wake_user(va, 1);
	return error;
}

static void
orphan_robust_list(struct uthread *t)
{
	struct robust_list_head head;
	uint64_t at = t->robust_list, pending, link, offset;

	t->robust_list = 0;
	if (at == 0 || copyin(&head, at, sizeof(head)) != 0)
		return;
	offset = (uint64_t)head.futex_offset;
	pending = (uint64_t)head.list_op_pending;
	link = (uint64_t)head.list.next;
	for (int i = 0; i < ROBUST_LIMIT && (link & ~ROBUST_LINK_PI) != at; i++) {
		uint64_t lock = link & ~ROBUST_LINK_PI, next;
		/* Once the lock is free, its memory may be reused. */
		int error = copyin(&next, lock, sizeof(next));

		if (lock != (pending & ~ROBUST_LINK_PI) &&
		    orphan_lock(t, lock + offset, (link & ROBUST_LINK_PI) != 0, false) != 0)
			return;
		if (error != 0)
			return;
		link = next;
	}
	if ((pending & ~ROBUST_LINK_PI) != 0)
		(void)orphan_lock(
		    t, (pending & ~ROBUST_LINK_PI) + offset, (pending & ROBUST_LINK_PI) != 0, true);
}

void
futex_leave_space(struct uthread *t, bool others)
{
	const uint32_t zero = 0;
	uint64_t clear = t->clear_child_tid;

	orphan_robust_list(t);
	t->clear_child_tid = 0;
	if (clear != 0 && others && copyout(clear, &zero, sizeof(zero)) == 0)
		futex_wake_user(clear, 1);
}

long
sys_set_robust_list(const struct syscall_args *args)
{
	if (args->a[1] != sizeof(struct robust_list_head))
		return -EINVAL;
	curuthread()->robust_list = args->a[0];
	return 0;
}

/* The list of thread tid.  => ESRCH, EPERM. */
static int
find_robust_list(int32_t tid, uint64_t *head)
{
	const struct cred *me = &curuthread()->cred;
	struct proc *p = proc_find_thread(tid);
	int error = ESRCH;

	if (p == NULL)
		return ESRCH;
	spin_lock(&p->lock);
	LIST_FOREACH(link, &p->threads) {
		struct uthread *t = LIST_ENTRY(link, struct uthread, link);

		if (t->tid != tid)
			continue;
		error = p == curproc() || me->euid == 0 ||
			(me->euid == t->cred.ruid && me->euid == t->cred.suid)
		    ? 0
		    : EPERM;
		*head = t->robust_list;
	}
	spin_unlock(&p->lock);
	proc_unref(p);
	return error;
}

long
sys_get_robust_list(const struct syscall_args *args)
{
	const uint64_t len = sizeof(struct robust_list_head);
	int32_t tid = (int32_t)args->a[0];
	uint64_t head;
	int error = find_robust_list(tid != 0 ? tid : curuthread()->tid, &head);

	if (error == 0)
		error = copyout(args->a[2], &len, sizeof(len));
	if (error == 0)
		error = copyout(args->a[1], &head, sizeof(head));
	return -error;
}
