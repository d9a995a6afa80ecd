/* SPDX-License-Identifier: MIT */
#include "base/panels.h"

#include <math.h>
#include <string.h>

#include "base/bf16.h"

void echo_panel_pack_bf16(uint16_t *to, const float *lines, int k)
{
    for (int p = 0; p < k; p++)
        for (int c = 0; c < PANEL_COLUMNS; c++)
            to[(p / 2 * PANEL_COLUMNS + c) * 2 + p % 2] =
                f32_to_bf16(lines[p * PANEL_COLUMNS + c]);
    for (int c = 0; k % 2 && c < PANEL_COLUMNS; c++)
        to[(k / 2 * PANEL_COLUMNS + c) * 2 + 1] = 0;
}

void echo_panel_pack_i8(int8_t *to, const float *lines, int k)
{
    float top[PANEL_COLUMNS] = { 0 }, inverse[PANEL_COLUMNS], odd[PANEL_COLUMNS] = { 0 };
    int32_t sums[PANEL_COLUMNS] = { 0 };
    int n = panel_lines(1, k);

    for (int p = 0; p < k; p++)
        for (int c = 0; c < PANEL_COLUMNS; c++) {
            float v = fabsf(lines[p * PANEL_COLUMNS + c]);

            top[c] = v > top[c] ? v : top[c];
            odd[c] += v * 0; /* NaN if v is not finite */
        }
    for (int c = 0; c < PANEL_COLUMNS; c++) {
        inverse[c] = top[c] > 1e-30f ? 127 / top[c] : 0;
        top[c] = top[c] / 127 + odd[c];
    }
    for (int p = 0; p < n * 4; p++)
        for (int c = 0; c < PANEL_COLUMNS; c++) {
            float v = p < k ? lines[p * PANEL_COLUMNS + c] * inverse[c] : 0;
            int8_t q = v != v ? 0 : (int8_t)(v < 0 ? v - 0.5f : v + 0.5f);

            to[(p / 4 * PANEL_COLUMNS + c) * 4 + p % 4] = q;
            sums[c] += q;
        }
    memcpy(to + n * PANEL_LINE, top, sizeof top);
    memcpy(to + (n + 1) * PANEL_LINE, sums, sizeof sums);
}
