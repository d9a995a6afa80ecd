/* SPDX-License-Identifier: MIT */
#include "weights/lora.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "weights/shards.h"

/* ---- the pairs of a file ---- */

static struct lora_pair *pair_of(struct lora *l, const struct array *target)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->pairs[i].target == target)
            return &l->pairs[i];
    l->pairs[l->n] = (struct lora_pair){ .target = target };
    return &l->pairs[l->n++];
}

static echo_status add_key(struct lora *l, const struct array *a,
                           const struct safetensors *model, echo_error *err)
{
    struct lora_key key;
    const struct array *target, **at;
    echo_status s;

    if ((s = echo_lora_key(&key, l->file, a->name, err)) ||
        (s = echo_lora_target(&target, &key, l->file, a->name, model, err)))
        return s;
    struct lora_pair *p = pair_of(l, target);

    l->peft |= key.peft;
    at = key.part == LORA_A ? &p->a : key.part == LORA_B ? &p->b : &p->alpha;
    if (*at)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: '%.200s' and '%.200s' are both for '%.100s': which one is meant?",
                         l->file->path, (*at)->name, a->name, target->name);
    if (!echo_array_is_float(a))
        return echo_fail(err, ECHO_ERR_FILE, "%s: '%.200s' is of type %s, expected F32, BF16 "
                                             "or F16", l->file->path, a->name,
                         echo_array_type_name(a->type));
    size_t bad = echo_array_not_finite(a);

    if (bad < a->count)
        return echo_fail(err, ECHO_ERR_FILE, "%s: '%.200s' has a number that is not finite "
                                             "(number %zu): the file is damaged",
                         l->file->path, a->name, bad);
    *at = a;
    return ECHO_OK;
}

static echo_status fail_shape(const struct lora *l, const struct array *a, int64_t rows,
                              int64_t cols, const struct array *target, echo_error *err)
{
    char have[80] = "a single number";
    size_t used = 0;

    for (int i = 0; i < a->dims && used < sizeof have; i++)
        used += (size_t)snprintf(have + used, sizeof have - used, "%s%lld", i ? "x" : "",
                                 (long long)a->shape[i]);
    return echo_fail(err, ECHO_ERR_FILE, "%s: '%.200s' has shape %s, expected %lldx%lld for "
                                         "'%.100s'", l->file->path, a->name, have,
                     (long long)rows, (long long)cols, target->name);
}

/* A is rank x k, B is n x rank; the rank is that of A. */
static echo_status check_pair(struct lora *l, const struct lora_pair *p, echo_error *err)
{
    const struct array *t = p->target, *one = p->a ? p->a : p->b ? p->b : p->alpha;

    if (!p->a || !p->b)
        return echo_fail(err, ECHO_ERR_FILE, "%s: '%.200s' has no partner: a LoRA has two "
                                             "matrices for a weight, %s", l->file->path,
                         one->name, l->peft ? "lora_A and lora_B" : "lora_down and lora_up");
    int64_t rank = p->a->dims == 2 ? p->a->shape[0] : 1;

    if (p->a->dims != 2 || p->a->shape[1] != t->shape[1])
        return fail_shape(l, p->a, rank, t->shape[1], t, err);
    if (rank < 1 || rank > LORA_MOST_RANK)
        return echo_fail(err, ECHO_ERR_FILE, "%s: '%.200s' has rank %lld, expected 1 to %d",
                         l->file->path, p->a->name, (long long)rank, LORA_MOST_RANK);
    if (p->b->dims != 2 || p->b->shape[0] != t->shape[0] || p->b->shape[1] != rank)
        return fail_shape(l, p->b, t->shape[0], rank, t, err);
    if (p->alpha && p->alpha->count != 1)
        return echo_fail(err, ECHO_ERR_FILE, "%s: '%.200s' has %zu numbers, expected one",
                         l->file->path, p->alpha->name, p->alpha->count);
    if (!l->rank_most || rank < l->rank_least)
        l->rank_least = (int)rank;
    if (rank > l->rank_most)
        l->rank_most = (int)rank;
    return ECHO_OK;
}

/* Of B A: what the file or the configuration says, times what the user wants. */
static echo_status set_factor(struct lora *l, struct lora_pair *p, const struct lora_config *c,
                              echo_error *err)
{
    int rank = (int)p->a->shape[0];
    double own = 1;
    echo_status s = ECHO_OK;
    struct lora_key key;
    float alpha;

    if (p->alpha) {
        echo_array_floats(p->alpha, 0, 1, &alpha);
        own = alpha / (double)rank;
    } else if (c->root) {
        s = echo_lora_key(&key, l->file, p->a->name, err);
        s = s ? s : echo_lora_config_scale(&own, c, key.module, rank, err);
    } else {
        l->without_alpha = true;
    }
    p->factor = (float)(own * l->scale);
    if (!s && !isfinite(p->factor))
        s = echo_fail(err, ECHO_ERR_FILE, "%s: the scale of '%.200s' is not finite",
                      l->file->path, p->a->name);
    return s;
}

