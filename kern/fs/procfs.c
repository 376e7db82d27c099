/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs: folders and files that exist only as answers.
 *
 *      inode number = pid << 16 | (index of its entry + 1)
 *
 * A file's text is made when it is opened and kept with the open file, so that a program that reads
 * it in small pieces sees one moment. The text is a chain of pages: it may be long (a process can
 * have 65,000 mappings) and is made while maps are locked.
 *
 * Inodes are not cached (MOUNT_NOCACHE): when the last user lets go of one, it is gone, and so a
 * dead process leaves nothing behind.
 *
 * Rejected: making the text anew for each read().  Offsets into a text that changes between two
 * reads mean nothing.
 *
 * Locks: none; entries are constant, texts belong to one open file, whose reads vfs and file.c
 * serialise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "arch/riscv/types.h"
#include "kern/base/debug.h"
#include "kern/fs/icache.h"
#include "kern/fs/procfs.h"
#include "kern/fs/vfs.h"
#include "lib/fmt.h"
#include "lib/minmax.h"
#include "vm/vm_km.h"
#include "vm/zone.h"

#define PROC_SUPER_MAGIC 0x9fa0
#define WRITE_MAX        127u /* bytes of one write that are looked at */
#define POS_DOT          0u   /* positions in a folder */
#define POS_DOTDOT       1u
#define POS_ENTRY        2u       /* + index */
#define POS_PID          0x10000u /* + pid */

struct chunk {
	struct chunk *next;
	uint32_t used;
	char bytes[PAGE_SIZE - 16];
};

_Static_assert(sizeof(struct chunk) == PAGE_SIZE, "a chunk is a page");

struct procfs_text {
	struct chunk *first, *last;
	uint64_t length;
	int error;
};

struct procfs {
	struct mount mnt;
	const struct procfs_source *source;
};

static struct zone *inode_zone, *text_zone;

/* ---- Text ------------------------------------------------------------------------------------ */

static struct chunk *
new_chunk(struct procfs_text *t)
{
	struct chunk *c = km_poolpage_alloc(0);

	if (c == NULL) {
		t->error = ENOMEM;
		return NULL;
	}
	c->next = NULL;
	c->used = 0;
	if (t->last != NULL)
		t->last->next = c;
	else
		t->first = c;
	t->last = c;
	return c;
}

void
procfs_append(struct procfs_text *t, const void *bytes, size_t n)
{
	const char *from = bytes;

	while (n > 0 && !t->error) {
		struct chunk *c = t->last;
		size_t part;

		if (c == NULL || c->used == sizeof(c->bytes))
			c = new_chunk(t);
		if (c == NULL)
			return;
		part = MIN(n, sizeof(c->bytes) - c->used);
		memcpy(c->bytes + c->used, from, part);
		c->used += (uint32_t)part;
		t->length += part;
		from += part;
		n -= part;
	}
}

static void
append_byte(void *arg, char c)
{
	procfs_append(arg, &c, 1);
}

void
procfs_printf(struct procfs_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fmt_vformat(append_byte, t, fmt, ap);
	va_end(ap);
}

uint64_t
procfs_length(const struct procfs_text *t)
{
	return t->length;
}

static void
text_free(struct procfs_text *t)
{
	while (t->first != NULL) {
		struct chunk *next = t->first->next;

		km_poolpage_free(t->first);
		t->first = next;
	}
	zone_free(text_zone, t);
}

static int
text_read(const struct procfs_text *t, struct uio *u)
{
	uint64_t start = 0;
	int error = 0;

	for (struct chunk *c = t->first; c != NULL && u->resid > 0 && !error; c = c->next) {
		if (u->offset < start + c->used) {
			size_t skip = (size_t)(u->offset - start);

			error = uio_move(c->bytes + skip, c->used - skip, u);
		}
		start += c->used;
	}
	return error;
}

/* ---- Inodes ---------------------------------------------------------------------------------- */

static const struct procfs_source *
source_of(const struct inode *ip)
{
	return ((const struct procfs *)ip->mnt->data)->source;
}

static const struct procfs_entry *
entry_of(const struct inode *ip)
{
	return ip->data;
}

static int32_t
pid_of(const struct inode *ip)
{
	return (int32_t)(ip->ino >> 16);
}

static uint64_t
ino_for(int32_t pid, unsigned index)
{
	return (uint64_t)pid << 16 | (index + 1);
}

static unsigned
index_of(const struct inode *ip)
{
	return (unsigned)(ip->ino & 0xffff) - 1;
}

static bool
is_process_folder(const struct procfs_entry *e)
{
	return e->name != NULL && strcmp(e->name, PROCFS_PID) == 0;
}

static bool
is_thread_folder(const struct procfs_entry *e)
{
	return e->name != NULL && strcmp(e->name, PROCFS_TID) == 0;
}

/* Does its name stand for numbers? */
static bool
is_numbered(const struct procfs_entry *e)
{
	return is_process_folder(e) || is_thread_folder(e);
}

