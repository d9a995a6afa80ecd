/* SPDX-License-Identifier: MIT */
#include "audio/mpeg.h"

#include <string.h>

#define MAX_JUNK   ((uint64_t)64 << 10) /* before the first frame, beside tags and zeros */
#define MAX_SEARCH ((uint64_t)16 << 20) /* in all: a tag may hold a picture */
#define MAX_TAGS   16
#define FRAMES     4    /* in a row are no chance */
#define FREE_BYTES 4096 /* more than a frame of free format has */

/* ---- frames ---- */

enum { MPEG_25,
       NO_VERSION,
       MPEG_2,
       MPEG_1 }; /* versions, as coded */

struct header {
    unsigned version, layer, rate; /* as coded */
    bool mono, is_free;
    size_t padding;
    size_t bytes; /* of the frame; 0: free format, of no known length */
};

enum { III = 1,
       II,
       I }; /* layers, as coded */

/* Kilobits a second, by the four bits that mean them. */
static const short rates[3][15] = {
    { 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
    { 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
    { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
};
static const short low_rates[2][15] = {
    { 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
    { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
};

/* Of a frame without its padding: its bits at this rate for as long as it lasts. */
static size_t frame_bytes(const struct header *h, unsigned kilobits)
{
    static const size_t hertz[3] = { 44100, 48000, 32000 };
    bool low = h->version != MPEG_1;
    size_t bits = 1000 * (size_t)(low ? low_rates[h->layer != I][kilobits]
                                      : rates[I - h->layer][kilobits]);
    size_t rate = hertz[h->rate] / (h->version == MPEG_25 ? 4 : low ? 2
                                                                    : 1);

    if (h->layer == I)
        return bits * 12 / rate * 4;
    return bits * (h->layer == III && low ? 72 : 144) / rate;
}

static bool parse(struct header *h, const unsigned char b[4])
{
    unsigned kilobits = b[2] >> 4;

    h->version = b[1] >> 3 & 3;
    h->layer = b[1] >> 1 & 3;
    h->rate = b[2] >> 2 & 3;
    h->mono = b[3] >> 6 == 3;
    h->is_free = !kilobits;
    h->padding = (b[2] & 2) / 2 * (h->layer == I ? 4 : 1);
    if (b[0] != 0xff || (b[1] & 0xe0) != 0xe0 || h->version == NO_VERSION || !h->layer ||
        kilobits == 15 || h->rate == 3 || (b[3] & 3) == 2)
        return false;
    h->bytes = h->is_free ? 0 : frame_bytes(h, kilobits) + h->padding;
    return true;
}

static bool alike(const struct header *a, const struct header *b)
{
    return a->version == b->version && a->layer == b->layer && a->rate == b->rate &&
           a->mono == b->mono && a->is_free == b->is_free;
}

/* The length of a frame of free format without padding, by the next header; 0: none follows. */
static size_t free_length(struct view *v, uint64_t at, const struct header *h)
{
    unsigned char bytes[FREE_BYTES];
    size_t n = echo_view_read(v, at, bytes, sizeof bytes);
    struct header next;

    for (size_t i = 24; i + 4 <= n; i++)
        if (parse(&next, bytes + i) && alike(h, &next))
            return i - h->padding;
    return 0;
}

/* Do frames follow each other from here on?  At the end of the view there may be fewer; one
 * alone only counts where a frame is `expected`. */
static bool chain(struct view *v, uint64_t at, bool expected)
{
    struct header first, h;
    unsigned char b[4];
    size_t free_bytes = 0;
    int n = 0;

    for (; n < FRAMES; n++) {
        if (at == v->bytes)
            return n > (expected ? 0 : 1);
        if (at > v->bytes) /* the last one was cut */
            return n > 2;
        if (echo_view_read(v, at, b, 4) < 4 || !parse(&h, b) || (n && !alike(&first, &h)))
            return false;
        if (!n)
            first = h;
        if (h.is_free && !n && !(free_bytes = free_length(v, at, &h)))
            return false;
        at += h.is_free ? free_bytes + h.padding : h.bytes;
    }
    return true;
}

/* The first place from `from` to `to` where frames follow each other, or `to`. */
static uint64_t search(struct view *v, uint64_t from, uint64_t to)
{
    unsigned char block[4096];
    struct header h;

    while (from < to) {
        size_t n = echo_view_read(v, from, block, sizeof block);

        if (n < 4)
            return to;
        for (size_t i = 0; i + 4 <= n && from + i < to; i++)
            if (parse(&h, block + i) && chain(v, from + i, false))
                return from + i;
        from += n - 3;
    }
    return to;
}

static uint64_t skip_zeros(struct view *v, uint64_t at)
{
    unsigned char block[4096];
    uint64_t most = at + MAX_SEARCH;

    while (at < most) {
        size_t n = echo_view_read(v, at, block, sizeof block), i = 0;

        while (i < n && !block[i])
            i++;
        at += i;
        if (!n || i < n)
            break;
    }
    return at;
}

/* ---- tags ---- */

static uint64_t little_endian(const unsigned char *b)
{
    return b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24;
}

/* Seven bits a byte; 0 if one has eight. */
static uint64_t syncsafe(const unsigned char *b)
{
    if ((b[0] | b[1] | b[2] | b[3]) & 0x80)
        return 0;
    return (uint64_t)b[0] << 21 | (uint64_t)b[1] << 14 | (uint64_t)b[2] << 7 | b[3];
}

/* Bytes of the tag that begins here. */
static uint64_t tag_before(struct view *v, uint64_t at)
{
    unsigned char b[32];
    size_t n = echo_view_read(v, at, b, sizeof b);

    if (n >= 10 && !memcmp(b, "ID3", 3))
        return 10 + syncsafe(b + 6) + (b[5] & 0x10 ? 10 : 0);
    if (n == 32 && !memcmp(b, "APETAGEX", 8))
        return 32 + little_endian(b + 12);
    return 0;
}

uint64_t echo_mpeg_tags(struct view *v)
{
    uint64_t at = 0, bytes;

    for (int i = 0; i < MAX_TAGS && (bytes = tag_before(v, at)); i++)
        at += bytes;
    return at;
}

/* Of the first version, which has no length in it. */
static uint64_t lyrics_bytes(struct view *v, uint64_t end)
{
    unsigned char b[5100 + 20];
    size_t capacity = end < sizeof b ? (size_t)end : sizeof b;
    size_t n = echo_view_read(v, end - capacity, b, capacity);

    for (size_t i = n; i-- > 0;)
        if (n - i >= 11 && !memcmp(b + i, "LYRICSBEGIN", 11))
            return n - i;
    return 0;
}

/* Six digits. */
static uint64_t decimal(const unsigned char *b)
{
    uint64_t value = 0;

    for (int i = 0; i < 6; i++)
        if (b[i] >= '0' && b[i] <= '9')
            value = 10 * value + (uint64_t)(b[i] - '0');
        else
            return 0;
    return value;
}

/* Lengths are only believed where a tag begins so far before the end. */
static bool begins(struct view *v, uint64_t end, uint64_t bytes, const char *name)
{
    char b[16];
    size_t n = strlen(name);

    return bytes <= end && echo_view_read(v, end - bytes, b, n) == n && !memcmp(b, name, n);
}

/* Bytes of the tag that ends here, 0 if there is none. */
static uint64_t tag_behind(struct view *v, uint64_t end)
{
    unsigned char b[128];
    uint64_t bytes;

    if (end < sizeof b || echo_view_read(v, end - sizeof b, b, sizeof b) < sizeof b)
        return 0;
    if (!memcmp(b, "TAG", 3))
        return 128;
    if (!memcmp(b + 96, "APETAGEX", 8)) { /* its header is not counted, and may be left out */
        bytes = little_endian(b + 96 + 12);
        return begins(v, end, bytes + 32, "APETAGEX") ? bytes + 32 : bytes;
    }
    if (!memcmp(b + 118, "3DI", 3)) {
        bytes = syncsafe(b + 124) + 20;
        return begins(v, end, bytes, "ID3") ? bytes : 0;
    }
    if (!memcmp(b + 119, "LYRICS200", 9)) {
        bytes = decimal(b + 113) + 15;
        return begins(v, end, bytes, "LYRICSBEGIN") ? bytes : 0;
    }
    return memcmp(b + 119, "LYRICSEND", 9) ? 0 : lyrics_bytes(v, end);
}

bool echo_mpeg_find(struct view *v)
{
    uint64_t tags = echo_mpeg_tags(v), first, bytes;
    struct view in = *v;

    for (int i = 0; i < MAX_TAGS && (bytes = tag_behind(&in, in.bytes)); i++)
        in.bytes -= bytes < in.bytes ? bytes : in.bytes;
    if (tags > in.bytes)
        tags = in.bytes;
    first = skip_zeros(&in, tags);
    if (!chain(&in, first, true)) { /* a tag's length may be wrong: search inside it too */
        uint64_t from = tags ? 10 : 0, to = first + MAX_JUNK;

        if (to > in.bytes)
            to = in.bytes;
        if (to > from + MAX_SEARCH)
            to = from + MAX_SEARCH;
        if ((first = search(&in, from, to)) == to)
            return false;
    }
    v->begin += first;
    v->bytes = in.bytes - first;
    return true;
}
