/* SPDX-License-Identifier: MIT */
/*
 * cpu_attention.c - one task is a block of queries of one head of one branch:
 * scores against all keys it may see, softmax, the weighted values.
 *
 * Places in a row of scores are places in the segment, counted from a multiple
 * of 16, and the keys a window hides have weight 0: so a query's result depends
 * on neither the block it comes in nor how much of the hidden past is there.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/cpu.h"

#define QUERY_BLOCK 64
#define LANES       16 /* the widest vector of any set */

struct attention_job {
    struct cpu_backend *cpu;
    struct tensor y, q;
    const struct kv *kv;
    int n_kv, heads, branches, window;
    int rows, ld; /* queries of a block; floats of a row of scores */
};

/* The keys of one segment that a block looks at. */
struct span {
    const float *k, *v; /* of the first key and this head */
    ptrdiff_t ldk, ldv;
    int keys;
};

static void score(const struct attention_job *j, struct thread_scratch *s, const float *q,
                  int rows, const struct span *span, int head, int column)
{
    for (int key = 0; key < span->keys; key += STRIP_PANELS * GEMM_PANEL) {
        int n = at_most(span->keys - key, STRIP_PANELS * GEMM_PANEL);
        struct gemm_args a = {
            .y = s->scores + column + key, .ldy = j->ld,
            .x = q, .ldx = j->q.ld * (ptrdiff_t)sizeof *q,
            .w = s->panels, .panel = head * PANEL_LINE,
            .m = rows, .n = n, .taps = 1, .lines = head,
        };

        for (int i = 0; i < n; i += GEMM_PANEL)
            j->cpu->gemm.expand(s->panels + (ptrdiff_t)i * head,
                                span->k + (key + i) * span->ldk, DT_F32, span->ldk,
                                at_most(n - i, GEMM_PANEL), head);
        j->cpu->gemm.run[DT_F32](&a);
    }
}

/* Values of `keys` keys as panels [head / 16][keys][16]. */
static void pack_values(float *panels, const float *v, ptrdiff_t ldv, int keys, int head)
{
    for (int c = 0; c < head; c += GEMM_PANEL) {
        int n = at_most(head - c, GEMM_PANEL);

        for (int i = 0; i < keys; i++, panels += GEMM_PANEL) {
            memcpy(panels, v + i * ldv + c, (size_t)n * sizeof *v);
            memset(panels + n, 0, (size_t)(GEMM_PANEL - n) * sizeof *v);
        }
    }
}

static void weigh(const struct attention_job *j, struct thread_scratch *s, float *y, int rows,
                  const struct span *span, int head, int column, bool add)
{
    for (int key = 0; key < span->keys; key += VALUE_KEYS) {
        int n = at_most(span->keys - key, VALUE_KEYS);
        struct gemm_args a = {
            .y = y, .ldy = j->y.ld,
            .x = s->scores + column + key, .ldx = j->ld * (ptrdiff_t)sizeof *s->scores,
            .w = s->values, .panel = n * PANEL_LINE,
            .m = rows, .n = head, .taps = 1, .lines = n, .add = add || key,
        };

        pack_values(s->values, span->v + key * span->ldv, span->ldv, n, head);
        j->cpu->gemm.run[DT_F32](&a);
    }
}

/* First key that the first query of a block may see, down to a whole vector. */
static int window_begin(const struct attention_job *j, int key)
{
    return j->window == SEE_ALL || key < j->window ? 0 : (key - j->window + 1) / LANES * LANES;
}

static void attention_task(void *arg, int task, int thread)
{
    const struct attention_job *j = arg;
    struct thread_scratch *s = &j->cpu->scratch[thread];
    int per_branch = j->q.rows / j->branches, head = j->q.cols / j->heads;
    int blocks = divide_up(per_branch, j->rows);
    int block = task % blocks, h = task / blocks % j->heads, branch = task / blocks / j->heads;
    int first = block * j->rows, rows = at_most(j->rows, per_branch - first);
    int row = branch * per_branch + first, columns = 0;
    int begin = 0; /* of the first segment, the only one with a window */
    int past = j->window == SEE_ALL ? 0 : j->kv[0].k.rows - j->q.rows;
    struct span spans[8];
    int n = 0;

    for (int i = 0; i < j->n_kv; i++) {
        struct tensor k = j->kv[i].k, v = j->kv[i].v;

        if (!(j->kv[i].seen_by >> branch & 1))
            continue;
        if (j->kv[i].per_branch) {
            k = tensor_rows(k, branch * (k.rows / j->branches), k.rows / j->branches);
            v = tensor_rows(v, branch * (v.rows / j->branches), v.rows / j->branches);
        }
        if (j->window != SEE_ALL) {
            begin = window_begin(j, past + first);
            k = tensor_rows(k, begin, past + first + rows - begin);
            v = tensor_rows(v, begin, past + first + rows - begin);
        }
        spans[n++] = (struct span){ row_of(k, 0) + h * head, row_of(v, 0) + h * head,
                                    k.ld, v.ld, k.rows };
    }
    for (int i = 0; i < n; columns += spans[i++].keys)
        score(j, s, row_of(j->q, row) + h * head, rows, &spans[i], head, columns);
    for (int i = 0; i < rows; i++) {
        int from = 0, end = columns;

        if (j->window != SEE_ALL) {
            end = past + first + i + 1 - begin;
            from = end > j->window ? end - j->window : 0;
        }
        j->cpu->act.softmax(s->scores + (ptrdiff_t)i * j->ld, 1.0f / sqrtf((float)head), from,
                            end, columns);
    }
    columns = 0;
    for (int i = 0; i < n; columns += spans[i++].keys)
        weigh(j, s, row_of(j->y, row) + h * head, rows, &spans[i], head, columns, i > 0);
}

void echo_cpu_attention(struct backend *b, struct tensor y, struct tensor q,
                        const struct kv *kv, int n_kv, int heads, int branches, int window,
                        enum dtype precision)
{
    struct attention_job j = { to_cpu(b), y, q, kv, n_kv, heads, branches, window, 0, 0 };
    int keys = 0, per_branch = q.rows / branches;

    (void)precision;
    if (!q.rows)
        return;
    for (int i = 0; i < n_kv; i++)
        keys += kv[i].k.rows / (kv[i].per_branch ? branches : 1);
    if (window != SEE_ALL && keys > window - 1)
        keys = at_most(keys, window - 1 + QUERY_BLOCK + LANES);
    j.ld = divide_up(keys, LANES) * LANES + LANES;
    j.rows = at_most(SCORE_FLOATS / j.ld, QUERY_BLOCK);
    ECHO_ASSERT(n_kv <= 8 && j.rows >= 1 && q.cols / heads <= MAX_HEAD);
    echo_cpu_share(j.cpu, attention_task, &j,
                   divide_up(per_branch, j.rows) * heads * branches,
                   (double)q.rows * keys * q.cols / 4);
}
