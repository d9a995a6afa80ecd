/* SPDX-License-Identifier: MIT */
/* vk_device.c - a GPU as a device of the contract. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/check.h"
#include "backend/vulkan/vulkan.h"

#define PATIENCE_S          10
#define SOFTWARE_PATIENCE_S 300 /* a driver that computes on the CPU compiles for seconds */
#define FIRST_RATE          1e11 /* operations a second, until they are measured */
#define SOFTWARE_RATE       1e10

static void close_device(struct device *device)
{
    struct vulkan_device *d = to_vulkan(device);

    echo_vk_commands_close(&d->loading);
    echo_vk_pipelines_close(d);
    if (d->layout && !d->abandoned)
        d->vk.vkDestroyPipelineLayout(d->handle, d->layout, NULL);
    if (d->handle && !d->abandoned)
        d->vk.vkDestroyDevice(d->handle, NULL);
    pthread_mutex_destroy(&d->lock);
    pthread_mutex_destroy(&d->load_lock);
    free(d);
}

static uint64_t available(struct device *device)
{
    return echo_vk_available(to_vulkan(device)->instance, to_vulkan(device)->gpu);
}

static bool lost(struct device *device)
{
    return to_vulkan(device)->lost;
}

static const struct device_ops device_ops = {
    .close = close_device,
    .alloc = echo_vk_alloc,
    .free = echo_vk_free,
    .load = echo_vk_load,
    .peak = echo_vk_peak,
    .available = available,
    .lost = lost,
    .prepare = echo_vk_prepare,
    .open_queue = echo_vk_open_queue,
};

/* The features that the shaders need, and those of cooperative matrices where they are. */
static VkResult create(struct vulkan_device *d)
{
    const struct vk_gpu *g = d->gpu;
    bool coop = g->coop_m != 0;
    const char *extension = VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
        .cooperativeMatrix = VK_TRUE,
    };
    VkPhysicalDeviceSubgroupSizeControlFeatures size = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
        .pNext = coop ? &matrices : NULL, .subgroupSizeControl = VK_TRUE,
        .computeFullSubgroups = VK_TRUE,
    };
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .pNext = g->sizes_subgroups ? (void *)&size : size.pNext,
        .bufferDeviceAddress = VK_TRUE, .shaderFloat16 = coop, .vulkanMemoryModel = coop,
    };
    VkPhysicalDeviceVulkan11Features v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12,
        .storageBuffer16BitAccess = VK_TRUE,
    };
    float priority = 1;
    VkDeviceQueueCreateInfo queue = { .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                      .queueFamilyIndex = g->family, .queueCount = 1,
                                      .pQueuePriorities = &priority };
    VkDeviceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &v11,
                                .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue,
                                .enabledExtensionCount = coop, .ppEnabledExtensionNames =
                                                                   &extension };

    return d->vk.vkCreateDevice(g->handle, &info, NULL, &d->handle);
}

static bool find_functions(struct vulkan_device *d)
{
    bool all = true;

#define FIND(name) \
    d->vk.name = (PFN_##name)d->vk.vkGetDeviceProcAddr(d->handle, #name); \
    all = all && d->vk.name;
    VK_DEVICE_FUNCTIONS(FIND)
#undef FIND
    return all;
}

static VkResult open(struct vulkan_device *d)
{
    VkPushConstantRange push = { VK_SHADER_STAGE_COMPUTE_BIT, 0, sizeof(struct vk_push) };
    VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO, .pushConstantRangeCount = 1,
        .pPushConstantRanges = &push,
    };
    VkResult r = create(d);

    if (r)
        return r;
    if (!find_functions(d))
        return VK_ERROR_INITIALIZATION_FAILED;
    d->vk.vkGetDeviceQueue(d->handle, d->gpu->family, 0, &d->queue);
    return d->vk.vkCreatePipelineLayout(d->handle, &layout, NULL, &d->layout);
}

/* ---- proving ---- */

#define TUNE_S 0.02 /* of a measurement */

/* Cooperative matrices are emulated by some drivers, at a thousandth of the speed. */
static void tune(struct vulkan_device *d)
{
    double tiles;

    d->coop = false;
    tiles = echo_vk_peak(&d->base, DT_F16, TUNE_S);
    d->base.rate = tiles > 0 ? tiles : d->base.rate;
    if (!d->gpu->coop_m)
        return;
    d->coop = true;
    double matrices = echo_vk_peak(&d->base, DT_F16, TUNE_S);

    d->coop = matrices > tiles;
    d->base.rate = d->coop ? matrices : d->base.rate;
}

