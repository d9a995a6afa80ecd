/* SPDX-License-Identifier: MIT */
/*
 * gemm_amx.c - matmuls of tiles: 16 rows of x, 64 bytes of each, times 16 lines of a
 * panel.  Four tiles of sums, 32 rows by 2 panels, use every tile of x and of weights twice.
 *
 * The instruction for bfloat16 adds up its 16 lines on their own before they join the sums: see
 * GEMM_CUT.  That for eight bits wants x without sign, as in gemm_avx512vnni.c.
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/x86/vec_avx512.h"

#include <stdatomic.h>

#define QUANTIZE_FLIP 0x80
#include "backend/cpu/gemm_quantize_body.h"

#if !defined(__AMX_TILE__) && !defined(__AMXTILE__) /* as clang 14 calls it */
#error "build this file with -mamx-tile -mamx-int8 -mamx-bf16 too"
#endif

#define INLINE static inline __attribute__((always_inline))

#define SIDE   GEMM_CUT   /* rows of a tile of x, lines of one of weights */
#define ROWS   (2 * SIDE) /* of sums at work */
#define PANELS 2

/* The registers; sums of the first rows and the second, of both panels. */
#define SUM00 0
#define SUM01 1
#define SUM10 2
#define SUM11 3
#define X0    4
#define X1    5
#define W0    6
#define W1    7

/* `dtype` is a constant after inlining */
#define DOT(sum, x, w)                 \
    do {                               \
        if (dtype == DT_I8)            \
            _tile_dpbusd(sum, x, w);   \
        else                           \
            _tile_dpbf16ps(sum, x, w); \
    } while (0)

/* Sums on their way into tiles and out of them, whole numbers as the floats in the same place;
 * and what is left of lines, filled up with zeros. */
struct buffers {
    _Alignas(64) float sums[PANELS][ROWS][SIDE];
    float x[ROWS][SIDE], w[PANELS][SIDE][SIDE];
};

/* Between what is written and tiles that read it: the compiler is not told that they do. */
static inline void settle(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

/* Tiles for so many rows, at most ROWS. */
static void configure(int rows)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16]; /* of a row, of tiles 0 to 7 */
        uint8_t rows[16];
    } c = { .palette = 1 };
    int first = rows < SIDE ? rows : SIDE, second = rows - first;
    const int of[] = { [SUM00] = first, [SUM01] = first, [SUM10] = second, [SUM11] = second,
                       [X0] = first,    [X1] = second,   [W0] = SIDE,      [W1] = SIDE };

    for (int i = 0; i < 8; i++) {
        c.bytes[i] = of[i] ? PANEL_LINE : 0;
        c.rows[i] = (uint8_t)of[i];
    }
    settle();
    _tile_loadconfig(&c);
}

/* The sums of a piece: `rows` rows from row i on, columns j to j + n - 1 in `panels` panels. */
struct piece {
    int i, j, rows, panels, n;
};

static inline int columns(const struct piece *p, int panel)
{
    return vec_lanes(p->n - panel * GEMM_PANEL);
}

static inline const char *panel_at(const struct gemm_args *a, const struct piece *p, int panel)
{
    return (const char *)a->w + (p->j / GEMM_PANEL + panel) * a->panel;
}

static inline vf bias_of(const struct gemm_args *a, const struct piece *p, int panel)
{
    return a->bias ? v_get(a->bias + p->j + panel * GEMM_PANEL, columns(p, panel)) : v_zero();
}

/* All rows begin alike, unless they go on from y. */
INLINE void begin(const struct gemm_args *a, const struct piece *p, struct buffers *b,
                  const enum dtype dtype)
{
    bool alike = dtype == DT_I8 || !a->add;
    ptrdiff_t step = alike ? 0 : PANEL_LINE;

    for (int q = 0; q < p->panels; q++) {
        const float *y = a->y + p->i * a->ldy + p->j + q * GEMM_PANEL;

        if (dtype == DT_I8) {
            vb sums = vb_load(panel_at(a, p, q) + (a->lines + 1) * PANEL_LINE);

            sums = _mm512_mullo_epi32(sums, _mm512_set1_epi32(-128));
            v_put(b->sums[q][0], vb_float(sums), VEC);
        } else if (alike) {
            v_put(b->sums[q][0], bias_of(a, p, q), VEC);
        }
        for (int r = 0; !alike && r < p->rows; r++)
            v_put(b->sums[q][r],
                  v_add(bias_of(a, p, q), v_get(y + r * a->ldy, columns(p, q))), VEC);
    }
    settle();
    _tile_loadd(SUM00, b->sums[0][0], step);
    if (p->panels > 1)
        _tile_loadd(SUM01, b->sums[1][0], step);
    if (p->rows > SIDE)
        _tile_loadd(SUM10, b->sums[0][alike ? 0 : SIDE], step);
    if (p->rows > SIDE && p->panels > 1)
        _tile_loadd(SUM11, b->sums[1][alike ? 0 : SIDE], step);
}

