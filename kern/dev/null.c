/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/null, which swallows everything and has nothing, and /dev/zero, which swallows everything
 * and has zeros.
 */
#include <sys/mman.h>

#include "arch/riscv/types.h"
#include "kern/base/chardev.h"
#include "kern/dev/dev.h"
#include "lib/minmax.h"

#define RDEV_NULL (1u << 8 | 3)
#define RDEV_ZERO (1u << 8 | 5)

static char zeros[PAGE_SIZE]; /* never written */

static int
null_read(void *softc, struct uio *u, unsigned flags)
{
	(void)softc, (void)u, (void)flags;
	return 0;
}

/* The buffers are not even looked at. */
static int
null_write(void *softc, struct uio *u, unsigned flags)
{
	(void)softc, (void)flags;
	u->offset += u->resid;
	u->resid = 0;
	u->nvec = 0;
	return 0;
}

static int
zero_read(void *softc, struct uio *u, unsigned flags)
{
	int error = 0;

	(void)softc, (void)flags;
	while (error == 0 && u->resid > 0)
		error = uio_move(zeros, MIN(u->resid, PAGE_SIZE), u);
	return error;
}

static const struct chardev_ops null_ops = {.read = null_read, .write = null_write};
/* Zeros that can be written: anonymous memory by another name. */
static int
zero_object(void *softc, struct vm_object **o, int *prot)
{
	(void)softc;
	*o = NULL;
	*prot = PROT_READ | PROT_WRITE | PROT_EXEC;
	return 0;
}

static const struct chardev_ops zero_ops = {
    .read = zero_read, .write = null_write, .object = zero_object};

static struct chardev null_dev = {.name = "null", .rdev = RDEV_NULL, .ops = &null_ops};
static struct chardev zero_dev = {.name = "zero", .rdev = RDEV_ZERO, .ops = &zero_ops};

void
null_init(void)
{
	chardev_register(&null_dev);
	chardev_register(&zero_dev);
}
