/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs: what every file system looks like from above, and what it must provide below.
 *
 *      kern/file.c, kern/sysfile.c, exec          hold struct inode references, call vfs_*()
 *              |
 *            namei.c    path walk, open flags
 *            vfs.c      permissions, mounts, open inodes
 *            icache.c   (mount, ino) -> struct inode, reference counts, eviction
 *              |  struct inode_ops, struct mount_ops
 *      inode.c dir.c ... (the disk file system, fs_*)      procfs.c
 *
 * Nothing here knows a process: credentials, current directory and umask come in a struct vfs_ctx,
 * buffers in a struct uio.
 *
 * Life of an inode: inode_get() returns a reference; inode_unref() gives it back.  Without
 * references an inode stays cached with its pages until memory is short, or is destroyed at once
 * when its last link is gone.  A mapping of the file holds a reference of its vm_object, which in
 * turn holds one of the inode.
 *
 * Lock key, the same in every header:   I never changes after creation   a atomic   i inode.lock
 *   V the icache spinlock   T only the thread itself   M the disk file system's block-map lock
 * Two letters: either one to read, both to write.  A single word tagged i may be read without the
 * lock where a moment-old value does (permission checks, stat of a size).
 */
#ifndef KERN_FS_VFS_H
#define KERN_FS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/base/cred.h"
#include "kern/base/lock.h"
#include "kern/base/uio.h"
#include "lib/annot.h"
#include "lib/list.h"

struct vm_object;
struct mount;
struct inode;

#define VFS_NAME_MAX  255  /* bytes in one name, without NUL */
#define VFS_PATH_MAX  4096 /* bytes in a path, with NUL */
#define VFS_LINKS_MAX 40   /* symbolic links followed in one walk, then ELOOP */

/* Bits of vfs_access() and of directory entries' types (st_mode >> 12, as DT_*). */
#define VFS_X 1u
#define VFS_W 2u
#define VFS_R 4u

struct vfs_time {
	int64_t sec;
	uint32_t nsec;
};

/* What stat() reports; also what a new inode starts with. */
struct vfs_attr {
	uint64_t ino;
	uint64_t size;   /* bytes */
	uint64_t blocks; /* 512-byte units */
	uint32_t dev;    /* of the file system */
	uint32_t rdev;   /* device nodes: vfs_mkdev() */
	uint32_t mode;   /* type and permissions, as st_mode */
	uint32_t nlink;
	uint32_t uid, gid;
	uint32_t blksize; /* preferred transfer size */
	struct vfs_time atime, mtime, ctime;
};

/* Device numbers: the encoding of st_rdev on Linux for majors < 4096 and minors < 2^20. */
static inline uint32_t
vfs_mkdev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffu) << 12;
}

static inline uint32_t
vfs_major(uint32_t rdev)
{
	return rdev >> 8 & 0xfff;
}

static inline uint32_t
vfs_minor(uint32_t rdev)
{
	return (rdev & 0xff) | (rdev >> 12 & 0xfff00);
}

/* What vfs_setattr() is to change. */
#define VFS_SET_MODE  0x01u
#define VFS_SET_UID   0x02u
#define VFS_SET_GID   0x04u
#define VFS_SET_SIZE  0x08u
#define VFS_SET_ATIME 0x10u
#define VFS_SET_MTIME 0x20u
#define VFS_SET_NOW                                                                                \
	0x40u /* ATIME/MTIME: to the current time, for which write permission is enough */

struct vfs_setattr {
	unsigned what; /* VFS_SET_* */
	uint32_t mode; /* permission bits only */
	uint32_t uid, gid;
	uint64_t size;
	struct vfs_time atime, mtime;
};

struct vfs_statfs {
	uint32_t type;  /* magic, as statfs.f_type */
	uint32_t bsize; /* bytes */
	uint64_t blocks, bfree, files, ffree;
};

/* One directory entry.  => returns false when it does not fit: the walk stops and the entry comes
 * again next time.
 * => the directory is locked: never sleeps, touches kernel memory only.  `next` is the position
 * behind this entry. */
typedef bool
vfs_emit_fn(void *arg, const char *name, unsigned len, uint64_t ino, unsigned type, uint64_t next);

