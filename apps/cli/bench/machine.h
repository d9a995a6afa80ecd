/* SPDX-License-Identifier: MIT */
/* machine.h - the computer, as its owner would call it. */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

struct machine {
    char cpu[128];
    int cores; /* that this process may use */
};

struct machine machine_find(void);

#endif
