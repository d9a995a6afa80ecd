/* SPDX-License-Identifier: MIT */
/* reference.c - several recordings of a voice to one, for a model to hear. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/findings.h"
#include "base/memory.h"
#include "engine/clip_files.h"
#include "engine/voice.h"

#define FRAME    2048 /* samples of a latent frame */
#define MOST     ((size_t)VOICE_MAX_FRAMES * FRAME) /* what is encoded of a voice */
#define LEAST    ((size_t)4 * FRAME)                /* a patch */
#define KEPT     (ECHO_SAMPLE_RATE / 10) /* of the silence at each end that is cut */
#define GAP      1.0
#define MOST_GAP 10.0
#define APART    10.0 /* LU: from here on a clip's voice may be lost (docs/CLIPS.md) */
#define NAMED    3    /* of the files that are left out */

/* A file, for comparing it with others. */
struct heard {
    const char *name;
    double lufs;
};

/* The recordings so far, one behind the other. */
struct reference {
    const echo_clips_opts *o;
    const struct clip_files *files;
    size_t gap;
    float *pcm; /* MOST */
    size_t n, sound; /* samples; those without the silence at the ends of files */
    struct heard loudest, quietest;
};

/* A recording. */
struct recording {
    const char *name;
    float *pcm;
    size_t n;
    struct audio_about about;
    struct examined found;
    struct extent kept;
    float gain;
};

static void tell(const struct reference *r, const char *line)
{
    if (r->o->log)
        r->o->log(r->o->user, ECHO_LOG_WARNING, line);
}

/* ---- a recording ---- */

static struct extent kept_of(const struct recording *c, bool trim)
{
    struct extent e = c->found.sound;

    if (!trim)
        return (struct extent){ 0, c->n };
    e.begin -= e.begin < KEPT ? e.begin : KEPT;
    e.end += c->n - e.end < KEPT ? c->n - e.end : KEPT;
    return e;
}

/* As for a clip alone: not above full scale, and raised if that is wanted. */
static float gain_of(const struct recording *c, bool lift)
{
    float down = c->found.level.peak > 1 ? 1 / c->found.level.peak : 1;

    return lift ? fmaxf(down, echo_loudness_lift(&c->found.level)) : down;
}

/* c->pcm is the caller's to free, after failures, too. */
static echo_status read_recording(struct recording *c, const char *path,
                                  const echo_clips_opts *o, echo_error *err)
{
    echo_error why = { 0 };
    struct source in;
    echo_status status;

    *c = (struct recording){ .name = strcmp(path, "-") ? path : "standard input" };
    if (!(status = echo_source_open(&in, path, NULL, &why)) &&
        !(status = echo_audio_load_source(&c->pcm, &c->n, &in, ECHO_VOICE_SECONDS, &c->about,
                                          &why)) &&
        !(status = echo_examine(&c->found, c->pcm, c->n, &why)))
        status = echo_clip_check_silence(&c->found.level, &why);
    echo_source_close(&in);
    if (status)
        return echo_clip_failed(status, c->name, &why, err);
    c->kept = kept_of(c, o->trim);
    c->gain = gain_of(c, o->lift);
    return ECHO_OK;
}

/* ---- joined ---- */

static size_t room(const struct reference *r)
{
    size_t used = r->n + (r->n ? r->gap : 0);

    return used < MOST ? MOST - used : 0;
}

/* As much of it as there is room for; returns how much. */
static size_t append(struct reference *r, const struct recording *c)
{
    size_t n = c->kept.end - c->kept.begin, gap = r->n ? r->gap : 0;

    if (n > room(r))
        n = room(r);
    memset(r->pcm + r->n, 0, gap * sizeof *r->pcm);
    r->n += gap;
    for (size_t i = 0; i < n; i++)
        r->pcm[r->n + i] = c->pcm[c->kept.begin + i] * c->gain;
    r->n += n;
    return n;
}

/* Of several, the length of all counts, not that of each.  One that is refused needs no more
 * words. */
static void tell_findings(const struct reference *r, const struct recording *c, size_t used)
{
    bool cut = used < c->kept.end - c->kept.begin || c->about.longer;
    struct finding_of of = { .name = c->name, .about = c->about, .found = c->found,
                             .used_s = cut ? (double)used / ECHO_SAMPLE_RATE : 0,
                             .gain = c->gain, .lift = r->o->lift, .trim = r->o->trim,
                             .prefix = r->files->n > 1 };

    if (r->files->n > 1 || used >= LEAST)
        echo_findings(&of, r->o->log, r->o->user);
}

