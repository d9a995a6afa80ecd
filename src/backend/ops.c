/* SPDX-License-Identifier: MIT */
/* ops.c - the only place that checks shapes, for every device. */
#include "backend/ops.h"

#include <math.h>

#include "base/bf16.h"

static void run(struct queue *q, const struct op *op)
{
    q->ops->run(q, op);
}

/* ---- moving ---- */

void op_write(struct queue *q, struct tensor dst, const float *src)
{
    q->ops->write(q, dst, src);
}

void op_read(struct queue *q, float *dst, struct tensor src)
{
    q->ops->read(q, dst, src);
}

void op_copy(struct queue *q, struct tensor dst, struct tensor src)
{
    ECHO_ASSERT(same_shape(dst, src) && (src.dtype == DT_F32 || src.dtype == dst.dtype));
    run(q, &(struct op){ .kind = OP_COPY, .y = dst, .x = src });
}

void op_zero(struct queue *q, struct tensor dst)
{
    run(q, &(struct op){ .kind = OP_ZERO, .y = dst });
}

#define MOST_ROPE 512 /* numbers of a row: twice the largest head */
#define ROPE_ROWS 16  /* written at once */

static void rope_row(float *row, int head_dim, float at, bool round)
{
    for (int p = 0; p < head_dim; p += 2) {
        float angle = at * (1.0f / powf(10000.0f, (float)p / (float)head_dim));
        float c = cosf(angle), s = sinf(angle);

        if (round) {
            c = bf16_to_f32(f32_to_bf16(c));
            s = bf16_to_f32(f32_to_bf16(s));
        }
        row[p] = row[p + 1] = c;
        row[head_dim + p] = -s;
        row[head_dim + p + 1] = s;
    }
}

void op_rope_table(struct queue *q, struct tensor rope, int position, int step, bool round)
{
    float rows[ROPE_ROWS * MOST_ROPE];

    ECHO_ASSERT(rope.cols % 4 == 0 && rope.cols <= MOST_ROPE);
    for (int i = 0; i < rope.rows; i += ROPE_ROWS) {
        int n = rope.rows - i < ROPE_ROWS ? rope.rows - i : ROPE_ROWS;

        for (int j = 0; j < n; j++)
            rope_row(rows + j * rope.cols, rope.cols / 2, (float)(position + (i + j) * step),
                     round);
        op_write(q, tensor_rows(rope, i, n), rows);
    }
}

/* ---- matmuls ---- */

void op_matmul(struct queue *q, const struct op *op)
{
    const struct weight *w = op->w;
    bool gated = op->epilogue == EPILOGUE_GATED_ADD, swiglu = op->epilogue == EPILOGUE_SWIGLU;
    bool snake = op->epilogue == EPILOGUE_SNAKE;

    ECHO_ASSERT(op->kind == OP_MATMUL);
    ECHO_ASSERT(op->x.rows == op->y.rows + (op->taps - 1) * op->dilation);
    ECHO_ASSERT(op->x.cols * op->taps == w->k && op->y.cols == w->n);
    ECHO_ASSERT(op->y.dtype == DT_F32 || ((swiglu || snake) && op->y.dtype != DT_I8));
    ECHO_ASSERT(op->x.dtype == w->x_dtype && is_row_of(op->a, op->y));
    ECHO_ASSERT(has_tensor(op->b) == (gated || snake) && op->b.rows == gated + 2 * snake);
    ECHO_ASSERT(!has_tensor(op->b) || op->b.cols == op->y.cols);
    ECHO_ASSERT(!op->w2 == !swiglu);
    if (swiglu)
        ECHO_ASSERT(op->w2->n == w->n && op->w2->k == w->k && op->w2->x_dtype == w->x_dtype);
    run(q, op);
}

void op_linear(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
               struct tensor bias)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w, .a = bias,
                               .taps = 1 });
}

void op_linear_add(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
                   struct tensor bias)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w, .a = bias, .taps = 1,
                               .epilogue = EPILOGUE_ADD });
}

void op_linear_gated_add(struct queue *q, struct tensor y, struct tensor gate,
                         struct tensor x, const struct weight *w)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w, .b = gate, .taps = 1,
                               .epilogue = EPILOGUE_GATED_ADD });
}

void op_linear_gate(struct queue *q, struct tensor y, struct tensor x,
                    const struct weight *w)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w, .taps = 1,
                               .epilogue = EPILOGUE_GATE });
}

void op_swiglu(struct queue *q, struct tensor y, struct tensor x, const struct weight *w1,
               const struct weight *w3)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w1, .w2 = w3, .taps = 1,
                               .epilogue = EPILOGUE_SWIGLU });
}

void op_conv(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
             struct tensor bias, int taps, int dilation)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w, .a = bias,
                               .taps = taps, .dilation = dilation });
}

void op_conv_snake(struct queue *q, struct tensor y, struct tensor x, const struct weight *w,
                   struct tensor bias, struct tensor alpha, int taps, int dilation)
{
    op_matmul(q, &(struct op){ .kind = OP_MATMUL, .y = y, .x = x, .w = w, .a = bias, .b = alpha,
                               .taps = taps, .dilation = dilation,
                               .epilogue = EPILOGUE_SNAKE });
}

/* ---- other ---- */