static echo_status make_pairs(struct lora *l, const struct lora_config *c,
                              const struct safetensors *model, echo_error *err)
{
    echo_status s = ECHO_OK;

    if (!l->file->n)
        return echo_fail(err, ECHO_ERR_FILE, "%s: there is no tensor in it", l->file->path);
    if (!(l->pairs = calloc(l->file->n, sizeof *l->pairs)))
        return echo_fail_memory(err, l->file->n * sizeof *l->pairs, "a LoRA");
    for (size_t i = 0; i < l->file->n && !s; i++)
        s = add_key(l, &l->file->arrays[i], model, err);
    for (size_t i = 0; i < l->n && !s; i++)
        if (!(s = check_pair(l, &l->pairs[i], err)))
            s = set_factor(l, &l->pairs[i], c, err);
    return s;
}

/* Does PEFT name its tensors so?  Only then the configuration beside it is of this file. */
static bool is_peft(const struct safetensors *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (strstr(f->arrays[i].name, ".lora_A"))
            return true;
    return false;
}

static echo_status open_lora(struct lora *l, const echo_lora *wanted,
                             const struct safetensors *model, echo_error *err)
{
    struct lora_config c = { 0 };
    char *file = NULL;
    echo_status s;

    l->scale = wanted->scale;
    if (!(fabsf(l->scale) <= LORA_MOST_SCALE))
        return echo_fail_field(err, "loras", "%s: the scale is %g, expected %d to %d",
                               wanted->path, (double)l->scale, -LORA_MOST_SCALE,
                               LORA_MOST_SCALE);
    if ((s = echo_lora_locate(&file, wanted->path, err)) ||
        (s = echo_shards_open(&l->file, file, err)))
        goto done;
    l->peft = is_peft(l->file);
    if (!l->peft || !(s = echo_lora_config_open(&c, file, err)))
        s = make_pairs(l, &c, model, err);
done:
    echo_lora_config_close(&c);
    free(file);
    return s;
}

echo_status echo_loras_open(struct loras *l, const echo_lora *wanted, int n,
                            const struct safetensors *model, echo_error *err)
{
    echo_status s = ECHO_OK;

    if (n < 0 || n > LORA_MOST)
        return echo_fail_field(err, "loras", "%d LoRAs, at most %d are possible", n, LORA_MOST);
    while (l->n < n && !s) {
        l->n++;
        s = wanted[l->n - 1].path
                ? open_lora(&l->list[l->n - 1], &wanted[l->n - 1], model, err)
                : echo_fail_field(err, "loras", "a LoRA has no path");
    }
    return s;
}

void echo_loras_close(struct loras *l)
{
    for (int i = 0; i < l->n; i++) {
        echo_safetensors_close(&l->list[i].file);
        free(l->list[i].pairs);
    }
    l->n = 0;
}

/* ---- adding ---- */

bool echo_loras_touch(struct loras *l, const struct array *target)
{
    bool any = false;

    for (int i = 0; l && i < l->n; i++)
        for (size_t j = 0; j < l->list[i].n; j++) {
            struct lora_pair *p = &l->list[i].pairs[j];

            if (p->target != target)
                continue;
            p->bound = true;
            any |= p->factor != 0;
        }
    return any;
}

#define TASK_ROWS 16

struct adding {
    const struct lora_pair *pair;
    float *values;    /* [rows][k] */
    const float *a;   /* [rank][k] */
    float *room;      /* [threads][k + rank]: a row of B A, a row of B */
    size_t first, rows, k, rank;
};

/* sum += b a, of `rank` rows of k numbers: each sum in the order of the rank, four of them in a
 * register. */
static void multiply(float *restrict sum, const float *restrict b, const float *restrict a,
                     size_t rank, size_t k)
{
    size_t r = 0;

    for (; r + 4 <= rank; r += 4, a += 4 * k)
        for (size_t j = 0; j < k; j++)
            sum[j] = sum[j] + b[r] * a[j] + b[r + 1] * a[k + j] + b[r + 2] * a[2 * k + j] +
                     b[r + 3] * a[3 * k + j];
    for (; r < rank; r++, a += k)
        for (size_t j = 0; j < k; j++)
            sum[j] += b[r] * a[j];
}