static uint32_t
type_of(const struct procfs_entry *e)
{
	if (e->readlink != NULL)
		return S_IFLNK;
	return e->make != NULL || e->write != NULL ? S_IFREG : S_IFDIR;
}

/* Is entry i listed in the folder with index `dir`?  (The root is its own parent, but not in
 * itself.) */
static bool
is_in(const struct procfs_source *src, unsigned i, unsigned dir)
{
	return i != 0 && src->entries[i].parent == dir;
}

/* The process a name stands for, 0: none. */
static int32_t
parse_pid(const char *name, unsigned len)
{
	int32_t pid = 0;

	if (len > 9 || name[0] == '0')
		return 0;
	for (unsigned i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		pid = pid * 10 + (name[i] - '0');
	}
	return pid;
}

/* Does the name mean entry i, and for which process? */
static bool
matches(const struct inode *dir, unsigned i, const char *name, unsigned len, int32_t *pid)
{
	const struct procfs_source *src = source_of(dir);
	const struct procfs_entry *e = &src->entries[i];
	uint32_t uid, gid;

	if (is_numbered(e)) {
		*pid = parse_pid(name, len);
		if (is_thread_folder(e))
			return *pid != 0 && src->process_of(*pid) == pid_of(dir);
		return *pid != 0 && src->owner(*pid, &uid, &gid);
	}
	*pid = pid_of(dir);
	return strlen(e->name) == len && memcmp(e->name, name, len) == 0;
}

static uint64_t
parent_ino(const struct inode *dir)
{
	const struct procfs_entry *e = entry_of(dir);

	if (is_thread_folder(e))
		return ino_for(source_of(dir)->process_of(pid_of(dir)), e->parent);
	return ino_for(is_process_folder(e) ? 0 : pid_of(dir), e->parent);
}

static int
procfs_lookup(struct inode *dir, const char *name, unsigned len, struct inode **ipp)
{
	const struct procfs_source *src = source_of(dir);
	int32_t pid;
	int error;

	if (len == 2 && name[0] == '.' && name[1] == '.')
		return inode_get(dir->mnt, parent_ino(dir), ipp);
	for (unsigned i = 0; i < src->count; i++) {
		if (!is_in(src, i, index_of(dir)) || !matches(dir, i, name, len, &pid))
			continue;
		error = inode_get(dir->mnt, ino_for(pid, i), ipp);
		return error == ESTALE ? ENOENT : error;
	}
	return ENOENT;
}

/* A listing in progress. */
struct listing {
	struct inode *dir;
	uint64_t *pos;
	vfs_emit_fn *emit;
	void *arg;
};

/* Show one name; the next position is `next`.  => false: it did not fit. */
static bool
show(struct listing *l, const char *name, uint64_t ino, uint32_t type, uint64_t next)
{
	if (!l->emit(l->arg, name, (unsigned)strlen(name), ino, type >> 12, next))
		return false;
	*l->pos = next;
	return true;
}

/* The number after this one, in a folder of processes or threads. */
static int32_t
next_number(const struct inode *dir, unsigned index, int32_t from)
{
	const struct procfs_source *src = source_of(dir);

	return is_thread_folder(&src->entries[index]) ? src->next_tid(pid_of(dir), from)
						      : src->next_pid(from);
}

static bool
show_numbers(struct listing *l, unsigned index)
{
	char name[12];

	if (*l->pos < POS_PID)
		*l->pos = POS_PID;
	for (;;) {
		int32_t pid = next_number(l->dir, index, (int32_t)(*l->pos - POS_PID));

		if (pid == 0)
			return true;
		fmt_snprintf(name, sizeof(name), "%d", pid);
		if (!show(l, name, ino_for(pid, index), S_IFDIR, POS_PID + (uint64_t)pid + 1))
			return false;
	}
}

/* The named entries, from the position on; => the index of the folder of processes or threads if
 * this is the place for them, else 0. */
static bool
show_entries(struct listing *l, unsigned *number_index)
{
	const struct procfs_source *src = source_of(l->dir);

	*number_index = 0;
	for (unsigned i = 0; i < src->count; i++) {
		const struct procfs_entry *e = &src->entries[i];

		if (!is_in(src, i, index_of(l->dir)))
			continue;
		if (is_numbered(e))
			*number_index = i;
		else if (*l->pos <= POS_ENTRY + i &&
		    !show(l, e->name, ino_for(pid_of(l->dir), i), type_of(e), POS_ENTRY + i + 1))
			return false;
	}
	return true;
}

static int
procfs_readdir(struct inode *dir, uint64_t *pos, vfs_emit_fn *emit, void *arg)
{
	struct listing l = {dir, pos, emit, arg};
	unsigned number_index;

	if (*pos == POS_DOT && !show(&l, ".", dir->ino, S_IFDIR, POS_DOTDOT))
		return 0;
	if (*pos == POS_DOTDOT && !show(&l, "..", parent_ino(dir), S_IFDIR, POS_ENTRY))
		return 0;
	if (show_entries(&l, &number_index) && number_index != 0)
		show_numbers(&l, number_index);
	return 0;
}

