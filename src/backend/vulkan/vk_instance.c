/* SPDX-License-Identifier: MIT */
/*
 * vk_instance.c - the Vulkan library, if there is one, and the devices that it finds.
 *
 * An instance loads every driver that is installed, which takes up to a sixth of a second: so
 * there is one for the process, and it stays.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/vulkan/vulkan.h"

#define MOST_GPUS       16
#define MOST_FAMILIES   16
#define MOST_SHAPES     256
#define NEEDED_SHARED   32768 /* bytes of a workgroup */
#define NEEDED_PUSH     128

const char *echo_vk_result(VkResult r)
{
    switch (r) {
    case VK_ERROR_OUT_OF_HOST_MEMORY: return "the system has no memory left";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: return "the device has no memory left";
    case VK_ERROR_INITIALIZATION_FAILED: return "the driver cannot start";
    case VK_ERROR_DEVICE_LOST: return "the device was lost";
    case VK_ERROR_INCOMPATIBLE_DRIVER: return "the Vulkan library finds no driver";
    case VK_ERROR_LAYER_NOT_PRESENT: return "a layer that is asked for is missing";
    case VK_TIMEOUT: return "it does not answer any more";
    default: return "the driver failed";
    }
}

/* ---- a device ---- */

static bool has_extension(const struct vk_functions *vk, VkPhysicalDevice gpu,
                          const char *name)
{
    uint32_t n = 0;
    bool found = false;

    if (vk->vkEnumerateDeviceExtensionProperties(gpu, NULL, &n, NULL) || !n)
        return false;
    VkExtensionProperties *list = calloc(n, sizeof *list);

    if (list && vk->vkEnumerateDeviceExtensionProperties(gpu, NULL, &n, list) >= 0)
        for (uint32_t i = 0; i < n && !found; i++)
            found = !strcmp(list[i].extensionName, name);
    free(list);
    return found;
}

/* Tiles are made of whole fragments, by subgroups whose size can be asked for. */
static bool suits(const struct vk_gpu *g, const VkCooperativeMatrixPropertiesKHR *s)
{
    bool divides = s->MSize && s->NSize && s->KSize && 16 % s->MSize == 0 &&
                   16 % s->NSize == 0 && 16 % s->KSize == 0;

    return divides && s->MSize % 4 == 0 && s->NSize % 4 == 0 && s->KSize % 8 == 0 &&
           g->sizes_subgroups && g->subgroup >= g->least_subgroup &&
           g->subgroup <= g->most_subgroup;
}

