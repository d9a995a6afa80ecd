/* SPDX-License-Identifier: MIT */
/*
 * trial.h - a device on trial: its ops against plain C in double, through the contract alone.
 *
 * Its memory may be hidden, and it may work late.  So numbers go in and out through the queue,
 * and every matrix lies among known numbers that must survive.
 */
#ifndef ECHO_TRIAL_H
#define ECHO_TRIAL_H

#include "backend/ops.h"

struct trial {
    const char *name; /* of the device */
    struct device *device;
    struct run run; /* its queue, and memory for the matrices of one case */
    struct buffer memory;
    uint64_t seed;
    char what[160];            /* the case: op, shape, precision */
    bool failed;               /* in this case */
    void *host[512];           /* memory of the case */
    struct weight *weights[8]; /* and its weights */
    int n_host, n_weights;
};

/* False, with a failed check, if it has no queue or no memory. */
bool trial_open(struct trial *, const char *name, struct device *);
void trial_close(struct trial *);

/* A case, which passes or fails as a whole: it begins with its name, as for printf, and its end
 * forgets all that was made. */
__attribute__((format(printf, 2, 3))) void trial_begin(struct trial *, const char *fmt, ...);
void trial_end(struct trial *);
/* Of the case: with words for a failure. */
__attribute__((format(printf, 3, 4))) bool trial_check(struct trial *, bool good,
                                                       const char *fmt, ...);

/* Host memory until the end of the case. */
void *trial_host(struct trial *, size_t bytes);

/* ---- matrices ---- */

enum place {
    PLACE_ROWS,    /* rows as the device likes them */
    PLACE_COLUMNS, /* odd columns of a wider matrix */
    PLACE_DENSE,   /* rows without gaps */
};

/* A tensor and the floats around it. */
struct matrix {
    struct tensor t, whole; /* whole: one row of float32 */
    float *numbers;         /* of whole, on the host, as they ought to be */
    int start, ld;          /* of t within it, in floats */
};

/* Of float32; its numbers are NaN. */
struct matrix trial_matrix(struct trial *, enum place, int rows, int cols);
/* Of another dtype: numbers are around it only. */
struct matrix trial_rounded(struct trial *, enum place, int rows, int cols, enum dtype);
/* Sizes from low to high, of either sign. */
void trial_fill(struct trial *, const struct matrix *, double low, double high);
float *matrix_row(const struct matrix *, int i);

void trial_send(struct trial *, const struct matrix *);
/* Where t begins in what the device has; what is around t is checked. */
const float *trial_fetch(struct trial *, const struct matrix *, const char *name);
/* It is as it was sent. */
bool trial_unchanged(struct trial *, const struct matrix *, const char *name);

/* ---- weights ---- */

const struct weight *trial_load(struct trial *, const struct weight_source *);
/* 1 in the diagonal: its product is x, and tells what is in rows of another dtype. */
const struct weight *trial_identity(struct trial *, int n, enum dtype x_dtype);

/* ---- rounding ---- */

const char *trial_dtype(enum dtype);
double trial_unit(enum dtype); /* relative, by rounding once; of DT_I8: 0 */
/* Rows of DT_I8 are rounded after this, but for their order; see base/panels.h.  Its square is
 * so many times 1 as it returns. */
int trial_rotate(double *x, int n);

/* ---- judgement ---- */

/*
 * An op and its output.  It must be near double and leave all else alone.  It must give the
 * same bits again, in pieces, and beside rows of x that are not finite.
 */
struct subject {
    struct trial *trial;
    const struct matrix *y, *x;     /* x: its rows may be damaged, perhaps y; NULL: none */
    const struct matrix *inputs[9]; /* others, until NULL */
    const struct matrix *rounded;   /* rows of another dtype on the way; NULL: none */
    enum dtype rounded_to;          /* y went through it */
    int step;                       /* every so many rows are computed in double */
    void (*run)(const struct subject *, int first, int rows);
    /* Row i of y, and how far it may be off. */
    void (*want)(const struct subject *, int i, double *value, double *bound);
    /* Does row r of x matter to row i of y?  NULL: i is r. */
    bool (*reads)(const struct subject *, int i, int r);
};

void trial_judge(const struct subject *);

/* The parts of the test. */
void try_loading(struct trial *);
void try_products(struct trial *);
void try_attention(struct trial *);
void try_rows(struct trial *);
void try_rounding(struct trial *);
void try_codes(struct trial *);
void try_order(struct trial *);

#endif
