/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffered streams and formatted input and output. */
#ifndef _STDIO_H
#define _STDIO_H

#include <stdarg.h>
#include <sys/types.h>

typedef struct stream FILE;
typedef off_t fpos_t;

extern FILE *stdin;
extern FILE *stdout;
extern FILE *stderr;

#define EOF          (-1)
#define BUFSIZ       4096
#define FILENAME_MAX 4096
#define FOPEN_MAX    1000
#define L_tmpnam     20
#define TMP_MAX      10000

#define _IOFBF       0 /* write when the buffer is full */
#define _IOLBF       1 /* and at each end of line */
#define _IONBF       2 /* at once */

#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif

#define __PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define __SCANF(fmt, args)  __attribute__((format(scanf, fmt, args)))

FILE *fopen(const char *path, const char *mode);
FILE *fdopen(int fd, const char *mode);
FILE *freopen(const char *path, const char *mode, FILE *f);
FILE *popen(const char *command, const char *mode);
FILE *tmpfile(void);
FILE *open_memstream(char **buf, size_t *size);
int fclose(FILE *f);
int pclose(FILE *f);
int fflush(FILE *f);
int setvbuf(FILE *f, char *buf, int mode, size_t size);
void setbuf(FILE *f, char *buf);
void setlinebuf(FILE *f);
int fileno(FILE *f);
int feof(FILE *f);
int ferror(FILE *f);
void clearerr(FILE *f);

size_t fread(void *buf, size_t size, size_t count, FILE *f);
size_t fwrite(const void *buf, size_t size, size_t count, FILE *f);
int fgetc(FILE *f);
int getc(FILE *f);
int getchar(void);
int ungetc(int c, FILE *f);
char *fgets(char *buf, int size, FILE *f);
ssize_t getline(char **line, size_t *size, FILE *f);
ssize_t getdelim(char **line, size_t *size, int delim, FILE *f);
int fputc(int c, FILE *f);
int putc(int c, FILE *f);
int putchar(int c);
int fputs(const char *s, FILE *f);
int puts(const char *s);

/*
 * A stream is locked by one thread, as often as it likes; the functions above lock it themselves.
 */
void flockfile(FILE *f);
int ftrylockfile(FILE *f);
void funlockfile(FILE *f);
int getc_unlocked(FILE *f);
int getchar_unlocked(void);
int putc_unlocked(int c, FILE *f);
int putchar_unlocked(int c);
int fgetc_unlocked(FILE *f);
int fputc_unlocked(int c, FILE *f);
size_t fread_unlocked(void *buf, size_t size, size_t count, FILE *f);
size_t fwrite_unlocked(const void *buf, size_t size, size_t count, FILE *f);
char *fgets_unlocked(char *buf, int size, FILE *f);
int fputs_unlocked(const char *s, FILE *f);

int fseek(FILE *f, long offset, int whence);
int fseeko(FILE *f, off_t offset, int whence);
long ftell(FILE *f);
off_t ftello(FILE *f);
void rewind(FILE *f);
int fgetpos(FILE *f, fpos_t *pos);
int fsetpos(FILE *f, const fpos_t *pos);

int printf(const char *fmt, ...) __PRINTF(1, 2);
int fprintf(FILE *f, const char *fmt, ...) __PRINTF(2, 3);
int dprintf(int fd, const char *fmt, ...) __PRINTF(2, 3);
int sprintf(char *buf, const char *fmt, ...) __PRINTF(2, 3);
int snprintf(char *buf, size_t size, const char *fmt, ...) __PRINTF(3, 4);
int asprintf(char **out, const char *fmt, ...) __PRINTF(2, 3);
int vprintf(const char *fmt, va_list ap) __PRINTF(1, 0);
int vfprintf(FILE *f, const char *fmt, va_list ap) __PRINTF(2, 0);
int vdprintf(int fd, const char *fmt, va_list ap) __PRINTF(2, 0);
int vsprintf(char *buf, const char *fmt, va_list ap) __PRINTF(2, 0);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __PRINTF(3, 0);
int vasprintf(char **out, const char *fmt, va_list ap) __PRINTF(2, 0);

int scanf(const char *fmt, ...) __SCANF(1, 2);
int fscanf(FILE *f, const char *fmt, ...) __SCANF(2, 3);
int sscanf(const char *s, const char *fmt, ...) __SCANF(2, 3);
int vscanf(const char *fmt, va_list ap) __SCANF(1, 0);
int vfscanf(FILE *f, const char *fmt, va_list ap) __SCANF(2, 0);
int vsscanf(const char *s, const char *fmt, va_list ap) __SCANF(2, 0);

void perror(const char *what);
int remove(const char *path);
int rename(const char *from, const char *to);
int renameat(int fromfd, const char *from, int tofd, const char *to);
int renameat2(int fromfd, const char *from, int tofd, const char *to, unsigned int flags);

#endif
