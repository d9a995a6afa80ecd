/* SPDX-License-Identifier: MIT */
/*
 * cpu_attention.c - one task is a block of queries of one head of one branch:
 * scores against all keys it may see, softmax, the weighted values.
 *
 * Places in a row of scores are places in the segment, counted from a multiple
 * of 16, and the keys a window hides have weight 0: so a query's result depends
 * on neither the block it comes in nor how many keys are hidden from it.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/cpu.h"

#define LANES      16 /* the widest vector of any set */
#define MOST_SPANS 8
#define AHEAD      16 /* rows of keys and values that are asked for before they are packed */

/* The keys of one segment that a block looks at. */
struct span {
    const float *k, *v; /* of the first key and this head */
    ptrdiff_t ldk, ldv;
    float scale; /* of both; 0: none */
    int keys;
};

struct attention_job {
    struct cpu_device *cpu;
    struct tensor y, q;
    const struct kv *kv;
    int n_kv, heads, branches, window;
    enum dtype dtype; /* of the inputs of both matmuls */
    int rows, ld;     /* queries of a block; floats of a row of scores */
};

/* One block at work. */
struct block {
    const struct attention_job *j;
    struct thread_scratch *s;
    int rows, head_dim, columns; /* queries, numbers of a head, keys of all spans */
    struct span spans[MOST_SPANS];
    int n;
};

/* One head of a row that is packed soon: rows lie too far apart for the CPU to guess. */
static void fetch(const float *p, int head_dim)
{
    for (int i = 0; i < head_dim; i += 64 / (int)sizeof *p)
        __builtin_prefetch(p + i);
}

/* Row i of GEMM_PANEL rows times its segment's scale. */
static const float *scaled(const struct block *b, const float *row, float scale, int i)
{
    float *out = b->s->scaled[i];

    if (!scale)
        return row;
    memcpy(out, row, (size_t)b->head_dim * sizeof *out);
    b->j->cpu->act.scale(out, scale, b->head_dim);
    return out;
}

/* Keys as panels; of bfloat16, pairs are turned like the floats they take the place of. */
static void pack_keys(const struct block *b, const struct span *span, int first, int keys)
{
    const float *k = span->k + first * span->ldk;
    ptrdiff_t ld = span->ldk;
    const struct gemm_fns *gemm = &b->j->cpu->gemm;
    float *to = b->s->panels;
    int lines = panel_lines((int)dtype_size(b->j->dtype), b->head_dim);

    for (int i = 0; i < keys; i += GEMM_PANEL, to += (ptrdiff_t)lines * GEMM_PANEL) {
        int n = at_most(keys - i, GEMM_PANEL);

        for (int r = AHEAD; r < at_most(keys - i, AHEAD + GEMM_PANEL); r++)
            fetch(k + (i + r) * ld, b->head_dim);
        if (b->j->dtype == DT_F32 && !span->scale) {
            gemm->dequantize(to, k + i * ld, DT_F32, ld, n, b->head_dim);
            continue;
        }
        for (int r = 0; r < n; r++) {
            const float *row = scaled(b, k + (i + r) * ld, span->scale, r);

            if (b->j->dtype == DT_BF16)
                gemm->quantize[DT_BF16](b->s->row + r * lines, row, b->head_dim);
        }
        if (b->j->dtype == DT_BF16)
            gemm->dequantize(to, b->s->row, DT_F32, lines, n, lines);
        else
            gemm->dequantize(to, b->s->scaled[0], DT_F32, MAX_HEAD, n, b->head_dim);
    }
}

/* q [rows][head_dim] against all keys: scores */
static void score(const struct block *b, const void *q, ptrdiff_t ldq)
{
    int column = 0;

    for (int i = 0; i < b->n; column += b->spans[i++].keys) {
        const struct span *span = &b->spans[i];

        for (int key = 0; key < span->keys; key += STRIP_PANELS * GEMM_PANEL) {
            int n = at_most(span->keys - key, STRIP_PANELS * GEMM_PANEL);
            struct gemm_args a = {
                .y = b->s->scores + column + key, .ldy = b->j->ld, .x = q, .ldx = ldq,
                .w = b->s->panels, .m = b->rows, .n = n, .taps = 1,
                .lines = panel_lines((int)dtype_size(b->j->dtype), b->head_dim),
            };

            a.panel = a.lines * PANEL_LINE;
            pack_keys(b, span, key, n);
            b->j->cpu->gemm.run[b->j->dtype](&a);
        }
    }
}

