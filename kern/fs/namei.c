/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owns walking paths, and the calls that take one.
 *
 *      "/a/b/c"     walk.at = root --a--> --b-->              rest = "c"
 *                                           |
 *      parent mode stops here, with the last name; lookup mode goes on and ends with walk.at =
 *      what c names
 *
 * A symbolic link on the way is replaced by its text: the page of the walk then holds target +
 * rest.  Forty of them are the limit.
 *
 * No lock is held between steps, only references: a name may mean something else by the time it is
 * used.  The file system therefore checks again under its locks what it was told (vfs.h: unlink,
 * rename), and the loops here start over when it objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "kern/base/debug.h"
#include "kern/fs/vfs.h"
#include "vm/vm_km.h"
#include "vm/vm_page.h"

#define T_MASK   0170000u
#define T_FIFO   0010000u
#define T_CHR    0020000u
#define T_DIR    0040000u
#define T_BLK    0060000u
#define T_REG    0100000u
#define T_LNK    0120000u
#define T_SOCK   0140000u
#define M_SETGID 02000u
#define M_STICKY 01000u

#define RACES    32u /* how often a changed name is looked up again */

/* What the last component of a path is. */
enum last { LAST_NAME, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

struct walk {
	const struct vfs_ctx *ctx;
	struct inode *at; /* where we are, referenced */
	const char *rest; /* still to go */
	char *page;       /* memory of rest once a link was met */
	unsigned links;   /* met so far */
	const char *name; /* parent mode: the last component */
	unsigned len;
	enum last last;
	bool slash; /* something, or only slashes, follow the last component: it must be a directory
	             */
};

static bool
is_dir(const struct inode *ip)
{
	return inode_is(ip, T_DIR);
}

/*
 * Steps.
 */

/* Stand on `ip`, whose reference the walk takes over. */
static void
move_to(struct walk *w, struct inode *ip)
{
	inode_unref(w->at);
	w->at = ip;
}

static void
go_to_root(struct walk *w)
{
	inode_ref(w->ctx->root);
	move_to(w, w->ctx->root);
}

static int
walk_start(struct walk *w, const struct vfs_ctx *ctx, const char *path)
{
	*w = (struct walk){.ctx = ctx, .at = ctx->cwd, .rest = path};
	inode_ref(w->at);
	if (strlen(path) >= VFS_PATH_MAX)
		return ENAMETOOLONG;
	if (*path == '\0')
		return ENOENT;
	if (*path == '/')
		go_to_root(w);
	return 0;
}

static void
walk_end(struct walk *w)
{
	inode_unref(w->at);
	if (w->page != NULL)
		km_poolpage_free(w->page);
	w->at = NULL;
}

/* Take the next component off rest.  => returns false if there is none. */
static bool
next_component(struct walk *w)
{
	const char *p = w->rest;

	while (*p == '/')
		p++;
	w->name = p;
	while (*p != '\0' && *p != '/')
		p++;
	w->len = (unsigned)(p - w->name);
	w->slash = *p == '/';
	while (*p == '/')
		p++;
	w->rest = p;
	if (w->len == 1 && w->name[0] == '.')
		w->last = LAST_DOT;
	else if (w->len == 2 && w->name[0] == '.' && w->name[1] == '.')
		w->last = LAST_DOTDOT;
	else
		w->last = w->len == 0 ? LAST_ROOT : LAST_NAME;
	return w->len > 0;
}

/* Replace ip, a directory on which a file system is mounted, by the root of that. */
static struct inode *
cross_down(struct inode *ip)
{
	struct mount *m;

	while ((m = __atomic_load_n(&ip->covered_by, __ATOMIC_ACQUIRE)) != NULL) {
		inode_ref(m->root);
		inode_unref(ip);
		ip = m->root;
	}
	return ip;
}

/* May the current directory be searched? */
static int
check_search(const struct walk *w)
{
	return is_dir(w->at) ? vfs_access(w->at, w->ctx->cred, VFS_X) : ENOTDIR;
}

static int
go_up(struct walk *w)
{
	struct inode *parent;
	int error;

	if (w->at == w->ctx->root)
		return 0;
	while (w->at == w->at->mnt->root && w->at->mnt->covers != NULL) {
		parent = w->at->mnt->covers;
		inode_ref(parent);
		move_to(w, parent);
	}
	error = w->at->ops->lookup(w->at, "..", 2, &parent);
	if (error == 0)
		move_to(w, parent);
	return error;
}

/* The inode that the current component names in the current directory, referenced; mounts are
 * crossed. */
static int
find_name(const struct walk *w, struct inode **ipp)
{
	int error = check_search(w);

	if (error == 0 && w->len > VFS_NAME_MAX)
		error = ENAMETOOLONG;
	if (error == 0)
		error = w->at->ops->lookup == NULL
		    ? ENOTDIR
		    : w->at->ops->lookup(w->at, w->name, w->len, ipp);
	if (error == 0)
		*ipp = cross_down(*ipp);
	return error;
}

/* Continue with the target of a symbolic link, then what was left.  => drops the reference of
 * `link`. */
static int
follow(struct walk *w, struct inode *link)
{
	size_t tail = strlen(w->rest), len = 0;
	char *page;
	int error = ++w->links > VFS_LINKS_MAX ? ELOOP : 0;

	page = error == 0 ? km_poolpage_alloc(VM_ALLOC_NORMAL) : NULL;
	if (error == 0 && page == NULL)
		error = ENOMEM;
	if (error == 0)
		error = vfs_readlink(link, page, VFS_PATH_MAX - 1, &len);
	if (error == 0 && len + 1 + tail >= VFS_PATH_MAX)
		error = ENAMETOOLONG;
	inode_unref(link);
	if (error != 0 || len == 0) {
		if (page != NULL)
			km_poolpage_free(page);
		return error != 0 ? error : ENOENT;
	}
	if (w->slash)
		page[len++] = '/';
	memcpy(page + len, w->rest, tail + 1);
	if (w->page != NULL)
		km_poolpage_free(w->page);
	w->rest = w->page = page;
	if (page[0] == '/')
		go_to_root(w);
	return 0;
}

/* One component further; a link is followed unless it is the last component and `stop_at_link`. */
static int
step(struct walk *w, bool stop_at_link)
{
	struct inode *ip;
	int error;

	if (w->last == LAST_DOT || w->last == LAST_DOTDOT) {
		error = check_search(w);
		return error != 0 || w->last == LAST_DOT ? error : go_up(w);
	}
	error = find_name(w, &ip);
	if (error != 0)
		return error;
	if (inode_is(ip, T_LNK) && !(stop_at_link && *w->rest == '\0' && !w->slash))
		return follow(w, ip);
	move_to(w, ip);
	return 0;
}

/* Walk to the directory that holds the last component.  => w->name, w->len, w->last, w->slash
 * describe that. */
static int
walk_parent(struct walk *w)
{
	int error = 0;

	while (error == 0 && next_component(w)) {
		if (*w->rest == '\0')
			return check_search(w);
		error = step(w, false);
	}
	return error;
}

/* Walk to the end. */
static int
walk_all(struct walk *w, bool stop_at_link)
{
	int error = 0;
	bool must_be_dir = false;

	while (error == 0 && next_component(w)) {
		must_be_dir = w->slash;
		error = step(w, stop_at_link);
	}
	return error == 0 && must_be_dir && !is_dir(w->at) ? ENOTDIR : error;
}

int
vfs_lookup(const struct vfs_ctx *ctx, const char *path, unsigned flags, struct inode **ipp)
{
	struct walk w;
	int error;

	*ipp = NULL;
	error = walk_start(&w, ctx, path);
	if (*path == '\0' && (flags & VFS_EMPTY) != 0)
		error = 0;
	else if (error == 0)
		error = walk_all(&w, (flags & VFS_FOLLOW) == 0);
	if (error == 0 && (flags & VFS_DIR) != 0 && !is_dir(w.at))
		error = ENOTDIR;
	if (error == 0) {
		inode_ref(w.at);
		*ipp = w.at;
	}
	walk_end(&w);
	return error;
}

/*
 * Making names.
 */

/* Attributes of something new in `dir`. */
static struct vfs_attr
new_attr(const struct vfs_ctx *ctx, const struct inode *dir, uint32_t mode, uint32_t rdev)
{
	struct vfs_attr attr = {
	    .mode = mode, .rdev = rdev, .uid = ctx->cred->euid, .gid = ctx->cred->egid};

	if ((mode & T_MASK) != T_LNK)
		attr.mode &= ~(ctx->umask & 0777);
	if (dir->mode & M_SETGID) {
		attr.gid = dir->gid;
		if ((mode & T_MASK) == T_DIR)
			attr.mode |= M_SETGID;
	}
	return attr;
}

/* Make the last component of a walk.  => the parent was reached. */
static int
make_last(struct walk *w, uint32_t mode, uint32_t rdev, const char *target, struct inode **ipp)
{
	struct vfs_attr attr = new_attr(w->ctx, w->at, mode, rdev);
	int error = vfs_access(w->at, w->ctx->cred, VFS_W | VFS_X);

	if (error != 0)
		return error;
	if (w->at->ops->create == NULL)
		return EPERM;
	return w->at->ops->create(w->at, w->name, w->len, &attr, target, ipp);
}

/* Is there room for a new name: a proper last component that does not exist?  dir: a slash may
 * follow. */
static int
check_absent(struct walk *w, bool dir)
{
	struct inode *ip;
	int error;

	if (w->last != LAST_NAME)
		return EEXIST;
	error = find_name(w, &ip);
	if (error == 0)
		inode_unref(ip);
	if (error == ENOENT)
		return w->slash && !dir ? ENOENT : 0;
	return error == 0 ? EEXIST : error;
}

static int
make_node(
    const struct vfs_ctx *ctx, const char *path, uint32_t mode, uint32_t rdev, const char *target)
{
	struct inode *ip = NULL;
	struct walk w;
	int error = walk_start(&w, ctx, path);

	if (error == 0)
		error = walk_parent(&w);
	if (error == 0)
		error = check_absent(&w, (mode & T_MASK) == T_DIR);
	if (error == 0)
		error = make_last(&w, mode, rdev, target, &ip);
	walk_end(&w);
	inode_unref(ip);
	return error;
}

int
vfs_mkdir(const struct vfs_ctx *ctx, const char *path, uint32_t mode)
{
	return make_node(ctx, path, T_DIR | (mode & 01777), 0, NULL);
}

int
vfs_mknod(const struct vfs_ctx *ctx, const char *path, uint32_t mode, uint32_t rdev)
{
	switch (mode & T_MASK) {
	case 0:
		mode |= T_REG;
		/* fall through */
	case T_REG:
	case T_FIFO:
	case T_SOCK:
		rdev = 0;
		break;
	case T_CHR:
	case T_BLK:
		if (ctx->cred->euid != 0)
			return EPERM;
		break;
	case T_DIR:
		return EPERM;
	default:
		return EINVAL;
	}
	return make_node(ctx, path, mode & (T_MASK | 07777), rdev, NULL);
}

int
vfs_symlink(const struct vfs_ctx *ctx, const char *target, const char *path)
{
	if (*target == '\0')
		return ENOENT;
	return strlen(target) >= VFS_PATH_MAX ? ENAMETOOLONG
					      : make_node(ctx, path, T_LNK | 0777, 0, target);
}

int
vfs_link(const struct vfs_ctx *ctx, struct inode *ip, const char *path)
{
	struct walk w;
	int error = walk_start(&w, ctx, path);

	if (error == 0)
		error = walk_parent(&w);
	if (error == 0)
		error = check_absent(&w, false);
	if (error == 0 && w.at->mnt != ip->mnt)
		error = EXDEV;
	if (error == 0)
		error = vfs_access(w.at, ctx->cred, VFS_W | VFS_X);
	if (error == 0)
		error = is_dir(ip) || w.at->ops->link == NULL
		    ? EPERM
		    : w.at->ops->link(w.at, w.name, w.len, ip);
	walk_end(&w);
	return error;
}

/*
 * Opening.
 */

static unsigned
wanted_access(int oflags)
{
	static const unsigned access[4] = {VFS_R, VFS_W, VFS_R | VFS_W, VFS_R | VFS_W};

	return access[oflags & O_ACCMODE] | (oflags & O_TRUNC ? VFS_W : 0);
}

/* May this inode, which was there before, be opened so? */
static int
check_open(const struct vfs_ctx *ctx, const struct inode *ip, int oflags)
{
	unsigned want = wanted_access(oflags);

	if (inode_is(ip, T_LNK) && (oflags & O_PATH) == 0)
		return oflags & O_DIRECTORY ? ENOTDIR : ELOOP;
	if ((oflags & O_DIRECTORY) != 0 && !is_dir(ip))
		return ENOTDIR;
	if (oflags & O_PATH)
		return 0;
	if (is_dir(ip) && ((want & VFS_W) != 0 || (oflags & O_CREAT) != 0))
		return EISDIR;
	if (inode_is(ip, T_SOCK))
		return ENXIO;
	return vfs_access(ip, ctx->cred, want);
}

/* The last component for O_CREAT: found or made.  => EAGAIN: a link was followed, or the name came
 * or went meanwhile: walk on. */
static int
open_last(struct walk *w, int oflags, uint32_t mode, struct inode **ipp, bool *made)
{
	int error;

	if (w->last != LAST_NAME)
		return oflags & O_EXCL && w->last == LAST_ROOT ? EEXIST : EISDIR;
	if (w->slash)
		return EISDIR;
	error = find_name(w, ipp);
	if (error == ENOENT) {
		error = make_last(w, T_REG | (mode & 07777), 0, NULL, ipp);
		*made = error == 0;
		return error == EEXIST && (oflags & O_EXCL) == 0 ? EAGAIN : error;
	}
	if (error != 0)
		return error;
	if (oflags & O_EXCL) {
		inode_unref(*ipp);
		*ipp = NULL;
		return EEXIST;
	}
	if (inode_is(*ipp, T_LNK) && (oflags & O_NOFOLLOW) == 0) {
		error = follow(w, *ipp);
		*ipp = NULL;
		return error != 0 ? error : EAGAIN;
	}
	return 0;
}

/* O_CREAT. */
static int
open_create(const struct vfs_ctx *ctx, const char *path, int oflags, uint32_t mode,
    struct inode **ipp, bool *made)
{
	struct walk w;
	int error = walk_start(&w, ctx, path);

