/* SPDX-License-Identifier: MIT */
/*
 * vk_commands.c - commands are recorded, and given to the device a twentieth of a second at a
 * time.
 *
 * Drivers kill what runs for seconds, and whoever cancels does not want to wait: so submissions
 * are short.  At most VK_SLOTS are under way; recording then waits for the oldest.  Every wait
 * has an end: a device that does not answer counts as lost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "backend/vulkan/vulkan.h"

#define SUBMISSION_S 0.05
#define SLICE_NS     100000000ull /* of a wait */

static const VkPipelineStageFlags our_stages =
    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;

/* ---- failing ---- */

void echo_vk_commands_fail(struct vk_commands *c, const char *what, VkResult r)
{
    bool memory = r == VK_ERROR_OUT_OF_DEVICE_MEMORY || r == VK_ERROR_OUT_OF_HOST_MEMORY;

    if (r == VK_ERROR_DEVICE_LOST)
        c->device->lost = true;
    if (vk_commands_failed(c))
        return;
    echo_fail(&c->failure, memory ? ECHO_ERR_MEMORY : ECHO_ERR_DEVICE, "%s, while %s: %s",
              c->device->gpu->name, what, echo_vk_result(r));
}

static bool good(struct vk_commands *c, const char *what, VkResult r)
{
    if (r)
        echo_vk_commands_fail(c, what, r);
    return !r;
}

/* ---- waiting ---- */

/* So many times longer than it may take: then it will not answer any more. */
static double patience(const struct vk_commands *c, const struct vk_slot *s)
{
    return c->device->patience * (1 + s->seconds);
}

static void wait_for(struct vk_commands *c, struct vk_slot *s)
{
    const struct vk_functions *vk = &c->device->vk;
    double left = patience(c, s);
    VkResult r = VK_TIMEOUT;

    if (!s->pending || c->device->abandoned)
        return;
    for (; r == VK_TIMEOUT && left > 0; left -= (double)SLICE_NS * 1e-9)
        r = vk->vkWaitForFences(c->device->handle, 1, &s->fence, VK_TRUE, SLICE_NS);
    s->pending = false;
    if (r == VK_TIMEOUT)
        c->device->lost = c->device->abandoned = true;
    if (good(c, "computing", r))
        good(c, "computing", vk->vkResetFences(c->device->handle, 1, &s->fence));
}

/* ---- recording ---- */

static void barrier(struct vk_commands *c, VkPipelineStageFlags before,
                    VkPipelineStageFlags after, VkAccessFlags accesses)
{
    VkMemoryBarrier b = { .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                          .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT |
                                           VK_ACCESS_TRANSFER_WRITE_BIT,
                          .dstAccessMask = accesses };

    c->device->vk.vkCmdPipelineBarrier(c->slots[c->now].buffer, before, after, 0, 1, &b, 0,
                                       NULL, 0, NULL);
    c->reads.n = c->writes.n = 0;
}

static void our_barrier(struct vk_commands *c)
{
    barrier(c, our_stages, our_stages,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT);
}

/* All that was submitted before, by others too, is done before what follows. */
static bool begin(struct vk_commands *c)
{
    const struct vk_functions *vk = &c->device->vk;
    struct vk_slot *s = &c->slots[c->now];
    VkCommandBufferBeginInfo info = { .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                      .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT };

    if (c->recording)
        return true;
    wait_for(c, s);
    if (c->device->lost)
        echo_vk_commands_fail(c, "computing", VK_ERROR_DEVICE_LOST);
    if (vk_commands_failed(c) ||
        !good(c, "recording", vk->vkResetCommandPool(c->device->handle, s->pool, 0)) ||
        !good(c, "recording", vk->vkBeginCommandBuffer(s->buffer, &info)))
        return false;
    s->staged = 0;
    s->seconds = 0;
    c->bound = VK_NULL_HANDLE;
    c->recording = true;
    our_barrier(c);
    return true;
}

void echo_vk_submit(struct vk_commands *c)
{
    struct vulkan_device *d = c->device;
    struct vk_slot *s = &c->slots[c->now];
    VkSubmitInfo info = { .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1,
                          .pCommandBuffers = &s->buffer };

    if (!c->recording)
        return;
    c->recording = false;
    c->now = (c->now + 1) % VK_SLOTS;
    if (!good(c, "recording", d->vk.vkEndCommandBuffer(s->buffer)))
        return;
    if (c != d->loading)
        echo_vk_load_submit(d);
    pthread_mutex_lock(&d->lock);
    VkResult r = d->vk.vkQueueSubmit(d->queue, 1, &info, s->fence);

    pthread_mutex_unlock(&d->lock);
    s->pending = good(c, "submitting", r);
}

void echo_vk_wait(struct vk_commands *c)
{
    echo_vk_submit(c);
    for (int i = 0; i < VK_SLOTS; i++)
        wait_for(c, &c->slots[(c->now + i) % VK_SLOTS]);
}

echo_status echo_vk_finish(struct vk_commands *c, echo_error *err)
{
    echo_vk_wait(c);
    echo_status s = c->failure.status;

    if (s && err)
        *err = c->failure;
    c->failure = (echo_error){ 0 };
    return s;
}

