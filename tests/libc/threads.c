/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and thread-local storage, as far as the host can run them: qemu-riscv64 cannot fork a
 * process with threads, which user/tests/thread_fork.c does.
 */
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/libc/check.h"

#define THREADS 4

static _Thread_local int number = 1234;
static _Thread_local char zero[100];
static _Thread_local long aligned __attribute__((aligned(128))) = 77;

/* What the linker made of the three above. */
static void
segment_for_thread_local_variables(void)
{
	const Elf64_Phdr *ph = (const Elf64_Phdr *)getauxval(AT_PHDR);
	int found = 0;

	for (unsigned long n = getauxval(AT_PHNUM); n > 0; n--, ph++) {
		if (ph->p_type != PT_TLS)
			continue;
		found++;
		CHECK(ph->p_align >= 128);
		CHECK(ph->p_filesz >= sizeof(number) + sizeof(aligned));
		CHECK(ph->p_memsz >= ph->p_filesz + sizeof(zero));
	}
	CHECK(found == 1);
}

static void *
check_fresh(void *arg)
{
	CHECK(number == 1234 && aligned == 77 && (uintptr_t)&aligned % 128 == 0);
	for (size_t i = 0; i < sizeof(zero); i++)
		CHECK(zero[i] == 0);
	number = aligned = 0;
	memset(zero, 1, sizeof(zero));
	close(-1);
	CHECK(errno == EBADF);
	return arg;
}

static void
fresh_variables_for_each_thread(void)
{
	pthread_t t;
	void *result;

	errno = EDOM;
	for (long i = 0; i < 20; i++) {
		CHECK(pthread_create(&t, NULL, check_fresh, (void *)i) == 0);
		CHECK(pthread_join(t, &result) == 0 && result == (void *)i);
	}
	CHECK(number == 1234 && aligned == 77 && errno == EDOM);
}

static int count;

static void *
step(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
wait_count(int n)
{
	while (__atomic_load_n(&count, __ATOMIC_SEQ_CST) < n)
		sched_yield();
}

/* How much address space is mapped, from /proc/self/maps. */
static unsigned long
mapped(void)
{
	unsigned long low, high, sum = 0;
	char line[300];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%lx-%lx", &low, &high) == 2)
			sum += high - low;
	if (f != NULL)
		fclose(f);
	return sum;
}

static void
stacks_are_given_back(void)
{
	pthread_attr_t attr;
	unsigned long before;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	count = 0;
	before = mapped();
	for (int i = 0; i < 200; i++) {
		CHECK(pthread_create(&t, i % 2 ? &attr : NULL, step, NULL) == 0);
		if (i % 2 == 0)
			CHECK(i % 4 == 0 ? pthread_join(t, NULL) == 0 : pthread_detach(t) == 0);
	}
	wait_count(200);
	for (int i = 0; i < 1000 && mapped() > before + 65536; i++)
		usleep(1000);
	CHECK(mapped() <= before + 65536);
}

static void *
where(void *arg)
{
	char here;

	*(uintptr_t *)arg = (uintptr_t)&here;
	return NULL;
}

static void
attributes(void)
{
	static char own[32768] __attribute__((aligned(16)));
	pthread_attr_t attr;
	size_t size;
	void *stack;
	uintptr_t at;
	pthread_t t;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_getguardsize(&attr, &size) == 0 && size == 4096);
	CHECK(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN - 1) == EINVAL);
	CHECK(pthread_attr_setdetachstate(&attr, 5) == EINVAL);
	CHECK(pthread_attr_setstack(&attr, own + 1, sizeof(own)) == EINVAL);
	CHECK(pthread_attr_setstack(&attr, own, sizeof(own)) == 0);
	CHECK(pthread_attr_getstack(&attr, &stack, &size) == 0 && stack == own);
	CHECK(pthread_create(&t, &attr, where, &at) == 0 && pthread_join(t, NULL) == 0);
	CHECK(at - (uintptr_t)own < sizeof(own));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;
static long guarded, turn, reads;

static void *
all_locks(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % THREADS != (long)arg)
			pthread_cond_wait(&cond, &mutex);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);

		pthread_rwlock_wrlock(&rwlock);
		guarded++;
		pthread_rwlock_unlock(&rwlock);
		pthread_rwlock_rdlock(&rwlock);
		__atomic_add_fetch(&reads, guarded > 0, __ATOMIC_RELAXED);
		pthread_rwlock_unlock(&rwlock);

		sem_wait(&sem);
		sem_post(&sem);
		if (i % 20 == 0)
			pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void