	for (unsigned races = 0; error == 0; races++) {
		unsigned links = w.links;

		error = walk_parent(&w);
		if (error == 0)
			error = open_last(&w, oflags, mode, ipp, made);
		if (error != EAGAIN || races == RACES)
			break;
		/* Lost a race: the same last name once more. */
		if (w.links == links)
			w.rest = w.name;
		error = 0;
	}
	walk_end(&w);
	return error;
}

int
vfs_open(const struct vfs_ctx *ctx, const char *path, int oflags, uint32_t mode, struct inode **ipp,
    void **handle)
{
	struct inode *ip = NULL;
	bool made = false;
	int error;

	*ipp = NULL;
	*handle = NULL;
	if ((oflags & O_TMPFILE) == O_TMPFILE)
		return EOPNOTSUPP;
	if (oflags & O_PATH)
		oflags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (oflags & O_CREAT)
		error = oflags & O_DIRECTORY ? EINVAL
					     : open_create(ctx, path, oflags, mode, &ip, &made);
	else
		error = vfs_lookup(ctx, path, oflags & O_NOFOLLOW ? 0 : VFS_FOLLOW, &ip);
	if (error == 0 && !made)
		error = check_open(ctx, ip, oflags);
	if (error == 0 && !made && (oflags & O_TRUNC) != 0 && inode_is(ip, T_REG))
		error = vfs_truncate(ip, 0);
	if (error == 0 && ip->ops->open != NULL && (oflags & O_PATH) == 0)
		error = ip->ops->open(ip, oflags, handle);
	if (error != 0) {
		inode_unref(ip);
		return error;
	}
	*ipp = ip;
	return 0;
}

/*
 * Removing names.
 */

/* May names be taken out of dir, this one in particular? */
static int
check_delete(const struct vfs_ctx *ctx, const struct inode *dir, const struct inode *ip)
{
	int error = vfs_access(dir, ctx->cred, VFS_W | VFS_X);

	if (error == 0 && (dir->mode & M_STICKY) != 0 && ctx->cred->euid != 0 &&
	    ctx->cred->euid != ip->uid && ctx->cred->euid != dir->uid)
		error = EPERM;
	return error;
}

/* => the parent was reached, the last component is a name.  => EAGAIN: the name has changed
 * meanwhile. */
static int
remove_last(struct walk *w, bool dir)
{
	struct inode *ip;
	int error = find_name(w, &ip);

	if (error != 0)
		return error;
	error = check_delete(w->ctx, w->at, ip);
	if (error == 0 && dir != is_dir(ip))
		error = dir ? ENOTDIR : EISDIR;
	if (error == 0 && w->slash && !is_dir(ip))
		error = ENOTDIR;
	if (error == 0 && ip->mnt != w->at->mnt)
		error = EBUSY;
	if (error == 0) {
		error = w->at->ops->unlink == NULL ? EPERM
						   : w->at->ops->unlink(w->at, w->name, w->len, ip);
		if (error == ENOENT)
			error = EAGAIN;
	}
	inode_unref(ip);
	return error;
}

/* remove_last, again when the name has changed between looking it up and removing it. */
static int
remove_name(struct walk *w, bool dir)
{
	int error = EAGAIN;

	for (unsigned races = 0; error == EAGAIN && races < RACES; races++)
		error = remove_last(w, dir);
	return error == EAGAIN ? ENOENT : error;
}

int
vfs_unlink(const struct vfs_ctx *ctx, const char *path)
{
	struct walk w;
	int error = walk_start(&w, ctx, path);

	if (error == 0)
		error = walk_parent(&w);
	if (error == 0)
		error = w.last != LAST_NAME ? EISDIR : remove_name(&w, false);
	walk_end(&w);
	return error;
}

int
vfs_rmdir(const struct vfs_ctx *ctx, const char *path)
{
	static const int special[] = {
	    [LAST_DOT] = EINVAL, [LAST_DOTDOT] = ENOTEMPTY, [LAST_ROOT] = EBUSY};
	struct walk w;
	int error = walk_start(&w, ctx, path);

	if (error == 0)
		error = walk_parent(&w);
	if (error == 0)
		error = w.last != LAST_NAME ? special[w.last] : remove_name(&w, true);
	walk_end(&w);
	return error;
}

/*
 * Rename.
 */

/* Checks that look at both ends.  victim may be NULL. */
static int
rename_check(const struct walk *from, const struct inode *ip, const struct walk *to,
    const struct inode *victim, unsigned flags)
{
	int error = check_delete(from->ctx, from->at, ip);

	if (error == 0)
		error = victim != NULL ? check_delete(to->ctx, to->at, victim)
				       : vfs_access(to->at, to->ctx->cred, VFS_W | VFS_X);
	if (error == 0 && victim != NULL && (flags & VFS_RENAME_NOREPLACE) != 0)
		error = EEXIST;
	if (error == 0 && !is_dir(ip) && (from->slash || to->slash))
		error = ENOTDIR;
	if (error == 0 && victim != NULL && victim != ip && is_dir(ip) != is_dir(victim))
		error = is_dir(ip) ? ENOTDIR : EISDIR;
	if (error == 0 &&
	    (ip->mnt != from->at->mnt || (victim != NULL && victim->mnt != to->at->mnt)))
		error = EBUSY;
	/* A directory that changes its parent is written to: its "..". */
	if (error == 0 && is_dir(ip) && from->at != to->at)
		error = vfs_access(ip, from->ctx->cred, VFS_W);
	if (error == 0 && from->at->ops->rename == NULL)
		error = EPERM;
	return error;
}

/* => both parents were reached.  => EAGAIN: a name has changed meanwhile. */
static int
rename_last(struct walk *from, struct walk *to, unsigned flags)
{
	struct inode *ip = NULL, *victim = NULL;
	int error = find_name(from, &ip);

	if (error == 0) {
		error = find_name(to, &victim);
		if (error == ENOENT)
			error = 0;
	}
	if (error == 0)
		error = rename_check(from, ip, to, victim, flags);
	if (error == 0 && victim != ip) {
		error = from->at->ops->rename(
		    from->at, from->name, from->len, ip, to->at, to->name, to->len, victim);
		if (error == ENOENT || error == EEXIST)
			error = EAGAIN;
	}
	inode_unref(victim);
	inode_unref(ip);
	return error;
}

static int
rename_once(const struct vfs_ctx *from, const char *path, const struct vfs_ctx *to,
    const char *newpath, unsigned flags)
{
	struct walk a, b;
	int error = walk_start(&a, from, path), other = walk_start(&b, to, newpath);

	if (error == 0)
		error = other;
	if (error == 0)
		error = walk_parent(&a);
	if (error == 0)
		error = walk_parent(&b);
	if (error == 0 && a.at->mnt != b.at->mnt)
		error = EXDEV;
	if (error == 0 && (a.last != LAST_NAME || b.last != LAST_NAME))
		error = EBUSY;
	if (error == 0)
		error = rename_last(&a, &b, flags);
	walk_end(&a);
	walk_end(&b);
	return error;
}

int
vfs_rename(const struct vfs_ctx *from, const char *path, const struct vfs_ctx *to,
    const char *newpath, unsigned flags)
{
	int error = EAGAIN;

	for (unsigned races = 0; error == EAGAIN && races < RACES; races++)
		error = rename_once(from, path, to, newpath, flags);
	return error == EAGAIN ? ENOENT : error;
}

/*
 * The way back.
 */

/* Looks for the name of inode `ino` in a directory. */
struct name_search {
	uint64_t ino;
	unsigned len; /* 0: not found yet */
	char name[VFS_NAME_MAX];
};

static bool
name_emit(void *arg, const char *name, unsigned len, uint64_t ino, unsigned type, uint64_t next)
{
	struct name_search *s = arg;
	bool dots = name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));

	(void)type;
	(void)next;
	if (ino != s->ino || dots)
		return true;
	memcpy(s->name, name, len);
	s->len = len;
	return false;
}