/* A driver's update or other shaders make another name. */
static void name_of(const struct vk_gpu *g, char *name, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < sizeof g->identity; i++)
        used += (size_t)snprintf(name + used, size - used, "%02x", g->identity[i]);
    snprintf(name + used, size - used, "-%s", echo_spirv_hash);
}

/* "passed", whether cooperative matrices are used, operations a second; or "failed" and why. */
static bool recall(struct vulkan_device *d, const struct memo *memo, const char *name,
                   echo_error *err)
{
    char fact[300];
    int coop;

    if (!memo || !memo->recall(memo, name, fact, sizeof fact))
        return false;
    if (sscanf(fact, "passed %d %lg", &coop, &d->base.rate) == 2 && d->base.rate > 0) {
        d->coop = coop && d->gpu->coop_m;
        return true;
    }
    if (strncmp(fact, "failed ", 7))
        return false;
    echo_fail(err, ECHO_ERR_DEVICE, "%s", fact + 7);
    return true;
}

/* Matrices that are slow are not used, and so need not be right. */
static echo_status prove(struct vulkan_device *d, const struct memo *memo, echo_error *err)
{
    char name[120], fact[300];
    echo_error wrong = { 0 };

    name_of(d->gpu, name, sizeof name);
    if (recall(d, memo, name, &wrong))
        goto known;
    tune(d);
    echo_check_device(&d->base, &wrong);
    if (wrong.status && d->coop && !d->lost) { /* perhaps without them */
        d->coop = false;
        wrong = (echo_error){ 0 };
        echo_check_device(&d->base, &wrong);
    }
    if (wrong.status)
        snprintf(fact, sizeof fact, "failed %.290s", wrong.text);
    else
        snprintf(fact, sizeof fact, "passed %d %g", d->coop, d->base.rate);
    if (memo && (!wrong.status || wrong.status == ECHO_ERR_DEVICE))
        memo->remember(memo, name, fact);
known:
    if (!wrong.status)
        return ECHO_OK;
    return echo_fail(err, wrong.status, "%s did not pass its self-test: %.300s", d->gpu->name,
                     wrong.text);
}

/* ---- opening ---- */

/* The first that can be used, and computes itself if there is such a one. */
static int first_of(const struct vk_instance *instance)
{
    int best = 0;

    for (int i = instance->n - 1; i >= 0; i--) {
        const struct vk_gpu *g = &instance->gpus[i], *b = &instance->gpus[best];
        bool software = g->type == VK_PHYSICAL_DEVICE_TYPE_CPU;

        if (!*g->lacks && (*b->lacks || !software || b->type == VK_PHYSICAL_DEVICE_TYPE_CPU))
            best = i;
    }
    return best;
}

echo_status echo_vulkan_device(struct device **out, int index, const struct memo *memo,
                               echo_error *err)
{
    const struct vk_instance *instance = echo_vk_instance();
    struct vulkan_device *d;
    VkResult r;

    *out = NULL;
    if (!instance->n)
        return echo_fail(err, ECHO_ERR_DEVICE, "%s", instance->why);
    if (index == VULKAN_ANY)
        index = first_of(instance);
    if (index < 0 || index >= instance->n)
        return echo_fail(err, ECHO_ERR_DEVICE, "there is no device vulkan:%d: %d %s", index,
                         instance->n, instance->n == 1 ? "was found" : "were found");
    const struct vk_gpu *g = &instance->gpus[index];
    bool software = g->type == VK_PHYSICAL_DEVICE_TYPE_CPU;

    if (*g->lacks)
        return echo_fail(err, ECHO_ERR_DEVICE, "%s cannot be used: %s", g->name, g->lacks);
    if (!(d = calloc(1, sizeof *d)))
        return echo_fail_memory(err, sizeof *d, "a device");
    d->base = (struct device){
        .ops = &device_ops,
        .traits = { .row_align = VK_ROW_ALIGN, .records = true,
                    .computes = { [DT_F32] = true, [DT_F16] = true },
                    .rounding = ROUNDING_ALWAYS_PAYS },
        .threads = 1,
    };
    snprintf(d->base.name, sizeof d->base.name, "vulkan:%d %.50s", index, g->name);
    d->instance = instance;
    d->gpu = g;
    d->vk = instance->vk;
    d->patience = software ? SOFTWARE_PATIENCE_S : PATIENCE_S;
    d->base.rate = software ? SOFTWARE_RATE : FIRST_RATE;
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->load_lock, NULL);
    echo_vk_pipelines_open(d);
    echo_status s = (r = open(d)) ? echo_fail(err, ECHO_ERR_DEVICE, "%s cannot be opened: %s",
                                              g->name, echo_vk_result(r))
                                  : prove(d, memo, err);

    if (s)
        close_device(&d->base);
    else
        *out = &d->base;
    return s;
}
