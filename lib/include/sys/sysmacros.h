/* SPDX-License-Identifier: BSD-2-Clause */
/* A device number is major << 8 | minor; large parts continue in the upper bits, as in Linux. */
#ifndef _SYS_SYSMACROS_H
#define _SYS_SYSMACROS_H

#define major(dev) ((unsigned)((((dev) >> 8) & 0xfff) | (((dev) >> 32) & 0xfffff000)))
#define minor(dev) ((unsigned)(((dev)&0xff) | (((dev) >> 12) & 0xffffff00)))
#define makedev(major, minor)                                                                      \
	((((major)&0xfffUL) << 8) | (((major)&0xfffff000UL) << 32) | ((minor)&0xffUL) |            \
	    (((minor)&0xffffff00UL) << 12))

#endif
