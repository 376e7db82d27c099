/* SPDX-License-Identifier: BSD-2-Clause */
/* Unnamed semaphores. They fail with -1 and errno, unlike pthread functions. */
#ifndef _SEMAPHORE_H
#define _SEMAPHORE_H

#include <time.h>

#define SEM_VALUE_MAX 2147483647

typedef struct {
	unsigned long __state; /* low half: the value; high half: how many wait */
	int __shared;
} sem_t;

int sem_init(sem_t *sem, int shared, unsigned int value);
int sem_destroy(sem_t *sem);
int sem_wait(sem_t *sem);
int sem_trywait(sem_t *sem);
int sem_timedwait(sem_t *sem, const struct timespec *until);
int sem_post(sem_t *sem);
int sem_getvalue(sem_t *sem, int *value);

#endif
