/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of kern/fs and mkfs on the host.  After each test the disk is unmounted and must pass
 * mkfs --check, and nothing may be left over in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "kern/fs/fs_format.h"
#include "tests/fs_host.h"
#include "tests/host/host.h"
#include "tests/host/vm_test.h"

#define DISK_SIZE        (16u << 20)
#define OK(call)         assert_int_equal(call, 0)
#define FAILS(call, why) assert_int_equal(call, why)

static struct disk disk;
static struct host_fs h;

/*
 * Around each test.
 */

static int
setup(void **state)
{
	static bool warm;

	/* Zones and slabs that stay come with the first mount. */
	if (!warm) {
		host_boot();
		disk_create(&disk, DISK_SIZE);
		OK(host_mount(&h, &disk));
		OK(host_unmount(&h));
		disk_destroy(&disk);
		warm = true;
	}
	host_setup(state);
	disk_create(&disk, DISK_SIZE);
	return host_mount(&h, &disk);
}

static int
teardown(void **state)
{
	int error = host_unmount(&h);

	if (error == 0 && disk_check(disk.bytes, disk.length) != 0)
		error = EIO;
	disk_destroy(&disk);
	host_teardown(state);
	return error;
}

static void
remount(void)
{
	OK(host_unmount(&h));
	assert_int_equal(disk_check(disk.bytes, disk.length), 0);
	OK(host_mount(&h, &disk));
}

/* The power goes now, with everything that was written on the disk: mount what is there. */
static void
crash(void)
{
	uint8_t *bytes = malloc(disk.length);

	memcpy(bytes, disk.bytes, disk.length);
	disk.fail_after = 1;
	disk.fail_all = true;
	(void)host_unmount(&h);
	disk.fail_after = 0;
	memcpy(disk.bytes, bytes, disk.length);
	free(bytes);
	OK(host_mount(&h, &disk));
}

static void
fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (uint8_t)(seed >> 16);
	}
}

/* The file has exactly these bytes. */
static void
expect(const char *path, const void *data, size_t n)
{
	uint8_t *got = malloc(n + 1);
	struct inode *ip;
	size_t len;

	OK(host_open(&h, path, O_RDONLY, &ip));
	assert_int_equal(ip->size, n);
	OK(host_read(ip, got, n + 1, 0, &len));
	assert_int_equal(len, n);
	assert_memory_equal(got, data, n);
	vfs_close(ip, NULL);
	free(got);
}

static struct vfs_attr
attr_of(const char *path)
{
	struct vfs_attr attr;
	struct inode *ip;

	OK(vfs_lookup(&h.ctx, path, 0, &ip));
	OK(vfs_getattr(ip, &attr));
	inode_unref(ip);
	return attr;
}

static int
lookup(const char *path, unsigned flags)
{
	struct inode *ip;
	int error = vfs_lookup(&h.ctx, path, flags, &ip);

	inode_unref(ip);
	return error;
}

static uint64_t
free_blocks(void)
{
	struct vfs_statfs st;

	OK(vfs_statfs(h.mnt->root, &st));
	return st.bfree;
}

/*
 * Contents.
 */

static void
file_keeps_what_was_written(void **state)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 50000, 300000};
	uint8_t *data = malloc(300000);
	char name[16];

	(void)state;
	for (size_t i = 0; i < NELEM(sizes); i++) {
		snprintf(name, sizeof(name), "/f%zu", i);
		fill(data, sizes[i], (uint32_t)i);
		OK(host_put(&h, name, data, sizes[i]));
		expect(name, data, sizes[i]);
	}
	remount();
	for (size_t i = 0; i < NELEM(sizes); i++) {
		snprintf(name, sizeof(name), "/f%zu", i);
		fill(data, sizes[i], (uint32_t)i);
		expect(name, data, sizes[i]);
	}
	free(data);
}

static void
hole_reads_zero_at_every_level_of_indirection(void **state)
{
	static const uint64_t at[] = {0, 11 * 4096ull, 12 * 4096ull, 1035 * 4096ull, 1036 * 4096ull,
	    1ull << 32, (12 + 1024 + 1024 * 1024 + 5) * 4096ull, FS_MAX_FILE_SIZE - 10};
	struct inode *ip;
	uint8_t byte;
	size_t got;

	(void)state;
	OK(host_open(&h, "/sparse", O_RDWR | O_CREAT, &ip));
	for (size_t i = 0; i < NELEM(at); i++)
		OK(host_write(ip, "x", 1, at[i]));
	FAILS(host_write(ip, "x", 1, FS_MAX_FILE_SIZE), EFBIG);
	vfs_close(ip, NULL);
	remount();
	OK(host_open(&h, "/sparse", O_RDWR, &ip));
	assert_int_equal(ip->size, FS_MAX_FILE_SIZE - 9);
	for (size_t i = 0; i < NELEM(at); i++) {
		OK(host_read(ip, &byte, 1, at[i], &got));
		assert_int_equal(byte, 'x');
		byte = 0;
		OK(host_read(ip, &byte, 1, at[i] + 1, &got));
		assert_int_equal(byte, 0);
	}
	OK(vfs_truncate(ip, 5000));
	assert_int_equal(fs_inode(ip)->blocks, 1);
	vfs_close(ip, NULL);
	OK(vfs_unlink(&h.ctx, "/sparse"));
}

static void
growing_a_file_exposes_zeros(void **state)
{
	uint8_t data[10000], want[20000] = {0};
	struct inode *ip;

	(void)state;
	fill(data, sizeof(data), 1);
	OK(host_put(&h, "/f", data, sizeof(data)));
	OK(host_open(&h, "/f", O_RDWR, &ip));
	OK(vfs_truncate(ip, 5000));
	OK(vfs_truncate(ip, 9000));
	memcpy(want, data, 5000);
	expect("/f", want, 9000);
	OK(vfs_fsync(ip, false));
	fs_reclaim(1000);
	fs_pages_free(ip, 1000);
	expect("/f", want, 9000);
	OK(host_write(ip, "end", 3, 19000));
	memcpy(want + 19000, "end", 3);
	expect("/f", want, 19003);
	vfs_close(ip, NULL);
	remount();
	expect("/f", want, 19003);
}

