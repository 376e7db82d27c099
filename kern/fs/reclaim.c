/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns giving memory back when pages are short, and the thread that writes dirty data in time.
 *
 * Reclaim works in passes, from what costs least: clean pages of files nobody uses, of all files,
 * spare buffers and idle inodes; then it writes dirty pages and starts over.  It never waits for a
 * lock that its caller, who is short of memory, could hold: object locks are only tried.  Writing
 * needs an operation of the journal, so the caller must not have one open (vm_page_wait asserts
 * that nothing is held).
 */
#include "kern/base/debug.h"
#include "kern/base/sleep.h"
#include "kern/fs/fs.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"

#define SYNC_INTERVAL_NS 5000000000ull /* dirty data is at most this old when it is looked at */
#define IDLE_INODES      64u           /* let go of in one reclaim */

static struct fs *root_fs; /* I  after mounting */

/* What a pass still wants and what it got. */
struct pass {
	uint64_t want, freed;
};

static bool
has_pages(struct inode *ip)
{
	return ip->object != NULL && ip->object->resident > 0;
}

static bool
idle_with_pages(struct inode *ip)
{
	return ip->refs == 0 && has_pages(ip);
}

static bool
free_pages(struct inode *ip, void *arg)
{
	struct pass *p = arg;

	p->freed += fs_pages_free(ip, p->want - p->freed);
	return p->freed < p->want;
}

static bool
is_dirty(struct inode *ip)
{
	return (fs_flags(fs_inode(ip)) & FS_DIRTY_PAGES) != 0;
}

static bool
write_and_free(struct inode *ip, void *arg)
{
	(void)fs_clean(ip, 0, UINT32_MAX);
	return free_pages(ip, arg);
}

uint64_t
fs_reclaim(uint64_t want)
{
	struct pass p = {.want = want};
	struct mount *mnt;

	if (root_fs == NULL)
		return 0;
	mnt = &root_fs->mnt;
	icache_foreach(mnt, idle_with_pages, free_pages, &p);
	if (p.freed < want)
		icache_foreach(mnt, has_pages, free_pages, &p);
	if (p.freed < want)
		p.freed += bio_shrink(
		    &root_fs->bio, (unsigned)(want - p.freed < 4096 ? want - p.freed : 4096));
	if (p.freed < want)
		icache_shrink(mnt, IDLE_INODES);
	if (p.freed < want)
		icache_foreach(mnt, is_dirty, write_and_free, &p);
	return p.freed;
}

void
fs_reclaim_register(struct fs *fs)
{
	root_fs = fs;
	vm_lowmem_hook = fs_reclaim;
}

static void
count_pages(struct vm_object *o, void *arg)
{
	uint64_t *count = arg;

	if (o->type == OBJ_VNODE)
		*count += o->resident;
}

uint64_t
fs_page_count(void)
{
	uint64_t count = 0;

	vm_object_foreach(count_pages, &count);
	return count;
}

void
fs_syncer(void *arg)
{
	(void)arg;
	for (;;) {
		sleep_ns(SYNC_INTERVAL_NS, "syncer", 0);
		vfs_sync();
	}
}
