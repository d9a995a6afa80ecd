/* SPDX-License-Identifier: MIT */
/* vk_ops.c - each op as one dispatch: its shader, its constants, its grid. */
#include <string.h>

#include "backend/vulkan/vulkan.h"
#include "base/integers.h"

#define OPERATIONS 64 /* of matmuls take as long as one byte that moves */

/* ---- tensors ---- */

/* Of a rehearsal over no memory it is the offset alone. */
uint64_t echo_vk_address(struct tensor t)
{
    const struct vk_block *block = vk_block_of(t.buf);

    return (block ? block->chunk->memory.address + block->offset : 0) + t.off;
}

struct vk_range echo_vk_range(struct tensor t)
{
    uint64_t begin = echo_vk_address(t);
    size_t numbers = t.rows ? (size_t)(t.rows - 1) * (size_t)t.ld + (size_t)t.cols : 0;

    return (struct vk_range){ begin, begin + numbers * dtype_size(t.dtype) };
}

uint64_t echo_vk_address_or_none(struct tensor t)
{
    return has_tensor(t) ? echo_vk_address(t) : 0;
}

static double bytes_of(struct tensor t)
{
    return (double)t.rows * t.cols * (double)dtype_size(t.dtype);
}

bool echo_vk_is_aligned(struct tensor t, int step)
{
    int size = (int)dtype_size(t.dtype);

    return echo_vk_address(t) % VK_ROW_ALIGN == 0 && t.ld * size % VK_ROW_ALIGN == 0 &&
           step * size % VK_ROW_ALIGN == 0;
}

/* ---- recording ---- */

void echo_vk_reads(struct vk_work *w, struct tensor t)
{
    if (has_tensor(t) && t.rows)
        w->reads.range[w->reads.n++] = echo_vk_range(t);
}

void echo_vk_constants(struct vk_work *w, const uint32_t *values, int n)
{
    memcpy(w->key.constant, values, (size_t)n * sizeof *values);
    w->key.n = n;
}