static void
append_goes_to_the_end(void **state)
{
	struct uio_vec vec;
	struct inode *ip;
	struct uio u;

	(void)state;
	OK(host_put(&h, "/log", "one\n", 4));
	OK(host_open(&h, "/log", O_WRONLY, &ip));
	uio_init_kernel(&u, &vec, UIO_WRITE, "two\n", 4, 0);
	OK(vfs_write(ip, NULL, &u, O_APPEND));
	assert_int_equal(u.offset, 8);
	vfs_close(ip, NULL);
	expect("/log", "one\ntwo\n", 8);
}

static void
truncating_a_large_file_takes_several_transactions(void **state)
{
	struct fs *fs = fs_of(h.mnt->root);
	uint64_t before = free_blocks(), commits = fs->log.commits;
	uint8_t *data = calloc(1, 2 << 20);
	struct inode *ip;

	(void)state;
	/* Scattered: each block an extent of its own, so the list of freed blocks fills up. */
	OK(host_open(&h, "/a", O_RDWR | O_CREAT, &ip));
	for (unsigned i = 0; i < 250; i++)
		OK(host_write(ip, "x", 1, i * 1100ull * 4096));
	OK(vfs_fsync(ip, false));
	OK(vfs_truncate(ip, 1));
	assert_int_equal(fs_inode(ip)->blocks, 1);
	assert_true(fs->log.commits > commits + 2);
	OK(vfs_truncate(ip, 0));
	vfs_close(ip, NULL);
	OK(vfs_unlink(&h.ctx, "/a"));
	OK(host_put(&h, "/b", data, 2 << 20));
	OK(vfs_sync() + fs_sync(h.mnt, true));
	OK(vfs_unlink(&h.ctx, "/b"));
	OK(fs_sync(h.mnt, true));
	assert_int_equal(free_blocks(), before);
	free(data);
}

/*
 * Names.
 */

static void
names_come_and_go(void **state)
{
	char name[300];

	(void)state;
	OK(vfs_mkdir(&h.ctx, "/d", 0777));
	assert_int_equal(attr_of("/d").mode, S_IFDIR | 0755);
	assert_int_equal(attr_of("/d").nlink, 2);
	FAILS(vfs_mkdir(&h.ctx, "/d", 0777), EEXIST);
	FAILS(vfs_mkdir(&h.ctx, "/x/y", 0777), ENOENT);
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[256] = '\0';
	OK(vfs_mkdir(&h.ctx, name, 0700));
	OK(lookup(name, 0));
	name[256] = 'n';
	name[257] = '\0';
	FAILS(vfs_mkdir(&h.ctx, name, 0700), ENAMETOOLONG);
	FAILS(lookup(name, 0), ENAMETOOLONG);
	name[256] = '\0';
	OK(vfs_rmdir(&h.ctx, name));
	OK(host_put(&h, "/d/f", "x", 1));
	FAILS(vfs_rmdir(&h.ctx, "/d"), ENOTEMPTY);
	FAILS(vfs_rmdir(&h.ctx, "/d/f"), ENOTDIR);
	FAILS(vfs_rmdir(&h.ctx, "/d/."), EINVAL);
	FAILS(vfs_rmdir(&h.ctx, "/d/.."), ENOTEMPTY);
	FAILS(vfs_rmdir(&h.ctx, "/"), EBUSY);
	FAILS(vfs_unlink(&h.ctx, "/d"), EISDIR);
	FAILS(vfs_unlink(&h.ctx, "/d/f/"), ENOTDIR);
	FAILS(vfs_unlink(&h.ctx, "/d/f/g"), ENOTDIR);
	OK(vfs_unlink(&h.ctx, "/d/f"));
	FAILS(vfs_unlink(&h.ctx, "/d/f"), ENOENT);
	OK(vfs_rmdir(&h.ctx, "/d/"));
	FAILS(lookup("/d", 0), ENOENT);
	FAILS(lookup("", 0), ENOENT);
	OK(lookup("", VFS_EMPTY));
	OK(lookup("/../..", 0));
}

static void
directory_of_a_thousand_names(void **state)
{
	char name[64];
	struct vfs_attr attr;

	(void)state;
	OK(vfs_mkdir(&h.ctx, "/big", 0755));
	for (unsigned i = 0; i < 700; i++) {
		snprintf(name, sizeof(name), "/big/a-name-that-is-not-short-%u", i);
		OK(host_put(&h, name, name, i % 7 == 0 ? strlen(name) : 0));
	}
	remount();
	attr = attr_of("/big");
	assert_true(attr.size > 4096);
	for (unsigned i = 0; i < 700; i += 2) {
		snprintf(name, sizeof(name), "/big/a-name-that-is-not-short-%u", i);
		OK(vfs_unlink(&h.ctx, name));
	}
	for (unsigned i = 0; i < 700; i++) {
		snprintf(name, sizeof(name), "/big/a-name-that-is-not-short-%u", i);
		FAILS(lookup(name, 0), i % 2 == 0 ? ENOENT : 0);
	}
	for (unsigned i = 0; i < 350; i++) {
		snprintf(name, sizeof(name), "/big/b%u", i);
		OK(host_put(&h, name, "", 0));
	}
	/* The new names fit where the old ones were. */
	assert_int_equal(attr_of("/big").size, attr.size);
}

struct listing {
	unsigned n, limit;
	char names[64][32];
};