struct inode {
	struct sx lock;              /* RANK_INODE; parent before child (_nested) */
	const struct inode_ops *ops; /* I */
	struct mount *mnt;           /* I */
	uint64_t ino;                /* I */
	uint32_t rdev;               /* I    device nodes */
	uint32_t mode;               /* i M  type bits never change */
	uint32_t uid, gid;           /* i M */
	uint32_t nlink;              /* i */
	uint64_t size;               /* i M  bytes */
	struct vfs_time atime;       /* i M */
	struct vfs_time mtime;       /* i M */
	struct vfs_time ctime;       /* i M */
	struct vm_object *object;    /* a    a regular file's pages; NULL until first used, then the
	                                same until the inode goes */
	struct mount *covered_by;    /* V    the file system mounted here */
	void *data;                  /* I    for the type's own use (procfs) */

	/* icache.c's */
	uint32_t refs;         /* V */
	uint32_t state;        /* V */
	uint64_t walk;         /* V    the last icache_foreach that looked at it */
	struct list hash_link; /* V */
	struct list
	    lru_link; /* V    on the mount's list of unreferenced inodes, or of referenced ones */
};

/*
 * What a type of inode can do.  NULL entries fail with the errno said here.
 * Unless said otherwise: no inode lock is held at the call, the caller has a reference to each
 * inode given, permissions were checked, and the call may sleep.  `name` is not
 * NUL-terminated, 1..VFS_NAME_MAX bytes, never "." or "..", no slash.
 */
struct inode_ops {
	/* The inode called name (also ".." here), referenced.  ENOENT.  NULL op: ENOTDIR. */
	int (*lookup)(struct inode *dir, const char *name, unsigned len, struct inode **ipp);

	/* Make name: a regular file, directory, device node, FIFO or socket by attr->mode (type and
	 * permissions, umask applied), uid, gid, rdev; a symbolic link when target is not NULL.
	 * Returns the new inode, referenced.  EEXIST, ENOSPC, EDQUOT...  NULL op: EPERM. */
	int (*create)(struct inode *dir, const char *name, unsigned len,
	    const struct vfs_attr *attr, const char *target, struct inode **ipp);

	/* One more name for ip (not a directory).  EEXIST, EMLINK.  NULL op: EPERM. */
	int (*link)(struct inode *dir, const char *name, unsigned len, struct inode *ip);

	/* Take away name, which must still mean `ip`, else ENOENT.  A directory: must be empty
	 * (ENOTEMPTY).  NULL op: EPERM. */
	int (*unlink)(struct inode *dir, const char *name, unsigned len, struct inode *ip);

	/* Move (from, name) = ip to (to, newname), replacing `victim` (NULL: there is none)
	 * atomically.  Names that changed meanwhile: ENOENT or EEXIST, vfs tries again.  A
	 * directory into itself: EINVAL; on a non-empty one: ENOTEMPTY.  NULL op: EPERM. */
	int (*rename)(struct inode *from, const char *name, unsigned len, struct inode *ip,
	    struct inode *to, const char *newname, unsigned newlen, struct inode *victim);

	/* The target of a symbolic link to buf, at most size bytes, no NUL; *lenp is how many. NULL
	 * op: EINVAL. */
	int (*readlink)(struct inode *ip, char *buf, size_t size, size_t *lenp);

	/* Entries from position *pos (0: start) through emit; *pos moves behind the last one taken.
	 * Includes "." and "..".  NULL op: ENOTDIR. */
	int (*readdir)(struct inode *dir, uint64_t *pos, vfs_emit_fn *emit, void *arg);

	/* Called for each vfs_open of an existing or new inode; *handle goes to read and close (for
	 * files made when opened).  NULL op: fine. */
	int (*open)(struct inode *ip, int oflags, void **handle);
	void (*close)(struct inode *ip, void *handle);

	/* Up to u->resid bytes at u->offset; u says what was done, a short read is the end of the
	 * file.  NULL op: EINVAL. */
	int (*read)(struct inode *ip, void *handle, struct uio *u);
	/* oflags: O_APPEND moves u->offset to the end first, O_SYNC/O_DSYNC are done by vfs.  NULL
	 * op: EINVAL. */
	int (*write)(struct inode *ip, void *handle, struct uio *u, int oflags);

	/* ip's own attributes: vfs fills in what struct inode holds before it calls this.  NULL op:
	 * fine. */
	int (*getattr)(struct inode *ip, struct vfs_attr *attr);
	/* Change what set->what says (times already resolved; SIZE for regular files).  EFBIG,
	 * ENOSPC.  NULL op: EPERM. */
	int (*setattr)(struct inode *ip, const struct vfs_setattr *set);

