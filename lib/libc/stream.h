/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct stream: what a FILE is. One buffer serves one direction at a time:
 *
 *	reading    buf |..read already..|pos  ..to be read..  |end     |      fill() reads more
 *	writing    buf |..to be written..|pos                          |end   flush writes them
 *	idle       pos == end == buf
 *
 * In front of buf lie UNGET bytes of room so that ungetc() always has a place.
 *
 * A stream belongs to one thread at a time: each function of stdio.h takes its lock (flockfile),
 * those called ..._unlocked and all that moves bytes here want it held.
 */
#ifndef LIB_LIBC_STREAM_H
#define LIB_LIBC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define UNGET 8

struct stream {
	unsigned char *pos; /* the next byte */
	unsigned char *end; /* reading: end of the bytes read; writing: end of the buffer */
	unsigned char *buf;
	size_t size; /* of buf; 0: no buffer yet */
	int fd;      /* -1: a string (or open_memstream) */
	bool can_read;
	bool can_write;
	bool reading;
	bool writing;
	bool append;
	bool eof;
	bool error;
	bool own_buf;   /* buf came from malloc */
	bool is_static; /* the FILE did not */
	int mode;       /* _IOFBF, _IOLBF, _IONBF; -1: decide at first use */
	pid_t child;    /* popen: whom to wait for */
	char **mem;     /* open_memstream: the caller's variables */
	size_t *mem_size;
	struct stream *next; /* in the list of open streams; under LOCK_STREAMS */

	int lock;              /* a word of lock.c */
	struct pthread *owner; /* a: who has it; compared by others, written by the owner */
	unsigned depth;        /* how often, less one */
	unsigned pins;         /* who wants to write it out; under LOCK_STREAMS */
};

/* All open streams, under LOCK_STREAMS. */
extern struct stream *__streams;

/*
 * Make `f` ready for one direction: switch over, get a buffer.
 * => EOF with errno: not open for that.
 */
int __stream_start_reading(FILE *f);
int __stream_start_writing(FILE *f);

/* Write what is buffered.  => 0, or EOF with f->error set. */
int __stream_flush(FILE *f);

/* Read more into an empty buffer.  => EOF at the end or on error. */
int __stream_fill(FILE *f);

/* Take over an open file by the rules of fopen's mode.  => NULL with errno. */
FILE *__stream_create(int fd, const char *mode);

/* The flags of open(2) for fopen's mode.  => -1 with EINVAL if it is none. */
int __stream_flags(const char *mode);

/*
 * Into the list; out of it, then the memory back. The file stays open.
 * => __stream_unlist may wait for who is writing all streams out; LOCK_STREAMS is not held.
 */
void __stream_list(FILE *f);
void __stream_unlist(FILE *f);
void __stream_free(FILE *f);

/* Write out all streams.  => waits for those that others have locked; EOF if one failed. */
int __streams_flush(void);

#endif