static bool
list_emit(void *arg, const char *name, unsigned len, uint64_t ino, unsigned type, uint64_t next)
{
	struct listing *l = arg;

	(void)ino;
	(void)type;
	(void)next;
	if (l->n == l->limit)
		return false;
	memcpy(l->names[l->n], name, len);
	l->names[l->n++][len] = '\0';
	return true;
}

static void
readdir_goes_on_where_it_stopped(void **state)
{
	struct listing all = {.limit = 64};
	uint64_t pos = 0;
	char name[32];
	struct inode *ip;

	(void)state;
	OK(vfs_mkdir(&h.ctx, "/d", 0755));
	for (unsigned i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "/d/%u", i);
		OK(host_put(&h, name, "", 0));
	}
	OK(vfs_lookup(&h.ctx, "/d", 0, &ip));
	for (unsigned before = ~0u; before != all.n;) {
		before = all.n;
		all.limit = all.n + 3;
		OK(vfs_readdir(ip, &pos, list_emit, &all));
		if (before == 6) {
			/* What was read may go; what comes stays. */
			OK(vfs_unlink(&h.ctx, "/d/0"));
			OK(vfs_unlink(&h.ctx, "/d/1"));
		}
	}
	inode_unref(ip);
	assert_int_equal(all.n, 32);
	assert_string_equal(all.names[0], ".");
	assert_string_equal(all.names[1], "..");
	assert_string_equal(all.names[31], "29");
}

static void
links_count_and_share(void **state)
{
	struct inode *ip;

	(void)state;
	OK(host_put(&h, "/a", "abc", 3));
	OK(vfs_lookup(&h.ctx, "/a", 0, &ip));
	OK(vfs_link(&h.ctx, ip, "/b"));
	FAILS(vfs_link(&h.ctx, ip, "/b"), EEXIST);
	FAILS(vfs_link(&h.ctx, h.mnt->root, "/r"), EPERM);
	assert_int_equal(attr_of("/b").nlink, 2);
	OK(vfs_unlink(&h.ctx, "/a"));
	expect("/b", "abc", 3);
	OK(vfs_unlink(&h.ctx, "/b"));
	/* Still open: readable, writable, and gone after a crash. */
	OK(host_write(ip, "defg", 4, 3));
	OK(vfs_fsync(ip, false));
	FAILS(vfs_link(&h.ctx, ip, "/c"), ENOENT);
	inode_unref(ip);
}

static void
symlinks_are_followed_to_the_limit(void **state)
{
	char target[600], buf[600], path[32];
	struct inode *ip;
	size_t len;

	(void)state;
	OK(vfs_mkdir(&h.ctx, "/d", 0755));
	OK(host_put(&h, "/d/f", "data", 4));
	OK(vfs_symlink(&h.ctx, "d/f", "/l"));
	expect("/l", "data", 4);
	OK(vfs_symlink(&h.ctx, "/d", "/dl"));
	expect("/dl/f", "data", 4);
	OK(lookup("/dl/", VFS_DIR));
	FAILS(lookup("/l/", 0), ENOTDIR);
	FAILS(host_open(&h, "/l", O_RDONLY | O_NOFOLLOW, &ip), ELOOP);
	FAILS(host_open(&h, "/l", O_RDWR | O_CREAT | O_EXCL, &ip), EEXIST);
	OK(vfs_symlink(&h.ctx, "new", "/d/dangling"));
	OK(host_put(&h, "/d/dangling", "made", 4));
	expect("/d/new", "made", 4);
	memset(target, 't', sizeof(target));
	target[500] = '\0';
	OK(vfs_symlink(&h.ctx, target, "/long"));
	OK(vfs_symlink(&h.ctx, "loop", "/loop"));
	FAILS(lookup("/loop", VFS_FOLLOW), ELOOP);
	OK(lookup("/loop", 0));
	remount();
	OK(vfs_lookup(&h.ctx, "/long", 0, &ip));
	OK(vfs_readlink(ip, buf, sizeof(buf), &len));
	inode_unref(ip);
	assert_int_equal(len, 500);
	assert_memory_equal(buf, target, 500);
	OK(vfs_unlink(&h.ctx, "/long"));
	OK(host_put(&h, "/s0", "", 0));
	for (unsigned i = 0; i < 41; i++) {
		snprintf(path, sizeof(path), "/s%u", i + 1);
		snprintf(target, sizeof(target), "s%u", i);
		OK(vfs_symlink(&h.ctx, target, path));
	}
	OK(lookup("/s40", VFS_FOLLOW));
	FAILS(lookup("/s41", VFS_FOLLOW), ELOOP);
}

static int
mv(const char *from, const char *to)
{
	return vfs_rename(&h.ctx, from, &h.ctx, to, 0);
}

static void
rename_in_every_case(void **state)
{
	(void)state;
	OK(vfs_mkdir(&h.ctx, "/a", 0755));
	OK(vfs_mkdir(&h.ctx, "/a/b", 0755));
	OK(vfs_mkdir(&h.ctx, "/a/b/c", 0755));
	OK(host_put(&h, "/f", "f", 1));
	OK(host_put(&h, "/g", "g", 1));
	OK(mv("/f", "/f"));
	OK(mv("/f", "/h"));
	FAILS(mv("/f", "/h"), ENOENT);
	OK(mv("/h", "/g"));
	expect("/g", "f", 1);
	OK(mv("/g", "/a/b/g"));
	expect("/a/b/g", "f", 1);
	FAILS(mv("/a", "/a/b/x"), EINVAL);
	FAILS(mv("/a", "/a"), 0);
	FAILS(mv("/a/b/g", "/a/b/c"), EISDIR);
	FAILS(mv("/a/b/c", "/a/b/g"), ENOTDIR);
	FAILS(mv("/a/b/c", "/a/b"), ENOTEMPTY);
	FAILS(mv("/a/b/c", "/a"), ENOTEMPTY);
	FAILS(mv("/a/b/.", "/x"), EBUSY);
	FAILS(mv("/a/b/g", "/x/"), ENOTDIR);
	OK(vfs_mkdir(&h.ctx, "/t", 0755));
	OK(mv("/a/b/c", "/t"));
	assert_int_equal(attr_of("/a/b").nlink, 2);
	assert_int_equal(attr_of("/").nlink, 4);
	OK(mv("/a/b", "/t/b"));
	assert_int_equal(attr_of("/a").nlink, 2);
	assert_int_equal(attr_of("/t").nlink, 3);
	assert_int_equal(attr_of("/t/b/..").ino, attr_of("/t").ino);
	FAILS(vfs_rename(&h.ctx, "/t/b/g", &h.ctx, "/t/b", VFS_RENAME_NOREPLACE), EEXIST);
	remount();
	expect("/t/b/g", "f", 1);
}

