/* SPDX-License-Identifier: MIT */
/*
 * test_cast.c - a dialogue, as a program would have it spoken: each role in its own voice, what
 * a listener of pieces is told, turns that overlap, and going on after any piece.
 * test_cast DATA [MODELS]
 */
#include <math.h>

#include "speaking.h"

/* Turns of one piece and of two, in so small a window. */
static const char play[] = "It rains all day.\n\n"
                           "Anna: The first of them.\n"
                           "Ben: And the second. It is his.\n"
                           "Anna: A third one comes.\n"
                           "Carol: The fourth is here. It has two as well.\n"
                           "Ben: The last.";

static const struct {
    const char *role;
    int turn;
} who[] = { { "", 0 },     { "Anna", 1 },  { "Ben", 2 },   { "Ben", 2 },
            { "Anna", 3 }, { "Carol", 4 }, { "Carol", 4 }, { "Ben", 5 } };

#define PLAYED 8

struct theatre {
    const echo_model *m;
    echo_voice *v, *w;
    echo_role cast[3]; /* Carol has the narrator's voice */
};

static echo_speak_opts dialogue(const struct theatre *t)
{
    echo_speak_opts o = plain();

    o.cast = t->cast;
    o.roles = 3;
    o.match_levels = false;
    return o;
}

/* ---- voices ---- */

/* Is the sound of a piece in the whole that of the same words alone, without silence at its
 * ends?  Fades are 441 samples; silence goes in windows of as many. */
static bool sounds_like(const struct said *whole, int i, const struct said *alone)
{
    size_t begin = (size_t)llround(whole->pieces[i].it.begin_s * ECHO_SAMPLE_RATE);
    size_t end = (size_t)llround(whole->pieces[i].it.end_s * ECHO_SAMPLE_RATE);
    size_t n = end - begin;

    for (size_t at = 0; n > 1000 && end <= whole->n && at + n <= alone->n; at += 441)
        if (!memcmp(whole->pcm + begin + 441, alone->pcm + at + 441,
                    (n - 882) * sizeof *alone->pcm))
            return true;
    return false;
}

static const echo_voice *voice_for(const struct theatre *t, const char *role)
{
    return !strcmp(role, "Anna") ? t->v : !strcmp(role, "Ben") ? t->w : NULL;
}

static void voices(const struct theatre *t)
{
    echo_params p = quick(t->m), one = p;
    echo_speak_opts o = dialogue(t), single = plain();
    echo_session *s = fresh(t->m, false);
    struct said whole = { 0 }, alone = { 0 };
    echo_error e = { 0 };

    CHECK_SAY(!speak(s, play, t->w, &p, &o, &whole, &e), "%s", e.text);
    if (!CHECK_SAY(whole.n_pieces == PLAYED, "%d pieces", whole.n_pieces))
        exit(unit_report());
    for (int i = 0; i < PLAYED; i++) {
        const echo_voice *v = voice_for(t, who[i].role);
        const echo_piece *piece = &whole.pieces[i].it;
        bool turns = i + 1 < PLAYED && who[i + 1].turn != who[i].turn;

        CHECK_SAY(!strcmp(whole.pieces[i].role, who[i].role) && piece->turn == who[i].turn,
                  "piece %d: %s, turn %d", i, whole.pieces[i].role, piece->turn);
        CHECK_SAY(piece->pause_s == (i + 1 == PLAYED ? 0 : turns ? 0.3f : 0.4f), "%g s",
                  piece->pause_s);
        CHECK(piece->resumable && !piece->voice);
        one.rng_seed = p.rng_seed + (uint64_t)i;
        CHECK_SAY(!speak(s, whole.pieces[i].text, v ? v : t->w, &one, &single, &alone, &e),
                  "%s", e.text);
        CHECK_SAY(sounds_like(&whole, i, &alone), "piece %d is in another voice", i);
        drop(&alone);
        CHECK(!speak(s, whole.pieces[i].text, v == t->v ? t->w : t->v, &one, &single, &alone,
                     &e));
        CHECK_SAY(!sounds_like(&whole, i, &alone), "piece %d: all voices are one", i);
        drop(&alone);
    }
    drop(&whole);
    echo_session_close(&s);
}

