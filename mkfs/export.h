/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an image to the host: listing and extracting.
 */
#ifndef MKFS_EXPORT_H
#define MKFS_EXPORT_H

#include "mkfs/image.h"

/* One line for each file: mode, links, owner, size (or device number), time, path. */
void export_list(struct image *img);
/* Copy the guest path and everything below it into host directory `dir`.  Devices are skipped with
 * a note. */
void export_path(struct image *img, const char *path, const char *dir);
/* The bytes of one regular file to standard output. */
void export_cat(struct image *img, const char *path);

#endif