static void
getcwd_finds_the_way_back(void **state)
{
	struct vfs_ctx ctx = h.ctx;
	char buf[64];

	(void)state;
	OK(vfs_getcwd(&ctx, buf, sizeof(buf)));
	assert_string_equal(buf, "/");
	OK(vfs_mkdir(&h.ctx, "/one", 0755));
	OK(vfs_mkdir(&h.ctx, "/one/two", 0755));
	OK(vfs_lookup(&h.ctx, "/one/two", 0, &ctx.cwd));
	OK(vfs_getcwd(&ctx, buf, sizeof(buf)));
	assert_string_equal(buf, "/one/two");
	FAILS(vfs_getcwd(&ctx, buf, 8), ERANGE);
	OK(vfs_getcwd(&ctx, buf, 9));
	OK(vfs_rmdir(&h.ctx, "/one/two"));
	FAILS(vfs_getcwd(&ctx, buf, sizeof(buf)), ENOENT);
	FAILS(vfs_mkdir(&ctx, "sub", 0755), ENOENT);
	inode_unref(ctx.cwd);
}

static void
permissions_hold_for_others(void **state)
{
	struct vfs_setattr chmod = {.what = VFS_SET_MODE, .mode = 0600};
	struct inode *ip;

	(void)state;
	OK(host_put(&h, "/secret", "s", 1));
	OK(vfs_lookup(&h.ctx, "/secret", 0, &ip));
	OK(vfs_setattr(ip, &h.cred, &chmod));
	inode_unref(ip);
	OK(vfs_mkdir(&h.ctx, "/tmp", 01777));
	h.ctx.umask = 0;
	OK(vfs_mkdir(&h.ctx, "/sticky", 01777));
	OK(host_put(&h, "/sticky/root", "", 0));
	h.cred.euid = h.cred.egid = 1000;
	FAILS(host_open(&h, "/secret", O_RDONLY, &ip), EACCES);
	FAILS(host_put(&h, "/mine", "", 0), EACCES);
	OK(host_put(&h, "/sticky/mine", "", 0));
	FAILS(vfs_unlink(&h.ctx, "/sticky/root"), EPERM);
	FAILS(mv("/sticky/mine", "/sticky/root"), EPERM);
	FAILS(mv("/sticky/root", "/sticky/other"), EPERM);
	OK(vfs_lookup(&h.ctx, "/sticky/root", 0, &ip));
	FAILS(vfs_setattr(ip, &h.cred, &chmod), EPERM);
	inode_unref(ip);
	OK(vfs_unlink(&h.ctx, "/sticky/mine"));
	FAILS(vfs_mknod(&h.ctx, "/sticky/dev", S_IFCHR | 0666, 1), EPERM);
	h.cred.euid = h.cred.egid = 0;
	OK(vfs_mknod(&h.ctx, "/dev", S_IFCHR | 0666, vfs_mkdev(5, 1)));
	assert_int_equal(attr_of("/dev").rdev, vfs_mkdev(5, 1));
}

static void
open_flags_mean_what_they_say(void **state)
{
	struct inode *ip;

	(void)state;
	FAILS(host_open(&h, "/f", O_RDONLY, &ip), ENOENT);
	OK(host_open(&h, "/f", O_RDWR | O_CREAT | O_EXCL, &ip));
	OK(host_write(ip, "12345", 5, 0));
	vfs_close(ip, NULL);
	FAILS(host_open(&h, "/f", O_RDWR | O_CREAT | O_EXCL, &ip), EEXIST);
	FAILS(host_open(&h, "/f", O_RDONLY | O_DIRECTORY, &ip), ENOTDIR);
	FAILS(host_open(&h, "/", O_RDWR, &ip), EISDIR);
	FAILS(host_open(&h, "/f/", O_RDONLY, &ip), ENOTDIR);
	FAILS(host_open(&h, "/new/", O_RDWR | O_CREAT, &ip), EISDIR);
	OK(host_open(&h, "/f", O_WRONLY | O_TRUNC, &ip));
	assert_int_equal(ip->size, 0);
	vfs_close(ip, NULL);
}

/*
 * The page cache.
 */

static void
map_shared(struct vmspace *vm, const char *path, unsigned pages, vaddr_t at)
{
	struct vm_mmap_args args = {.addr = at,
	    .len = pages * PAGE_SIZE,
	    .prot = RW,
	    .flags = MAP_SHARED | MAP_FIXED,
	    .max_prot = VM_PROT_ALL};
	struct inode *ip;
	vaddr_t got;

	OK(vfs_lookup(&h.ctx, path, 0, &ip));
	OK(vfs_object(ip, &args.object));
	inode_unref(ip);
	OK(vm_mmap(vm, &args, &got));
}

