/* SPDX-License-Identifier: MIT */
/* test_presets.c - presets: their numbers, their names, and that they are these values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echotts.h"
#include "unit.h"

/* Of the reference's file of presets, by its own names. */
static const struct {
    const char *title, *slug;
    float text, speaker, truncation, k;
} reference[] = {
    { "Independent-High-Speaker-CFG", "independent-high-speaker-cfg", 3, 8, 1, 1 },
    { "Independent-High-Speaker-CFG-Flat", "independent-high-speaker-cfg-flat", 3, 8, 0.8f,
      1.2f },
    { "Independent-High-CFG", "independent-high-cfg", 8, 8, 1, 1 },
    { "Independent-High-CFG-Flat", "independent-high-cfg-flat", 8, 8, 0.8f, 1.2f },
    { "Independent-Low-CFG", "independent-low-cfg", 3, 3, 1, 1 },
    { "Independent-Low-CFG-Flat", "independent-low-cfg-flat", 3, 3, 0.8f, 1.2f },
};

enum { REFERENCE = sizeof reference / sizeof *reference };

static void numbers(void)
{
    for (int i = 0; i < REFERENCE; i++) {
        const echo_preset *p = echo_preset_named(reference[i].title);
        echo_params got = { .num_steps = -7, .trim = true, .rng_seed = 9 };

        if (!CHECK_SAY(p != NULL, "%s is missing", reference[i].title))
            continue;
        CHECK(!strcmp(p->title, reference[i].title) && !strcmp(p->name, reference[i].slug));
        echo_preset_apply(p, &got);
        CHECK(got.num_steps == 40 && got.cfg_min_t == 0.5f && got.cfg_max_t == 1);
        CHECK(got.cfg_scale_text == reference[i].text);
        CHECK(got.cfg_scale_speaker == reference[i].speaker);
        CHECK(got.truncation_factor == reference[i].truncation);
        CHECK(got.rescale_k == reference[i].k && got.rescale_sigma == 3);
        CHECK(got.trim && got.rng_seed == 9 && got.speaker_kv_scale == 0);
    }
}

static void names(void)
{
    static const struct {
        const char *said, *meant;
    } ways[] = {
        { "Independent (High Speaker CFG)", "independent-high-speaker-cfg" },
        { "independent high_speaker cfg", "independent-high-speaker-cfg" },
        { "Independent (High CFG) Flat", "independent-high-cfg-flat" },
        { "  INDEPENDENT-LOW-CFG ", "independent-low-cfg" },
        { "Best", "best" },
    };
    static const char *const unknown[] = { "", " ", "-", "bes", "bestt", "fast\xc3\xa9",
                                           "independent", "independent-high" };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const echo_preset *p = echo_preset_named(ways[i].said);

        CHECK_SAY(p && !strcmp(p->name, ways[i].meant), "'%s' is %s", ways[i].said,
                  p ? p->name : "unknown");
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        CHECK_SAY(!echo_preset_named(unknown[i]), "'%s' is known", unknown[i]);
    CHECK(!echo_preset_named(NULL) && !echo_preset_at(-1) && !echo_preset_at(99));
    for (int i = 0; echo_preset_at(i); i++) {
        const echo_preset *p = echo_preset_at(i);

        CHECK_SAY(echo_preset_named(p->name) == p && echo_preset_named(p->title) == p &&
                      *p->help && !p->name[strspn(p->name, "abcdefghijklmnopqrstuvwxyz-")],
                  "%s", p->name);
    }
}

/* ---- speaking with them ---- */

struct sound {
    float pcm[64 * 2048];
    size_t n;
};

static bool collect(void *user, const float *pcm, size_t n)
{
    struct sound *s = user;

    memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return true;
}

static const struct sound *speak(echo_session *s, const echo_voice *v, const echo_params *p)
{
    static struct sound sounds[2];
    static int turn;
    struct sound *sound = &sounds[turn ^= 1];
    echo_sink sink = { .user = sound, .audio = collect };
    echo_error e = { 0 };

    sound->n = 0;
    CHECK_SAY(!echo_generate(s, "Some words.", v, p, &sink, &e), "%s", e.text);
    return sound;
}

static bool same(const struct sound *a, const struct sound *b)
{
    return a->n && a->n == b->n && !memcmp(a->pcm, b->pcm, a->n * sizeof *a->pcm);
}

static echo_params start(const echo_model *m)
{
    echo_params p = echo_params_default(m);

    p.sequence_length = 16;
    p.rng_seed = 3;
    p.trim = false;
    return p;
}

/* The same values, each where the table of parameters says that it is. */
static void set_by_hand(const echo_preset *preset, echo_params *p)
{
    for (const echo_preset_value *v = preset->values; v->name; v++) {
        const echo_param *row = echo_param_find(v->name);
        void *at = (char *)p + row->offset;

        CHECK(v->value >= row->min && v->value <= row->max);
        if (row->kind == ECHO_PARAM_INT)
            *(int *)at = (int)v->value;
        else if (CHECK(row->kind == ECHO_PARAM_FLOAT))
            *(float *)at = (float)v->value;
    }
}

static void spoken(const echo_model *m, echo_session *s, const echo_voice *v)
{
    const echo_preset *preset;

    for (int i = 0; (preset = echo_preset_at(i)); i++) {
        echo_params p = start(m), hand = start(m);
        const struct sound *a, *b;

        echo_preset_apply(preset, &p);
        set_by_hand(preset, &hand);
        a = speak(s, v, &p);
        CHECK_SAY(echo_session_stats(s).evaluations == preset->evaluations,
                  "%s: %d evaluations", preset->name, echo_session_stats(s).evaluations);
        b = speak(s, v, &hand);
        CHECK_SAY(same(a, b), "%s is not what its values are", preset->name);
    }
}

/* A rescaling by 1 is none, bit for bit. */
static void rescaled(const echo_model *m, echo_session *s)
{
    echo_params off = start(m), one = off, more = off;
    const struct sound *a;

    off.num_steps = one.num_steps = more.num_steps = 3;
    one.rescale_k = 1;
    more.rescale_k = 1.2f;
    one.rescale_sigma = more.rescale_sigma = 3;
    a = speak(s, NULL, &off);
    CHECK(same(a, speak(s, NULL, &one)));
    a = speak(s, NULL, &one);
    CHECK(!same(a, speak(s, NULL, &more)));
}

int main(int argc, char **argv)
{
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL;
    echo_model_opts opts = { .threads = 1 };
    char path[600];
    echo_error e = { 0 };

    if (argc < 2)
        return 2;
    numbers();
    names();
    snprintf(path, sizeof path, "%s/tiny", argv[1]);
    CHECK_SAY(!echo_model_open(&m, path, &opts, &e) && !echo_session_open(&s, m, &e), "%s",
              e.text);
    snprintf(path, sizeof path, "%s/tiny/voice.wav", argv[1]);
    if (s && CHECK_SAY(!echo_voice_open(&v, s, path, NULL, &e), "%s", e.text)) {
        spoken(m, s, v);
        rescaled(m, s);
    }
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
    return unit_report();
}
