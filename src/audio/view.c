/* SPDX-License-Identifier: MIT */
#include "audio/view.h"

#include "base/error.h"

void echo_view_patch(struct view *v, uint64_t at, size_t n, uint64_t value, bool big_endian)
{
    struct patch *p = &v->patches[v->n_patches++];

    ECHO_ASSERT(v->n_patches <= VIEW_PATCHES && n <= sizeof p->bytes);
    p->at = at;
    p->n = n;
    for (size_t i = 0; i < n; i++)
        p->bytes[big_endian ? n - 1 - i : i] = (unsigned char)(value >> 8 * i);
}

size_t echo_view_read(struct view *v, uint64_t at, void *out, size_t n)
{
    unsigned char *to = out;
    size_t got;

    if (at >= v->bytes)
        return 0;
    if (n > v->bytes - at)
        n = (size_t)(v->bytes - at);
    got = echo_source_read(v->source, v->begin + at, out, n);
    for (int i = 0; i < v->n_patches; i++) {
        const struct patch *p = &v->patches[i];

        for (size_t j = 0; j < p->n; j++)
            if (p->at + j >= at && p->at + j < at + got)
                to[p->at + j - at] = p->bytes[j];
    }
    return got;
}