static void
mapping_and_file_are_the_same_bytes(void **state)
{
	struct vmspace *vm = space();
	uint8_t data[3 * 4096];
	struct inode *ip;
	size_t got;

	(void)state;
	fill(data, sizeof(data), 5);
	OK(host_put(&h, "/m", data, sizeof(data) - 100));
	map_shared(vm, "/m", 4, AREA);
	SEES(vm, AREA + 5000, data[5000]);
	put(vm, AREA + 5000, 99);
	OK(host_open(&h, "/m", O_RDWR, &ip));
	OK(host_read(ip, data, 1, 5000, &got));
	assert_int_equal(data[0], 99);
	OK(host_write(ip, "\x07", 1, 4096));
	SEES(vm, AREA + 4096, 7);
	SEES(vm, AREA + sizeof(data) - 100, 0);
	put(vm, AREA + sizeof(data) - 50, 1);
	LOAD_FAILS(vm, AREA + 3 * 4096, EINVAL);
	/* What was stored behind the end never gets into the file. */
	OK(vfs_truncate(ip, sizeof(data)));
	OK(host_read(ip, data, 1, sizeof(data) - 50, &got));
	assert_int_equal(data[0], 0);
	OK(vfs_truncate(ip, 4096));
	LOAD_FAILS(vm, AREA + 4096, EINVAL);
	vfs_close(ip, NULL);
	OK(vfs_unlink(&h.ctx, "/m"));
	SEES(vm, AREA + 1, get(vm, AREA + 1));
	vmspace_unref(vm);
}

static void
stores_through_a_mapping_reach_the_disk(void **state)
{
	struct vmspace *vm = space();
	uint8_t want[8192] = {0};

	(void)state;
	OK(host_put(&h, "/m", want, sizeof(want)));
	OK(fs_sync(h.mnt, true));
	map_shared(vm, "/m", 2, AREA);
	put(vm, AREA + 4097, 42);
	want[4097] = 42;
	OK(fs_sync(h.mnt, true));
	put(vm, AREA + 1, 43);
	want[1] = 43;
	vmspace_unref(vm);
	OK(fs_sync(h.mnt, true));
	crash();
	expect("/m", want, sizeof(want));
}

static void
write_from_a_mapping_of_the_same_file(void **state)
{
	uint8_t data[3 * 4096], *want = malloc(sizeof(data) * 2);
	struct uio_vec vec = {AREA + 100, sizeof(data) - 200};
	struct uio u = {.vec = &vec,
	    .nvec = 1,
	    .dir = UIO_WRITE,
	    .user = true,
	    .offset = 0,
	    .resid = sizeof(data) - 200};
	struct inode *ip;

	(void)state;
	host_user_space = space();
	fill(data, sizeof(data), 6);
	OK(host_put(&h, "/m", data, sizeof(data)));
	OK(fs_sync(h.mnt, true));
	OK(host_open(&h, "/m", O_RDWR, &ip));
	fs_pages_free(ip, 100);
	map_shared(host_user_space, "/m", 3, AREA);
	/* Behind the end: source and target are different pages. */
	u.offset = sizeof(data);
	OK(vfs_write(ip, NULL, &u, 0));
	assert_int_equal(u.resid, 0);
	memcpy(want, data, sizeof(data));
	memcpy(want + sizeof(data), data + 100, sizeof(data) - 200);
	expect("/m", want, 2 * sizeof(data) - 200);
	/* The same page is source and target. */
	vec = (struct uio_vec){AREA, 4096};
	u = (struct uio){
	    .vec = &vec, .nvec = 1, .dir = UIO_WRITE, .user = true, .offset = 0, .resid = 4096};
	OK(vfs_write(ip, NULL, &u, 0));
	/* And reading a file into its own mapping. */
	vec = (struct uio_vec){AREA, 4096};
	u = (struct uio){
	    .vec = &vec, .nvec = 1, .dir = UIO_READ, .user = true, .offset = 4096, .resid = 4096};
	OK(vfs_read(ip, NULL, &u));
	memcpy(want, want + 4096, 4096);
	expect("/m", want, 2 * sizeof(data) - 200);
	/* A bad address. */
	vec = (struct uio_vec){AREA + 0x100000, 10};
	u = (struct uio){
	    .vec = &vec, .nvec = 1, .dir = UIO_WRITE, .user = true, .offset = 0, .resid = 10};
	FAILS(vfs_write(ip, NULL, &u, 0), EFAULT);
	vfs_close(ip, NULL);
	vmspace_unref(host_user_space);
	free(want);
}

static void
little_memory_is_enough(void **state)
{
	uint8_t *data = malloc(1 << 20);

	(void)state;
	host_hoard(24);
	fill(data, 1 << 20, 9);
	OK(host_put(&h, "/f", data, 1 << 20));
	expect("/f", data, 1 << 20);
	host_unhoard();
	free(data);
}

static void
sequential_reading_is_clustered(void **state)
{
	uint8_t *data = calloc(1, 1 << 20), buf[4096];
	struct inode *ip;
	uint64_t reads;
	size_t got;

	(void)state;
	OK(host_put(&h, "/f", data, 1 << 20));
	OK(fs_sync(h.mnt, true));
	OK(host_open(&h, "/f", O_RDONLY, &ip));
	fs_pages_free(ip, 1000);
	reads = disk.reads;
	for (unsigned i = 0; i < 256; i++)
		OK(host_read(ip, buf, 4096, i * 4096ull, &got));
	assert_true(disk.reads - reads <= 20);
	vfs_close(ip, NULL);
	free(data);
}

/*
 * Trouble.
 */

