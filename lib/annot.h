/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lock annotations for clang's -Wthread-safety; gcc compiles them to nothing.
 *
 * A lock type is a CAPABILITY; a function says which locks it REQUIRES on entry, which it ACQUIREs
 * or RELEASEs.  The analysis stops at function pointers and at conditional locking, so functions
 * assert their locks at run time as well (KASSERT(mutex_owned(..))).
 */
#ifndef LIB_ANNOT_H
#define LIB_ANNOT_H

#ifdef __clang__
#define TSA(x) __attribute__((x))
#else
#define TSA(x)
#endif

#define CAPABILITY(name)               TSA(capability(name))
#define REQUIRES(...)                  TSA(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...)           TSA(requires_shared_capability(__VA_ARGS__))
#define ACQUIRES(...)                  TSA(acquire_capability(__VA_ARGS__))
#define ACQUIRES_SHARED(...)           TSA(acquire_shared_capability(__VA_ARGS__))
#define RELEASES(...)                  TSA(release_capability(__VA_ARGS__))
#define RELEASES_SHARED(...)           TSA(release_shared_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...)              TSA(try_acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRES_SHARED(...)       TSA(try_acquire_shared_capability(__VA_ARGS__))
#define EXCLUDES(...)                  TSA(locks_excluded(__VA_ARGS__))
#define NO_LOCK_ANALYSIS               TSA(no_thread_safety_analysis)

#define PRINTF_LIKE(fmt, args)         __attribute__((format(printf, fmt, args)))
#define NOINLINE                       __attribute__((noinline)) /* keeps a slow path, or its frame, out of a caller */
#define NORETURN                       __attribute__((noreturn))
#define MUST_CHECK                     __attribute__((warn_unused_result))
#define CONTAINER_OF(ptr, type, field) ((type *)((char *)(ptr)-offsetof(type, field)))
#define NELEM(a)                       (sizeof(a) / sizeof((a)[0]))

#endif
