/* SPDX-License-Identifier: MIT */
/*
 * bind.h - from named arrays in a file to the weights of a layer.
 *
 * A binder remembers its first failure and does nothing after it, so that
 * binding reads as a list of names.  What it makes belongs to an owner.
 */
#ifndef ECHO_BIND_H
#define ECHO_BIND_H

#include "backend/ops.h"
#include "model/precision.h"
#include "weights/lora.h"
#include "weights/safetensors.h"

#define MAX_SIZE 65536 /* of any width, height or count in a model we believe in */

/* Told what is bound, in order: to write it into a packed file. */
struct bind_observer {
    /* An array of the file, taken as it is (w NULL), or a weight made of it; or, where a is
     * NULL, a weight that was computed.  A weight in several parts comes once for each. */
    echo_status (*bound)(void *user, const char *name, const struct array *a,
                         const struct weight *w, echo_error *err);
    void *user;
};

/* Owns the layers and the device memory of a model. */
struct owner {
    struct owned *first;
    const struct bind_observer *observer; /* NULL: nobody is told */
    bool headers_only;                    /* check names and shapes, read and make nothing */
    size_t loaded, total; /* bytes of weights that matmuls read; of all files */
    bool (*progress)(void *user, double done); /* NULL: nobody asks */
    void *user;
};

void echo_owner_clear(struct owner *o);

struct binder {
    struct owner *owner;
    struct device *device;
    struct queue *queue; /* of the device: what is bound is written through it */
    const struct safetensors *file;
    echo_error *err;
    echo_status status;
    uint64_t parameters; /* bound so far */
    struct precisions precisions;
    bool unobserved; /* for a while, nobody is told */
    struct loras *loras; /* added to the file's weights; NULL: nothing is */
    struct pool *pool;   /* to add them with */
};

/* Record a failure about the file: "PATH: ..." */
__attribute__((format(printf, 2, 3))) void echo_bind_fail(struct binder *b, const char *fmt,
                                                          ...);

/* Zeroed memory of the owner; NULL once the binder has failed. */
void *echo_bind_memory(struct binder *b, size_t count, size_t size);

/* Names are given as a format, "blocks.%d.mlp.w1.weight". */
#define BIND_NAME __attribute__((format(printf, 2, 3)))

/* Is there such an array? */
BIND_NAME bool echo_bind_has(const struct binder *b, const char *name, ...);
/* Size of dimension `axis`, which must be 1 to MAX_SIZE; 1 on failure. */
__attribute__((format(printf, 3, 4))) int echo_bind_dim(struct binder *b, int axis,
                                                        const char *name, ...);
/* How many of "stem%d." there are, from 0 up; at least 1 to MAX_SIZE are wanted. */
int echo_bind_count(struct binder *b, const char *stem);

/* n x k, in place if the device can. */
__attribute__((format(printf, 6, 7))) void echo_bind_weight(struct binder *b, enum part part,
                                                            struct weight *w, int n, int k,
                                                            const char *name, ...);
/* Rows first..first+n-1 of an array of `of` rows. */
__attribute__((format(printf, 8, 9))) void echo_bind_rows(struct binder *b, enum part part,
                                                          struct weight *w, int first, int n,
                                                          int of, int k, const char *name, ...);
/* n numbers, whatever their shape, as a row; they must be finite. */
__attribute__((format(printf, 3, 4))) struct tensor echo_bind_vector(struct binder *b, int n,
                                                                     const char *name, ...);
/* An array of this shape (d0, d0 x d1 if d2 is 0, ...) on the host, for echo_free();
 * the numbers must be finite.  NULL on failure, and of headers only. */
__attribute__((format(printf, 5, 6))) float *echo_bind_floats(struct binder *b, int d0, int d1,
                                                              int d2, const char *name, ...);

/* Room for numbers to be made in, for echo_free(); NULL once the binder has failed, and of
 * headers only. */
float *echo_bind_workspace(struct binder *b, size_t count);

/* Fold a weight norm: v becomes g v / |v|, row by row.  v [rows][row]; stem names it. */
void echo_bind_fold(struct binder *b, float *v, const float *g, int rows, int row,
                    const char *stem);

/* Numbers made here rather than read: copied to the device. */
struct tensor echo_bind_made(struct binder *b, const float *values, int rows, int cols);
void echo_bind_made_weight(struct binder *b, enum part part, struct weight *w,
                           const float *values, int n, int k);

/*
 * A packed file holds costly derived weights ready-made: under `name` then there is the
 * weight, and under "name.shape" the three sizes of what it was made from.  The first reads
 * them; the last tells the observer both.
 */
bool echo_bind_made_sizes(struct binder *b, int sizes[3], const char *name);
void echo_bind_tell_made(struct binder *b, const struct weight *w, const int sizes[3],
                         const char *name);

#endif