static uint32_t bits_of(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* As many groups of 256 as there are numbers of y. */
static void over_numbers(struct vk_work *w)
{
    double groups = ((double)w->op->y.rows * w->op->y.cols + 255) / 256;

    w->grid.x = groups < VK_GROUPS ? (uint32_t)groups : VK_GROUPS;
}

/* ---- rows and numbers ---- */

static void norm(struct vk_work *w)
{
    static const uint32_t kinds[OP_KINDS] = { [OP_LAYER_NORM] = 1, [OP_ADALN] = 2 };
    bool layer = w->op->kind == OP_LAYER_NORM;
    float epsilon = (float)(layer ? ECHO_LAYER_NORM_EPS : ECHO_NORM_EPS);

    w->key.shader = w->op->y.dtype == DT_F16 ? SHADER_NORM_TO_F16 : SHADER_NORM;
    echo_vk_constants(w, (uint32_t[]){ kinds[w->op->kind], bits_of(epsilon) }, 2);
    w->grid.x = (uint32_t)at_most(w->op->y.rows, VK_GROUPS);
}

static void heads(struct vk_work *w)
{
    const struct op *op = w->op;

    ECHO_ASSERT(op->y.cols / op->heads <= VK_HEAD);
    w->key.shader = SHADER_HEADS;
    echo_vk_constants(w, (uint32_t[]){ bits_of((float)ECHO_NORM_EPS) }, 1);
    w->push.rope_rows = op->rope_heads ? (uint32_t)op->b.rows : 0;
    w->grid.x = (uint32_t)divide_up(op->y.rows * op->heads, 4);
}

static void map(struct vk_work *w)
{
    static const uint32_t kinds[OP_KINDS] = { [OP_ZERO] = 1, [OP_ADD] = 2,  [OP_SCALE] = 3,
                                              [OP_SILU] = 4, [OP_GELU] = 5, [OP_TANH] = 6,
                                              [OP_SNAKE] = 7, [OP_GATE] = 8 };
    const struct op *op = w->op;

    w->key.shader = op->y.dtype != DT_F16                     ? SHADER_MAP
                    : has_tensor(op->x) && op->x.dtype == DT_F16 ? SHADER_MAP_F16
                                                              : SHADER_MAP_TO_F16;
    echo_vk_constants(w, (uint32_t[]){ kinds[op->kind] }, 1);
    if (op->kind == OP_GATE) /* for which the shader has a number */
        w->push.factor = op->epilogue == EPILOGUE_SWIGLU;
    over_numbers(w);
}

static void over_table(struct vk_work *w, enum shader shader)
{
    w->key.shader = shader;
    w->push.rope_rows = (uint32_t)w->op->a.rows;
    if (shader == SHADER_NEAREST) {
        w->push.cols = (uint32_t)w->op->x.cols;
        w->grid.x = (uint32_t)w->op->y.rows;
    } else {
        over_numbers(w);
    }
}

/* ---- all ---- */

static struct vk_work begin(const struct op *op)
{
    struct vk_work w = {
        .op = op,
        .push = { .y = echo_vk_address(op->y), .x = echo_vk_address_or_none(op->x),
                  .a = echo_vk_address_or_none(op->a), .b = echo_vk_address_or_none(op->b),
                  .rows = (uint32_t)op->y.rows, .cols = (uint32_t)op->y.cols,
                  .taps = (uint32_t)op->taps, .ld_y = (uint32_t)op->y.ld,
                  .ld_x = (uint32_t)op->x.ld, .ld_a = (uint32_t)op->a.ld,
                  .ld_b = (uint32_t)op->b.ld, .heads = (uint32_t)op->heads,
                  .rope_heads = (uint32_t)op->rope_heads, .factor = op->factor,
                  .has = (has_tensor(op->a) ? VK_HAS_A : 0) |
                         (has_tensor(op->b) ? VK_HAS_B : 0) },
        .grid = { 1, 1, 1 },
        .writes = { .range = { echo_vk_range(op->y) }, .n = 1 },
    };

    echo_vk_reads(&w, op->x);
    echo_vk_reads(&w, op->a);
    echo_vk_reads(&w, op->b);
    w.operations = OPERATIONS * (bytes_of(op->y) + bytes_of(op->x));
    return w;
}

/* All but what needs memory for it. */
static struct vk_work plan(const struct vulkan_device *d, const struct op *op)
{
    struct vk_work w = begin(op);

    switch (op->kind) {
    case OP_MATMUL: echo_vk_matmul(d, &w); break;
    case OP_ATTENTION: echo_vk_attention(d, &w); break;
    case OP_RMS_NORM:
    case OP_LAYER_NORM:
    case OP_ADALN: norm(&w); break;
    case OP_HEAD_NORM_ROPE: heads(&w); break;
    case OP_DEPTHWISE:
        w.push.taps = (uint32_t)op->a.rows;
        w.key.shader = SHADER_DEPTHWISE;
        over_numbers(&w);
        break;
    case OP_NEAREST: over_table(&w, SHADER_NEAREST); break;
    case OP_GATHER: over_table(&w, SHADER_GATHER); break;
    default: map(&w); break;
    }
    return w;
}

void echo_vk_run(struct queue *q, const struct op *op)
{
    struct vk_commands *c = ((struct vulkan_queue *)q)->commands;

    if (!op->y.rows || !op->y.cols)
        return;
    struct vk_work w = plan(c->device, op);

    if (op->kind == OP_ATTENTION && !echo_vk_segments(c, &w))
        return;
    echo_vk_order(c, &w.reads, &w.writes);
    echo_vk_dispatch(c, &w.key, &w.push, w.grid, w.operations);
}

void echo_vk_prepare(struct device *device, const struct op *op)
{
    if (!op->y.rows || !op->y.cols)
        return;
    struct vk_work w = plan(to_vulkan(device), op);

    echo_vk_pipeline_request(to_vulkan(device), &w.key);
}