static void
full_disk_fails_at_write_and_recovers(void **state)
{
	uint64_t before = free_blocks();
	uint8_t *data = malloc(64 << 10);
	char name[16];
	struct inode *ip;
	unsigned n = 0;
	int error = 0;

	(void)state;
	fill(data, 64 << 10, 3);
	OK(host_open(&h, "/f", O_RDWR | O_CREAT, &ip));
	while (error == 0)
		error = host_write(ip, data, 64 << 10, (uint64_t)n++ * (64 << 10));
	FAILS(error, ENOSPC);
	/* All but a little of the space went to data. */
	assert_true(ip->size / 4096 + 16 > before);
	OK(vfs_fsync(ip, false));
	/* The blocks that a write would have wanted to be promised, one by one. */
	for (n = 0, error = 0; error == 0; n++) {
		snprintf(name, sizeof(name), "/d%u", n);
		error = vfs_mkdir(&h.ctx, name, 0755);
	}
	FAILS(error, ENOSPC);
	while (n-- > 1) {
		snprintf(name, sizeof(name), "/d%u", n - 1);
		OK(vfs_rmdir(&h.ctx, name));
	}
	OK(host_put(&h, "/empty", "", 0));
	OK(vfs_unlink(&h.ctx, "/f"));
	vfs_close(ip, NULL);
	/* The space comes back without a sync: the commit is forced when it is needed. */
	OK(host_put(&h, "/f", data, 64 << 10));
	OK(vfs_mkdir(&h.ctx, "/d", 0755));
	OK(vfs_unlink(&h.ctx, "/f"));
	OK(vfs_rmdir(&h.ctx, "/d"));
	OK(vfs_unlink(&h.ctx, "/empty"));
	OK(fs_sync(h.mnt, true));
	assert_int_equal(free_blocks(), before);
	free(data);
}

static void
no_inode_left(void **state)
{
	char name[16];
	unsigned n = 0;
	int error = 0;

	(void)state;
	for (; error == 0; n++) {
		snprintf(name, sizeof(name), "/%u", n);
		error = host_put(&h, name, "", 0);
	}
	FAILS(error, ENOSPC);
	OK(vfs_unlink(&h.ctx, "/5"));
	OK(host_put(&h, "/again", "", 0));
}

static void
unlinked_open_file_is_reclaimed_after_a_crash(void **state)
{
	uint64_t before = free_blocks();
	struct inode *a, *b;

	(void)state;
	OK(host_put(&h, "/a", "aaa", 3));
	OK(host_put(&h, "/b", "bbb", 3));
	OK(vfs_lookup(&h.ctx, "/a", 0, &a));
	OK(vfs_lookup(&h.ctx, "/b", 0, &b));
	OK(vfs_unlink(&h.ctx, "/a"));
	OK(vfs_unlink(&h.ctx, "/b"));
	OK(vfs_fsync(a, false));
	assert_int_not_equal(fs_of(a)->orphan_head, 0);
	/* The crash: nothing of what dropping them does arrives. */
	disk.fail_after = 1;
	disk.fail_all = disk.fail_writes_only = true;
	inode_unref(a);
	inode_unref(b);
	crash();
	assert_int_equal(fs_of(h.mnt->root)->orphan_head, 0);
	OK(fs_sync(h.mnt, true));
	assert_int_equal(free_blocks(), before);
}

static void
write_errors_come_back_from_fsync(void **state)
{
	uint8_t data[8192] = {1};
	struct inode *ip;

	(void)state;
	OK(host_put(&h, "/f", data, sizeof(data)));
	OK(host_open(&h, "/f", O_RDWR, &ip));
	OK(vfs_fsync(ip, false));
	OK(host_write(ip, data, sizeof(data), 4096));
	disk.fail_after = 1;
	disk.fail_writes_only = true;
	FAILS(vfs_fsync(ip, false), EIO);
	/* The error was one write's: the page is still dirty and goes out now. */
	OK(vfs_fsync(ip, false));
	vfs_close(ip, NULL);
}

static void
journal_errors_make_it_read_only(void **state)
{
	struct inode *ip;

	(void)state;
	OK(host_put(&h, "/f", "x", 1));
	OK(fs_sync(h.mnt, true));
	OK(vfs_mkdir(&h.ctx, "/d", 0755));
	disk.fail_after = 1;
	disk.fail_all = true;
	FAILS(fs_sync(h.mnt, true), EIO);
	FAILS(vfs_mkdir(&h.ctx, "/e", 0755), EIO);
	FAILS(vfs_unlink(&h.ctx, "/f"), EIO);
	OK(host_open(&h, "/f", O_RDONLY, &ip));
	FAILS(host_write(ip, "y", 1, 0), EROFS);
	vfs_close(ip, NULL);
	expect("/f", "x", 1);
	crash();
	FAILS(lookup("/d", 0), ENOENT);
	expect("/f", "x", 1);
}

static void
read_errors_hit_only_the_reader(void **state)
{
	uint8_t data[40960] = {7}, buf[100];
	struct inode *ip;
	size_t got;

	(void)state;
	OK(host_put(&h, "/f", data, sizeof(data)));
	OK(fs_sync(h.mnt, true));
	OK(host_open(&h, "/f", O_RDONLY, &ip));
	fs_pages_free(ip, 100);
	disk.fail_after = 1;
	FAILS(host_read(ip, buf, sizeof(buf), 20000, &got), EIO);
	OK(host_read(ip, buf, sizeof(buf), 20000, &got));
	assert_int_equal(got, sizeof(buf));
	vfs_close(ip, NULL);
}

static void
allocation_failures_leave_no_trace(void **state)
{
	char name[32];

	(void)state;
	OK(vfs_mkdir(&h.ctx, "/d", 0755));
	for (unsigned n = 1; n < 40; n++) {
		int error;

		snprintf(name, sizeof(name), "/d/%u", n);
		host_fail_alloc(n, false);
		error = host_put(&h, name, "data", 4);
		host_fail_alloc(0, false);
		assert_true(error == 0 || error == ENOMEM || error == EIO);
		if (error == 0)
			expect(name, "data", 4);
	}
}