void op_depthwise(struct queue *q, struct tensor y, struct tensor x, struct tensor w,
                  struct tensor bias)
{
    ECHO_ASSERT(x.rows == y.rows + w.rows - 1 && x.cols == y.cols && w.cols == x.cols);
    ECHO_ASSERT(w.ld == w.cols && is_row_of(bias, y));
    run(q, &(struct op){ .kind = OP_DEPTHWISE, .y = y, .x = x, .a = w, .b = bias });
}

void op_attention(struct queue *q, struct tensor y, struct tensor x, int heads,
                  const struct attention *attention)
{
    const struct kv *kv = attention->kv;

    ECHO_ASSERT(same_shape(y, x) && x.rows % attention->branches == 0 && x.cols % heads == 0);
    ECHO_ASSERT(attention->window == SEE_ALL ||
                (attention->n_kv == 1 && attention->branches == 1 && kv->k.rows >= x.rows));
    for (int i = 0; i < attention->n_kv; i++)
        ECHO_ASSERT(kv[i].k.cols == x.cols && same_shape(kv[i].k, kv[i].v));
    run(q, &(struct op){ .kind = OP_ATTENTION, .y = y, .x = x, .heads = heads,
                         .attention = attention });
}

void op_rms_norm(struct queue *q, struct tensor y, struct tensor x, struct tensor gamma)
{
    ECHO_ASSERT(same_shape(y, x) && has_tensor(gamma) && is_row_of(gamma, x));
    run(q, &(struct op){ .kind = OP_RMS_NORM, .y = y, .x = x, .a = gamma });
}

void op_layer_norm(struct queue *q, struct tensor y, struct tensor x, struct tensor gamma,
                   struct tensor bias)
{
    ECHO_ASSERT(same_shape(y, x) && has_tensor(gamma) && is_row_of(gamma, x));
    ECHO_ASSERT(has_tensor(bias) && is_row_of(bias, x));
    run(q, &(struct op){ .kind = OP_LAYER_NORM, .y = y, .x = x, .a = gamma, .b = bias });
}

void op_adaln(struct queue *q, struct tensor y, struct tensor x, struct tensor scale,
              struct tensor shift)
{
    ECHO_ASSERT(same_shape(y, x) && is_row_of(scale, x) && is_row_of(shift, x));
    run(q, &(struct op){ .kind = OP_ADALN, .y = y, .x = x, .a = scale, .b = shift });
}

void op_head_norm_rope(struct queue *q, struct tensor x, struct tensor gamma,
                       struct tensor rope, int heads, int rope_heads)
{
    ECHO_ASSERT(x.cols % heads == 0 && rope_heads <= heads && is_row_of(gamma, x));
    ECHO_ASSERT(!rope_heads || (rope.cols == 2 * (x.cols / heads) && x.rows % rope.rows == 0));
    run(q, &(struct op){ .kind = OP_HEAD_NORM_ROPE, .y = x, .a = gamma, .b = rope,
                         .heads = heads, .rope_heads = rope_heads });
}

void op_add(struct queue *q, struct tensor x, struct tensor y, struct tensor gamma,
            float factor)
{
    ECHO_ASSERT(same_shape(x, y) && is_row_of(gamma, x));
    run(q, &(struct op){ .kind = OP_ADD, .y = x, .x = y, .a = gamma, .factor = factor });
}

void op_scale(struct queue *q, struct tensor x, float factor)
{
    run(q, &(struct op){ .kind = OP_SCALE, .y = x, .factor = factor });
}

void op_silu(struct queue *q, struct tensor y, struct tensor x)
{
    ECHO_ASSERT(same_shape(y, x));
    run(q, &(struct op){ .kind = OP_SILU, .y = y, .x = x });
}

void op_gate(struct queue *q, struct tensor y, struct tensor x, bool silu)
{
    ECHO_ASSERT(same_shape(y, x) && y.dtype == DT_F32);
    run(q, &(struct op){ .kind = OP_GATE, .y = y, .x = x,
                         .epilogue = silu ? EPILOGUE_SWIGLU : EPILOGUE_GATE });
}

void op_gelu(struct queue *q, struct tensor y, struct tensor x)
{
    ECHO_ASSERT(same_shape(y, x));
    run(q, &(struct op){ .kind = OP_GELU, .y = y, .x = x });
}

void op_tanh(struct queue *q, struct tensor x)
{
    run(q, &(struct op){ .kind = OP_TANH, .y = x });
}

void op_snake(struct queue *q, struct tensor y, struct tensor x, struct tensor alpha)
{
    ECHO_ASSERT(same_shape(y, x) && alpha.rows == 2 && alpha.cols == x.cols);
    run(q, &(struct op){ .kind = OP_SNAKE, .y = y, .x = x, .a = alpha });
}

void op_nearest(struct queue *q, struct tensor y, struct tensor x, struct tensor table)
{
    ECHO_ASSERT(y.rows == x.rows && y.cols == 1 && x.cols == table.cols);
    run(q, &(struct op){ .kind = OP_NEAREST, .y = y, .x = x, .a = table });
}

void op_gather(struct queue *q, struct tensor y, struct tensor index, struct tensor table)
{
    ECHO_ASSERT(y.rows == index.rows && index.cols == 1 && y.cols == table.cols);
    run(q, &(struct op){ .kind = OP_GATHER, .y = y, .x = index, .a = table });
}