/* The span in which a key lies that is counted over all spans; *key: its place there. */
static const struct span *span_of(const struct block *b, int *key)
{
    const struct span *span = b->spans;

    for (; *key >= span->keys; span++)
        *key -= span->keys;
    return span;
}

/* The value of a key counted over all spans; scaled, it is made in row i. */
static const float *value_of(const struct block *b, int key, int i)
{
    const struct span *span = span_of(b, &key);

    return scaled(b, span->v + key * span->ldv, span->scale, i);
}

static void fetch_value(const struct block *b, int key)
{
    if (key < b->columns) {
        const struct span *span = span_of(b, &key);

        fetch(span->v + key * span->ldv, b->head_dim);
    }
}

/* 16 columns of one line, fewer at the end of a head: a value each, or those of two keys. */
static void pack_line(float *to, const float *v, int n)
{
    if (n == GEMM_PANEL) {
        memcpy(to, v, PANEL_LINE);
        return;
    }
    memset(to, 0, PANEL_LINE);
    memcpy(to, v, (size_t)n * sizeof *v);
}

static void pack_pairs(uint16_t *to, const uint16_t *v, const uint16_t *next, int n)
{
    memset(to, 0, PANEL_LINE);
    for (int i = 0; i < n; i++) {
        to[2 * i] = v[i];
        to[2 * i + 1] = next[i];
    }
}

/* Values of some keys as panels [head / 16][lines][16]. */
static void pack_values(const struct block *b, int first, int keys)
{
    bool pairs = b->j->dtype == DT_BF16;
    int lines = panel_lines((int)dtype_size(b->j->dtype), keys), per_line = pairs ? 2 : 1;
    gemm_quantize *round = b->j->cpu->gemm.quantize[DT_BF16];
    uint16_t two[2][MAX_HEAD + 1];

    for (int i = 0; i < lines; i++) {
        const float *v = value_of(b, first + i * per_line, 0);
        float *to = b->s->values + (ptrdiff_t)i * GEMM_PANEL;

        for (int key = i * per_line; key < (i + 1) * per_line; key++)
            fetch_value(b, first + key + AHEAD);
        if (pairs)
            round(two[0], v, b->head_dim);
        if (pairs && 2 * i + 1 < keys)
            round(two[1], value_of(b, first + 2 * i + 1, 1), b->head_dim);
        else if (pairs)
            memset(two[1], 0, sizeof two[1]);
        for (int c = 0; c < b->head_dim; c += GEMM_PANEL, to += (ptrdiff_t)lines * GEMM_PANEL) {
            int n = at_most(b->head_dim - c, GEMM_PANEL);

            if (pairs)
                pack_pairs((uint16_t *)(void *)to, two[0] + c, two[1] + c, n);
            else
                pack_line(to, v + c, n);
        }
    }
}

/* y = probabilities times values */
static void weigh(const struct block *b, float *y)
{
    int size = (int)dtype_size(b->j->dtype);

    for (int key = 0; key < b->columns; key += VALUE_KEYS) {
        int n = at_most(b->columns - key, VALUE_KEYS);
        struct gemm_args a = {
            .y = y, .ldy = b->j->y.ld,
            .x = (const char *)b->s->scores + (ptrdiff_t)key * size,
            .ldx = b->j->ld * (ptrdiff_t)sizeof *b->s->scores,
            .w = b->s->values, .m = b->rows, .n = b->head_dim, .taps = 1,
            .lines = panel_lines(size, n), .add = key > 0,
        };

        a.panel = a.lines * PANEL_LINE;
        pack_values(b, key, n);
        b->j->cpu->gemm.run[b->j->dtype](&a);
    }
}

/* First key that the first query of a block may see, down to a whole vector. */
static int window_begin(const struct attention_job *j, int key)
{
    return j->window == SEE_ALL || key < j->window ? 0 : (key - j->window + 1) / LANES * LANES;
}

