/* SPDX-License-Identifier: MIT */
/*
 * vk_load.c - weights to the device: the CPU copies bytes, as they lie in the file, into memory
 * that both see, and a shader makes rows of them while the next are copied.
 */
#include <string.h>

#include "backend/vulkan/vulkan.h"
#include "base/integers.h"
#include "base/panels.h"

#define STAGING ((size_t)16 << 20)
#define MOST_GROUPS 16384 /* each goes on where it ends */
#define MOST_ROWS   65535 /* groups that every device allows */

int echo_vk_weight_ld(int k, enum dtype dtype)
{
    int numbers = VK_ROW_ALIGN / (int)dtype_size(dtype);

    return divide_up(k, numbers) * numbers;
}

/* Rows that are copied together, and their bytes. */
struct load_step {
    int rows;
    size_t bytes;
};

static struct load_step step_of(const struct weight_source *from)
{
    if (from->layout == LAYOUT_ROWS)
        return (struct load_step){ 1, (size_t)from->k * dtype_size(from->dtype) };
    return (struct load_step){ PANEL_COLUMNS,
                               (size_t)panel_bytes((int)dtype_size(from->dtype), from->k) };
}

/* `count` rows of w from `first`, which begin a step. */
static void load_rows(struct vk_commands *c, const struct weight *w,
                      const struct weight_source *from, int first, int count)
{
    struct load_step step = step_of(from);
    size_t bytes = (size_t)divide_up(count, step.rows) * step.bytes, offset;
    int ld = echo_vk_weight_ld(w->k, w->dtype);
    struct vk_ranges none = { .n = 0 }, writes = { .n = 1 };
    struct vk_push push = { .rows = (uint32_t)count, .depth = (uint32_t)w->k,
                            .ld_y = (uint32_t)ld };
    struct vk_pipeline_key key = { .shader = SHADER_CONVERT, .n = 3,
                                   .constant = { from->dtype, w->dtype,
                                                 from->layout == LAYOUT_PANELS } };
    uint32_t groups = (uint32_t)(((size_t)count * (size_t)ld + 255) / 256);
    size_t size = (size_t)count * (size_t)ld * dtype_size(w->dtype);
    VkBuffer buffer;
    void *to = echo_vk_stage(c, bytes, &push.x, &buffer, &offset);

    if (!to)
        return;
    memcpy(to, (const char *)from->data + (size_t)(first / step.rows) * step.bytes, bytes);
    const struct vk_block *block = vk_block_of(&w->bytes);

    push.y = block->chunk->memory.address + block->offset +
             (size_t)first * (size_t)ld * dtype_size(w->dtype);
    writes.range[0] = (struct vk_range){ push.y, push.y + size };
    echo_vk_order(c, &none, &writes);
    if (groups > MOST_GROUPS)
        groups = MOST_GROUPS;
    if (from->dtype == DT_I8) {
        key = (struct vk_pipeline_key){ .shader = SHADER_CONVERT_I8, .n = 1,
                                        .constant = { w->dtype } };
        push.taps = (uint32_t)echo_hadamard_size(w->k);
        groups = (uint32_t)count;
    }
    echo_vk_dispatch(c, &key, &push, (struct vk_grid){ groups, 1, 1 }, (double)size * 16);
}

bool echo_vk_load(struct device *device, struct weight *w, const struct weight_source *from)
{
    struct vulkan_device *d = to_vulkan(device);
    struct load_step step = step_of(from);
    int ld = echo_vk_weight_ld(from->k, from->x_dtype);

    *w = (struct weight){ .layout = LAYOUT_ROWS, .n = from->n, .k = from->k,
                          .dtype = from->x_dtype, .x_dtype = from->x_dtype };
    ECHO_ASSERT(device->traits.computes[w->dtype]);
    ECHO_ASSERT(from->dtype != DT_I8 || from->layout == LAYOUT_PANELS);
    if (step.bytes > STAGING || w->n > MOST_ROWS ||
        !echo_vk_alloc(device, &w->bytes,
                       (size_t)w->n * (size_t)ld * dtype_size(w->dtype)))
        return false;
    pthread_mutex_lock(&d->load_lock);
    if (!d->loading)
        echo_vk_commands_open(&d->loading, d, STAGING, NULL);
    int most = (int)(STAGING / step.bytes) * step.rows;

    for (int i = 0; i < w->n && d->loading; i += most)
        load_rows(d->loading, w, from, i, at_most(most, w->n - i));
    bool good = d->loading && !vk_commands_failed(d->loading);

    pthread_mutex_unlock(&d->load_lock);
    if (!good)
        echo_vk_free(device, &w->bytes);
    return good;
}

void echo_vk_load_submit(struct vulkan_device *d)
{
    pthread_mutex_lock(&d->load_lock);
    if (d->loading)
        echo_vk_submit(d->loading);
    pthread_mutex_unlock(&d->load_lock);
}

echo_status echo_vk_load_end(struct vulkan_device *d, echo_error *err)
{
    echo_status s = ECHO_OK;

    pthread_mutex_lock(&d->load_lock);
    if (d->loading) {
        s = echo_vk_finish(d->loading, err);
        echo_vk_commands_close(&d->loading);
    }
    pthread_mutex_unlock(&d->load_lock);
    return s;
}
