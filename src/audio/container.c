/* SPDX-License-Identifier: MIT */
#include "audio/container.h"

#include <string.h>

#include "audio/mpeg.h"

#define MAX_CHUNKS 1000 /* nobody writes so many */

static uint64_t number(struct view *v, uint64_t at, size_t n, bool big_endian)
{
    unsigned char b[8] = { 0 };
    uint64_t value = 0;

    echo_view_read(v, at, b, n);
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)b[big_endian ? n - 1 - i : i] << 8 * i;
    return value;
}

static bool is_at(struct view *v, uint64_t at, const char *name)
{
    char b[4];

    return echo_view_read(v, at, b, 4) == 4 && !memcmp(b, name, 4);
}

/* ---- chunks: a name of four letters, a length of size_bytes, and so many bytes ---- */

struct chunks {
    bool big_endian;
    size_t size_bytes;
    uint64_t first;
    uint64_t even; /* lengths are rounded up to a multiple of this */
};

/* The chunk behind the one at `at`. */
static uint64_t after(const struct chunks *c, struct view *v, uint64_t at)
{
    uint64_t body = at + 4 + c->size_bytes;
    uint64_t bytes = number(v, at + 4, c->size_bytes, c->big_endian);

    if (bytes > UINT64_MAX / 2)
        return UINT64_MAX / 2;
    return body + (bytes + c->even - 1) / c->even * c->even;
}

/* The place of the chunk with this name, 0 if there is none. */
static uint64_t find(const struct chunks *c, struct view *v, const char *name)
{
    uint64_t at = c->first;

    for (int i = 0; i < MAX_CHUNKS && at + 4 + c->size_bytes <= v->bytes; i++) {
        if (is_at(v, at, name))
            return at;
        at = after(c, v, at);
    }
    return 0;
}

/* Nothing but whole chunks from here to the end: then what is before them really is empty. */
static bool only_chunks(const struct chunks *c, struct view *v, uint64_t at)
{
    for (int i = 0; i < MAX_CHUNKS && at < v->bytes; i++) {
        unsigned char name[4];

        if (echo_view_read(v, at, name, 4) < 4 || at + 4 + c->size_bytes > v->bytes)
            return false;
        for (int j = 0; j < 4; j++)
            if (name[j] < ' ' || name[j] > '~')
                return false;
        at = after(c, v, at);
    }
    return at == v->bytes || at == v->bytes + 1; /* the last filling byte is often left out */
}

/* The sound, from `body` on, goes to the end of the file: write so. */
static void fill_in(const struct chunks *c, struct view *v, uint64_t at, uint64_t body)
{
    uint64_t most = c->size_bytes == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t bytes = v->bytes - (at + 4 + c->size_bytes);

    if (v->bytes > body && !only_chunks(c, v, body))
        echo_view_patch(v, at + 4, c->size_bytes, bytes < most ? bytes : most, c->big_endian);
}

/* ---- what each kind of file leaves out ---- */

/* MPEG frames in a WAV file: what is in its chunk of data. */
static bool take_frames(struct container *c, uint64_t data)
{
    uint64_t bytes = number(&c->view, data + 4, 4, false);
    struct view v = c->view;

    v.begin += data + 8;
    v.bytes -= data + 8;
    if (bytes < v.bytes && bytes)
        v.bytes = bytes;
    if (!(c->is_mpeg = echo_mpeg_find(&v)))
        return false;
    c->view = v;
    return true;
}

static bool repair_wav(struct container *c, bool big_endian)
{
    static const struct chunks little = { false, 4, 12, 2 }, big = { true, 4, 12, 2 };
    const struct chunks *chunks = big_endian ? &big : &little;
    struct view *v = &c->view;
    uint64_t data = find(chunks, v, "data"), form = find(chunks, v, "fmt ");
    uint64_t coding = form ? number(v, form + 8, 2, big_endian) : 0;

    if (data && (coding == 0x50 || coding == 0x55)) /* MPEG layers */
        return take_frames(c, data);
    if (data && !number(v, data + 4, 4, big_endian))
        fill_in(chunks, v, data, data + 8);
    return true;
}

