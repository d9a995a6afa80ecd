/* SPDX-License-Identifier: MIT */
/* vulkan.h - what the files of the Vulkan device share. */
#ifndef ECHO_BACKEND_VULKAN_H
#define ECHO_BACKEND_VULKAN_H

#include <pthread.h>
#include <stdatomic.h>

#include "backend/gpu.h"
#include "backend/vulkan/spirv.h"
#include "backend/vulkan/vk_functions.h"

#define VK_ROW_ALIGN 16 /* bytes that a thread loads at once */
#define VK_HEAD      256 /* numbers of a head, at most */

/* ---- the library and what it finds (vk_instance.c) ---- */

/* A physical device as it describes itself. */
struct vk_gpu {
    VkPhysicalDevice handle;
    char name[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
    char driver[VK_MAX_DRIVER_NAME_SIZE + VK_MAX_DRIVER_INFO_SIZE + 2];
    uint8_t identity[2 * VK_UUID_SIZE]; /* of the device, of its driver */
    VkPhysicalDeviceType type;
    uint32_t vendor, api;
    uint32_t family;    /* of queues that compute */
    uint32_t shared_bytes, threads; /* of a workgroup, at most */
    uint32_t subgroup, least_subgroup, most_subgroup;
    bool sizes_subgroups;   /* a size can be required */
    bool shuffles;          /* a subgroup's threads exchange numbers, and vote */
    uint32_t coop_m, coop_n, coop_k; /* a cooperative matrix of halves; 0: there is none */
    bool coop_halves;       /* its sums can be turned into halves */
    bool has_budget;        /* tells how much memory is free */
    bool is_amd_own;        /* its driver is AMD's own, not Mesa's */
    bool unified;           /* its memory is the system's */
    uint64_t largest;       /* bytes of an allocation */
    VkPhysicalDeviceMemoryProperties memory;
    char lacks[80]; /* why it cannot be used; empty: it can */
};

/* The process has one instance, opened at the first call; NULL and why not.  `gpus` of it stay
 * as long as the program. */
struct vk_instance {
    struct vk_functions vk;
    VkInstance handle;
    struct vk_gpu *gpus;
    int n;
    char why[200]; /* there is none, if n is 0 */
};
const struct vk_instance *echo_vk_instance(void);

/* Bytes that can still be allocated, as the driver thinks; all there are if it does not say. */
uint64_t echo_vk_available(const struct vk_instance *, const struct vk_gpu *);

/* "the device was lost" and so on */
const char *echo_vk_result(VkResult r);

/* ---- memory (vk_memory.c) ---- */

struct vk_memory {
    VkBuffer buffer;
    VkDeviceMemory memory;
    uint64_t address;
    void *host; /* NULL unless it was asked for */
    size_t bytes;
};

enum vk_memory_kind {
    VK_MEMORY_DEVICE,   /* fast for the device */
    VK_MEMORY_STAGING,  /* the host writes, the device reads */
    VK_MEMORY_READBACK, /* the device writes, the host reads */
};

struct vulkan_device;

bool echo_vk_allocate(struct vulkan_device *, struct vk_memory *, enum vk_memory_kind,
                      size_t bytes);
void echo_vk_release(struct vulkan_device *, struct vk_memory *);

/* A buffer's handle: where it lies in a chunk that it shares with others. */
struct vk_block {
    struct vk_chunk *chunk;
    size_t offset;
};

struct vk_chunk {
    struct vk_chunk *next;
    struct vk_memory memory;
    size_t used;
    int users;
};

bool echo_vk_alloc(struct device *, struct buffer *, size_t bytes);
void echo_vk_free(struct device *, struct buffer *);

static inline const struct vk_block *vk_block_of(const struct buffer *b)
{
    return (const struct vk_block *)(uintptr_t)b->handle;
}

/* ---- pipelines (vk_pipeline.c) ---- */

#define VK_CONSTANTS 16

struct vk_pipeline_key {
    enum shader shader;
    uint32_t subgroup; /* its size; 0: any */
    int n;             /* specialization constants 0..n-1 */
    uint32_t constant[VK_CONSTANTS];
};

enum vk_pipeline_state { VK_PIPELINE_WANTED, VK_PIPELINE_BEGUN, VK_PIPELINE_MADE };

struct vk_pipeline {
    struct vk_pipeline *next;
    struct vk_pipeline_key key;
    uint32_t hash; /* of key */
    enum vk_pipeline_state state;
    VkResult result; /* once made */
    VkPipeline handle;
};

#define VK_COMPILERS 8 /* threads, at most */

/* All that were asked for, and threads that make them: a driver compiles each in a tenth of a
 * second, and a model needs thirty. */
struct vk_pipelines {
    pthread_mutex_t lock;
    pthread_cond_t news; /* one is wanted, or made, or it is time to end */
    struct vk_pipeline *first, **last;
    pthread_t threads[VK_COMPILERS];
    int n;
    bool closed;
};

void echo_vk_pipelines_open(struct vulkan_device *);
void echo_vk_pipelines_close(struct vulkan_device *);

/* Have it made in the background. */
void echo_vk_pipeline_request(struct vulkan_device *, const struct vk_pipeline_key *);
/* Made at the latest now; VK_NULL_HANDLE and the result if it cannot be. */
VkPipeline echo_vk_pipeline(struct vulkan_device *, const struct vk_pipeline_key *,
                            VkResult *result);

/* ---- the device (vk_device.c) ---- */

struct vulkan_device {
    struct device base;
    const struct vk_instance *instance;
    const struct vk_gpu *gpu;
    struct vk_functions vk;
    VkDevice handle;
    VkQueue queue;
    VkPipelineLayout layout;
    pthread_mutex_t lock; /* of the queue and the chunks */
    struct vk_chunk *chunks;
    struct vk_pipelines pipelines;
    pthread_mutex_t load_lock;
    struct vk_commands *loading; /* of weights; NULL: they are all there */
    bool coop;               /* matmuls of halves go to cooperative matrices */
    double patience;         /* seconds that a submission may take beyond what it should */
    _Atomic bool lost;      /* nothing that it has can be relied on */
    _Atomic bool abandoned; /* it may still be at work for ever: nothing is taken from it */
};

static inline struct vulkan_device *to_vulkan(struct device *d)
{
    return (struct vulkan_device *)d;
}

/* ---- commands (vk_commands.c) ---- */

/* The push constants of every shader: common.glsl says the same. */
struct vk_push {
    uint64_t y, x, w, w2, a, b; /* addresses */
    uint32_t rows, cols, depth, taps;
    uint32_t ld_y, ld_x, ld_w, tap;
    uint32_t ld_a, ld_b, heads, rope_heads;
    uint32_t rope_rows, queries, segments, has;
    float factor;
    int32_t window;
    uint32_t epilogue, rows_first;
};

enum { VK_HAS_A = 1, VK_HAS_B = 2, VK_ALIGNED = 4, VK_TO_HALF = 8 };

/* segment.glsl */
struct vk_segment {
    uint64_t k, v;
    uint32_t ld_k, ld_v, keys, branch_rows, seen_by;
    float scale;
};

/* Addresses that a command reads or writes. */
struct vk_range {
    uint64_t begin, end;
};

#define VK_SLOTS   3 /* command buffers that are recorded or under way */
#define VK_HAZARDS 24

struct vk_ranges {
    struct vk_range range[VK_HAZARDS];
    int n;
};

struct vk_slot {
    VkCommandPool pool;
    VkCommandBuffer buffer;
    VkFence fence;
    bool pending; /* submitted, and nobody has waited for it */
    double seconds; /* that it may take, by estimate */
    struct vk_memory staging;
    size_t staged;
};

/* Commands in order: recorded, submitted when they are enough, waited for when asked. */
struct vk_commands {
    struct vulkan_device *device;
    struct vk_slot slots[VK_SLOTS];
    struct vk_memory readback;
    struct vk_ranges reads, writes; /* since the last barrier */
    size_t staging;                 /* bytes of each slot's */
    int now;
    bool recording;
    VkPipeline bound;
    echo_error failure; /* the first since echo_vk_finish() */
};

echo_status echo_vk_commands_open(struct vk_commands **, struct vulkan_device *,
                                  size_t staging, echo_error *err);
void echo_vk_commands_close(struct vk_commands **);

/* `bytes` (at most staging) of host memory that the device can read until the commands that are
 * recorded next have run; NULL: the commands failed. */
void *echo_vk_stage(struct vk_commands *, size_t bytes, uint64_t *address, VkBuffer *buffer,
                    size_t *offset);

/* Record a barrier if what is read or written now was written, or what is written now was read
 * since the last.  Takes at most VK_HAZARDS of each. */
void echo_vk_order(struct vk_commands *, const struct vk_ranges *reads,
                   const struct vk_ranges *writes);

struct vk_grid {
    uint32_t x, y, z;
};

/* operations: about so many, for the length of a submission. */
void echo_vk_dispatch(struct vk_commands *, const struct vk_pipeline_key *,
                      const struct vk_push *, struct vk_grid, double operations);
void echo_vk_copy(struct vk_commands *, VkBuffer to, VkBuffer from, const VkBufferCopy *regions,
                  int n);

/* The host can read copies that were recorded, once they are waited for. */
void echo_vk_show_host(struct vk_commands *);

/* Give what is recorded to the device, behind the weights that are being loaded. */
void echo_vk_submit(struct vk_commands *);
/* ... and wait until everything is done. */
void echo_vk_wait(struct vk_commands *);
/* ... and tell the first failure. */
echo_status echo_vk_finish(struct vk_commands *, echo_error *err);

/* Remember a failure, unless there is one already. */
void echo_vk_commands_fail(struct vk_commands *, const char *what, VkResult r);

static inline bool vk_commands_failed(const struct vk_commands *c)
{
    return c->failure.status != ECHO_OK;
}

/* ---- an op on its way to a dispatch (vk_ops.c, vk_matmul.c, vk_attention.c) ---- */

#define VK_GROUPS 16384 /* workgroups of one dispatch; each goes on where it ends */

struct vk_work {
    const struct op *op;
    struct vk_push push;
    struct vk_pipeline_key key;
    struct vk_grid grid;
    struct vk_ranges reads, writes;
    double operations;
};

void echo_vk_reads(struct vk_work *, struct tensor t);
void echo_vk_constants(struct vk_work *, const uint32_t *values, int n);

/* Where a tensor lies, 0 if there is none, and all addresses of its rows. */
uint64_t echo_vk_address(struct tensor t);
uint64_t echo_vk_address_or_none(struct tensor t);
struct vk_range echo_vk_range(struct tensor t);

/* Do rows, and steps of `step` numbers beside that of a row, begin where vectors may? */
bool echo_vk_is_aligned(struct tensor t, int step);

void echo_vk_matmul(const struct vulkan_device *, struct vk_work *);
void echo_vk_attention(const struct vulkan_device *, struct vk_work *);
/* The segments of keys, where the shader finds them; false: the commands failed. */
bool echo_vk_segments(struct vk_commands *, struct vk_work *);

/* ---- queues and their ops (vk_queue.c, vk_ops.c, vk_load.c, vk_peak.c) ---- */

struct vulkan_queue {
    struct queue base;
    struct vk_commands *commands;
};

echo_status echo_vk_open_queue(struct device *, struct queue **, echo_error *);
void echo_vk_run(struct queue *, const struct op *);
void echo_vk_prepare(struct device *, const struct op *);
bool echo_vk_load(struct device *, struct weight *, const struct weight_source *);
/* Give what is loaded so far to the device; wait for it, and give back the memory. */
void echo_vk_load_submit(struct vulkan_device *);
echo_status echo_vk_load_end(struct vulkan_device *, echo_error *err);
double echo_vk_peak(struct device *, enum dtype precision, double seconds);

/* Numbers from a row of a weight to the next. */
int echo_vk_weight_ld(int k, enum dtype dtype);

#endif
