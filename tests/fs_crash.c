/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power cuts: does every image that a cut may leave mount, pass mkfs --check, hold every fsync'ed
 * byte, and no byte of another file?
 *
 *      workload, traced  -->  w w w F w w F w ...
 *          every prefix, with some of the writes behind its last flush (fs_host.h)
 *              --> mkfs --check --> mount (replay) --> compare with the model --> check again
 *
 * Every 16 bytes that the workload writes say which file they belong to, where in it, and when they
 * were written; so a byte that is in the wrong place gives itself away.  Marks in the trace say
 * what was asked for and what was promised at that time.
 *
 * usage: fs_crash [-n POINTS] [-s SEED] [-o OPERATIONS]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/base/debug.h"
#include "tests/fs_host.h"
#include "tests/host/host.h"

#define DISK_SIZE (2u << 20)
#define NFILES    10u   /* names the workload uses */
#define MAX_UNITS 4096u /* of 16 bytes: 64 KiB a file */

struct unit {
	uint32_t magic, id, index, version;
};
#define UNIT_MAGIC 0x5354414du

/* What the workload knows about one name. */
struct model {
	uint32_t id; /* 0: no such file */
	uint32_t units;
	uint32_t version[MAX_UNITS];
};

enum mark_kind { MARK_SYNCED, MARK_WRITE, MARK_CUT, MARK_NAME };

/* In the trace: from here on this may happen to the file (WRITE, CUT, NAME), or: this is promised
 * (SYNCED). */
struct mark {
	enum mark_kind kind;
	unsigned name;
	struct model model; /* SYNCED */
};

static struct disk disk;
static struct host_fs h;
static struct model model[NFILES];
static uint32_t next_id, clock_now, seed;
static unsigned failures;

static unsigned
choose(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 10) % n;
}

static const char *
path_of(unsigned name)
{
	static char path[4][32];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), name % 3 == 0 ? "/f%u" : "/d%u/f%u",
	    name % 3 == 0 ? name : name % 3, name);
	return p;
}

/*
 * The workload.
 */

static void
mark(enum mark_kind kind, unsigned name)
{
	struct mark *m = calloc(1, sizeof(*m));

	KASSERT(m != NULL);
	m->kind = kind;
	m->name = name;
	if (kind == MARK_SYNCED)
		m->model = model[name];
	disk_mark(&disk, m, sizeof(*m));
}

/* An operation may fail only because the disk is full. */
static bool
done(int error)
{
	if (error != 0 && error != ENOSPC) {
		fprintf(stderr, "operation failed: %s\n", strerror(error));
		abort();
	}
	return error == 0;
}

static struct inode *
open_name(unsigned name, int oflags)
{
	struct inode *ip = NULL;
	int error = host_open(&h, path_of(name), O_RDWR | oflags, &ip);

	return error == ENOENT ? NULL : done(error) ? ip : NULL;
}

static void
op_write(unsigned name)
{
	static struct unit buffer[2048];
	struct model *m = &model[name];
	unsigned n = 1 + choose(choose(4) == 0 ? 2048 : 300), at;
	struct inode *ip;

	if (m->id == 0)
		mark(MARK_NAME, name);
	mark(MARK_WRITE, name);
	ip = open_name(name, O_CREAT);
	if (ip == NULL)
		return;
	if (m->id == 0)
		*m = (struct model){.id = ++next_id};
	at = choose(3) == 0 ? choose(MAX_UNITS - n) : m->units < MAX_UNITS - n ? m->units : 0;
	clock_now++;
	for (unsigned i = 0; i < n; i++)
		buffer[i] = (struct unit){UNIT_MAGIC, m->id, at + i, clock_now};
	if (done(host_write(ip, buffer, n * sizeof(buffer[0]), at * sizeof(buffer[0])))) {
		for (unsigned i = 0; i < n; i++)
			m->version[at + i] = clock_now;
		if (m->units < at + n)
			m->units = at + n;
	} else {
		/* Part of it may have arrived: forget what is known by cutting the file. */
		mark(MARK_CUT, name);
		if (done(vfs_truncate(ip, 0)))
			*m = (struct model){.id = m->id};
	}
	vfs_close(ip, NULL);
}

static void
op_truncate(unsigned name)
{
	struct model *m = &model[name];
	struct inode *ip = open_name(name, 0);
	unsigned units = choose(MAX_UNITS);

	if (ip == NULL)
		return;
	mark(MARK_CUT, name);
	if (done(vfs_truncate(ip, units * sizeof(struct unit)))) {
		for (unsigned i = units; i < MAX_UNITS; i++)
			m->version[i] = 0;
		m->units = units;
	}
	vfs_close(ip, NULL);
}