/* ---- going on ---- */

static void resuming(const struct theatre *t)
{
    for (int k = 0; k < 2; k++) {
        echo_params p = quick(t->m);
        echo_speak_opts o = dialogue(t);
        echo_session *s = fresh(t->m, k);
        struct said whole = { 0 };
        echo_error e = { 0 };

        o.match_levels = true;
        o.pause_turn = k ? -0.2f : 0.1f;
        CHECK_SAY(!speak(s, play, k ? t->w : NULL, &p, &o, &whole, &e), "%s", e.text);
        for (int i = 0; i < whole.n_pieces && CHECK(whole.n_pieces == PLAYED); i++) {
            bool turns = i + 1 < PLAYED && who[i + 1].turn != who[i].turn;

            CHECK(whole.pieces[i].it.resumable == !(turns && k));
            if (whole.pieces[i].it.resumable)
                check_rest(t->m, play, &whole, i, k ? t->w : NULL, &p, o);
        }
        drop(&whole);
        echo_session_close(&s);
    }
}

/* ---- overlaps ---- */

static void overlapping(const struct theatre *t)
{
    for (int k = 0; k < 2; k++) {
        echo_params p = quick(t->m);
        echo_speak_opts o = dialogue(t);
        echo_session *s = fresh(t->m, !k);
        struct said apart = { 0 }, out = { 0 };
        echo_error e = { 0 };

        o.stream = k;
        p.block_sizes = (echo_list){ o.stream, { 8 } };
        o.pause_turn = 0;
        CHECK_SAY(!speak(s, play, t->v, &p, &o, &apart, &e), "%s", e.text);
        o.pause_turn = -0.2f;
        CHECK_SAY(!speak(s, play, t->v, &p, &o, &out, &e), "%s", e.text);
        for (int i = 1; i < PLAYED && CHECK(out.n_pieces == PLAYED); i++) {
            double gap = out.pieces[i].it.begin_s - out.pieces[i - 1].it.end_s;
            double want = who[i].turn != who[i - 1].turn ? -0.2 : 0.4;

            CHECK_SAY(fabs(gap - want) < 1e-4, "%g s before piece %d, not %g", gap, i, want);
        }
        CHECK(apart.n - out.n == 5 * (size_t)llround(0.2f * ECHO_SAMPLE_RATE));
        CHECK(out.pieces[PLAYED - 1].it.end_s == (double)out.n / ECHO_SAMPLE_RATE);
        drop(&apart);
        drop(&out);
        echo_session_close(&s);
    }
}

/* ---- refusing ---- */

static void other_jobs(const struct theatre *t)
{
    echo_params p = quick(t->m);
    echo_speak_opts o = dialogue(t);
    echo_session *s = fresh(t->m, false);
    struct said part = { .stop_piece = 3 }, out = { 0 };
    echo_role cast[3];
    echo_checkpoint from;
    echo_error e = { 0 };

    CHECK(speak(s, play, NULL, &p, &o, &part, &e) == ECHO_ERR_CANCELLED);
    from = part.pieces[2].it.next;
    o.from = &from;
    o.own_voice = part.pieces[2].voice;
    o.cast = cast;
    for (int i = 0; i < 5; i++) {
        memcpy(cast, t->cast, sizeof cast);
        o.pause_turn = i == 0 ? 0.5f : 0.3f;
        if (i == 1)
            cast[1].voice = t->v;
        if (i == 2)
            cast[2].voice = t->w;
        if (i == 3)
            cast[1].name = "BEN";
        o.roles = i == 4 ? 2 : 3;
        CHECK_SAY(speak(s, play, NULL, &p, &o, &out, &e) == ECHO_ERR_ARG &&
                      !strcmp(e.field, "from") && !out.n, "change %d: %s", i, e.text);
    }
    o = dialogue(t);
    o.from = &from;
    from.cast[1].pace = -1;
    CHECK(speak(s, play, NULL, &p, &o, &out, &e) == ECHO_ERR_ARG && !strcmp(e.field, "from"));
    drop(&part);
    echo_session_close(&s);
}

