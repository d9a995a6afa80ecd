/* SPDX-License-Identifier: MIT */
/*
 * gemm_body.h - the matmul over a vector layer (vec_*.h), included once for
 * each precision of a set, which defines before:
 *
 *   GEMM_NAME        of the function
 *   GEMM_ROWS, GEMM_PANELS  of a tile: its sums fill most of the registers
 *   GEMM_INT         1: sums are whole numbers, scaled in the end
 *   GEMM_STEP        bytes of x that a line meets
 *   GEMM_DOT(sum, x, w)     sum + what a line's bits w and those bytes, at x, make
 *   GEMM_FIRST(s)    of GEMM_INT: where sums begin, from the sums of the column
 */
#include "backend/cpu/vec_loop.h"

#define GEMM_REGS   (GEMM_PANEL / VEC)
#define GEMM_2(a, b) a##_##b
#define GEMM_1(a, b) GEMM_2(a, b)
#define GEMM_(part)  GEMM_1(GEMM_NAME, part)
#if GEMM_INT
#define GEMM_SUM vb
#else
#define GEMM_SUM vf
#endif

/* `rows` and `panels` are constants after inlining, so that the sums stay in registers;
 * `live` columns of the last panel exist. */
static inline __attribute__((always_inline)) void
GEMM_(tile)(const struct gemm_args *a, int i, int j, int live, const int rows, const int panels)
{
    const char *w = (const char *)a->w + (j / GEMM_PANEL) * a->panel;
    const char *x = (const char *)a->x + i * a->ldx;
    float *y = a->y + i * a->ldy + j;
    GEMM_SUM sum[GEMM_ROWS][GEMM_PANELS][GEMM_REGS];

    if (!VEC_MASKS)
        live = GEMM_PANEL; /* see edge */
    for (int q = 0; q < panels; q++)
        for (int h = 0; h < GEMM_REGS; h++) {
#if GEMM_INT
            vb sums = vb_load(w + q * a->panel + (a->lines + 1) * PANEL_LINE + h * VEC * 4);

            (void)sums;
            for (int r = 0; r < rows; r++)
                sum[r][q][h] = GEMM_FIRST(sums);
#else
            int lanes = vec_lanes(q == panels - 1 ? live - h * VEC : VEC);
            int column = j + q * GEMM_PANEL + h * VEC;
            vf b = a->bias ? v_get_masked(&a->bias[column], lanes) : v_zero();

            for (int r = 0; r < rows; r++)
                sum[r][q][h] = a->add ? v_add(b, v_get_masked(y + r * a->ldy + q * GEMM_PANEL +
                                                           h * VEC, lanes))
                                      : b;
#endif
        }
    for (int t = 0; t < a->taps; t++, x += a->tap)
        for (int p = 0; p < a->lines; p++, w += PANEL_LINE) {
            vb wv[GEMM_PANELS][GEMM_REGS];

            for (int q = 0; q < panels; q++)
                for (int h = 0; h < GEMM_REGS; h++)
                    wv[q][h] = vb_load(w + q * a->panel + h * VEC * 4);
            for (int r = 0; r < rows; r++) {
                const char *at = x + r * a->ldx + GEMM_STEP * (ptrdiff_t)p;

                for (int q = 0; q < panels; q++)
                    for (int h = 0; h < GEMM_REGS; h++)
                        sum[r][q][h] = GEMM_DOT(sum[r][q][h], at, wv[q][h]);
            }
        }
    for (int q = 0; q < panels; q++)
        for (int h = 0; h < GEMM_REGS; h++) {
            int lanes = vec_lanes(q == panels - 1 ? live - h * VEC : VEC);
#if GEMM_INT
            const char *row = (const char *)a->x + i * a->ldx + 4 * (ptrdiff_t)a->lines;
            vf scale = vb_float(vb_load(w + q * a->panel + h * VEC * 4));
            int column = j + q * GEMM_PANEL + h * VEC;
            vf b = a->bias ? v_get_masked(&a->bias[column], lanes) : v_zero();
#endif
            for (int r = 0; r < rows; r++) {
                float *to = y + r * a->ldy + q * GEMM_PANEL + h * VEC;
#if GEMM_INT
                vf s = v_mul(scale, vb_float(vb_set(row + r * a->ldx)));
                vf from = a->add ? v_add(b, v_get_masked(to, lanes)) : b;

                v_put_masked(to, v_fma(vb_count(sum[r][q][h]), s, from), lanes);
#else
                v_put_masked(to, sum[r][q][h], lanes);
#endif
            }
        }
}

