/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the host into an image.  Owner is always root; modes, times and hard links are kept;
 * everything else ends the program with a message.  With SOURCE_DATE_EPOCH in the environment no
 * time is later than that, so that images can be reproduced.
 */
#ifndef MKFS_IMPORT_H
#define MKFS_IMPORT_H

#include "mkfs/image.h"

/* The time to stamp things with that have none of their own. */
int64_t import_now(void);
/* Make the root directory of a fresh image, with what is in host directory `dir` (NULL: nothing).
 */
void import_root(struct image *img, const char *dir);
/* Device nodes and modes from a table (mkfs/devices explains its lines). */
void import_devices(struct image *img, const char *table);
/* -a HOST[:GUEST]: one file, link or directory tree; replaces a file of that name, joins a
 * directory. */
void import_add(struct image *img, const char *spec);

#endif