/* The length is in the chunk ds64, the one of data has 2^32 - 1. */
static void repair_rf64(struct view *v)
{
    static const struct chunks chunks = { false, 4, 12, 2 };
    uint64_t sizes = find(&chunks, v, "ds64"), data = find(&chunks, v, "data");
    uint64_t there = sizes ? number(v, sizes + 16, 8, false) : 0;
    uint64_t own = data ? number(v, data + 4, 4, false) : 0;

    if (is_at(v, 0, "BW64")) /* the same by another name */
        echo_view_patch(v, 0, 4, 'R' | 'F' << 8 | '6' << 16 | '4' << 24, false);
    if (!sizes || !data || (there && there != UINT64_MAX) || (own && own != UINT32_MAX) ||
        v->bytes <= data + 8 || only_chunks(&chunks, v, data + 8))
        return;
    echo_view_patch(v, sizes + 16, 8, v->bytes - (data + 8), false);
    if (!own)
        echo_view_patch(v, data + 4, 4, UINT32_MAX, false);
}

/* Its chunk of sound begins with 8 bytes of its own. */
static void repair_aiff(struct view *v)
{
    static const struct chunks chunks = { true, 4, 12, 2 };
    uint64_t sound = find(&chunks, v, "SSND");

    if (sound && number(v, sound + 4, 4, true) <= 8)
        fill_in(&chunks, v, sound, sound + 16);
}

static void repair_au(struct view *v, bool big_endian)
{
    if (!number(v, 8, 4, big_endian) && v->bytes > number(v, 4, 4, big_endian))
        echo_view_patch(v, 8, 4, UINT32_MAX, big_endian); /* not known, by its rules */
}

/* "Not known" is -1 here, which libsndfile does not take; 4 bytes count the edits. */
static void repair_caf(struct view *v)
{
    static const struct chunks chunks = { true, 8, 8, 1 };
    uint64_t data = find(&chunks, v, "data");
    uint64_t bytes = data ? number(v, data + 4, 8, true) : 0;

    if (data && (bytes <= 4 || bytes == UINT64_MAX))
        fill_in(&chunks, v, data, data + 16);
}

bool echo_container_repair(struct container *c)
{
    struct view *v = &c->view;

    if (is_at(v, 0, "RIFF") || is_at(v, 0, "RIFX"))
        return repair_wav(c, is_at(v, 0, "RIFX"));
    if (is_at(v, 0, "RF64") || is_at(v, 0, "BW64"))
        repair_rf64(v);
    else if (is_at(v, 0, "FORM") && (is_at(v, 8, "AIFF") || is_at(v, 8, "AIFC")))
        repair_aiff(v);
    else if (is_at(v, 0, ".snd") || is_at(v, 0, "dns."))
        repair_au(v, is_at(v, 0, ".snd"));
    else if (is_at(v, 0, "caff"))
        repair_caf(v);
    return true;
}

/* ---- what it is ---- */

static struct signature kind_at(struct view *v, uint64_t at)
{
    char head[SIGNATURE_BYTES];
    size_t n = echo_view_read(v, at, head, sizeof head);

    return echo_signature(head, n);
}

bool echo_container_find(struct container *c, struct source *s)
{
    uint64_t tags;

    *c = (struct container){ .view = { .source = s, .bytes = s->bytes } };
    c->kind = kind_at(&c->view, 0);
    tags = echo_mpeg_tags(&c->view);
    if (tags && s->is_stream && tags >= s->bytes && !s->ended)
        return true; /* only the rest can tell */
    if (tags && kind_at(&c->view, tags).kind == SIGNATURE_SOUND) {
        c->kind = kind_at(&c->view, tags);
        c->view.begin = tags;
        c->view.bytes -= tags;
        return true;
    }
    if (tags || c->kind.kind == SIGNATURE_MPEG || c->kind.bytes < 3)
        c->is_mpeg = echo_mpeg_find(&c->view);
    if (c->is_mpeg)
        return true;
    if (c->kind.kind == SIGNATURE_UNKNOWN) /* some formats have no signature */
        return !tags && (!s->is_stream || s->ended);
    return !tags && c->kind.kind == SIGNATURE_SOUND;
}