static void
op_fsync(unsigned name)
{
	struct inode *ip = open_name(name, 0);

	if (ip == NULL)
		return;
	if (done(vfs_fsync(ip, choose(2))))
		mark(MARK_SYNCED, name);
	vfs_close(ip, NULL);
}

static void
op_unlink(unsigned name)
{
	if (model[name].id == 0)
		return;
	mark(MARK_NAME, name);
	if (done(vfs_unlink(&h.ctx, path_of(name))))
		model[name].id = 0;
}

static void
op_rename(unsigned from, unsigned to)
{
	if (model[from].id == 0 || from == to)
		return;
	mark(MARK_NAME, from);
	mark(MARK_NAME, to);
	if (done(vfs_rename(&h.ctx, path_of(from), &h.ctx, path_of(to), 0))) {
		model[to] = model[from];
		model[from].id = 0;
	}
}

/* Write the new contents beside the old ones, sync, rename: what careful programs do. */
static void
op_replace(unsigned name, unsigned spare)
{
	if (name == spare)
		return;
	op_unlink(spare);
	op_write(spare);
	op_fsync(spare);
	op_rename(spare, name);
}

static void
op_directory(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/x%u", choose(3));
	if (vfs_mkdir(&h.ctx, path, 0755) == EEXIST)
		(void)vfs_rmdir(&h.ctx, path);
}

static void
op_sync(void)
{
	if (!done(fs_sync(h.mnt, true)))
		return;
	for (unsigned i = 0; i < NFILES; i++)
		if (model[i].id != 0)
			mark(MARK_SYNCED, i);
}

static void
workload(unsigned operations)
{
	(void)vfs_mkdir(&h.ctx, "/d1", 0755);
	(void)vfs_mkdir(&h.ctx, "/d2", 0755);
	op_sync();
	while (operations-- > 0) {
		unsigned a = choose(NFILES), b = choose(NFILES);

		switch (choose(16)) {
		case 0:
			op_truncate(a);
			break;
		case 1:
		case 2:
			op_unlink(a);
			break;
		case 3:
			op_rename(a, b);
			break;
		case 4:
			op_replace(a, b);
			break;
		case 5:
			op_directory();
			break;
		case 6:
			op_sync();
			break;
		case 7:
		case 8:
		case 9:
			op_fsync(a);
			break;
		case 10:
			fs_reclaim(choose(60));
			break;
		default:
			op_write(a);
		}
	}
}

/*
 * What a cut must leave.
 */

/* What was promised about a name up to a point in the trace, and what may have happened to it
 * since. */
struct promise {
	struct model model; /* id 0: nothing */
	bool written, cut, renamed;
};

static void
bad(size_t at, uint32_t style, unsigned name, const char *what)
{
	fprintf(stderr, "cut after event %zu (seed %u): %s: %s\n", at, style, path_of(name), what);
	failures++;
}

static void
note(struct promise *p, const struct mark *m)
{
	p += m->name;
	switch (m->kind) {
	case MARK_SYNCED:
		*p = (struct promise){.model = m->model};
		break;
	case MARK_WRITE:
		p->written = true;
		break;
	case MARK_CUT:
		p->cut = true;
		break;
	case MARK_NAME:
		p->renamed = true;
	}
}

/* Does the file hold bytes of one file only, each in its place?  *id: which. */
static const char *
judge_bytes(const struct unit *u, unsigned n, uint32_t *id)
{
	static const struct unit zero;

	*id = 0;
	for (unsigned i = 0; i < n; i++) {
		if (memcmp(&u[i], &zero, sizeof(zero)) == 0)
			continue;
		if (u[i].magic != UNIT_MAGIC || u[i].index != i)
			return "has bytes from somewhere else";
		if (*id != 0 && u[i].id != *id)
			return "has bytes of another file";
		*id = u[i].id;
	}
	return NULL;
}

static const char *
judge_promise(const struct promise *p, const struct unit *u, unsigned n, uint32_t id)
{
	if (p->model.id == 0 || p->renamed)
		return NULL;
	if (p->model.units == 0 || p->cut)
		return NULL;
	if (n < p->model.units || (!p->written && n != p->model.units))
		return "fsync'ed size is lost";
	for (unsigned i = 0; i < p->model.units; i++) {
		uint32_t want = p->model.version[i];

		if (want != 0 && (id != p->model.id || u[i].version < want))
			return "fsync'ed bytes are lost";
		if (!p->written && u[i].version != want)
			return "bytes came after fsync without a write";
	}
	return NULL;
}