/* The block's spans: keys and values of one head that its branch sees. */
static void look(struct block *b, int h, int branch, int begin, int end)
{
    const struct attention_job *j = b->j;

    for (int i = 0; i < j->n_kv; i++) {
        struct tensor k = j->kv[i].k, v = j->kv[i].v;

        if (!(j->kv[i].seen_by >> branch & 1))
            continue;
        if (j->kv[i].per_branch) {
            k = tensor_rows(k, branch * (k.rows / j->branches), k.rows / j->branches);
            v = tensor_rows(v, branch * (v.rows / j->branches), v.rows / j->branches);
        }
        if (j->window != SEE_ALL) {
            k = tensor_rows(k, begin, end - begin);
            v = tensor_rows(v, begin, end - begin);
        }
        b->spans[b->n++] = (struct span){ .k = row_of(k, 0) + h * b->head_dim,
                                          .v = row_of(v, 0) + h * b->head_dim,
                                          .ldk = k.ld,
                                          .ldv = v.ld,
                                          .scale = j->kv[i].scale,
                                          .keys = k.rows };
        b->columns += k.rows;
    }
}

static void attention_task(void *arg, int task, int thread)
{
    const struct attention_job *j = arg;
    int per_branch = j->q.rows / j->branches, blocks = divide_up(per_branch, j->rows);
    int block = task % blocks, h = task / blocks % j->heads, branch = task / blocks / j->heads;
    int first = block * j->rows, row = branch * per_branch + first;
    int history = j->window == SEE_ALL ? 0 : j->kv[0].k.rows - j->q.rows;
    int begin = window_begin(j, history + first);
    struct block b = { .j = j, .s = &j->cpu->scratch[thread], .head_dim = j->q.cols / j->heads,
                       .rows = at_most(j->rows, per_branch - first) };
    const void *q = row_of(j->q, row) + h * b.head_dim;
    ptrdiff_t ldq = j->q.ld * (ptrdiff_t)sizeof(float);
    float *y = row_of(j->y, row) + h * b.head_dim;

    look(&b, h, branch, begin, history + first + b.rows);
    if (j->dtype == DT_BF16) {
        for (int i = 0; i < b.rows; i++)
            j->cpu->gemm.quantize[DT_BF16](b.s->queries[i],
                                      (const float *)q + i * (ptrdiff_t)j->q.ld, b.head_dim);
        q = b.s->queries;
        ldq = sizeof b.s->queries[0];
    }
    score(&b, q, ldq);
    for (int i = 0; i < b.rows; i++) {
        float *scores = b.s->scores + (ptrdiff_t)i * j->ld;
        int from = 0, end = b.columns;

        if (j->window != SEE_ALL) {
            end = history + first + i + 1 - begin;
            from = end > j->window ? end - j->window : 0;
        }
        b.s->factors[i] = j->cpu->act.softmax(scores, 1.0f / sqrtf((float)b.head_dim), from,
                                              end, b.columns);
        if (j->dtype == DT_BF16)
            j->cpu->gemm.quantize[DT_BF16](scores, scores, b.columns); /* from front to back */
    }
    weigh(&b, y);
    for (int i = 0; i < b.rows; i++)
        j->cpu->act.scale(y + (ptrdiff_t)i * j->y.ld, b.s->factors[i], b.head_dim);
}

void echo_cpu_attention(struct cpu_device *cpu, const struct op *op)
{
    const struct attention *a = op->attention;
    struct attention_job j = { cpu, op->y, op->x, a->kv, a->n_kv, op->heads, a->branches,
                               a->window, a->precision, 0, 0 };
    int keys = 0, per_branch = j.q.rows / j.branches;
    int wanted = divide_up(4 * echo_pool_threads(cpu->pool), j.heads * j.branches); /* blocks */

    if (!j.q.rows)
        return;
    for (int i = 0; i < j.n_kv; i++)
        keys += j.kv[i].k.rows / (j.kv[i].per_branch ? j.branches : 1);
    if (j.window != SEE_ALL && keys > j.window - 1)
        keys = at_most(keys, j.window - 1 + MOST_QUERIES + LANES);
    j.ld = divide_up(keys, LANES) * LANES + LANES;
    j.rows = at_most(at_most(SCORE_FLOATS / j.ld, MOST_QUERIES), divide_up(per_branch, wanted));
    ECHO_ASSERT(j.n_kv <= MOST_SPANS && j.rows >= 1 && j.q.cols / j.heads <= MAX_HEAD);
    echo_cpu_share(cpu, attention_task, &j,
                   divide_up(per_branch, j.rows) * j.heads * j.branches,
                   (double)j.q.rows * keys * j.q.cols / 4);
}
