/* SPDX-License-Identifier: MIT */
/*
 * vk_memory.c - memory of the device, in a few large pieces.
 *
 * Drivers allow a few thousand allocations, and a model has nearly as many tensors: so small
 * buffers are cut from chunks, one after the other.  A chunk goes when its last buffer goes,
 * which suits a model, whose buffers come and go together.
 */
#include <stdlib.h>

#include "backend/vulkan/vulkan.h"

#define CHUNK      ((size_t)64 << 20)
#define OWN_CHUNK  (CHUNK / 4) /* larger buffers have one for themselves */
#define BUFFER_ALIGN ((size_t)256)
#define READ_PAST  ((size_t)64) /* a kernel may look so far behind a buffer's end */

/* A type among `bits` with all of `want`; -1: none. */
static int find_type(const struct vk_gpu *g, uint32_t bits, VkMemoryPropertyFlags want)
{
    for (uint32_t i = 0; i < g->memory.memoryTypeCount; i++)
        if (bits >> i & 1 && (g->memory.memoryTypes[i].propertyFlags & want) == want)
            return (int)i;
    return -1;
}

static int choose_type(const struct vk_gpu *g, uint32_t bits, enum vk_memory_kind kind)
{
    const VkMemoryPropertyFlags host = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                       VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    int type = -1;

    if (kind == VK_MEMORY_DEVICE)
        type = find_type(g, bits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    else if (kind == VK_MEMORY_READBACK)
        type = find_type(g, bits, host | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (type < 0)
        type = find_type(g, bits, kind == VK_MEMORY_DEVICE ? 0 : host);
    return type;
}

static VkResult allocate(struct vulkan_device *d, struct vk_memory *m,
                         enum vk_memory_kind kind)
{
    const struct vk_functions *vk = &d->vk;
    VkBufferCreateInfo buffer = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = m->bytes + READ_PAST,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
    };
    VkMemoryRequirements need;
    VkResult r;

    if ((r = vk->vkCreateBuffer(d->handle, &buffer, NULL, &m->buffer)))
        return r;
    vk->vkGetBufferMemoryRequirements(d->handle, m->buffer, &need);
    int type = choose_type(d->gpu, need.memoryTypeBits, kind);
    VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
    };
    VkMemoryAllocateInfo info = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                  .pNext = &flags, .allocationSize = need.size,
                                  .memoryTypeIndex = (uint32_t)type };
    VkBufferDeviceAddressInfo address = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = m->buffer
    };

    if (type < 0)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    if ((r = vk->vkAllocateMemory(d->handle, &info, NULL, &m->memory)) ||
        (r = vk->vkBindBufferMemory(d->handle, m->buffer, m->memory, 0)))
        return r;
    if (kind != VK_MEMORY_DEVICE &&
        (r = vk->vkMapMemory(d->handle, m->memory, 0, VK_WHOLE_SIZE, 0, &m->host)))
        return r;
    m->address = vk->vkGetBufferDeviceAddress(d->handle, &address);
    return VK_SUCCESS;
}

bool echo_vk_allocate(struct vulkan_device *d, struct vk_memory *m, enum vk_memory_kind kind,
                      size_t bytes)
{
    *m = (struct vk_memory){ .bytes = bytes };
    if (!d->lost && bytes <= d->gpu->largest - READ_PAST && !allocate(d, m, kind))
        return true;
    echo_vk_release(d, m);
    return false;
}

/* Of a lost device nothing can be waited for, and what may be in use is left alone. */
void echo_vk_release(struct vulkan_device *d, struct vk_memory *m)
{
    if (m->buffer && !d->abandoned)
        d->vk.vkDestroyBuffer(d->handle, m->buffer, NULL);
    if (m->memory && !d->abandoned)
        d->vk.vkFreeMemory(d->handle, m->memory, NULL);
    *m = (struct vk_memory){ 0 };
}

/* ---- buffers ---- */

static struct vk_chunk *new_chunk(struct vulkan_device *d, size_t bytes)
{
    struct vk_chunk *c = calloc(1, sizeof *c);

    if (!c || !echo_vk_allocate(d, &c->memory, VK_MEMORY_DEVICE, bytes)) {
        free(c);
        return NULL;
    }
    c->next = d->chunks;
    d->chunks = c;
    return c;
}

/* A chunk with room for `bytes`; small buffers share one. */
static struct vk_chunk *chunk_for(struct vulkan_device *d, size_t bytes)
{
    if (bytes > OWN_CHUNK)
        return new_chunk(d, bytes);
    for (struct vk_chunk *c = d->chunks; c; c = c->next)
        if (c->memory.bytes == CHUNK && CHUNK - c->used >= bytes)
            return c;
    return new_chunk(d, CHUNK);
}

bool echo_vk_alloc(struct device *device, struct buffer *b, size_t bytes)
{
    struct vulkan_device *d = to_vulkan(device);
    struct vk_block *block = calloc(1, sizeof *block);
    size_t need = (bytes + BUFFER_ALIGN - 1) & ~(BUFFER_ALIGN - 1);

    *b = (struct buffer){ 0 };
    if (!block || bytes > SIZE_MAX - BUFFER_ALIGN) {
        free(block);
        return false;
    }
    pthread_mutex_lock(&d->lock);
    if ((block->chunk = chunk_for(d, need ? need : BUFFER_ALIGN))) {
        block->offset = block->chunk->used;
        block->chunk->used += need ? need : BUFFER_ALIGN;
        block->chunk->users++;
    }
    pthread_mutex_unlock(&d->lock);
    if (!block->chunk) {
        free(block);
        return false;
    }
    *b = (struct buffer){ .device = device, .handle = (uintptr_t)block, .bytes = bytes };
    return true;
}

static void drop(struct vulkan_device *d, struct vk_chunk *old)
{
    struct vk_chunk **at = &d->chunks;

    while (*at != old)
        at = &(*at)->next;
    *at = old->next;
    echo_vk_release(d, &old->memory);
    free(old);
}

void echo_vk_free(struct device *device, struct buffer *b)
{
    struct vulkan_device *d = to_vulkan(device);
    struct vk_block *block = (struct vk_block *)(uintptr_t)b->handle;

    if (block) {
        pthread_mutex_lock(&d->lock);
        if (--block->chunk->users == 0)
            drop(d, block->chunk);
        pthread_mutex_unlock(&d->lock);
        free(block);
    }
    *b = (struct buffer){ 0 };
}
