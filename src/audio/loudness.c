/* SPDX-License-Identifier: MIT */
#include "audio/loudness.h"

#include <ebur128.h>
#include <math.h>

#include "base/error.h"

#define BLOCK    4096
#define SHORTEST (ECHO_SAMPLE_RATE / 10 * 4) /* samples that R 128 wants at least: 400 ms */
#define PEAK     0.99f                       /* of what was lifted */

/*
 * The gate of R 128 is at -70 LUFS, above many a quiet clip: measure as if the peak were 1.
 * A clip that is too short for it is measured in a loop.
 */
static bool measure(ebur128_state *r128, const float *pcm, size_t n, float scale)
{
    float block[BLOCK];
    size_t done = 0, at = 0;

    while (done < n || done < SHORTEST) {
        size_t m = n - at < BLOCK ? n - at : BLOCK;

        for (size_t i = 0; i < m; i++)
            block[i] = pcm[at + i] * scale;
        if (ebur128_add_frames_float(r128, block, m))
            return false;
        done += m;
        at = at + m < n ? at + m : 0;
    }
    return true;
}

echo_status echo_loudness(struct loudness *l, const float *pcm, size_t n, echo_error *err)
{
    float low = INFINITY, high = -INFINITY;
    ebur128_state *r128;
    bool good;

    for (size_t i = 0; i < n; i++) {
        low = fminf(low, pcm[i]);
        high = fmaxf(high, pcm[i]);
    }
    *l = (struct loudness){ .lufs = -INFINITY };
    if (!n || high - low <= 0)
        return ECHO_OK;
    l->swing = high / 2 - low / 2;
    l->peak = fmaxf(fabsf(low), fabsf(high));
    if (!(r128 = ebur128_init(1, ECHO_SAMPLE_RATE, EBUR128_MODE_I)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for measuring loudness");
    good = measure(r128, pcm, n, 1 / l->peak) && !ebur128_loudness_global(r128, &l->lufs);
    ebur128_destroy(&r128);
    if (!good)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for measuring loudness");
    l->lufs += 20 * log10(l->peak);
    return ECHO_OK;
}

float echo_loudness_lift(const struct loudness *l)
{
    double wanted = pow(10, (LOUDNESS_ORDINARY - l->lufs) / 20);

    if (!(l->lufs < LOUDNESS_QUIET))
        return 1;
    return (float)fmax(fmin(wanted, PEAK / l->peak), 1);
}
