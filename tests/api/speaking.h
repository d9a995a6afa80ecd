/* SPDX-License-Identifier: MIT */
/* speaking.h - what echo_speak() said, and the handles it needs: for the tests of it. */
#ifndef ECHO_SPEAKING_H
#define ECHO_SPEAKING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echotts_dev.h"
#include "unit.h"

#define PIECES 40
#define FRAMES 14 /* of each piece of the random model, which never ends by itself */

/* ---- collecting ---- */

struct said {
    float *pcm;
    size_t n, calls, stop_call; /* 0: never */
    struct {
        echo_piece it;    /* but for its strings and voice */
        char text[200], role[40]; /* "": the narrator */
        echo_voice *voice; /* a copy */
    } pieces[PIECES];
    int n_pieces, stop_piece; /* 0: never; 1: at the first */
    int reports, stop_report;
    double overall;
    bool backwards;
    int warnings;
};

static inline bool hear(void *user, const float *pcm, size_t n)
{
    struct said *s = user;

    s->pcm = realloc(s->pcm, (s->n + n) * sizeof *pcm);
    memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return ++s->calls != s->stop_call;
}

static inline bool note(void *user, const echo_piece *piece)
{
    struct said *s = user;
    int i = s->n_pieces, frames, size;

    if (!CHECK(i < PIECES))
        return false;
    s->pieces[i].it = *piece;
    snprintf(s->pieces[i].text, sizeof s->pieces[i].text, "%s", piece->text);
    snprintf(s->pieces[i].role, sizeof s->pieces[i].role, "%s",
             piece->role ? piece->role : "");
    if (piece->voice) {
        const float *latent = echo_voice_latent(piece->voice, &frames, &size);

        CHECK(!echo_voice_from_latent(&s->pieces[i].voice, latent, frames, size, NULL));
    }
    s->n_pieces++;
    return s->n_pieces != s->stop_piece;
}

static inline bool overall(void *user, double done, double left_s)
{
    struct said *s = user;

    (void)left_s;
    s->backwards |= done < s->overall || done > 1;
    s->overall = done;
    return ++s->reports != s->stop_report;
}

static inline void warn(void *user, echo_log_level level, const char *line)
{
    (void)line;
    ((struct said *)user)->warnings += level == ECHO_LOG_WARNING;
}

static inline void drop(struct said *s)
{
    free(s->pcm);
    for (int i = 0; i < s->n_pieces; i++)
        echo_voice_close(&s->pieces[i].voice);
    memset(s, 0, sizeof *s);
}

static inline echo_status speak(echo_session *s, const char *text, const echo_voice *v,
                                const echo_params *p, const echo_speak_opts *o,
                                struct said *out, echo_error *e)
{
    echo_speak_sink sink = { .user = out, .audio = hear, .piece = note, .overall = overall,
                             .log = warn };

    return echo_speak(s, text, v, p, o, &sink, e);
}

static inline bool same(const struct said *a, const struct said *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->pcm, b->pcm, a->n * sizeof *a->pcm));
}

/* ---- handles ---- */

static inline echo_model *open_model(const char *folder)
{
    echo_model_opts o = { .threads = 2, .precision = "f32" };
    echo_model *m = NULL;
    echo_error e = { 0 };

    if (!CHECK_SAY(!echo_model_open(&m, folder, &o, &e), "%s", e.text))
        exit(unit_report());
    return m;
}

static inline echo_session *fresh(const echo_model *m, bool beside)
{
    echo_session *s = NULL;

    if (!CHECK(!echo_session_open(&s, m, NULL)))
        exit(unit_report());
    echo_session_overlap(s, beside);
    return s;
}

static inline echo_voice *voice_of(const echo_model *m, const char *path)
{
    echo_session *s = fresh(m, false);
    echo_voice *v = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!echo_voice_open(&v, s, path, NULL, &e), "%s", e.text);
    echo_session_close(&s);
    return v;
}

static inline echo_params quick(const echo_model *m)
{
    echo_params p = echo_params_default(m);

    p.num_steps = 2;
    p.sequence_length = FRAMES;
    p.rng_seed = 5;
    return p;
}

static inline echo_speak_opts plain(void)
{
    echo_speak_opts o = echo_speak_opts_default();

    o.retakes = 0;
    return o;
}

/* ---- going on ---- */

/* Behind piece i of the whole, in another session: what follows is the same. */
static inline void check_rest(const echo_model *m, const char *text, const struct said *whole,
                              int i, const echo_voice *v, const echo_params *p,
                              echo_speak_opts o)
{
    struct said rest = { 0 };
    echo_session *s = fresh(m, i & 1);
    size_t at = whole->pieces[i].it.next.samples;
    echo_error e = { 0 };

    o.from = &whole->pieces[i].it.next;
    o.own_voice = whole->pieces[i].voice;
    CHECK_SAY(!speak(s, text, v, p, &o, &rest, &e), "%s", e.text);
    CHECK_SAY(rest.n == whole->n - at &&
                  (!rest.n || !memcmp(rest.pcm, whole->pcm + at, rest.n * sizeof *rest.pcm)),
              "after piece %d: %zu samples of %zu, or others", i, rest.n, whole->n - at);
    CHECK(rest.n_pieces == whole->n_pieces - 1 - i && !rest.backwards);
    for (int k = 0; k < rest.n_pieces; k++) {
        const echo_piece *a = &rest.pieces[k].it, *b = &whole->pieces[i + 1 + k].it;

        CHECK(a->index == b->index && a->turn == b->turn && a->seed == b->seed &&
              a->begin_s == b->begin_s && a->end_s == b->end_s &&
              !memcmp(&a->next, &b->next, sizeof a->next));
        CHECK(!strcmp(rest.pieces[k].role, whole->pieces[i + 1 + k].role));
    }
    drop(&rest);
    echo_session_close(&s);
}

#endif
