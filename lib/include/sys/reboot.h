/* SPDX-License-Identifier: BSD-2-Clause */
/* reboot(2). Umbra hands the fourth argument of POWER_OFF on as the machine's exit status. */
#ifndef _SYS_REBOOT_H
#define _SYS_REBOOT_H

#define LINUX_REBOOT_MAGIC1        0xfee1dead
#define LINUX_REBOOT_MAGIC2        672274793
#define LINUX_REBOOT_CMD_RESTART   0x01234567
#define LINUX_REBOOT_CMD_HALT      0xcdef0123
#define LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc

#define RB_AUTOBOOT                LINUX_REBOOT_CMD_RESTART
#define RB_HALT_SYSTEM             LINUX_REBOOT_CMD_HALT
#define RB_POWER_OFF               LINUX_REBOOT_CMD_POWER_OFF

int reboot(int cmd);

/* Power off with an exit status.  => does not return if the caller may do it; else -1, EPERM. */
int poweroff(int status);

#endif
