/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes of threads that are to be created. */
#include <errno.h>
#include <pthread.h>

#define PAGE          4096
#define DEFAULT_STACK (1UL << 20) /* address space; memory comes with use */
#define MAX_STACK     (1UL << 36)

int
pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t){.__stack_size = DEFAULT_STACK, .__guard_size = PAGE};
	return 0;
}

int
pthread_attr_destroy(pthread_attr_t *attr)
{
	(void)attr;
	return 0;
}

int
pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
	*state = attr->__detached;
	return 0;
}

int
pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
	if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
		return EINVAL;
	attr->__detached = state;
	return 0;
}

int
pthread_attr_getguardsize(const pthread_attr_t *attr, size_t *size)
{
	*size = attr->__guard_size;
	return 0;
}

int
pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
	if (size > MAX_STACK)
		return EINVAL;
	attr->__guard_size = size;
	return 0;
}

int
pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *size)
{
	*size = attr->__stack_size;
	return 0;
}

int
pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	if (size < PTHREAD_STACK_MIN || size > MAX_STACK)
		return EINVAL;
	attr->__stack_size = size;
	return 0;
}

int
pthread_attr_getstack(const pthread_attr_t *attr, void **stack, size_t *size)
{
	*stack = attr->__stack;
	*size = attr->__stack_size;
	return 0;
}

/* The caller's memory, which gets no guard and which nobody frees. */
int
pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size)
{
	if ((uintptr_t)stack % 16 != 0 || size % 16 != 0)
		return EINVAL;
	attr->__stack = stack;
	return pthread_attr_setstacksize(attr, size);
}
