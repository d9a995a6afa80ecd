/* SPDX-License-Identifier: MIT */
/*
 * lane.h - a queue of a device, and the working memory of what goes through it.
 *
 * A job is first run dry, on the null queue, over no memory: that checks its shapes and
 * measures its scratch.  Then the memory is there, and only the device can still fail.
 */
#ifndef ECHO_ENGINE_LANE_H
#define ECHO_ENGINE_LANE_H

#include "backend/ops.h"

struct lane {
    struct device *device;
    struct queue *queue, *null;
    struct buffer scratch;
    float *host; /* staging, and work on the host */
    size_t host_floats;
    bool (*stopped)(void *user); /* asked between layers */
    bool (*spare)(void *user);   /* asked to free memory where it ran out; false: it cannot */
    void *user;
};

echo_status echo_lane_open(struct lane *l, struct device *device, bool (*stopped)(void *user),
                           bool (*spare)(void *user), void *user, echo_error *err);
void echo_lane_close(struct lane *l);

/* A run that only measures, and one over the lane's memory. */
struct run echo_lane_dry_run(struct lane *l);
struct run echo_lane_run(struct lane *l);

/* Grow what is smaller. */
echo_status echo_lane_reserve(struct lane *l, size_t scratch, size_t host_floats,
                              echo_error *err);
/* The same for a buffer of its device; what was in it is lost. */
echo_status echo_lane_grow(struct lane *l, struct buffer *b, size_t bytes, echo_error *err);

#endif
