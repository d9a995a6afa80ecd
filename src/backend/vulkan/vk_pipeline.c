/* SPDX-License-Identifier: MIT */
/* vk_pipeline.c - shaders made ready for the device with their constants, at the first use. */
#include <stdlib.h>
#include <string.h>

#include "backend/vulkan/vulkan.h"
#include "base/cpu.h"
#include "base/integers.h"

static VkResult make(struct vulkan_device *d, const struct vk_pipeline_key *key,
                     VkPipeline *out)
{
    const struct spirv *code = &echo_spirv[key->shader];
    VkShaderModuleCreateInfo module = { .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                        .codeSize = code->bytes, .pCode = code->words };
    VkSpecializationMapEntry entries[VK_CONSTANTS];

    for (int i = 0; i < key->n; i++)
        entries[i] = (VkSpecializationMapEntry){ (uint32_t)i, (uint32_t)i * 4, 4 };

    VkSpecializationInfo constants = { (uint32_t)key->n, entries, (size_t)key->n * 4,
                                       key->constant };
    VkPipelineShaderStageRequiredSubgroupSizeCreateInfo size = {
        .sType =
            VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = key->subgroup,
    };
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = { .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                   .stage = VK_SHADER_STAGE_COMPUTE_BIT, .pName = "main",
                   .pSpecializationInfo = &constants },
        .layout = d->layout,
    };
    VkResult r;

    if (key->subgroup) {
        info.stage.pNext = &size;
        info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
    }
    if ((r = d->vk.vkCreateShaderModule(d->handle, &module, NULL, &info.stage.module)))
        return r;
    r = d->vk.vkCreateComputePipelines(d->handle, VK_NULL_HANDLE, 1, &info, NULL, out);
    d->vk.vkDestroyShaderModule(d->handle, info.stage.module, NULL);
    return r;
}

static bool same(const struct vk_pipeline_key *a, const struct vk_pipeline_key *b)
{
    return a->shader == b->shader && a->subgroup == b->subgroup && a->n == b->n &&
           !memcmp(a->constant, b->constant, (size_t)a->n * sizeof *a->constant);
}

static uint32_t hash_of(const struct vk_pipeline_key *key)
{
    uint32_t hash = key->shader * 31 + key->subgroup;

    for (int i = 0; i < key->n; i++)
        hash = (hash ^ key->constant[i]) * 16777619u; /* FNV's prime */
    return hash;
}

/* ---- with the lock held ---- */

/* The entry of a key, perhaps a new one; NULL without memory. */
static struct vk_pipeline *entry(struct vk_pipelines *all, const struct vk_pipeline_key *key)
{
    uint32_t hash = hash_of(key);
    struct vk_pipeline *p;

    for (p = all->first; p; p = p->next)
        if (p->hash == hash && same(&p->key, key))
            return p;
    if (!(p = calloc(1, sizeof *p)))
        return NULL;
    p->key = *key;
    p->hash = hash;
    *all->last = p;
    all->last = &p->next;
    return p;
}

static struct vk_pipeline *wanted(struct vk_pipelines *all)
{
    struct vk_pipeline *p = all->first;

    while (p && p->state != VK_PIPELINE_WANTED)
        p = p->next;
    return p;
}

/* The lock is not held while the driver works. */
static void make_entry(struct vulkan_device *d, struct vk_pipeline *p)
{
    struct vk_pipelines *all = &d->pipelines;

    p->state = VK_PIPELINE_BEGUN;
    pthread_mutex_unlock(&all->lock);
    VkResult r = make(d, &p->key, &p->handle);

    pthread_mutex_lock(&all->lock);
    p->result = r;
    p->state = VK_PIPELINE_MADE;
    pthread_cond_broadcast(&all->news);
}

/* ---- threads ---- */

static void *work(void *arg)
{
    struct vulkan_device *d = arg;
    struct vk_pipelines *all = &d->pipelines;

    pthread_mutex_lock(&all->lock);
    while (!all->closed) {
        struct vk_pipeline *p = wanted(all);

        if (p)
            make_entry(d, p);
        else
            pthread_cond_wait(&all->news, &all->lock);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* With the first that is wanted; where there can be none, whoever needs one makes it. */
static void start_threads(struct vulkan_device *d)
{
    struct vk_pipelines *all = &d->pipelines;
    int n = at_most(echo_cpu_count(), VK_COMPILERS);

    while (all->n < n && !pthread_create(&all->threads[all->n], NULL, work, d))
        all->n++;
}

void echo_vk_pipeline_request(struct vulkan_device *d, const struct vk_pipeline_key *key)
{
    struct vk_pipelines *all = &d->pipelines;

    pthread_mutex_lock(&all->lock);
    struct vk_pipeline *p = entry(all, key);

    if (p && p->state == VK_PIPELINE_WANTED) {
        if (!all->n)
            start_threads(d);
        pthread_cond_broadcast(&all->news);
    }
    pthread_mutex_unlock(&all->lock);
}

VkPipeline echo_vk_pipeline(struct vulkan_device *d, const struct vk_pipeline_key *key,
                            VkResult *result)
{
    struct vk_pipelines *all = &d->pipelines;

    pthread_mutex_lock(&all->lock);
    struct vk_pipeline *p = entry(all, key);

    if (p && p->state == VK_PIPELINE_WANTED)
        make_entry(d, p);
    while (p && p->state != VK_PIPELINE_MADE)
        pthread_cond_wait(&all->news, &all->lock);
    *result = p ? p->result : VK_ERROR_OUT_OF_HOST_MEMORY;
    VkPipeline handle = p ? p->handle : VK_NULL_HANDLE;

    pthread_mutex_unlock(&all->lock);
    return handle;
}

void echo_vk_pipelines_open(struct vulkan_device *d)
{
    struct vk_pipelines *all = &d->pipelines;

    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->news, NULL);
    all->last = &all->first;
}

void echo_vk_pipelines_close(struct vulkan_device *d)
{
    struct vk_pipelines *all = &d->pipelines;

    pthread_mutex_lock(&all->lock);
    all->closed = true;
    pthread_cond_broadcast(&all->news);
    pthread_mutex_unlock(&all->lock);
    for (int i = 0; i < all->n; i++)
        pthread_join(all->threads[i], NULL);
    for (struct vk_pipeline *p = all->first, *next; p; p = next) {
        next = p->next;
        if (p->handle && !d->abandoned)
            d->vk.vkDestroyPipeline(d->handle, p->handle, NULL);
        free(p);
    }
    pthread_cond_destroy(&all->news);
    pthread_mutex_destroy(&all->lock);
}