/* Row i gets its own: nothing depends on which thread does it. */
static void add_rows(void *arg, int task, int thread)
{
    const struct adding *w = arg;
    float *sum = w->room + (size_t)thread * (w->k + w->rank), *b = sum + w->k;
    size_t begin = (size_t)task * TASK_ROWS, end = begin + TASK_ROWS;

    for (size_t i = begin; i < end && i < w->rows; i++) {
        float *row = w->values + i * w->k, factor = w->pair->factor;

        echo_array_floats(w->pair->b, (w->first + i) * w->rank, w->rank, b);
        memset(sum, 0, w->k * sizeof *sum);
        multiply(sum, b, w->a, w->rank, w->k);
        for (size_t j = 0; j < w->k; j++)
            row[j] += factor * sum[j];
    }
}

static bool add_pair(const struct lora_pair *p, struct pool *pool, float *values, size_t first,
                     size_t rows)
{
    size_t rank = (size_t)p->a->shape[0], k = (size_t)p->a->shape[1];
    size_t threads = (size_t)echo_pool_threads(pool);
    float *a = echo_alloc(echo_product(rank * sizeof *a, k));
    float *room = echo_alloc(echo_product(threads * sizeof *room, k + rank));
    struct adding w = { p, values, a, room, first, rows, k, rank };

    if (a && room) {
        echo_array_floats(p->a, 0, rank * k, a);
        echo_pool_run(pool, add_rows, &w, (int)((rows + TASK_ROWS - 1) / TASK_ROWS));
    }
    echo_free(a);
    echo_free(room);
    return a && room;
}

bool echo_loras_add(const struct loras *l, struct pool *pool, const struct array *target,
                    float *values, size_t first, size_t rows)
{
    bool fine = true;

    for (int i = 0; i < l->n; i++)
        for (size_t j = 0; j < l->list[i].n && fine; j++)
            if (l->list[i].pairs[j].target == target && l->list[i].pairs[j].factor != 0)
                fine = add_pair(&l->list[i].pairs[j], pool, values, first, rows);
    return fine;
}

/* ---- beside it ---- */

int echo_loras_rank(const struct loras *l, const struct array *target)
{
    int64_t rank = 0;

    for (int i = 0; i < l->n; i++)
        for (size_t j = 0; j < l->list[i].n; j++)
            if (l->list[i].pairs[j].target == target && l->list[i].pairs[j].factor != 0)
                rank += l->list[i].pairs[j].a->shape[0];
    return (int)rank; /* at most LORA_MOST * LORA_MOST_RANK */
}

/* Its rank begins at column `at` of up. */
static void split_pair(const struct lora_pair *p, float *down, float *up, size_t rank,
                       size_t at, size_t first, size_t rows)
{
    size_t own = (size_t)p->a->shape[0], k = (size_t)p->a->shape[1];

    echo_array_floats(p->a, 0, own * k, down + at * k);
    for (size_t i = 0; i < rows; i++) {
        float *row = up + i * rank + at;

        echo_array_floats(p->b, (first + i) * own, own, row);
        for (size_t r = 0; r < own; r++)
            row[r] *= p->factor;
    }
}

void echo_loras_split(const struct loras *l, const struct array *target, float *down, float *up,
                      size_t rank, size_t first, size_t rows)
{
    size_t at = 0;

    for (int i = 0; i < l->n; i++)
        for (size_t j = 0; j < l->list[i].n; j++) {
            const struct lora_pair *p = &l->list[i].pairs[j];

            if (p->target != target || p->factor == 0)
                continue;
            split_pair(p, down, up, rank, at, first, rows);
            at += (size_t)p->a->shape[0];
        }
}

/* ---- questions ---- */

echo_status echo_loras_all_bound(const struct loras *l, echo_error *err)
{
    for (int i = 0; i < l->n; i++)
        for (size_t j = 0; j < l->list[i].n; j++)
            if (!l->list[i].pairs[j].bound)
                return echo_fail(err, ECHO_ERR_FILE,
                                 "%s: '%.200s' changes '%.100s', which the speech model does "
                                 "not multiply with", l->list[i].file->path,
                                 l->list[i].pairs[j].a->name,
                                 l->list[i].pairs[j].target->name);
    return ECHO_OK;
}

uint64_t echo_loras_identity(const struct loras *l)
{
    uint64_t hash = 0;

    for (int i = 0; i < l->n; i++)
        for (size_t j = 0; j < l->list[i].n; j++) {
            const struct lora_pair *p = &l->list[i].pairs[j];

            if (p->factor == 0)
                continue;
            hash = XXH3_64bits_withSeed(p->target->name, strlen(p->target->name), hash);
            hash = XXH3_64bits_withSeed(&p->factor, sizeof p->factor, hash);
            hash = XXH3_64bits_withSeed(p->a->data, p->a->bytes, hash);
            hash = XXH3_64bits_withSeed(p->b->data, p->b->bytes, hash);
        }
    return hash;
}
