/* SPDX-License-Identifier: MIT */
/* reference.c - several recordings of a voice to one, for a model to hear. */
#include <math.h>
#include <string.h>

#include "audio/audio.h"
#include "audio/examine.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/clip_files.h"
#include "engine/voice.h"

#define FRAME    2048 /* samples of a latent frame */
#define MOST     ((size_t)VOICE_MAX_FRAMES * FRAME)
#define LEAST    ((size_t)4 * FRAME) /* a patch: shorter clips are no voice */
#define KEPT     (ECHO_SAMPLE_RATE / 10) /* of the silence at each end that is cut */
#define GAP      1.0
#define MOST_GAP 10.0

/* The recordings so far, one behind the other. */
struct reference {
    const echo_clips_opts *o;
    size_t gap;
    float *pcm; /* MOST */
    size_t n;
    int left_out; /* files */
};

/* A recording. */
struct clip {
    float *pcm;
    size_t n;
    struct audio_about about;
    struct examined found;
};

static echo_status read_clip(struct clip *c, const char *path, echo_error *err)
{
    struct source in;
    echo_status status;

    if (!(status = echo_source_open(&in, path, NULL, err)) &&
        !(status = echo_audio_load_source(&c->pcm, &c->n, &in, ECHO_VOICE_SECONDS, &c->about,
                                          err)) &&
        !(status = echo_examine(&c->found, c->pcm, c->n, err)) &&
        c->found.level.swing <= LOUDNESS_SILENCE)
        status = echo_fail(err, ECHO_ERR_FILE, "%s: silent", in.name);
    echo_source_close(&in);
    return status;
}

static struct extent wanted(const struct reference *r, const struct clip *c)
{
    struct extent e = c->found.sound;

    if (!r->o->trim)
        return (struct extent){ 0, c->n };
    e.begin -= e.begin < KEPT ? e.begin : KEPT;
    e.end += c->n - e.end < KEPT ? c->n - e.end : KEPT;
    return e;
}

static float gain_of(const struct reference *r, const struct clip *c)
{
    float down = c->found.level.peak > 1 ? 1 / c->found.level.peak : 1;

    return r->o->lift ? down * echo_loudness_lift(&c->found.level) : down;
}

/* False: there is no room for it, nor for what comes behind it. */
static bool append(struct reference *r, const struct clip *c)
{
    struct extent e = wanted(r, c);
    size_t gap = r->n ? r->gap : 0, n = e.end - e.begin;
    float gain = gain_of(r, c);

    if (r->n + gap + LEAST > MOST)
        return false;
    memset(r->pcm + r->n, 0, gap * sizeof *r->pcm);
    r->n += gap;
    if (n > MOST - r->n)
        n = MOST - r->n;
    for (size_t i = 0; i < n; i++)
        r->pcm[r->n + i] = c->pcm[e.begin + i] * gain;
    r->n += n;
    return true;
}

static echo_status read_all(struct reference *r, const struct clip_files *files,
                            echo_error *err)
{
    for (int i = 0; i < files->n; i++) {
        struct clip c = { 0 };
        echo_status status = read_clip(&c, files->paths[i], err);
        bool fits = !status && append(r, &c);

        echo_free(c.pcm);
        if (status)
            return status;
        if (!fits) {
            r->left_out = files->n - i;
            break;
        }
    }
    if (r->n < LEAST)
        return echo_fail(err, ECHO_ERR_FILE, "too short: %.2f s", (double)r->n);
    return ECHO_OK;
}

static echo_status gap_of(size_t *out, double gap_s, echo_error *err)
{
    if (!(gap_s <= MOST_GAP))
        return echo_fail_field(err, "gap_s", "a gap of %g s, expected at most %g", gap_s,
                               MOST_GAP);
    *out = (size_t)lround(fmax(gap_s == 0 ? GAP : gap_s, 0) * ECHO_SAMPLE_RATE);
    return ECHO_OK;
}

echo_status echo_clips_read(float **pcm, size_t *n, const char *const *paths, int n_paths,
                            const echo_clips_opts *opts, echo_error *err)
{
    static const echo_clips_opts none = { 0 };
    struct reference r = { .o = opts ? opts : &none };
    struct clip_files files = { 0 };
    echo_status status;

    *pcm = NULL;
    *n = 0;
    if ((status = gap_of(&r.gap, r.o->gap_s, err)) ||
        (status = echo_clip_files(&files, paths, n_paths, err)))
        goto done;
    if (!(r.pcm = echo_alloc(MOST * sizeof *r.pcm))) {
        status = echo_fail_memory(err, MOST * sizeof *r.pcm, "a reference");
        goto done;
    }
    if (!(status = read_all(&r, &files, err))) {
        *pcm = r.pcm;
        *n = r.n;
        r.pcm = NULL;
    }
done:
    echo_free(r.pcm);
    echo_clip_files_free(&files);
    return status;
}