static void refused(const struct theatre *t, const char *text, const echo_speak_opts *o,
                    const char *field, const char *why)
{
    echo_session *s = fresh(t->m, false);
    echo_params p = quick(t->m);
    struct said out = { 0 };
    echo_error e = { 0 };

    CHECK_SAY(speak(s, text, NULL, &p, o, &out, &e) == ECHO_ERR_ARG && !out.n &&
                  !strcmp(e.field, field) && strstr(e.text, why), "%s: %s", e.field, e.text);
    echo_session_close(&s);
}

static void refusing(const struct theatre *t)
{
    static const float zeros[64];
    echo_speak_opts good = dialogue(t), o = good;
    echo_voice *strange = NULL;
    echo_role cast[] = { { "Anna", NULL }, { "anna", NULL } };

    o.cast = NULL;
    refused(t, play, &o, "cast", "is missing");
    o = good;
    o.roles = ECHO_MAX_ROLES + 1;
    refused(t, play, &o, "roles", "expected 0 to 64");
    o = good;
    o.pause_turn = -2.5f;
    refused(t, play, &o, "pause_turn", "expected -2 to 60");
    o.pause_turn = NAN;
    refused(t, play, &o, "pause_turn", "expected -2 to 60");
    refused(t, "Dora: Hello. Anna is here.", &good, "cast", "names that are there: Dora");
    o = good;
    o.cast = cast;
    o.roles = 2;
    refused(t, play, &o, "cast", "anna is twice");
    CHECK(!echo_voice_from_latent(&strange, zeros, 8, 8, NULL));
    cast[1] = (echo_role){ "Ben", strange };
    refused(t, play, &o, "cast", "Ben: the voice has latents of size 8");
    echo_voice_close(&strange);
}

/* ---- what is told ---- */

static void hear_warning(void *user, echo_log_level level, const char *line)
{
    if (level == ECHO_LOG_WARNING && strstr(line, "not in the cast"))
        snprintf(user, 200, "%s", line);
}

/* A script keeps the names; who is not in the cast is a warning. */
static void scripts(const char *folder)
{
    echo_model_opts how = { .describe = true, .log = hear_warning };
    char line[200] = "", name[] = "Anna";
    echo_role cast[] = { { name, NULL } };
    echo_speak_opts o = plain();
    echo_model *m = NULL;
    echo_script *s = NULL;
    echo_piece p;
    echo_error e = { 0 };

    how.user = line;
    CHECK_SAY(!echo_model_open(&m, folder, &how, &e), "%s", e.text);
    o.cast = cast;
    o.roles = 1;
    CHECK_SAY(!echo_script_open(&s, m, "Anna: One.\nDora: Two.\nDora: Three.\nAnna: Four.", &o,
                                &e), "%s", e.text);
    CHECK_SAY(strstr(line, "Dora (2 lines)") != NULL, "%s", line);
    memset(name, 'x', 4);
    CHECK(echo_script_next(s, &p) && !strcmp(p.role, "Anna") && p.turn == 0 &&
          p.pause_s == o.pause_turn && !strcmp(p.text, "One. Dora: Two. Dora: Three."));
    CHECK(echo_script_next(s, &p) && p.turn == 1 && !echo_script_next(s, &p));
    echo_script_close(&s);
    echo_model_close(&m);
}

/* ---- a model that speaks ---- */

static echo_voice *voice_named(const echo_model *m, const char *name)
{
    echo_session *s = fresh(m, false);
    echo_voice *v = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!echo_voice_named(&v, s, name, NULL, &e), "%s", e.text);
    echo_session_close(&s);
    return v;
}

