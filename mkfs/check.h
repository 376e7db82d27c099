/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker: does everything in an image agree with everything else?
 */
#ifndef MKFS_CHECK_H
#define MKFS_CHECK_H

#include <stdio.h>

#include "mkfs/image.h"

/* Check an image whose superblock, journal and state image_open() has accepted; one line to `out`
 * (NULL: nowhere) for each thing wrong.
 * => returns how many. */
unsigned check_image(struct image *img, FILE *out);

#endif