/* Move w from a directory to its parent; what it is called there goes in front of *start. */
static int
prepend_name(struct walk *w, char *buf, char **start)
{
	struct name_search s;
	uint64_t pos = 0;
	int error = 0;

	/* The root of a mounted file system is called what it covers. */
	while (w->at == w->at->mnt->root && w->at->mnt->covers != NULL) {
		inode_ref(w->at->mnt->covers);
		move_to(w, w->at->mnt->covers);
	}
	s.ino = w->at->ino;
	s.len = 0;
	error = go_up(w);
	if (error == 0)
		error = vfs_readdir(w->at, &pos, name_emit, &s);
	if (error == 0 && s.len == 0)
		error = ENOENT;
	if (error == 0 && *start - buf < (ptrdiff_t)s.len + 1)
		error = ERANGE;
	if (error == 0) {
		*start -= s.len + 1;
		**start = '/';
		memcpy(*start + 1, s.name, s.len);
	}
	return error;
}

int
vfs_getcwd(const struct vfs_ctx *ctx, char *buf, size_t size)
{
	struct walk w;
	char *start = buf + size - 1;
	int error = walk_start(&w, ctx, ".");

	if (size < 2)
		error = ERANGE;
	else
		*start = '\0';
	while (error == 0 && w.at != ctx->root)
		error = w.at->nlink == 0 || (w.at == w.at->mnt->root && w.at->mnt->covers == NULL)
		    ? ENOENT
		    : prepend_name(&w, buf, &start);
	if (error == 0 && *start == '\0')
		*--start = '/';
	if (error == 0)
		memmove(buf, start, (size_t)(buf + size - start));
	walk_end(&w);
	return error;
}