/* 16 lines */
INLINE void add_up(const struct piece *p, const void *x, ptrdiff_t ldx, const void *w,
                   ptrdiff_t panel, const enum dtype dtype)
{
    _tile_loadd(W0, w, PANEL_LINE);
    _tile_loadd(X0, x, ldx);
    DOT(SUM00, X0, W0);
    if (p->panels > 1) {
        _tile_loadd(W1, (const char *)w + panel, PANEL_LINE);
        DOT(SUM01, X0, W1);
    }
    if (p->rows > SIDE) {
        _tile_loadd(X1, (const char *)x + SIDE * ldx, ldx);
        DOT(SUM10, X1, W0);
    }
    if (p->rows > SIDE && p->panels > 1)
        DOT(SUM11, X1, W1);
}

/* Fewer lines, through the buffers: nothing past them is read. */
static void fill_up(const struct piece *p, struct buffers *b, const char *x, ptrdiff_t ldx,
                    const char *w, ptrdiff_t panel, int lines)
{
    settle();
    for (int r = 0; r < p->rows; r++)
        v_put(b->x[r], v_get((const float *)(const void *)(x + r * ldx), lines), VEC);
    for (int q = 0; q < p->panels; q++)
        for (int l = 0; l < SIDE; l++) {
            const char *line = w + q * panel + l * PANEL_LINE;

            v_put(b->w[q][l], l < lines ? vb_float(vb_load(line)) : v_zero(), VEC);
        }
    settle();
}

INLINE void finish(const struct gemm_args *a, const struct piece *p, struct buffers *b,
                   const enum dtype dtype)
{
    const char *scales = (const char *)a->x + p->i * a->ldx + 4 * (ptrdiff_t)a->lines;

    _tile_stored(SUM00, b->sums[0][0], PANEL_LINE);
    if (p->panels > 1)
        _tile_stored(SUM01, b->sums[1][0], PANEL_LINE);
    if (p->rows > SIDE)
        _tile_stored(SUM10, b->sums[0][SIDE], PANEL_LINE);
    if (p->rows > SIDE && p->panels > 1)
        _tile_stored(SUM11, b->sums[1][SIDE], PANEL_LINE);
    for (int q = 0; q < p->panels; q++) {
        float *y = a->y + p->i * a->ldy + p->j + q * GEMM_PANEL;
        int live = columns(p, q);

        if (dtype == DT_BF16)
            for (int r = 0; r < p->rows; r++)
                v_put(y + r * a->ldy, v_get(b->sums[q][r], VEC), live);
        if (dtype == DT_I8) {
            vf scale = vb_float(vb_load(panel_at(a, p, q) + a->lines * PANEL_LINE));
            vf bias = bias_of(a, p, q);

            for (int r = 0; r < p->rows; r++) {
                vf s = v_mul(scale, vb_float(vb_set(scales + r * a->ldx)));
                vf from = a->add ? v_add(bias, v_get(y + r * a->ldy, live)) : bias;

                v_put(y + r * a->ldy, v_fma(vb_count(vb_load(b->sums[q][r])), s, from), live);
            }
        }
    }
}

INLINE void multiply(const struct gemm_args *a, const struct piece *p, const enum dtype dtype)
{
    const char *x = (const char *)a->x + p->i * a->ldx, *w = panel_at(a, p, 0);
    struct buffers b;

    begin(a, p, &b, dtype);
    for (int t = 0; t < a->taps; t++, x += a->tap) {
        int l = 0;

        for (; l + SIDE <= a->lines; l += SIDE, w += SIDE * PANEL_LINE)
            add_up(p, x + 4 * (ptrdiff_t)l, a->ldx, w, a->panel, dtype);
        if (l < a->lines) {
            fill_up(p, &b, x + 4 * (ptrdiff_t)l, a->ldx, w, a->panel, a->lines - l);
            add_up(p, b.x, sizeof b.x[0], b.w, sizeof b.w[0], dtype);
            w += (a->lines - l) * PANEL_LINE;
        }
    }
    finish(a, p, &b, dtype);
}

/* Rows i to end - 1, `rows` of them at a time. */
INLINE void multiply_rows(const struct gemm_args *a, int i, int end, int rows,
                          const enum dtype dtype)
{
    const int most = PANELS * GEMM_PANEL;

    if (i == end)
        return;
    configure(rows);
    for (int j = 0; j < a->n; j += most)
        for (int row = i; row < end; row += rows) {
            int n = a->n - j < most ? a->n - j : most;
            struct piece p = { row, j, rows, (n + GEMM_PANEL - 1) / GEMM_PANEL, n };

            multiply(a, &p, dtype);
        }
}

INLINE void run(const struct gemm_args *a, const enum dtype dtype)
{
    int rest = a->m % ROWS;

    multiply_rows(a, 0, a->m - rest, ROWS, dtype);
    multiply_rows(a, a->m - rest, a->m, rest, dtype);
    _tile_release(); /* or every switch of threads would save 8 KiB */
}

static DECL_GEMM_RUN(bf16)
{
    run(a, DT_BF16);
}

static DECL_GEMM_RUN(i8)
{
    run(a, DT_I8);
}

void echo_gemm_init_amx(struct gemm_fns *f)
{
    f->run[DT_BF16] = bf16;
    f->bf16_by_f32 = false;
    f->run[DT_I8] = i8;
    f->quantize[DT_I8] = quantize_i8;
}
