/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of character devices.  It grows at boot only, so it needs no lock.
 */
#include "kern/base/chardev.h"

static struct list devices = LIST_INIT(devices);

void (*chardev_ready_hook)(void);
struct serial *console_serial;

void
chardev_register(struct chardev *dev)
{
	list_push_back(&devices, &dev->link);
}

struct chardev *
chardev_find(uint32_t rdev)
{
	LIST_FOREACH(node, &devices) {
		struct chardev *dev = LIST_ENTRY(node, struct chardev, link);

		if (dev->rdev == rdev)
			return dev;
	}
	return NULL;
}

void
chardev_ready(void)
{
	if (chardev_ready_hook != NULL)
		chardev_ready_hook();
}