/* Windows follow the pace of each voice: a checkpoint has them all. */
static void pacing(const struct theatre *t)
{
    static const char text[] = "Anna: The train was late again that morning.\n"
                               "Ben: A boy counted the pigeons under the roof.\n"
                               "Anna: He came to seventeen before his mother called.\n"
                               "Ben: They found two seats by the window.";
    echo_params p = echo_params_default(t->m);
    echo_speak_opts o = dialogue(t);
    echo_session *s = fresh(t->m, true);
    struct said whole = { 0 };
    echo_error e = { 0 };

    p.num_steps = 2;
    CHECK_SAY(!speak(s, text, NULL, &p, &o, &whole, &e), "%s", e.text);
    if (CHECK_SAY(whole.n_pieces == 4, "%d pieces", whole.n_pieces)) {
        const echo_checkpoint *c = &whole.pieces[3].it.next;

        CHECK(!whole.pieces[0].it.next.cast[1].heard && c->cast[0].heard == 2 &&
              c->cast[1].heard == 2 && !c->heard);
        CHECK_SAY(c->cast[0].pace != c->cast[1].pace, "one pace for two voices");
        check_rest(t->m, text, &whole, 1, NULL, &p, o);
    }
    drop(&whole);
    echo_session_close(&s);
}

/* Without a voice of the call, the narrator's pieces make one, and those of who has none. */
static void own_voice(const struct theatre *t)
{
    static const char text[] = "Anna: The first of them.\nCarol: And this is the second.\n"
                               "Anna: A third one comes.\nCarol: Number four is here.";
    echo_params p = echo_params_default(t->m);
    echo_speak_opts o = dialogue(t);
    echo_session *s = fresh(t->m, false);
    struct said out = { 0 };
    int frames[4] = { 0 };
    echo_error e = { 0 };

    p.num_steps = 2;
    CHECK_SAY(!speak(s, text, NULL, &p, &o, &out, &e), "%s", e.text);
    for (int i = 0; i < 4 && CHECK(out.n_pieces == 4); i++)
        if (out.pieces[i].voice)
            echo_voice_latent(out.pieces[i].voice, &frames[i], NULL);
    CHECK_SAY(!frames[0] && frames[1] > 0 && frames[2] == frames[1] && frames[3] > frames[2],
              "%d, %d, %d, %d frames", frames[0], frames[1], frames[2], frames[3]);
    drop(&out);
    echo_session_close(&s);
}

static struct theatre open_theatre(const echo_model *m, echo_voice *v, echo_voice *w)
{
    return (struct theatre){ m, v, w, { { "Anna", v }, { "Ben", w }, { "Carol", NULL } } };
}

static void close_theatre(struct theatre *t, echo_model *m)
{
    echo_voice_close(&t->v);
    echo_voice_close(&t->w);
    echo_model_close(&m);
}

int main(int argc, char **argv)
{
    char path[500], clip[500], long_clip[500];
    struct theatre t;
    echo_model *m;

    if (argc < 2)
        return 2;
    snprintf(path, sizeof path, "%s/odd", argv[1]);
    snprintf(clip, sizeof clip, "%s/tiny/voice.wav", argv[1]);
    snprintf(long_clip, sizeof long_clip, "%s/tiny/voice-long.wav", argv[1]);
    m = open_model(path);
    t = open_theatre(m, voice_of(m, clip), voice_of(m, long_clip));
    voices(&t);
    resuming(&t);
    overlapping(&t);
    other_jobs(&t);
    refusing(&t);
    scripts(path);
    close_theatre(&t, m);
    if (argc < 3)
        return unit_report();

    snprintf(path, sizeof path, "%s/small", argv[2]);
    m = open_model(path);
    t = open_theatre(m, voice_named(m, "joe"), voice_named(m, "bright"));
    own_voice(&t);
    pacing(&t);
    close_theatre(&t, m);
    return unit_report();
}