#define GEMM_STRIP(panels)                                              \
    static void GEMM_(strip_##panels)(const struct gemm_args *a, int j, int live) \
    {                                                                   \
        int i = 0;                                                      \
                                                                        \
        for (; i + GEMM_ROWS <= a->m; i += GEMM_ROWS)                   \
            GEMM_(tile)(a, i, j, live, GEMM_ROWS, panels);              \
        switch (a->m - i) {                                             \
        case 7: GEMM_(tile)(a, i, j, live, GEMM_LEAST(7), panels); break; \
        case 6: GEMM_(tile)(a, i, j, live, GEMM_LEAST(6), panels); break; \
        case 5: GEMM_(tile)(a, i, j, live, GEMM_LEAST(5), panels); break; \
        case 4: GEMM_(tile)(a, i, j, live, GEMM_LEAST(4), panels); break; \
        case 3: GEMM_(tile)(a, i, j, live, 3, panels); break;           \
        case 2: GEMM_(tile)(a, i, j, live, 2, panels); break;           \
        case 1: GEMM_(tile)(a, i, j, live, 1, panels); break;           \
        }                                                               \
    }
/* what is left over is less than GEMM_ROWS: cases above it are never reached */
#define GEMM_LEAST(n) ((n) < GEMM_ROWS ? (n) : 1)

GEMM_STRIP(1)
#if GEMM_PANELS > 1
GEMM_STRIP(2)
#endif
#if GEMM_PANELS > 2
GEMM_STRIP(3)
#endif

#if !VEC_MASKS
/* Columns of a panel that has few, as a whole one beside y: a branch at each vector, and gcc
 * keeps a tile's sums in memory. */
static void GEMM_(edge)(const struct gemm_args *a, int j, int live)
{
    float y[GEMM_ROWS * GEMM_PANEL], bias[GEMM_PANEL] = { 0 };
    size_t size = (size_t)live * sizeof *y;
    struct gemm_args part = *a;

    part.y = y;
    part.ldy = GEMM_PANEL;
    part.w = (const char *)a->w + j / GEMM_PANEL * a->panel;
    if (a->bias)
        part.bias = memcpy(bias, a->bias + j, size);
    memset(y, 0, sizeof y);
    for (int i = 0; i < a->m; i += GEMM_ROWS) {
        float *to = a->y + i * a->ldy + j;

        part.m = a->m - i < GEMM_ROWS ? a->m - i : GEMM_ROWS;
        part.x = (const char *)a->x + i * a->ldx;
        for (int r = 0; a->add && r < part.m; r++)
            memcpy(y + r * GEMM_PANEL, to + r * a->ldy, size);
        GEMM_(strip_1)(&part, 0, GEMM_PANEL);
        for (int r = 0; r < part.m; r++)
            memcpy(to + r * a->ldy, y + r * GEMM_PANEL, size);
    }
}
#endif

static DECL_GEMM_RUN(GEMM_NAME)
{
    for (int j = 0; j < a->n; j += GEMM_PANELS * GEMM_PANEL) {
        int n = a->n - j < GEMM_PANELS * GEMM_PANEL ? a->n - j : GEMM_PANELS * GEMM_PANEL;
        int live = (n - 1) % GEMM_PANEL + 1, panels = (n - 1) / GEMM_PANEL + 1;

#if !VEC_MASKS
        if (live < GEMM_PANEL)
            GEMM_(edge)(a, j + --panels * GEMM_PANEL, live);
#endif
        switch (panels) {
#if GEMM_PANELS > 2
        case 3: GEMM_(strip_3)(a, j, live); break;
#endif
#if GEMM_PANELS > 1
        case 2: GEMM_(strip_2)(a, j, live); break;
#endif
        case 1: GEMM_(strip_1)(a, j, live); break;
        }
    }
}

#undef GEMM_REGS
#undef GEMM_2
#undef GEMM_1
#undef GEMM_
#undef GEMM_SUM
#undef GEMM_STRIP
#undef GEMM_LEAST
#undef GEMM_NAME
#undef GEMM_ROWS
#undef GEMM_PANELS
#undef GEMM_INT
#undef GEMM_STEP
#undef GEMM_DOT
#undef GEMM_FIRST