void *echo_vk_stage(struct vk_commands *c, size_t bytes, uint64_t *address, VkBuffer *buffer,
                    size_t *offset)
{
    const size_t align = 64;
    struct vk_slot *s;

    ECHO_ASSERT(bytes <= c->staging);
    if (c->recording && c->slots[c->now].staged + bytes > c->staging)
        echo_vk_submit(c);
    if (!begin(c))
        return NULL;
    s = &c->slots[c->now];
    if (!s->staging.host &&
        !echo_vk_allocate(c->device, &s->staging, VK_MEMORY_STAGING, c->staging)) {
        echo_vk_commands_fail(c, "copying", VK_ERROR_OUT_OF_HOST_MEMORY);
        return NULL;
    }
    *offset = s->staged;
    *address = s->staging.address + s->staged;
    *buffer = s->staging.buffer;
    s->staged = (s->staged + bytes + align - 1) & ~(align - 1);
    return (char *)s->staging.host + *offset;
}

static bool overlap(const struct vk_ranges *a, const struct vk_ranges *b)
{
    for (int i = 0; i < a->n; i++)
        for (int j = 0; j < b->n; j++)
            if (a->range[i].begin < b->range[j].end && b->range[j].begin < a->range[i].end)
                return true;
    return false;
}

static void add(struct vk_ranges *to, const struct vk_ranges *from)
{
    for (int i = 0; i < from->n; i++)
        to->range[to->n++] = from->range[i];
}

void echo_vk_order(struct vk_commands *c, const struct vk_ranges *reads,
                   const struct vk_ranges *writes)
{
    if (!begin(c))
        return;
    if (overlap(reads, &c->writes) || overlap(writes, &c->writes) ||
        overlap(writes, &c->reads) || c->reads.n + reads->n > VK_HAZARDS ||
        c->writes.n + writes->n > VK_HAZARDS)
        our_barrier(c);
    add(&c->reads, reads);
    add(&c->writes, writes);
}

void echo_vk_dispatch(struct vk_commands *c, const struct vk_pipeline_key *key,
                      const struct vk_push *push, struct vk_grid grid, double operations)
{
    const struct vk_functions *vk = &c->device->vk;
    VkResult r;

    if (!begin(c))
        return;
    VkCommandBuffer buffer = c->slots[c->now].buffer;
    VkPipeline pipeline = echo_vk_pipeline(c->device, key, &r);

    if (!pipeline) {
        echo_vk_commands_fail(c, "compiling a shader", r);
        return;
    }
    if (pipeline != c->bound)
        vk->vkCmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
    c->bound = pipeline;
    vk->vkCmdPushConstants(buffer, c->device->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                           sizeof *push, push);
    vk->vkCmdDispatch(buffer, grid.x, grid.y, grid.z);
    c->slots[c->now].seconds += operations / c->device->base.rate;
    if (c->slots[c->now].seconds > SUBMISSION_S)
        echo_vk_submit(c);
}

void echo_vk_copy(struct vk_commands *c, VkBuffer to, VkBuffer from,
                  const VkBufferCopy *regions, int n)
{
    if (begin(c))
        c->device->vk.vkCmdCopyBuffer(c->slots[c->now].buffer, from, to, (uint32_t)n, regions);
}

void echo_vk_show_host(struct vk_commands *c)
{
    if (begin(c))
        barrier(c, our_stages, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
}

/* ---- opening ---- */

static VkResult open_slot(struct vulkan_device *d, struct vk_slot *s)
{
    VkCommandPoolCreateInfo pool = { .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                     .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
                                     .queueFamilyIndex = d->gpu->family };
    VkCommandBufferAllocateInfo buffer = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1,
    };
    VkFenceCreateInfo fence = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    VkResult r;

    if ((r = d->vk.vkCreateCommandPool(d->handle, &pool, NULL, &s->pool)))
        return r;
    buffer.commandPool = s->pool;
    if ((r = d->vk.vkAllocateCommandBuffers(d->handle, &buffer, &s->buffer)))
        return r;
    return d->vk.vkCreateFence(d->handle, &fence, NULL, &s->fence);
}

echo_status echo_vk_commands_open(struct vk_commands **out, struct vulkan_device *d,
                                  size_t staging, echo_error *err)
{
    struct vk_commands *c = calloc(1, sizeof *c);

    if (!(*out = c))
        return echo_fail_memory(err, sizeof *c, "a queue");
    c->device = d;
    c->staging = staging;
    for (int i = 0; i < VK_SLOTS; i++)
        good(c, "opening a queue", open_slot(d, &c->slots[i]));
    if (!vk_commands_failed(c))
        return ECHO_OK;
    echo_status s = echo_vk_finish(c, err);

    echo_vk_commands_close(out);
    return s;
}

void echo_vk_commands_close(struct vk_commands **commands)
{
    struct vk_commands *c = *commands;

    if (!c)
        return;
    c->recording = false; /* what was not submitted is dropped */
    echo_vk_wait(c);
    for (int i = 0; i < VK_SLOTS; i++) {
        struct vk_slot *s = &c->slots[i];

        echo_vk_release(c->device, &s->staging);
        if (s->fence && !c->device->abandoned)
            c->device->vk.vkDestroyFence(c->device->handle, s->fence, NULL);
        if (s->pool && !c->device->abandoned)
            c->device->vk.vkDestroyCommandPool(c->device->handle, s->pool, NULL);
    }
    echo_vk_release(c->device, &c->readback);
    free(c);
    *commands = NULL;
}
