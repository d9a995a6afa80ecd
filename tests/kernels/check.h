/* SPDX-License-Identifier: MIT */
/*
 * check.h - compare every kernel with its C reference, then time it.
 *
 * The families' init functions are asked for each instruction set this CPU has; a kernel that
 * a set brings is held against the plain C one at awkward shapes, with canaries around its
 * output, to bounds that follow from the arithmetic.  Products of sets that it has not are held
 * against it too, over emulated instructions (emulate.h), if it has AVX-512 for the rest.
 */
#ifndef ECHO_CHECK_H
#define ECHO_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/cpu/gemm.h"

struct check {
    char level[24]; /* "avx2"; "amx*" if it is emulated */
    unsigned flags; /* what this CPU has of it */
    struct gemm_fns gemm, below; /* of this level, and of the one before it */
    bool bench, emulated;
    double peak[DT_I8 + 1]; /* GFLOP/s of this level on one thread, measured in this run */
    int failed, passed;
    char where[160]; /* of the first difference */
};

void check_gemm(struct check *);
void check_norm(struct check *);
void check_activation(struct check *);
void check_ops(struct check *); /* the CPU's cutting, against double */

/* Are the products of this type not those of the level before, which has checked them? */
bool check_is_new(const struct check *c, enum dtype t);

/* Print and count one kernel. */
void check_end(struct check *c, const char *kernel, bool ok);

double check_now(void); /* seconds */
/* Best of several runs of `work`, in seconds. */
double check_best(void (*work)(void *), void *arg);
void check_gflops(const struct check *c, const char *kernel, enum dtype dtype, double seconds,
                  double flops);
void check_rate(const struct check *c, const char *kernel, double seconds, double numbers);

/* Numbers from -1 to 1; one in sixteen is a hundred times larger. */
void check_fill(float *x, size_t n, uint64_t *seed);

/* Is got within bound of want?  If not, remember where. */
bool check_near(struct check *c, float got, float want, double bound, const char *what, int i,
                int j);

/* A block of floats with canaries, wider than any vector, before and behind. */
#define CANARIES 32
float *check_guarded(size_t n);
bool check_unharmed(struct check *c, float *x, size_t n); /* also frees it */

/* `bytes` bytes that end where no memory is: a read past them ends the program, also one that a
 * mask hides from the sanitizers. */
unsigned char *check_at_edge(size_t bytes);
void check_drop_edge(unsigned char *p, size_t bytes);

#endif