static void
bad_superblocks_are_refused(void **state)
{
	static const size_t where[] = {0, 8, 12, 16, 20, 24, 28, 40, 60, 4092};

	(void)state;
	OK(host_unmount(&h));
	for (size_t i = 0; i < NELEM(where); i++) {
		disk.bytes[where[i]] ^= 0x41;
		FAILS(host_mount(&h, &disk), EINVAL);
		disk.bytes[where[i]] ^= 0x41;
	}
	disk.dev.nsectors /= 2;
	FAILS(host_mount(&h, &disk), EINVAL);
	disk.dev.nsectors *= 2;
	memset(disk.bytes + 2 * 4096, 0xff, 2 * 4096);
	FAILS(host_mount(&h, &disk), EINVAL);
	disk_destroy(&disk);
	disk_create(&disk, DISK_SIZE);
	OK(host_mount(&h, &disk));
}

/* A little of everything, with a disk that fails: only errno may come back. */
static void
use_everything(void)
{
	static uint8_t data[30000];
	struct listing all = {.limit = 64};
	char buf[300], name[32];
	uint64_t pos = 0;
	struct inode *ip;
	size_t got;

	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "/u%u", i);
		(void)vfs_mkdir(&h.ctx, "/ud", 0755);
		(void)host_put(&h, name, data, sizeof(data));
		(void)vfs_symlink(&h.ctx, "/old/link/target/that/does/not/exist", "/ud/l");
		if (host_open(&h, name, O_RDWR, &ip) == 0) {
			(void)vfs_fsync(ip, false);
			(void)host_read(ip, data, sizeof(data), 0, &got);
			(void)vfs_truncate(ip, 5000);
			(void)vfs_link(&h.ctx, ip, "/ud/hard");
			vfs_close(ip, NULL);
		}
		(void)mv(name, "/ud/moved");
		(void)vfs_unlink(&h.ctx, "/ud/hard");
		if (vfs_lookup(&h.ctx, "/ud/l", 0, &ip) == 0) {
			(void)vfs_readlink(ip, buf, sizeof(buf), &got);
			inode_unref(ip);
		}
		(void)vfs_readdir(h.mnt->root, &pos, list_emit, &all);
		(void)vfs_unlink(&h.ctx, "/ud/l");
		(void)vfs_unlink(&h.ctx, "/ud/moved");
		(void)vfs_rmdir(&h.ctx, "/ud");
	}
	(void)fs_sync(h.mnt, true);
	(void)vfs_unlink(&h.ctx, "/big");
	fs_reclaim(1000);
}

static void
any_failing_request_is_survived(void **state)
{
	uint8_t *data = calloc(1, 400000), *clean;

	(void)state;
	fill(data, 400000, 4);
	OK(host_put(&h, "/big", data, 400000));
	OK(host_unmount(&h));
	clean = malloc(disk.length);
	memcpy(clean, disk.bytes, disk.length);
	for (unsigned n = 1; n < 400; n += 7) {
		memcpy(disk.bytes, clean, disk.length);
		disk.fail_after = n;
		disk.fail_all = n % 2 == 0;
		if (host_mount(&h, &disk) == 0) {
			use_everything();
			(void)host_unmount(&h);
		}
		disk.fail_after = 0;
		/* A failed home write or record is made good by the next replay. */
		assert_int_equal(disk_check(disk.bytes, disk.length), 0);
		OK(host_mount(&h, &disk));
		OK(host_unmount(&h));
		assert_int_equal(disk_check(disk.bytes, disk.length), 0);
	}
	OK(host_mount(&h, &disk));
	free(clean);
	free(data);
}

static uint32_t dice = 1;

static uint32_t
roll(uint32_t n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % n;
}

/* Flip a bit somewhere in metadata, sometimes with the checksums made right again, as a malicious
 * image would. */
static void
damage(uint8_t *bytes)
{
	struct fs_super *sb = (struct fs_super *)bytes;
	uint32_t block = roll(4) == 0 ? roll(sb->nblocks)
				      : sb->bbm_start + roll(sb->data_start + 40 - sb->bbm_start);
	uint32_t at = roll(FS_BLOCK_SIZE);
	uint32_t ino;

	/* The used inodes are the first few. */
	if (roll(2) == 0) {
		ino = 1 + roll(12);
		block = sb->itab_start;
		at = ino * FS_INODE_SIZE + roll(FS_INODE_SIZE);
	}
	bytes[block * FS_BLOCK_SIZE + at] ^= (uint8_t)(1u << roll(8));
	if (roll(3) > 0 && block >= sb->itab_start && block < sb->data_start) {
		struct fs_dinode *di =
		    (struct fs_dinode *)(bytes + block * FS_BLOCK_SIZE) + at / FS_INODE_SIZE;

		ino = (block - sb->itab_start) * FS_INODES_PER_BLOCK + at / FS_INODE_SIZE;
		di->crc = fs_dinode_crc(di, ino);
	}
	if (roll(3) > 0 && block >= sb->data_start)
		for (ino = 1; ino < 12; ino++) {
			struct fs_dirtail *tail = fs_dirtail(bytes + block * FS_BLOCK_SIZE);
			uint32_t old = tail->crc;

			tail->crc = fs_dirblock_crc(bytes + block * FS_BLOCK_SIZE, ino);
			if (((struct fs_dirent *)(bytes + block * FS_BLOCK_SIZE))->ino == ino)
				break;
			tail->crc = old;
		}
}

