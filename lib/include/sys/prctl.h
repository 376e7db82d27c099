/* SPDX-License-Identifier: BSD-2-Clause */
/* prctl(2). */
#ifndef _SYS_PRCTL_H
#define _SYS_PRCTL_H

#define PR_SET_PDEATHSIG         1
#define PR_GET_PDEATHSIG         2
#define PR_GET_DUMPABLE          3
#define PR_SET_DUMPABLE          4
#define PR_SET_NAME              15
#define PR_GET_NAME              16
#define PR_SET_TIMERSLACK        29
#define PR_SET_CHILD_SUBREAPER   36
#define PR_SET_NO_NEW_PRIVS      38
#define PR_SET_MDWE              65
#define PR_GET_MDWE              66
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#define PR_MDWE_NO_INHERIT       2
#define PR_SET_VMA               0x53564d41

int prctl(int option, ...);

#endif