static int
procfs_readlink(struct inode *ip, char *buf, size_t size, size_t *len)
{
	return entry_of(ip)->readlink(pid_of(ip), buf, size, len);
}

static int
procfs_open(struct inode *ip, int oflags, void **handle)
{
	const struct procfs_entry *e = entry_of(ip);
	struct procfs_text *t;
	int error;

	if ((oflags & O_ACCMODE) == O_WRONLY || e->make == NULL)
		return 0;
	t = zone_alloc(text_zone, ZONE_ZERO);
	if (t == NULL)
		return ENOMEM;
	error = e->make(t, pid_of(ip));
	if (!error)
		error = t->error;
	if (error)
		text_free(t);
	else
		*handle = t;
	return error;
}

static void
procfs_close(struct inode *ip, void *handle)
{
	(void)ip;
	if (handle != NULL)
		text_free(handle);
}

static int
procfs_read(struct inode *ip, void *handle, struct uio *u)
{
	(void)ip;
	return handle != NULL ? text_read(handle, u) : 0;
}

static int
procfs_write(struct inode *ip, void *handle, struct uio *u, int oflags)
{
	const struct procfs_entry *e = entry_of(ip);
	char text[WRITE_MAX + 1];
	size_t n = (size_t)MIN(u->resid, (uint64_t)WRITE_MAX);
	int error;

	(void)handle;
	(void)oflags;
	if (e->write == NULL)
		return EINVAL;
	if (u->resid > WRITE_MAX)
		return EINVAL;
	error = uio_move(text, n, u);
	if (error)
		return error;
	text[n] = '\0';
	error = e->write(pid_of(ip), text);
	if (error)
		u->resid += n; /* refused: nothing was written */
	return error;
}

/* Truncating is how a shell begins to write; nothing else can be changed. */
static int
procfs_setattr(struct inode *ip, const struct vfs_setattr *set)
{
	(void)ip;
	return set->what & ~(VFS_SET_SIZE | VFS_SET_MTIME | VFS_SET_NOW) ? EPERM : 0;
}

static const struct inode_ops folder_ops = {
    .lookup = procfs_lookup,
    .readdir = procfs_readdir,
};

static const struct inode_ops file_ops = {
    .open = procfs_open,
    .close = procfs_close,
    .read = procfs_read,
    .write = procfs_write,
    .setattr = procfs_setattr,
};

static const struct inode_ops link_ops = {
    .readlink = procfs_readlink,
};

/* ---- The mount ------------------------------------------------------------------------------- */

static struct inode *
procfs_inode_alloc(struct mount *mnt, uint64_t ino)
{
	struct inode *ip = zone_alloc(inode_zone, ZONE_ZERO);

	if (ip != NULL)
		icache_inode_init(ip, mnt, ino);
	return ip;
}

static const struct inode_ops *
ops_for(const struct procfs_entry *e)
{
	switch (type_of(e)) {
	case S_IFLNK:
		return &link_ops;
	case S_IFDIR:
		return &folder_ops;
	default:
		return &file_ops;
	}
}

static int
procfs_inode_load(struct inode *ip)
{
	const struct procfs_source *src = source_of(ip);
	const struct procfs_entry *e;

	if (index_of(ip) >= src->count)
		return ESTALE;
	if (pid_of(ip) != 0 && !src->owner(pid_of(ip), &ip->uid, &ip->gid))
		return ESTALE;
	e = &src->entries[index_of(ip)];
	ip->data = (void *)(uintptr_t)e;
	ip->ops = ops_for(e);
	ip->mode = type_of(e) | e->mode;
	ip->nlink = type_of(e) == S_IFDIR ? 2 : 1;
	ip->atime = ip->mtime = ip->ctime = vfs_now();
	return 0;
}

static void
procfs_inode_free(struct inode *ip)
{
	zone_free(inode_zone, ip);
}

static int
procfs_statfs(struct mount *mnt, struct vfs_statfs *st)
{
	(void)mnt;
	*st = (struct vfs_statfs){.type = PROC_SUPER_MAGIC, .bsize = PAGE_SIZE};
	return 0;
}

static const struct mount_ops procfs_mount_ops = {
    .inode_alloc = procfs_inode_alloc,
    .inode_load = procfs_inode_load,
    .inode_free = procfs_inode_free,
    .statfs = procfs_statfs,
};

int
procfs_mount(const struct procfs_source *source, struct inode *at, const char *path)
{
	struct procfs *fs = kmalloc(sizeof(*fs), ZONE_ZERO);
	int error;

	if (fs == NULL)
		return ENOMEM;
	inode_zone = zone_create("proc_inode", sizeof(struct inode), 0, NULL);
	text_zone = zone_create("proc_text", sizeof(struct procfs_text), 0, NULL);
	fs->source = source;
	vfs_mount_init(&fs->mnt, "proc", "proc", &procfs_mount_ops, fs);
	fs->mnt.flags = MOUNT_NOCACHE;
	error = inode_get(&fs->mnt, ino_for(0, 0), &fs->mnt.root);
	if (!error)
		error = vfs_mount(&fs->mnt, at, path);
	return error;
}
