/* SPDX-License-Identifier: MIT */
/* tensor.h - matrices in a device's memory, and views of them. */
#ifndef ECHO_TENSOR_H
#define ECHO_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum dtype { DT_F32,
             DT_BF16,
             DT_I8,
             DT_F16, /* of weights in files, and of what a GPU multiplies */
             DTYPES };

static inline size_t dtype_size(enum dtype t)
{
    static const size_t sizes[DTYPES] = { 4, 2, 1, 2 };

    return sizes[t];
}

struct device;

struct buffer {
    struct device *device; /* whose memory it is; NULL: borrowed, or none */
    void *host;            /* NULL on a device that cannot be seen into */
    uint64_t handle;       /* of the device's own */
    size_t bytes;
};

/*
 * A matrix in a buffer.  Every activation in this model is one: rows are
 * tokens or time steps (guidance branches stacked), columns are channels.
 * A tensor is a view and a value: copy it, slice it, forget it.
 * Rows may overlap (ld < cols) where it is only read: a sliding window.
 *
 * Numbers are float32, but for the input of a matmul: it may be
 * rounded to the precision it computes in.  A row of DT_I8 is eight-bit
 * numbers in the device's own form and the row's scale behind them.
 */
struct tensor {
    struct buffer *buf; /* NULL: no tensor */
    size_t off;         /* bytes */
    int rows, cols;
    int ld; /* elements from one row to the next */
    enum dtype dtype;
};

static const struct tensor no_tensor = { 0 };

static inline bool has_tensor(struct tensor t)
{
    return t.buf != NULL;
}

static inline bool same_shape(struct tensor a, struct tensor b)
{
    return a.rows == b.rows && a.cols == b.cols;
}

/* One row of x.cols numbers, or nothing at all. */
static inline bool is_row_of(struct tensor row, struct tensor x)
{
    return !has_tensor(row) || (row.rows == 1 && row.cols == x.cols);
}

static inline struct tensor tensor_rows(struct tensor t, int first, int count)
{
    ECHO_ASSERT(first >= 0 && count >= 0 && first + count <= t.rows);
    t.off += (size_t)first * (size_t)t.ld * dtype_size(t.dtype);
    t.rows = count;
    return t;
}

static inline struct tensor tensor_cols(struct tensor t, int first, int count)
{
    ECHO_ASSERT(first >= 0 && count >= 0 && first + count <= t.cols && t.dtype != DT_I8);
    t.off += (size_t)first * dtype_size(t.dtype);
    t.cols = count;
    return t;
}

/*
 * The same numbers as rows of `width` input rows, `step` input rows apart: what a strided
 * convolution reads, without copying.  Needs rows without gaps.
 */
static inline struct tensor tensor_windows(struct tensor t, int width, int step)
{
    ECHO_ASSERT(t.ld == t.cols && t.rows >= width && (t.rows - width) % step == 0);
    ECHO_ASSERT(t.dtype != DT_I8);
    t.rows = (t.rows - width) / step + 1;
    t.ld = step * t.cols;
    t.cols *= width;
    return t;
}

/* Rows without gaps, cut into rows of `cols`. */
static inline struct tensor tensor_reshape(struct tensor t, int cols)
{
    size_t count = (size_t)t.rows * (size_t)t.cols;

    ECHO_ASSERT(t.ld == t.cols && count % (size_t)cols == 0 && t.dtype != DT_I8);
    t.rows = (int)(count / (size_t)cols);
    t.cols = t.ld = cols;
    return t;
}

#endif