static void
damaged_images_never_panic(void **state)
{
	uint8_t *data = calloc(1, 400000), *clean = malloc(disk.length);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/dir%u", i);
		OK(vfs_mkdir(&h.ctx, name, 0755));
		strcat(name, "/f");
		OK(host_put(&h, name, data, 60000));
	}
	fill(data, 400000, 4);
	OK(host_put(&h, "/big", data, 400000));
	OK(vfs_symlink(&h.ctx, "big", "/l"));
	OK(host_unmount(&h));
	memcpy(clean, disk.bytes, disk.length);
	for (unsigned round = 0; round < 250; round++) {
		memcpy(disk.bytes, clean, disk.length);
		for (unsigned n = 1 + roll(3); n > 0; n--)
			damage(disk.bytes);
		if (host_mount(&h, &disk) != 0)
			continue;
		for (unsigned i = 0; i < 3; i++) {
			char path[16];
			struct inode *ip;
			size_t got;

			snprintf(path, sizeof(path), "/dir%u/f", i);
			if (vfs_lookup(&h.ctx, path, VFS_FOLLOW, &ip) == 0) {
				(void)host_read(ip, data, 60000, 0, &got);
				(void)host_write(ip, data, 70000, 1000);
				(void)vfs_fsync(ip, false);
				inode_unref(ip);
			}
			(void)vfs_unlink(&h.ctx, path);
			path[5] = '\0';
			(void)vfs_rmdir(&h.ctx, path);
		}
		use_everything();
		(void)host_unmount(&h);
	}
	memcpy(disk.bytes, clean, disk.length);
	OK(host_mount(&h, &disk));
	free(clean);
	free(data);
}

/*
 * Several threads.
 */

struct worker {
	unsigned id;
	uint32_t seed;
};

static unsigned
choose(struct worker *w, unsigned n)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % n;
}

/* Operations on names and files that all workers share; what they return may be any errno. */
static void
churn(void *arg)
{
	struct worker *w = arg;
	uint8_t data[9000];
	char a[32], b[32];
	struct inode *ip;
	size_t got;

	memset(data, (int)w->id, sizeof(data));
	for (unsigned i = 0; i < 60; i++) {
		snprintf(a, sizeof(a), "/%c%s", 'a' + choose(w, 3), choose(w, 2) ? "/x" : "");
		snprintf(b, sizeof(b), "/%c%s", 'a' + choose(w, 3), choose(w, 2) ? "/y" : "");
		switch (choose(w, 9)) {
		case 0:
			(void)vfs_mkdir(&h.ctx, a, 0755);
			break;
		case 1:
			(void)host_put(&h, a, data, choose(w, sizeof(data)));
			break;
		case 2:
			(void)vfs_rename(&h.ctx, a, &h.ctx, b, 0);
			break;
		case 3:
			(void)vfs_unlink(&h.ctx, a);
			break;
		case 4:
			(void)vfs_rmdir(&h.ctx, a);
			break;
		case 5:
			if (vfs_lookup(&h.ctx, a, VFS_FOLLOW, &ip) == 0) {
				(void)vfs_link(&h.ctx, ip, b);
				(void)vfs_fsync(ip, false);
				inode_unref(ip);
			}
			break;
		case 6:
			if (host_open(&h, a, O_RDWR, &ip) == 0) {
				(void)vfs_truncate(ip, choose(w, 20000));
				(void)host_read(ip, data, sizeof(data), choose(w, 10000), &got);
				memset(data, (int)w->id, sizeof(data));
				vfs_close(ip, NULL);
			}
			break;
		case 7:
			(void)fs_sync(h.mnt, true);
			break;
		default:
			fs_reclaim(20);
		}
	}
}

static void
threads_do_not_deadlock_or_corrupt(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 25; seed++) {
		struct worker w[4];

		host_knobs.seed = seed * 7919;
		for (unsigned i = 0; i < NELEM(w); i++) {
			w[i] = (struct worker){i + 1, seed * 100 + i};
			host_spawn(churn, &w[i]);
		}
		host_join_all();
		host_knobs.seed = 0;
		OK(fs_sync(h.mnt, true));
		assert_int_equal(disk_check(disk.bytes, disk.length), 0);
	}
}

#define FS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FS_TEST(file_keeps_what_was_written),
	    FS_TEST(hole_reads_zero_at_every_level_of_indirection),
	    FS_TEST(growing_a_file_exposes_zeros),
	    FS_TEST(append_goes_to_the_end),
	    FS_TEST(truncating_a_large_file_takes_several_transactions),
	    FS_TEST(names_come_and_go),
	    FS_TEST(directory_of_a_thousand_names),
	    FS_TEST(readdir_goes_on_where_it_stopped),
	    FS_TEST(links_count_and_share),
	    FS_TEST(symlinks_are_followed_to_the_limit),
	    FS_TEST(rename_in_every_case),
	    FS_TEST(getcwd_finds_the_way_back),
	    FS_TEST(permissions_hold_for_others),
	    FS_TEST(open_flags_mean_what_they_say),
	    FS_TEST(mapping_and_file_are_the_same_bytes),
	    FS_TEST(stores_through_a_mapping_reach_the_disk),
	    FS_TEST(write_from_a_mapping_of_the_same_file),
	    FS_TEST(little_memory_is_enough),
	    FS_TEST(sequential_reading_is_clustered),
	    FS_TEST(full_disk_fails_at_write_and_recovers),
	    FS_TEST(no_inode_left),
	    FS_TEST(unlinked_open_file_is_reclaimed_after_a_crash),
	    FS_TEST(write_errors_come_back_from_fsync),
	    FS_TEST(journal_errors_make_it_read_only),
	    FS_TEST(read_errors_hit_only_the_reader),
	    FS_TEST(allocation_failures_leave_no_trace),
	    FS_TEST(bad_superblocks_are_refused),
	    FS_TEST(any_failing_request_is_survived),
	    FS_TEST(damaged_images_never_panic),
	    FS_TEST(threads_do_not_deadlock_or_corrupt),
	};

	return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
