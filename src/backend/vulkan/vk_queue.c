/* SPDX-License-Identifier: MIT */
/* vk_queue.c - a queue of the contract: writes and reads through memory that both sides see. */
#include <stdlib.h>
#include <string.h>

#include "backend/vulkan/vulkan.h"

#define STAGING  ((size_t)1 << 20)
#define READBACK ((size_t)1 << 20)
#define REGIONS  64 /* rows that one command copies */

static struct vk_commands *commands_of(struct queue *q)
{
    return ((struct vulkan_queue *)q)->commands;
}

/* ---- copies between a tensor's rows and rows without gaps ---- */

static size_t row_bytes(struct tensor t)
{
    return (size_t)t.cols * sizeof(float);
}

/* Numbers in a row, without gaps: as they are copied in one go. */
static bool is_dense(struct tensor t)
{
    return t.ld == t.cols || t.rows == 1;
}

/* Numbers of t, from `first`, that go at once through `room` bytes: whole rows, or a stretch of
 * what has no gaps. */
static size_t at_once(struct tensor t, size_t first, size_t room)
{
    size_t cols = (size_t)t.cols, left = (size_t)t.rows * cols - first;
    size_t fit = room / sizeof(float);

    if (!is_dense(t)) {
        fit -= fit % cols;
        fit = fit > REGIONS * cols ? REGIONS * cols : fit;
    }
    return left < fit ? left : fit;
}

/* n numbers of t from `first`, to or from `offset` of a buffer. */
static int make_regions(VkBufferCopy *regions, struct tensor t, size_t first, size_t n,
                        size_t offset, bool to_tensor)
{
    size_t begin = vk_block_of(t.buf)->offset + t.off, cols = (size_t)t.cols;
    size_t each = is_dense(t) ? n : cols;
    int count = (int)(n / each);

    for (int i = 0; i < count; i++, first += each, offset += each * sizeof(float)) {
        size_t at = begin + (is_dense(t) ? first : first / cols * (size_t)t.ld) * sizeof(float);

        regions[i] = (VkBufferCopy){ to_tensor ? offset : at, to_tensor ? at : offset,
                                     each * sizeof(float) };
    }
    return count;
}

static void vk_write(struct queue *q, struct tensor dst, const float *src)
{
    struct vk_ranges none = { .n = 0 }, writes = { .range = { echo_vk_range(dst) }, .n = 1 };
    size_t all = (size_t)dst.rows * (size_t)dst.cols;
    struct vk_commands *c = commands_of(q);
    VkBufferCopy regions[REGIONS];

    ECHO_ASSERT(dst.dtype == DT_F32 && (is_dense(dst) || row_bytes(dst) <= STAGING));
    for (size_t i = 0, n; i < all; i += n) {
        size_t offset;
        uint64_t address;
        VkBuffer from;

        n = at_once(dst, i, STAGING);
        void *to = echo_vk_stage(c, n * sizeof *src, &address, &from, &offset);

        if (!to)
            return;
        memcpy(to, src + i, n * sizeof *src);
        echo_vk_order(c, &none, &writes);
        echo_vk_copy(c, vk_block_of(dst.buf)->chunk->memory.buffer, from, regions,
                     make_regions(regions, dst, i, n, offset, true));
    }
}

static void vk_read(struct queue *q, float *dst, struct tensor src)
{
    struct vk_ranges reads = { .range = { echo_vk_range(src) }, .n = 1 }, none = { .n = 0 };
    size_t all = (size_t)src.rows * (size_t)src.cols;
    struct vk_commands *c = commands_of(q);
    VkBufferCopy regions[REGIONS];

    ECHO_ASSERT(src.dtype == DT_F32 && (is_dense(src) || row_bytes(src) <= READBACK));
    if (!c->readback.host &&
        !echo_vk_allocate(c->device, &c->readback, VK_MEMORY_READBACK, READBACK))
        echo_vk_commands_fail(c, "reading", VK_ERROR_OUT_OF_HOST_MEMORY);
    for (size_t i = 0, n; i < all && !vk_commands_failed(c); i += n) {
        n = at_once(src, i, READBACK);
        echo_vk_order(c, &reads, &none);
        echo_vk_copy(c, c->readback.buffer, vk_block_of(src.buf)->chunk->memory.buffer, regions,
                     make_regions(regions, src, i, n, 0, false));
        echo_vk_show_host(c);
        echo_vk_wait(c);
        if (!vk_commands_failed(c))
            memcpy(dst + i, c->readback.host, n * sizeof *dst);
    }
    /* Of a failure sync() tells; until then these are numbers. */
    if (vk_commands_failed(c))
        memset(dst, 0, all * sizeof *dst);
}

/* ---- the queue ---- */

static echo_status vk_sync(struct queue *q, echo_error *err)
{
    struct vk_commands *c = commands_of(q);
    echo_status loaded = echo_vk_load_end(c->device, err), s = echo_vk_finish(c, err);

    return loaded ? loaded : s;
}

static void vk_close(struct queue *q)
{
    echo_vk_commands_close(&((struct vulkan_queue *)q)->commands);
    free(q);
}

static const struct queue_ops queue_ops = {
    .close = vk_close,
    .write = vk_write,
    .read = vk_read,
    .run = echo_vk_run,
    .sync = vk_sync,
};

echo_status echo_vk_open_queue(struct device *d, struct queue **out, echo_error *err)
{
    struct vulkan_queue *q = calloc(1, sizeof *q);
    echo_status s;

    *out = NULL;
    if (!q)
        return echo_fail_memory(err, sizeof *q, "a queue");
    q->base = (struct queue){ .ops = &queue_ops, .device = d };
    if ((s = echo_vk_commands_open(&q->commands, to_vulkan(d), STAGING, err))) {
        free(q);
        return s;
    }
    *out = &q->base;
    return ECHO_OK;
}