/* A shape of halves with float32 sums, 16 cubed before any other. */
static void find_coop(const struct vk_functions *vk, struct vk_gpu *g)
{
    VkCooperativeMatrixPropertiesKHR *shapes = calloc(MOST_SHAPES, sizeof *shapes);
    uint32_t n = MOST_SHAPES;

    for (int i = 0; shapes && i < MOST_SHAPES; i++)
        shapes[i].sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
    if (!shapes || vk->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(g->handle, &n,
                                                                         shapes) < 0)
        n = 0;
    for (uint32_t i = 0; i < n; i++) {
        const VkCooperativeMatrixPropertiesKHR *s = &shapes[i];
        bool best = s->MSize == 16 && s->NSize == 16 && s->KSize == 16;
        bool halves = s->AType == VK_COMPONENT_TYPE_FLOAT16_KHR && s->BType == s->AType;
        bool sums = s->CType == VK_COMPONENT_TYPE_FLOAT32_KHR && s->ResultType == s->CType;

        if (halves && sums && s->scope == VK_SCOPE_SUBGROUP_KHR && suits(g, s) &&
            (!g->coop_m || best)) {
            g->coop_m = s->MSize;
            g->coop_n = s->NSize;
            g->coop_k = s->KSize;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        g->coop_halves |= shapes[i].MSize == g->coop_m && shapes[i].NSize == g->coop_n &&
                          shapes[i].ResultType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
                          shapes[i].scope == VK_SCOPE_SUBGROUP_KHR;
    free(shapes);
}

static void read_properties(const struct vk_functions *vk, struct vk_gpu *g)
{
    VkPhysicalDeviceSubgroupSizeControlProperties size = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES
    };
    VkPhysicalDeviceMaintenance3Properties largest = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, .pNext = &size
    };
    VkPhysicalDeviceSubgroupProperties subgroup = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, .pNext = &largest
    };
    VkPhysicalDeviceIDProperties id = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, .pNext = &subgroup
    };
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, .pNext = &id
    };
    VkPhysicalDeviceProperties2 p = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                      .pNext = &driver };
    const VkPhysicalDeviceProperties *plain = &p.properties;
    const VkSubgroupFeatureFlags exchange = VK_SUBGROUP_FEATURE_SHUFFLE_BIT |
                                            VK_SUBGROUP_FEATURE_VOTE_BIT;

    vk->vkGetPhysicalDeviceProperties2(g->handle, &p);
    snprintf(g->name, sizeof g->name, "%s", plain->deviceName);
    snprintf(g->driver, sizeof g->driver, "%s%s%s", driver.driverName,
             *driver.driverInfo ? " " : "", driver.driverInfo);
    memcpy(g->identity, id.deviceUUID, VK_UUID_SIZE);
    memcpy(g->identity + VK_UUID_SIZE, id.driverUUID, VK_UUID_SIZE);
    g->type = plain->deviceType;
    g->vendor = plain->vendorID;
    g->api = plain->apiVersion;
    g->shared_bytes = plain->limits.maxComputeSharedMemorySize;
    g->threads = plain->limits.maxComputeWorkGroupInvocations;
    g->subgroup = subgroup.subgroupSize;
    g->shuffles = (subgroup.supportedOperations & exchange) == exchange;
    g->least_subgroup = size.minSubgroupSize;
    g->most_subgroup = size.maxSubgroupSize;
    g->sizes_subgroups = size.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT;
    g->largest = largest.maxMemoryAllocationSize;
    g->is_amd_own = driver.driverID == VK_DRIVER_ID_AMD_PROPRIETARY ||
                    driver.driverID == VK_DRIVER_ID_AMD_OPEN_SOURCE;
    g->unified = plain->deviceType == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU ||
                 plain->deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    if (plain->apiVersion < VK_API_VERSION_1_2)
        snprintf(g->lacks, sizeof g->lacks, "its driver knows no Vulkan 1.2");
    else if (plain->limits.maxPushConstantsSize < NEEDED_PUSH ||
             plain->limits.maxComputeWorkGroupInvocations < 256 ||
             g->shared_bytes < NEEDED_SHARED)
        snprintf(g->lacks, sizeof g->lacks, "its workgroups are too small");
}

static void read_features(const struct vk_functions *vk, struct vk_gpu *g)
{
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR coop = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR
    };
    VkPhysicalDeviceSubgroupSizeControlFeatures size = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES
    };
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &size
    };
    VkPhysicalDeviceVulkan11Features v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12
    };
    VkPhysicalDeviceFeatures2 f = { .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                    .pNext = &v11 };
    bool sizes = g->api >= VK_API_VERSION_1_3;
    /* AMD's own drivers for integrated GPUs crash at the question for shapes. */
    bool crashes = g->type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU && g->is_amd_own;
    bool coops = !crashes && vk->vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR &&
                 has_extension(vk, g->handle, VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME);

    v12.pNext = sizes ? &size : NULL;
    size.pNext = NULL;
    if (coops) {
        coop.pNext = v12.pNext;
        v12.pNext = &coop;
    }
    vk->vkGetPhysicalDeviceFeatures2(g->handle, &f);
    g->sizes_subgroups = g->sizes_subgroups && sizes && size.subgroupSizeControl &&
                         size.computeFullSubgroups;
    if (!v12.bufferDeviceAddress)
        snprintf(g->lacks, sizeof g->lacks, "it has no addresses of buffers");
    else if (!v11.storageBuffer16BitAccess)
        snprintf(g->lacks, sizeof g->lacks, "it has no memory of 16 bits");
    else if (coops && coop.cooperativeMatrix && v12.vulkanMemoryModel && v12.shaderFloat16)
        find_coop(vk, g);
}

static void read_families(const struct vk_functions *vk, struct vk_gpu *g)
{
    VkQueueFamilyProperties families[MOST_FAMILIES];
    uint32_t n = MOST_FAMILIES;

    vk->vkGetPhysicalDeviceQueueFamilyProperties(g->handle, &n, families);
    for (uint32_t i = 0; i < n; i++)
        if (families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) {
            g->family = i;
            return;
        }
    snprintf(g->lacks, sizeof g->lacks, "it computes nothing");
}

static void describe(const struct vk_functions *vk, struct vk_gpu *g)
{
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
    };

    read_properties(vk, g);
    if (*g->lacks)
        return;
    read_features(vk, g);
    read_families(vk, g);
    vk->vkGetPhysicalDeviceMemoryProperties2(g->handle, &memory);
    g->memory = memory.memoryProperties;
    g->has_budget = has_extension(vk, g->handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
}

