/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of the fuzzer; the name is libFuzzer's.
 */
#ifndef VM_FUZZ_H
#define VM_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Print each operation. */
extern bool vm_fuzz_trace;

/* Returns 0, or panics. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
