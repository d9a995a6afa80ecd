/* SPDX-License-Identifier: MIT */
/* vk_matmul.c - which shader and which tile make a matmul. */
#include "backend/vulkan/vulkan.h"
#include "base/integers.h"

#define MOST_NARROW 4 /* columns for which a tile would be a waste */

struct tile {
    uint32_t threads, bm, bn, bk, tm, tn;
};

/* Any of them gives the same bits: each number is one chain of sums. */
static const struct tile tiny_tile = { 16, 32, 32, 16, 8, 8 };
static const struct tile small_tile = { 64, 32, 32, 64, 4, 4 }; /* few rows: few barriers */
static const struct tile middle_tile = { 256, 64, 64, 16, 4, 4 };
static const struct tile dense_tile = { 64, 64, 64, 16, 8, 8 };
static const struct tile large_tile = { 256, 128, 128, 16, 8, 8 };

/* A software driver's threads are no threads: few that do much are best. */
static const struct tile *choose_tile(const struct vulkan_device *d, const struct op *op)
{
    double numbers = (double)op->y.rows * op->y.cols;

    if (d->gpu->type == VK_PHYSICAL_DEVICE_TYPE_CPU)
        return op->y.rows <= 32 || op->y.cols <= 32 ? &tiny_tile : &dense_tile;
    if (numbers < 64 * 64 * 32)
        return &small_tile;
    return numbers < 128 * 128 * 64 || op->w2 ? &middle_tile : &large_tile;
}

static void matmul_tile(const struct vulkan_device *d, struct vk_work *w, bool aligned)
{
    const struct op *op = w->op;
    const struct tile *t = choose_tile(d, op);
    bool half = op->x.dtype == DT_F16;

    w->key.shader = half ? aligned ? SHADER_MATMUL_F16 : SHADER_MATMUL_F16_SCALAR
                         : aligned ? SHADER_MATMUL_F32 : SHADER_MATMUL_F32_SCALAR;
    echo_vk_constants(w, (uint32_t[]){ t->threads, t->bm, t->bn, t->bk, t->tm, t->tn,
                                       op->w2 != NULL }, 7);
    w->grid.x = (uint32_t)divide_up(op->y.cols, (int)t->bn);
    w->grid.y = (uint32_t)divide_up(op->y.rows, (int)t->bm);
}

/* Numbers of a workgroup, of a subgroup of 32 threads; the rate beside that of other tiles. */
struct coop_tile {
    uint32_t bm, bn, wm, wn;
    double rate;
};

static const struct coop_tile coop_tiles[] = {
    { 128, 128, 64, 32, 1 },   { 128, 96, 32, 48, 0.95 }, { 64, 64, 32, 32, 0.8 },
    { 128, 32, 32, 32, 0.65 }, { 32, 64, 16, 32, 0.6 },   { 0 },
};
static const struct coop_tile coop_two_tiles[] = {
    { 128, 64, 64, 16, 1 }, { 64, 64, 32, 32, 0.9 }, { 32, 64, 16, 32, 0.7 }, { 0 },
};
static const struct coop_tile coop_software_tiles[] = { { 32, 32, 16, 16, 1 }, { 0 } };

#define COOP_PAD 1 /* units of 16 bytes behind a row in shared memory: banks differ */

/* One of them, made for a device and a matmul. */
struct coop_plan {
    struct coop_tile tile;
    uint32_t bk, threads, history;
};

/* The same number of sums a thread, whatever the size of a subgroup. */
static void suit_subgroup(struct coop_tile *t, uint32_t subgroup)
{
    for (uint32_t s = 32; s > subgroup; s /= 2)
        *(t->wn % 32 == 0 ? &t->wn : &t->wm) /= 2;
    for (uint32_t s = 32; s < subgroup; s *= 2)
        *(t->wn < t->bn ? &t->wn : &t->wm) *= 2;
}

/* matmul_coop.comp: blocks of x and w, later the fragments that y's edge cuts. */
static bool fits(const struct vk_gpu *g, const struct coop_plan *p, uint32_t matmuls)
{
    const struct coop_tile *t = &p->tile;
    uint32_t blocks = (t->bm + p->history + matmuls * t->bn) * (p->bk / 8 + COOP_PAD);
    uint32_t edges = p->threads / g->subgroup * matmuls * g->coop_m * (g->coop_n / 4 + 1);

    return t->wm % g->coop_m == 0 && t->wn % g->coop_n == 0 && p->bk % g->coop_k == 0 &&
           p->threads <= g->threads && p->threads % (p->bk / 8) == 0 &&
           16 * (blocks > edges ? blocks : edges) <= g->shared_bytes;
}