	/* Everything written so far is on stable storage when this returns 0; datasync: without
	 * times.  EIO, ENOSPC.  NULL op: EINVAL. */
	int (*fsync)(struct inode *ip, bool datasync);

	/* The object with the file's pages for mmap and exec, one reference for the caller.  NULL
	 * op: ENODEV. */
	int (*object)(struct inode *ip, struct vm_object **op);
};

struct mount_ops {
	/* Memory for an inode of this file system, zeroed but for what it initialises once; NULL:
	 * none.  Never touches the disk. */
	struct inode *(*inode_alloc)(struct mount *mnt, uint64_t ino);
	/* Fill in ops, mode, ... of a new inode.  May sleep.  EIO, ESTALE (no such inode). */
	int (*inode_load)(struct inode *ip);
	/* The last link and the last reference are gone: free what it occupies.  Nobody else can
	 * see ip.  May sleep. */
	void (*inode_delete)(struct inode *ip);
	/* ip leaves the cache: end its object.  Nobody else can see ip, and whoever looks for it
	 * waits, perhaps with a directory locked: no transaction, no other inode.  false: it has
	 * changes to be written first, keep it. */
	bool (*inode_evict)(struct inode *ip);
	/* The file system goes: end ip's object, whatever is dirty. */
	void (*inode_discard)(struct inode *ip);
	/* Give the memory back. */
	void (*inode_free)(struct inode *ip);

	/* Write everything; wait: until it is on stable storage.  NULL: nothing to do. */
	int (*sync)(struct mount *mnt, bool wait);
	int (*statfs)(struct mount *mnt, struct vfs_statfs *st);
};

#define MOUNT_NOCACHE 0x01u /* an inode goes when its last reference goes */
#define MOUNT_RDONLY  0x02u /* changes fail with EROFS */

struct mount {
	const struct mount_ops *ops; /* I */
	const char *type;            /* I    "umfs", "proc" */
	const char *source;          /* I    device name, or the type again */
	char path[64];               /* I    where it is mounted, for /proc/mounts */
	uint32_t dev;                /* I    st_dev, unique */
	uint32_t flags;              /* a    MOUNT_* */
	struct inode *root;          /* I    one reference */
	struct inode *covers; /* I    the directory it is mounted on, one reference; NULL: the root
	                         file system */
	void *data;           /* I    the type's own */
	struct list link;     /* V    all mounts, in order of mounting */
	struct list used;     /* V    inodes with references */
	struct list lru;      /* V    inodes without, longest unused first */
	unsigned nidle;       /* V    length of lru */
};

/* Who asks and from where.  A value on the caller's stack: the pointers are borrowed for the call.
 */
struct vfs_ctx {
	const struct cred *cred;
	struct inode *root; /* "/" and the top for ".." */
	struct inode
	    *cwd; /* where relative paths start: the current directory, or what dirfd names */
	uint32_t umask;
};

/*
 * Boot and mounting.
 */

/* => boot, once, after zones. */
void vfs_init(void);

/* Put `m` (root inode set, lists initialised by vfs_mount_init) on directory `at`, or make it the
 * root (NULL).
 * => thread context.  => returns 0; EBUSY if something is mounted there; ENOTDIR.  Takes over m,
 * and takes a reference of `at`. */
int vfs_mount(struct mount *m, struct inode *at, const char *path);
/* Fields, lists, a device number that is no disk's. */
void vfs_mount_init(
    struct mount *m, const char *type, const char *source, const struct mount_ops *ops, void *data);

/* The root directory of the root file system, referenced.  => after vfs_mount(.., NULL). */
struct inode *vfs_root(void);

/* Calls fn for each mount, no lock held (mounts are never removed). */
void vfs_foreach_mount(void (*fn)(const struct mount *, void *), void *arg);

/* sync(2): every file system.  => returns the first error. */
int vfs_sync(void);

/*
 * Inodes.
 */

/* The inode `ino` of `mnt`, referenced, loaded if it was not cached.  => may sleep; inode locks may
 * be held by the caller only for directories above it.  => returns 0, EIO, ENOMEM, ESTALE. */
int inode_get(struct mount *mnt, uint64_t ino, struct inode **ipp) MUST_CHECK;
/* One more reference.  => the caller has one, or holds ip->object's lock with a reference counted
 * there.  Any context. */
void inode_ref(struct inode *ip);
/* One less.  NULL is fine.  => no lock, no transaction; may sleep (the last reference to an
 * unlinked file frees it). */