/* Loudness of less than a second is chance. */
static void compare(struct reference *r, const struct recording *c)
{
    struct heard h = { c->name, c->found.level.lufs + 20 * log10(c->gain) };

    if (c->found.sound.end - c->found.sound.begin < ECHO_SAMPLE_RATE)
        return;
    if (!r->loudest.name || h.lufs > r->loudest.lufs)
        r->loudest = h;
    if (!r->quietest.name || h.lufs < r->quietest.lufs)
        r->quietest = h;
}

static void tell_levels(const struct reference *r)
{
    double apart = r->loudest.lufs - r->quietest.lufs;
    char line[1024];

    if (!r->loudest.name || !(apart > APART))
        return;
    snprintf(line, sizeof line,
             "%.400s: %.0f LU quieter than %.400s: leave one of them out, or bring them to one "
             "level", r->quietest.name, apart, r->loudest.name);
    tell(r, line);
}

/* There is no room for the files from `first` on. */
static void tell_left_out(const struct reference *r, int first)
{
    int n = r->files->n - first, named = n < NAMED ? n : NAMED;
    char names[700] = "", line[1024], more[32] = "";

    for (int i = 0; i < named; i++) {
        size_t at = strlen(names);

        snprintf(names + at, sizeof names - at, "%s%.200s", i ? ", " : "",
                 r->files->paths[first + i]);
    }
    if (n > named)
        snprintf(more, sizeof more, " and %d more", n - named);
    snprintf(line, sizeof line,
             "%s%s: left out, the files before fill the %.1f s of a voice: choose the best "
             "ones",
             names, more, (double)MOST / ECHO_SAMPLE_RATE);
    tell(r, line);
}

static echo_status read_all(struct reference *r, echo_error *err)
{
    int i;

    for (i = 0; i < r->files->n && (!i || room(r) >= LEAST); i++) {
        struct recording c;
        echo_status status = read_recording(&c, r->files->paths[i], r->o, err);

        if (!status) {
            tell_findings(r, &c, append(r, &c));
            compare(r, &c);
            r->sound += c.found.sound.end - c.found.sound.begin;
        }
        echo_free(c.pcm);
        if (status)
            return status;
    }
    if (i < r->files->n)
        tell_left_out(r, i);
    tell_levels(r);
    return ECHO_OK;
}

/* Of all files, where there are several. */
static echo_status check_length(const struct reference *r, echo_error *err)
{
    char name[64];
    struct finding_of all = { .name = name, .gain = 1,
                              .found = { .noise = INFINITY, .samples = r->sound,
                                        .sound = { 0, r->sound } } };
    echo_error why;

    snprintf(name, sizeof name, "%d files together", r->files->n);
    if (r->n < LEAST)
        return echo_clip_failed(echo_clip_too_short(r->n, LEAST, &why),
                                r->files->n > 1 ? name : r->files->paths[0], &why, err);
    if (r->files->n > 1)
        echo_findings(&all, r->o->log, r->o->user);
    return ECHO_OK;
}

static echo_status gap_of(size_t *out, double gap_s, echo_error *err)
{
    if (!(gap_s <= MOST_GAP))
        return echo_fail_field(err, "gap_s", "a gap of %g s between files, expected at most %g",
                               gap_s, MOST_GAP);
    *out = (size_t)lround(fmax(gap_s == 0 ? GAP : gap_s, 0) * ECHO_SAMPLE_RATE);
    return ECHO_OK;
}

echo_status echo_clips_read(float **pcm, size_t *n, const char *const *paths, int n_paths,
                            const echo_clips_opts *opts, echo_error *err)
{
    static const echo_clips_opts none = { 0 };
    struct clip_files files = { 0 };
    struct reference r = { .o = opts ? opts : &none, .files = &files };
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
    if ((status = read_all(&r, err)) || (status = check_length(&r, err)))
        goto done;
    *pcm = r.pcm;
    *n = r.n;
    r.pcm = NULL;
done:
    echo_free(r.pcm);
    echo_clip_files_free(&files);
    return status;
}