static void
judge_file(const struct promise *p, unsigned name, size_t at, uint32_t style, uint32_t *owner)
{
	static struct unit buffer[MAX_UNITS + 1];
	const char *what = NULL;
	struct inode *ip;
	uint32_t id;
	size_t got;
	int error = host_open(&h, path_of(name), O_RDONLY, &ip);

	if (error != 0) {
		if (p->model.id != 0 && !p->renamed)
			bad(at, style, name, "fsync'ed file is gone");
		return;
	}
	error = host_read(ip, buffer, sizeof(buffer), 0, &got);
	if (error != 0 || got % sizeof(buffer[0]) != 0)
		what = "cannot be read, or has a strange size";
	if (what == NULL)
		what = judge_bytes(buffer, (unsigned)(got / sizeof(buffer[0])), &id);
	if (what == NULL && id != 0 && owner[id] != 0)
		what = "has the same bytes as another name";
	if (what == NULL) {
		owner[id] = 1;
		what = judge_promise(p, buffer, (unsigned)(got / sizeof(buffer[0])), id);
	}
	if (what != NULL)
		bad(at, style, name, what);
	vfs_close(ip, NULL);
}

/* One cut. */
static void
judge(struct crash *c, const struct promise *p, size_t at, uint32_t style)
{
	static uint8_t bytes[DISK_SIZE];
	struct disk cut = {.length = disk.length, .bytes = bytes};
	uint32_t *owner = calloc(next_id + 2, sizeof(*owner));

	KASSERT(owner != NULL);
	crash_image(c, at, style, cut.bytes);
	if (disk_check(cut.bytes, cut.length) != 0)
		bad(at, style, 0, "mkfs --check finds errors");
	cut.dev = disk.dev;
	cut.dev.softc = &cut;
	if (host_mount(&h, &cut) != 0) {
		bad(at, style, 0, "does not mount");
	} else {
		for (unsigned name = 0; name < NFILES; name++)
			judge_file(&p[name], name, at, style, owner);
		if (host_unmount(&h) != 0 || disk_check(cut.bytes, cut.length) != 0)
			bad(at, style, 0, "mkfs --check finds errors after the mount");
	}
	free(owner);
}

/* Cut after each write and flush, until enough points are done. */
static unsigned
cut_everywhere(unsigned points)
{
	struct promise *promises = calloc(NFILES, sizeof(*promises));
	struct crash c;
	unsigned n = 0;

	KASSERT(promises != NULL);
	crash_begin(&c, &disk);
	for (size_t i = 0; i < disk.nevents && n < points && failures < 10; i++) {
		const struct event *e = &disk.event[i];

		if (e->kind == EVENT_MARK) {
			note(promises, (const struct mark *)e->data);
			continue;
		}
		judge(&c, promises, i + 1, ++n * 2654435761u >> 7);
	}
	crash_end(&c);
	free(promises);
	return n;
}

static unsigned
run(uint32_t with, unsigned operations, unsigned points)
{
	unsigned n;

	seed = with;
	memset(model, 0, sizeof(model));
	next_id = clock_now = 0;
	disk_create(&disk, DISK_SIZE);
	done(host_mount(&h, &disk));
	disk_trace(&disk);
	workload(operations);
	disk.tracing = false;
	done(host_unmount(&h));
	n = cut_everywhere(points);
	disk_destroy(&disk);
	if (failures > 0)
		fprintf(stderr, "fs_crash: failed with -s %u -o %u\n", with, operations);
	return n;
}

int
main(int argc, char **argv)
{
	unsigned points = 3000, operations = 120, n = 0;
	uint32_t with = 1;
	int c;

	while ((c = getopt(argc, argv, "n:s:o:")) != -1) {
		if (c == 'n')
			points = (unsigned)atoi(optarg);
		else if (c == 's')
			with = (uint32_t)atoi(optarg);
		else if (c == 'o')
			operations = (unsigned)atoi(optarg);
		else
			return 2;
	}
	host_boot();
	while (n < points && failures == 0)
		n += run(with++, operations, points - n);
	printf("fs_crash: %u power cuts, %u failures\n", n, failures);
	return failures != 0;
}
