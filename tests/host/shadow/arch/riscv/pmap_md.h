/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model pmap's part of struct vm_page.
 */
#ifndef HOST_PMAP_MD_H
#define HOST_PMAP_MD_H

#include "lib/list.h"

struct md_page {
	struct list mappings; /* struct mapping, pmap_model.c */
};

#endif