void inode_unref(struct inode *ip);

static inline bool
inode_is(const struct inode *ip, uint32_t type /* S_IFxxx */)
{
	return (ip->mode & 0170000) == type;
}

/*
 * Paths.
 */

/* Paths are kernel strings.  All of these: => no lock held; may sleep.  => return 0 or what Linux
 * returns: ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EROFS, EEXIST, EISDIR, EPERM, EXDEV,
 * EBUSY, ENOTEMPTY, EINVAL, EMLINK, ENOSPC, EIO, ENOMEM. */

#define VFS_FOLLOW 0x01u /* follow a symbolic link in the last component */
#define VFS_EMPTY  0x02u /* "" means ctx->cwd itself (AT_EMPTY_PATH), else ENOENT */
#define VFS_DIR    0x04u /* must be a directory */
int vfs_lookup(
    const struct vfs_ctx *ctx, const char *path, unsigned flags, struct inode **ipp) MUST_CHECK;

/* open(2): O_RDONLY/WRONLY/RDWR, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_PATH are
 * obeyed here.  Device nodes are returned like any inode: the caller opens the device.  *handle is
 * for vfs_read/vfs_write/vfs_close. */
int vfs_open(const struct vfs_ctx *ctx, const char *path, int oflags, uint32_t mode,
    struct inode **ipp, void **handle) MUST_CHECK;
/* Undo vfs_open: calls the close op and drops the reference. */
void vfs_close(struct inode *ip, void *handle);

int vfs_mkdir(const struct vfs_ctx *ctx, const char *path, uint32_t mode);
int vfs_mknod(const struct vfs_ctx *ctx, const char *path, uint32_t mode, uint32_t rdev);
int vfs_symlink(const struct vfs_ctx *ctx, const char *target, const char *path);
int vfs_link(const struct vfs_ctx *ctx, struct inode *ip, const char *path);
int vfs_unlink(const struct vfs_ctx *ctx, const char *path);
int vfs_rmdir(const struct vfs_ctx *ctx, const char *path);
/* flags: VFS_RENAME_NOREPLACE or 0.  Both contexts have the same credentials and root. */
#define VFS_RENAME_NOREPLACE 1u
int vfs_rename(const struct vfs_ctx *from, const char *path, const struct vfs_ctx *to,
    const char *newpath, unsigned flags);

/* The path of ctx->cwd below ctx->root, NUL-terminated, into buf.  => ERANGE, ENOENT if it was
 * removed. */
int vfs_getcwd(const struct vfs_ctx *ctx, char *buf, size_t size);

/*
 * Open inodes.
 */

/* => no lock held; may sleep; the caller has a reference.  File modes (opened for reading?) are the
 * caller's to check. */
int vfs_read(struct inode *ip, void *handle, struct uio *u);
int vfs_write(struct inode *ip, void *handle, struct uio *u, int oflags);
int vfs_readdir(struct inode *ip, uint64_t *pos, vfs_emit_fn *emit, void *arg);
int vfs_readlink(struct inode *ip, char *buf, size_t size, size_t *lenp);
int vfs_getattr(struct inode *ip, struct vfs_attr *attr);
/* chmod, chown, utimensat, truncate: checks that cred may, clears set-id bits where Linux does. */
int vfs_setattr(struct inode *ip, const struct cred *cred, const struct vfs_setattr *set);
/* ftruncate: the right to write was checked when the file was opened.  EINVAL if not a regular
 * file. */
int vfs_truncate(struct inode *ip, uint64_t size);
int vfs_fsync(struct inode *ip, bool datasync);
int vfs_statfs(struct inode *ip, struct vfs_statfs *st);
/* The object behind a regular file, one reference for the caller (give it to vm_map or
 * vm_object_unref it).  ENODEV: cannot be mapped. */
int vfs_object(struct inode *ip, struct vm_object **op);

/* May cred do `want` (VFS_R|W|X) with ip?  => never sleeps.  => 0, EACCES, EROFS (write, for
 * regular files, directories, links). */
int vfs_access(const struct inode *ip, const struct cred *cred, unsigned want);

/* Read exactly n bytes into kernel memory, or ENOEXEC-style short reads: *got says how many came.
 * For exec. */
int vfs_read_kernel(struct inode *ip, void *buf, size_t n, uint64_t offset, size_t *got);

/* The current time, for timestamps. */
struct vfs_time vfs_now(void);

#endif