/* history: rows before a tile that a convolution keeps beside it; 0: x is read once a tap. */
static bool plan_coop(const struct vk_gpu *g, const struct coop_tile *t, const struct op *op,
                      uint32_t history, struct coop_plan *p)
{
    uint32_t matmuls = op->w2 ? 2 : 1, depth = (uint32_t)op->x.cols;
    bool software = g->type == VK_PHYSICAL_DEVICE_TYPE_CPU;

    *p = (struct coop_plan){ .tile = *t, .bk = 64, .history = history };
    if (!software)
        suit_subgroup(&p->tile, g->subgroup);
    p->threads = p->tile.bm / p->tile.wm * (p->tile.bn / p->tile.wn) * g->subgroup;
    /* A short depth is cut where the least is left over.  Of convolutions blocks decide the
     * bits, so all tiles have the same. */
    if (software || history || (depth < 512 && (depth + 31) / 32 % 2) || !fits(g, p, matmuls))
        p->bk = 32;
    return fits(g, p, matmuls);
}

/* Any of them gives the same bits.  A machine that is not full loses what it could do. */
static bool choose_coop(const struct vk_gpu *g, const struct op *op, uint32_t history,
                        struct coop_plan *best)
{
    const struct coop_tile *t = g->type == VK_PHYSICAL_DEVICE_TYPE_CPU ? coop_software_tiles
                                : op->w2                               ? coop_two_tiles
                                                                       : coop_tiles;
    double least = 0, full = g->type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU ? 32 : 128;

    for (; t->bm; t++) {
        struct coop_plan p;
        double groups = (double)divide_up(op->y.rows, (int)t->bm) *
                        divide_up(op->y.cols, (int)t->bn);
        double cost = (groups > full ? groups : full) * t->bm * t->bn / t->rate;

        if (plan_coop(g, t, op, history, &p) && (least == 0 || cost < least)) {
            least = cost;
            *best = p;
        }
    }
    return least > 0;
}

static bool begins_aligned(struct tensor t)
{
    return !has_tensor(t) || echo_vk_address(t) % VK_ROW_ALIGN == 0;
}

/* False: no tile fits the device. */
static bool matmul_coop(const struct vulkan_device *d, struct vk_work *w)
{
    const struct vk_gpu *g = d->gpu;
    const struct op *op = w->op;
    struct coop_plan p = { .threads = 0 };

    uint32_t history = (uint32_t)((op->taps - 1) * op->dilation);

    if (!(history && choose_coop(g, op, history, &p)) && !choose_coop(g, op, 0, &p))
        return false;
    uint32_t down = (uint32_t)divide_up(op->y.rows, (int)p.tile.bm);
    uint32_t across = (uint32_t)divide_up(op->y.cols, (int)p.tile.bn);

    w->key.shader = p.history ? SHADER_CONV_COOP : SHADER_MATMUL_COOP;
    w->key.subgroup = g->subgroup;
    echo_vk_constants(w, (uint32_t[]){ p.threads, p.tile.bm, p.tile.bn, p.bk, p.tile.wm,
                                       p.tile.wn, g->coop_m, g->coop_n, g->coop_k,
                                       op->w2 != NULL, COOP_PAD, p.history },
                      p.history ? 12 : 11);
    if (echo_vk_is_aligned(op->y, 0) && begins_aligned(op->a) && begins_aligned(op->b) &&
        (op->y.dtype == DT_F32 || g->coop_halves) && op->b.ld % 4 == 0)
        w->push.has |= VK_ALIGNED;
    /* Workgroups that run together share as much as they can of the smaller side. */
    w->push.rows_first = down < across;
    w->grid.x = down < across ? down : across;
    w->grid.y = down < across ? across : down;
    return true;
}

static void matmul_narrow(struct vk_work *w)
{
    w->key.shader = SHADER_MATMUL_NARROW;
    w->grid.x = (uint32_t)at_most(divide_up(w->op->y.rows, 8), VK_GROUPS);
}

void echo_vk_matmul(const struct vulkan_device *d, struct vk_work *w)
{
    const struct op *op = w->op;
    int ld = echo_vk_weight_ld(op->w->k, op->w->dtype), depth = op->x.cols;
    int step = op->taps > 1 ? op->dilation * op->x.ld : 0;
    bool aligned = echo_vk_is_aligned(op->x, depth) && echo_vk_is_aligned(op->x, step);
    struct tensor weight = { (struct buffer *)(uintptr_t)&op->w->bytes, 0, op->w->n, ld, ld,
                             op->w->dtype };

    w->push.w = echo_vk_address(weight);
    echo_vk_reads(w, weight);
    if (op->w2) {
        weight.buf = (struct buffer *)(uintptr_t)&op->w2->bytes;
        w->push.w2 = echo_vk_address(weight);
        echo_vk_reads(w, weight);
    }
    w->push.depth = (uint32_t)depth;
    w->push.epilogue = op->epilogue;
    if (op->y.dtype == DT_F16)
        w->push.has |= VK_TO_HALF;
    w->push.ld_w = (uint32_t)ld;
    w->push.tap = (uint32_t)(op->dilation * op->x.ld);
    /* A row's bits may not depend on the rows beside it: so the shader may not, either. */
    if (op->x.dtype == DT_F32 && op->w->n <= MOST_NARROW && !op->w2)
        matmul_narrow(w);
    else if (!d->coop || op->x.dtype != DT_F16 || !aligned || !matmul_coop(d, w))
        matmul_tile(d, w, aligned);
    w->operations += 2.0 * op->y.rows * op->w->n * op->w->k * (op->w2 ? 2 : 1);
}