locks(void)
{
	pthread_t t[THREADS];

	CHECK(sem_init(&sem, 0, 1) == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
	CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, all_locks, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(turn == THREADS * 200 && guarded == THREADS * 200 && reads == THREADS * 200);
	CHECK(pthread_barrier_destroy(&barrier) == 0);
	CHECK(pthread_rwlock_trywrlock(&rwlock) == 0);
	CHECK(pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
	CHECK(pthread_rwlock_unlock(&rwlock) == 0);
	CHECK(pthread_rwlock_rdlock(&rwlock) == 0 && pthread_rwlock_tryrdlock(&rwlock) == 0);
	CHECK(pthread_rwlock_trywrlock(&rwlock) == EBUSY);
	pthread_rwlock_unlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
}

static int ran[3];

static void
first(void *arg)
{
	ran[(long)arg] = ++count;
}

static void *
pushes(void *arg)
{
	pthread_cleanup_push(first, (void *)0);
	pthread_cleanup_push(first, (void *)1);
	pthread_cleanup_push(first, (void *)2);
	pthread_cleanup_pop(0);
	pthread_exit(arg);
	pthread_cleanup_pop(1);
	pthread_cleanup_pop(1);
	return NULL;
}

static void
cleanup_handlers(void)
{
	pthread_t t;

	count = 0;
	CHECK(pthread_create(&t, NULL, pushes, NULL) == 0 && pthread_join(t, NULL) == 0);
	CHECK(ran[1] == 1 && ran[0] == 2 && ran[2] == 0);
}

static pthread_key_t keys[PTHREAD_KEYS_MAX + 1];

static void
keys_run_out(void)
{
	int n = 0;

	while (n <= PTHREAD_KEYS_MAX && pthread_key_create(&keys[n], NULL) == 0)
		n++;
	CHECK(n == PTHREAD_KEYS_MAX);
	CHECK(pthread_setspecific(keys[5], "x") == 0);
	CHECK(pthread_key_delete(keys[5]) == 0 && pthread_key_delete(keys[5]) == EINVAL);
	CHECK(pthread_setspecific(keys[5], "x") == EINVAL && pthread_getspecific(keys[5]) == NULL);
	CHECK(pthread_key_create(&keys[5], NULL) == 0 && pthread_getspecific(keys[5]) == NULL);
}

static void *
hold_stream(void *arg)
{
	flockfile(arg);
	flockfile(arg);
	putc_unlocked('a', arg);
	count = 1;
	usleep(20000);
	fputs("bc", arg);
	funlockfile(arg);
	usleep(1000);
	funlockfile(arg);
	return NULL;
}

static void
streams_belong_to_one_thread(void)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	pthread_t t;

	count = 0;
	CHECK(pthread_create(&t, NULL, hold_stream, f) == 0);
	wait_count(1);
	CHECK(ftrylockfile(f) != 0);
	fprintf(f, "%d", 7);
	CHECK(ftrylockfile(f) == 0);
	funlockfile(f);
	CHECK(pthread_join(t, NULL) == 0);
	fclose(f);
	CHECK_STR("abc7", text);
	free(text);
}

static void *
flush_all(void *arg)
{
	(void)arg;
	count = 1;
	return (void *)(long)fflush(NULL);
}

/* fflush(NULL) waits for a locked stream, and its owner may open and close others meanwhile. */
static void
flushing_all_blocks_nobody(void)
{
	FILE *f = tmpfile(), *other;
	pthread_t t;
	void *result;

	count = 0;
	flockfile(f);
	putc_unlocked('x', f);
	CHECK(pthread_create(&t, NULL, flush_all, NULL) == 0);
	wait_count(1);
	usleep(20000);
	for (int i = 0; i < 10; i++) {
		other = tmpfile();
		CHECK(other != NULL && fclose(other) == 0);
	}
	funlockfile(f);
	CHECK(pthread_join(t, &result) == 0 && result == NULL);
	fclose(f);
}

static int order[4], calls;

static void
prepare_a(void)
{
	order[0] = ++calls;
}

static void
prepare_b(void)
{
	order[1] = ++calls;
}

static void
parent_a(void)
{
	order[2] = ++calls;
}

static void
parent_b(void)
{
	order[3] = ++calls;
}

static void
atfork_in_order(void)
{
	int status;
	pid_t pid;

	CHECK(pthread_atfork(prepare_a, parent_a, NULL) == 0);
	CHECK(pthread_atfork(prepare_b, parent_b, prepare_a) == 0);
	pid = fork();
	if (pid == 0)
		_exit(order[0] == 3 && order[1] == 1 ? 5 : 6);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	CHECK(order[1] == 1 && order[0] == 2 && order[2] == 3 && order[3] == 4);
}

static void *
leave_last(void *arg)
{
	usleep(5000);
	number = (long)arg;
	printf("[       OK ] exit by the last thread\n");
	return NULL;
}

int
main(void)
{
	pthread_t t;

	RUN(segment_for_thread_local_variables);
	RUN(atfork_in_order); /* before there are threads */
	RUN(fresh_variables_for_each_thread);
	RUN(stacks_are_given_back);
	RUN(attributes);
	RUN(locks);
	RUN(cleanup_handlers);
	RUN(keys_run_out);
	RUN(streams_belong_to_one_thread);
	RUN(flushing_all_blocks_nobody);
	if (check_failures != 0 || pthread_create(&t, NULL, leave_last, NULL) != 0)
		return 1;
	pthread_exit(NULL); /* status 0, and what is printed comes out */
}
