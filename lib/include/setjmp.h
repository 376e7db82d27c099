/* SPDX-License-Identifier: BSD-2-Clause */
/* Non-local jumps. The buffer: ra, sp, s0-s11, fs0-fs11; sigsetjmp adds a flag and the mask. */
#ifndef _SETJMP_H
#define _SETJMP_H

typedef unsigned long jmp_buf[28];
typedef unsigned long sigjmp_buf[28];

int setjmp(jmp_buf env) __attribute__((returns_twice));
int _setjmp(jmp_buf env) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf env, int value);
_Noreturn void _longjmp(jmp_buf env, int value);
int sigsetjmp(sigjmp_buf env, int save_mask) __attribute__((returns_twice));
_Noreturn void siglongjmp(sigjmp_buf env, int value);

#endif
