/* SPDX-License-Identifier: MIT */
#include "engine/lane.h"

#include "base/memory.h"

echo_status echo_lane_open(struct lane *l, struct device *device, bool (*stopped)(void *user),
                           bool (*spare)(void *user), void *user, echo_error *err)
{
    *l = (struct lane){ .device = device, .stopped = stopped, .spare = spare, .user = user };
    if (!(l->null = echo_null_queue(device)))
        return echo_fail_memory(err, sizeof *l->null, "a queue");
    return device->ops->open_queue(device, &l->queue, err);
}

void echo_lane_close(struct lane *l)
{
    if (l->device)
        l->device->ops->free(l->device, &l->scratch);
    if (l->null)
        l->null->ops->close(l->null);
    if (l->queue)
        l->queue->ops->close(l->queue);
    echo_free(l->host);
    *l = (struct lane){ 0 };
}

struct run echo_lane_dry_run(struct lane *l)
{
    return (struct run){ .queue = l->null, .mem = &l->scratch, .arena = { .cap = SIZE_MAX },
                         .dry = true };
}

struct run echo_lane_run(struct lane *l)
{
    return (struct run){ .queue = l->queue, .mem = &l->scratch,
                         .arena = { .cap = l->scratch.bytes }, .stopped = l->stopped,
                         .user = l->user };
}

echo_status echo_lane_grow(struct lane *l, struct buffer *b, size_t bytes, echo_error *err)
{
    if (b->bytes >= bytes)
        return ECHO_OK;
    l->device->ops->free(l->device, b);
    if (l->device->ops->alloc(l->device, b, bytes) ||
        (l->spare(l->user) && l->device->ops->alloc(l->device, b, bytes)))
        return ECHO_OK;
    *b = (struct buffer){ 0 };
    return echo_fail_memory(err, bytes, "this job; make it shorter");
}

echo_status echo_lane_reserve(struct lane *l, size_t scratch, size_t host_floats,
                              echo_error *err)
{
    size_t bytes = echo_product(host_floats, sizeof *l->host);

    if (l->host_floats < host_floats) {
        echo_free(l->host);
        l->host_floats = 0;
        if (!(l->host = echo_alloc(bytes)))
            return echo_fail_memory(err, bytes, "this job");
        l->host_floats = host_floats;
    }
    return echo_lane_grow(l, &l->scratch, scratch, err);
}