uint64_t echo_vk_available(const struct vk_instance *instance, const struct vk_gpu *g)
{
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT
    };
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
        .pNext = g->has_budget ? &budget : NULL,
    };
    uint64_t most = 0;

    instance->vk.vkGetPhysicalDeviceMemoryProperties2(g->handle, &memory);
    for (uint32_t i = 0; i < g->memory.memoryHeapCount; i++) {
        uint64_t all = g->memory.memoryHeaps[i].size, used = budget.heapUsage[i];
        uint64_t left = !g->has_budget ? all
                        : budget.heapBudget[i] > used ? budget.heapBudget[i] - used
                                                      : 0;

        if (g->memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT && left > most)
            most = left;
    }
    return most;
}

/* ---- the library ---- */

static struct vk_instance instance;

static bool no_vulkan(const char *why)
{
    snprintf(instance.why, sizeof instance.why, "%s", why);
    return false;
}

/* The library stays loaded: drivers have threads of their own. */
static bool open_library(struct vk_functions *vk)
{
    void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    PFN_vkGetInstanceProcAddr find;

    if (!library)
        library = dlopen("libvulkan.so", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return no_vulkan("there is no Vulkan library (libvulkan.so.1)");
    *(void **)&find = dlsym(library, "vkGetInstanceProcAddr");
    if (!find)
        return no_vulkan("libvulkan.so.1 is no Vulkan library");

    VkApplicationInfo us = { .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                             .pApplicationName = "echotts", .pEngineName = "echotts",
                             .apiVersion = VK_API_VERSION_1_3 };
    VkInstanceCreateInfo info = { .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                  .pApplicationInfo = &us };
    VkResult r;

#define FIND(name) vk->name = (PFN_##name)find(instance.handle, #name);
    VK_GLOBAL_FUNCTIONS(FIND)
    if (!vk->vkCreateInstance || !vk->vkEnumerateInstanceVersion)
        return no_vulkan("the Vulkan library is older than Vulkan 1.1");
    if ((r = vk->vkCreateInstance(&info, NULL, &instance.handle)))
        return no_vulkan(echo_vk_result(r));
    bool all = true;

    VK_INSTANCE_FUNCTIONS(FIND)
    VK_OPTIONAL_FUNCTIONS(FIND)
#undef FIND
#define CHECK(name) all = all && vk->name;
    VK_INSTANCE_FUNCTIONS(CHECK)
#undef CHECK
    return all || no_vulkan("the Vulkan library lacks functions");
}

static void open_instance(void)
{
    VkPhysicalDevice handles[MOST_GPUS];
    uint32_t n = MOST_GPUS;

    if (!open_library(&instance.vk))
        return;
    if (instance.vk.vkEnumeratePhysicalDevices(instance.handle, &n, handles) < 0 || !n) {
        no_vulkan("Vulkan finds no device");
        return;
    }
    if (!(instance.gpus = calloc(n, sizeof *instance.gpus))) {
        no_vulkan("the system has no memory left");
        return;
    }
    instance.n = (int)n;
    for (uint32_t i = 0; i < n; i++) {
        instance.gpus[i].handle = handles[i];
        describe(&instance.vk, &instance.gpus[i]);
    }
}

const struct vk_instance *echo_vk_instance(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, open_instance);
    return &instance;
}

bool echo_vulkan_is_likely(void)
{
#ifdef __linux__
    return !access("/dev/dri", F_OK) || !access("/dev/nvidiactl", F_OK) ||
           !access("/dev/dxg", F_OK);
#else
    return true;
#endif
}

static uint64_t memory_of(const struct vk_gpu *g)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < g->memory.memoryHeapCount; i++)
        if (g->memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT &&
            g->memory.memoryHeaps[i].size > most)
            most = g->memory.memoryHeaps[i].size;
    return most;
}

bool echo_vulkan_describe(int index, struct vulkan_facts *out, const char **why)
{
    const struct vk_instance *all = echo_vk_instance();

    if (why)
        *why = all->why;
    if (index < 0 || index >= all->n)
        return false;
    const struct vk_gpu *g = &all->gpus[index];

    *out = (struct vulkan_facts){
        .name = g->name, .driver = g->driver, .memory = memory_of(g),
        .available = *g->lacks ? 0 : echo_vk_available(all, g), .subgroup = (int)g->subgroup,
        .coop_m = (int)g->coop_m, .coop_n = (int)g->coop_n, .coop_k = (int)g->coop_k,
        .unified = g->unified, .software = g->type == VK_PHYSICAL_DEVICE_TYPE_CPU,
        .usable = !*g->lacks,
    };
    return true;
}
