/* SPDX-License-Identifier: MIT */
/*
 * panels.h - the layout of packed weights, the same for every instruction set
 * and in files.
 *
 * A panel is 16 columns (rows of W) side by side.  It is made of lines of 64
 * bytes, each 4 bytes of every column: one float32, two bfloat16 or four
 * eight-bit numbers that follow each other in k.  So a line always meets four
 * bytes of x, and 16 lines are what a matrix tile takes.  Where k or the
 * columns end there are zeros.
 *
 * An eight-bit panel ends with two lines more: the columns' scales (float32;
 * weight = number * scale) and the sums of their numbers (int32).  Where k is a
 * multiple of 256, weights and activations are rotated by the same blockwise
 * Hadamard matrix before they are quantised.  The product is unchanged, and outliers
 * are spread over their row, where eight bits have room for them (QuaRot,
 * Ashkboos et al. 2024).  Of a block, as a matrix of 16 x 16: transform the columns,
 * transpose, transform the columns; and if the number of blocks is a power of 2,
 * across the blocks.
 */
#ifndef ECHO_BASE_PANELS_H
#define ECHO_BASE_PANELS_H

#include <stddef.h>
#include <stdint.h>

#define PANEL_COLUMNS 16
#define PANEL_LINE    ((ptrdiff_t)64) /* bytes */
#define PANEL_BLOCK   256

/* How many numbers are transformed together: the transform's square is so many times 1. */
int echo_hadamard_size(int k);

/* size: bytes of a number, 4, 2 or 1 */
static inline int panel_lines(int size, int k)
{
    return (k * size + 3) / 4;
}

static inline ptrdiff_t panel_bytes(int size, int k)
{
    return (panel_lines(size, k) + (size == 1 ? 2 : 0)) * PANEL_LINE;
}

static inline size_t panels_bytes(int size, int n, int k)
{
    return (size_t)((n + PANEL_COLUMNS - 1) / PANEL_COLUMNS) * (size_t)panel_bytes(size, k);
}

/* Pack one panel from lines of float32, [k][16]. */
void echo_panel_pack_bf16(uint16_t *to, const float *lines, int k);
/* Each column is scaled by its largest number.  A scale that is not finite says that a weight
 * was not.  lines are used up. */
void echo_panel_pack_i8(int8_t *to, float *lines, int k);

#endif
