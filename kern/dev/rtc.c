/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/rtc0: the registers of the real-time clock (goldfish), to be mapped and read.
 *
 *      offset 0    low half of nanoseconds since 1970; reading it latches
 *      offset 4    the high half
 *
 * There is no other operation.  Mappings are shared and read-only: reading these registers does nothing that the kernel, which reads
 * them once at boot, would notice.
 */
#include <errno.h>
#include <sys/mman.h>

#include "arch/riscv/machine.h"
#include "kern/base/chardev.h"
#include "kern/base/debug.h"
#include "kern/dev/dev.h"
#include "vm/vm_object.h"
#include "vm/vm_object_fixed.h"

#define RDEV_RTC (254u << 8 | 0)

static struct vm_object *registers; /* I  our reference keeps it */

static int
rtc_object(void *softc, struct vm_object **o, int *prot)
{
	(void)softc;
	vm_object_ref(registers);
	*o = registers;
	*prot = PROT_READ;
	return 0;
}

static const struct chardev_ops rtc_ops = {.object = rtc_object};
static struct chardev rtc_dev = {.name = "rtc0", .rdev = RDEV_RTC, .ops = &rtc_ops};

void
rtc_init(void)
{
	if (machine.rtc.base == 0 || machine.rtc.base % PAGE_SIZE != 0)
		return;
	registers = vm_device_object(machine.rtc.base, 1);
	if (registers == NULL)
		panic("no memory for the clock's registers");
	chardev_register(&rtc_dev);
}
