/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last instructions of a detached thread: it unmaps the stack that it runs on and ends. Nothing
 * here touches memory, signals are blocked, and the kernel has been told to clear no word: between
 * the two calls another thread may already have got these addresses.
 */
	.text
	.global	__thread_unmap_exit
	.type	__thread_unmap_exit, @function
__thread_unmap_exit:
	li	a7, 215			# munmap
	ecall
	li	a0, 0
	li	a7, 93			# exit: this thread only
	ecall
	.size	__thread_unmap_exit, . - __thread_unmap_exit
	.section .note.GNU-stack, "", @progbits
