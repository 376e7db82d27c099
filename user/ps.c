/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ps: processes, from /proc/PID/stat (the fields of Linux) and /proc/PID/cmdline.
 */
#include <dirent.h>

#include "user/cmd.h"

struct process {
	int pid, ppid, pgrp;
	char name[64];
	char state;
	unsigned long utime, stime; /* 1/100 s */
	unsigned long vsize;        /* bytes */
	long rss;                   /* pages */
};

static const char usage[] = "ps";

/* Reads a small file as a string.  => NULL when the process is gone. */
static char *
slurp(int pid, const char *name)
{
	static char buf[4096];
	char path[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "r");
	if (f == NULL)
		return NULL;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = 0;
	/* the arguments in cmdline end with a 0 each */
	while (strlen(buf) + 1 < n)
		buf[strlen(buf)] = ' ';
	return buf;
}

/* "pid (name) state ppid ...": the name may contain anything, also ')'. */
static bool
read_process(int pid, struct process *p)
{
	char *s = slurp(pid, "stat"), *open, *close;

	if (s == NULL)
		return false;
	open = strchr(s, '(');
	close = strrchr(s, ')');
	if (open == NULL || close == NULL)
		return false;
	*close = 0;
	p->pid = pid;
	strlcpy(p->name, open + 1, sizeof(p->name));
	return sscanf(close + 1,
		   " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u "
		   "%lu %ld",
		   &p->state, &p->ppid, &p->pgrp, &p->utime, &p->stime, &p->vsize, &p->rss) == 7;
}

static void
print(const struct process *p)
{
	unsigned long cpu = p->utime + p->stime;
	char *command;

	printf("%5d %5d %5d %c %7lu %7ld %4lu:%02lu.%02lu ", p->pid, p->ppid, p->pgrp, p->state,
	    p->vsize / 1024, p->rss * getpagesize() / 1024, cpu / 6000, cpu / 100 % 60, cpu % 100);
	command = slurp(p->pid, "cmdline");
	if (command != NULL && *command != 0)
		puts(command);
	else
		printf("[%s]\n", p->name); /* a zombie has no arguments any more */
}

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int
main(int argc, char *argv[])
{
	int *pids = NULL, count = 0, i;
	struct process p;
	struct dirent *e;
	DIR *dir;

	while (cmd_option(argc, argv, "aefx", usage, 1) != -1)
		;
	dir = opendir("/proc");
	if (dir == NULL)
		err(1, "/proc");
	while ((e = readdir(dir)) != NULL)
		if (isdigit((unsigned char)e->d_name[0])) {
			pids = cmd_alloc(pids, (count + 1) * sizeof(*pids));
			pids[count++] = atoi(e->d_name);
		}
	closedir(dir);
	qsort(pids, count, sizeof(*pids), by_number);
	puts("  PID  PPID  PGRP S     VSZ     RSS       TIME COMMAND");
	for (i = 0; i < count; i++)
		if (read_process(pids[i], &p))
			print(&p);
	free(pids);
	return cmd_finish(0);
}
