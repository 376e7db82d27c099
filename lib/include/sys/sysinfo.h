/* SPDX-License-Identifier: BSD-2-Clause */
/* sysinfo(2). */
#ifndef _SYS_SYSINFO_H
#define _SYS_SYSINFO_H

struct sysinfo {
	long uptime;            /* seconds */
	unsigned long loads[3]; /* load averages, units of 1/65536 */
	unsigned long totalram; /* these six in units of mem_unit bytes */
	unsigned long freeram;
	unsigned long sharedram;
	unsigned long bufferram;
	unsigned long totalswap;
	unsigned long freeswap;
	unsigned short procs;
	unsigned short pad;
	unsigned long totalhigh;
	unsigned long freehigh;
	unsigned int mem_unit;
};

int sysinfo(struct sysinfo *info);

#endif
