/* SPDX-License-Identifier: MIT */
/* errands.h - threads for answers that take a moment: reading JSON, sound, the library. */
#ifndef SERVER_ERRANDS_H
#define SERVER_ERRANDS_H

struct errands;

/* NULL: out of memory, or of threads. */
struct errands *errands_open(int threads);
/* Those that wait are run, too. */
void errands_close(struct errands **e);

/* Until none waits or runs. */
void errands_wait(struct errands *e);

/* An errand is part of what it is about. */
struct errand {
    struct errand *next;
    void (*run)(void *user);
    void *user;
};

void errands_add(struct errands *e, struct errand *errand);

#endif
