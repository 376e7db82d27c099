/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes of integers (LP64, unsigned char as the RISC-V ABI has it) and limits of the system. */
#ifndef _LIMITS_H
#define _LIMITS_H

#define CHAR_BIT        8
#define SCHAR_MAX       127
#define SCHAR_MIN       (-SCHAR_MAX - 1)
#define UCHAR_MAX       255
#define CHAR_MAX        UCHAR_MAX
#define CHAR_MIN        0
#define SHRT_MAX        32767
#define SHRT_MIN        (-SHRT_MAX - 1)
#define USHRT_MAX       65535
#define INT_MAX         2147483647
#define INT_MIN         (-INT_MAX - 1)
#define UINT_MAX        4294967295U
#define LONG_MAX        9223372036854775807L
#define LONG_MIN        (-LONG_MAX - 1)
#define ULONG_MAX       18446744073709551615UL
#define LLONG_MAX       9223372036854775807LL
#define LLONG_MIN       (-LLONG_MAX - 1)
#define ULLONG_MAX      18446744073709551615ULL
#define SSIZE_MAX       LONG_MAX
#define LONG_BIT        64
#define WORD_BIT        32
#define MB_LEN_MAX      4

#define NAME_MAX        255    /* bytes in a file name, without the terminating 0 */
#define PATH_MAX        4096   /* bytes in a path, with the terminating 0 */
#define PIPE_BUF        4096   /* longer writes to a pipe may be mixed with others */
#define ARG_MAX         131072 /* what POSIX programs may count on; exec's own limit is larger */
#define OPEN_MAX        1024
#define IOV_MAX         1024
#define NGROUPS_MAX     32
#define SYMLOOP_MAX     40
#define LINE_MAX        2048
#define HOST_NAME_MAX   64
#define NZERO           20
#define RE_DUP_MAX      255

#define _POSIX_PATH_MAX 256
#define _POSIX_ARG_MAX  4096

#endif
