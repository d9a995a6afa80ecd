/* SPDX-License-Identifier: MIT */
/* vk_attention.c - which shader computes attention, and the list of keys that it reads. */
#include "backend/vulkan/vulkan.h"

#define MOST_SEGMENTS 8

/* Shared memory holds a block of queries, keys and values as float32. */
static void attention_tile(struct vk_work *w, int head)
{
    uint32_t rows = head <= 64 ? 32 : head <= 128 ? 16 : 8, keys = rows < 16 ? 8 : 16;
    uint32_t parts = rows == 32 ? 4 : 8;

    w->key.shader = SHADER_ATTENTION;
    echo_vk_constants(w, (uint32_t[]){ rows * parts, (uint32_t)head, rows, keys, parts }, 5);
    w->grid.x = (w->push.queries + rows - 1) / rows;
}

/* False: the heads, the window or the device do not suit it. */
static bool attention_coop(const struct vulkan_device *d, struct vk_work *w, uint32_t head)
{
    const struct vk_gpu *g = d->gpu;
    const struct attention *a = w->op->attention;
    bool whole = a->window == SEE_ALL || a->window == SEE_CAUSAL;
    bool slow = g->type == VK_PHYSICAL_DEVICE_TYPE_CPU && head > 32; /* to compile */
    /* Whole sixteens of keys may be missing before a window; blocks may not notice. */
    uint32_t keys = whole && !slow ? 32 : 16, subgroups = 4, rows = subgroups * g->coop_m;
    uint32_t parts = g->subgroup / g->coop_m, longest = rows > 2 * keys ? rows : 2 * keys;
    uint32_t bytes = 16 * (longest * (head / 8 + 1) + rows * (keys / 4 + 1)) + 4 * rows;
    bool aligned = echo_vk_is_aligned(w->op->x, 0);

    for (int i = 0; i < a->n_kv; i++)
        aligned = aligned && echo_vk_is_aligned(a->kv[i].k, 0) &&
                  echo_vk_is_aligned(a->kv[i].v, 0);
    if (!aligned || a->precision != DT_F16 || head % 16 || head > 128 || !g->shuffles ||
        g->subgroup % g->coop_m || keys % (parts * 8) || bytes > g->shared_bytes)
        return false;
    w->key.shader = SHADER_ATTENTION_COOP;
    w->key.subgroup = g->subgroup;
    echo_vk_constants(w, (uint32_t[]){ subgroups * g->subgroup, head, keys, g->subgroup,
                                       g->coop_m, g->coop_n, g->coop_k }, 7);
    if (echo_vk_is_aligned(w->op->y, 0))
        w->push.has |= VK_ALIGNED;
    w->grid.x = (w->push.queries + rows - 1) / rows;
    return true;
}

void echo_vk_attention(const struct vulkan_device *d, struct vk_work *w)
{
    const struct op *op = w->op;
    const struct attention *a = op->attention;
    int keys = 0, head = op->x.cols / op->heads;

    ECHO_ASSERT(a->n_kv <= MOST_SEGMENTS && head <= VK_HEAD);
    for (int i = 0; i < a->n_kv; i++) {
        echo_vk_reads(w, a->kv[i].k);
        echo_vk_reads(w, a->kv[i].v);
        keys += a->kv[i].k.rows;
    }
    w->push.queries = (uint32_t)(op->x.rows / a->branches);
    w->push.segments = (uint32_t)a->n_kv;
    w->push.window = a->window;
    w->grid.y = (uint32_t)op->heads;
    w->grid.z = (uint32_t)a->branches;
    w->operations += 4.0 * op->x.rows * op->x.cols * keys;
    if (!d->coop || !attention_coop(d, w, (uint32_t)head))
        attention_tile(w, head);
}

bool echo_vk_segments(struct vk_commands *c, struct vk_work *w)
{
    const struct attention *a = w->op->attention;
    size_t offset;
    VkBuffer buffer;
    struct vk_segment *s = echo_vk_stage(c, (size_t)a->n_kv * sizeof *s, &w->push.w, &buffer,
                                         &offset);

    for (int i = 0; s && i < a->n_kv; i++) {
        const struct kv *kv = &a->kv[i];
        int rows = kv->per_branch ? kv->k.rows / a->branches : kv->k.rows;

        s[i] = (struct vk_segment){
            .k = echo_vk_address_or_none(kv->k), .v = echo_vk_address_or_none(kv->v),
            .ld_k = (uint32_t)kv->k.ld, .ld_v = (uint32_t)kv->v.ld, .keys = (uint32_t)rows,
            .branch_rows = kv->per_branch ? (uint32_t)rows : 0, .seen_by = kv->seen_by,
            .scale = kv->scale != 0 ? kv->scale : 1,
        };
    }
    return s != NULL;
}
