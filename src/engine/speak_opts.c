/* SPDX-License-Identifier: MIT */
/* speak_opts.c - echo_speak_opts: what they are at first, and which job they make. */
#include <string.h>
#include <xxhash.h>

#include "base/error.h"
#include "engine/params.h"
#include "engine/speak.h"
#include "engine/voice.h"
#include "text/cast.h"
#include "text/clean/clean.h"
#include "text/spell/speller.h"

#define AT(field) offsetof(echo_speak_opts, field)

static const echo_param table[] = {
    { .name = "clean", .kind = ECHO_PARAM_BOOL, .offset = AT(clean),
      .help = "markup, numbers and signs become words" },
    { .name = "pause_sentence", .kind = ECHO_PARAM_FLOAT, .offset = AT(pause_sentence),
      .max = 60, .help = "seconds between pieces that end a sentence" },
    { .name = "pause_paragraph", .kind = ECHO_PARAM_FLOAT, .offset = AT(pause_paragraph),
      .max = 60, .help = "seconds between paragraphs" },
    { .name = "pause_turn", .kind = ECHO_PARAM_FLOAT, .offset = AT(pause_turn), .min = -2,
      .max = 60, .help = "seconds between turns of a cast; below 0 they overlap" },
    { .name = "crossfade", .kind = ECHO_PARAM_FLOAT, .offset = AT(crossfade), .max = 1,
      .help = "seconds that pieces without a pause overlap" },
    { .name = "match_levels", .kind = ECHO_PARAM_BOOL, .offset = AT(match_levels),
      .help = "pieces are as loud as those before" },
    { .name = "retakes", .kind = ECHO_PARAM_INT, .offset = AT(retakes), .max = 10,
      .help = "of a piece that is silent, cut or too long" },
    { .name = "first_block", .kind = ECHO_PARAM_INT, .offset = AT(first_block), .min = 16,
      .max = ECHO_MAX_FRAMES, .help = "frames of the first block of a stream" },
};

const echo_param *echo_speak_param_at(int i)
{
    return i >= 0 && (size_t)i < sizeof table / sizeof *table ? &table[i] : NULL;
}

echo_speak_opts echo_speak_opts_default(void)
{
    return (echo_speak_opts){
        .clean = true,
        .pause_sentence = 0.4f,
        .pause_paragraph = 0.8f,
        .pause_turn = 0.3f,
        .match_levels = true,
        .retakes = 2,
        .first_block = 32,
    };
}

static echo_status check_cast(const echo_speak_opts *o, echo_error *err)
{
    struct cast cast = { 0 };
    echo_status s;

    if (o->roles && !o->cast)
        return echo_fail_field(err, "cast", "the cast is missing, and has %d roles", o->roles);
    s = echo_cast_open(&cast, o->cast, o->roles, err);
    echo_cast_close(&cast);
    return s;
}

static echo_status check_numbers(const echo_speak_opts *o, echo_error *err)
{
    const echo_param *p;
    echo_status s;

    for (int i = 0; (p = echo_speak_param_at(i)); i++)
        if ((s = echo_param_check(p, o, err)))
            return s;
    if (o->roles < 0 || o->roles > ECHO_MAX_ROLES)
        return echo_fail_field(err, "roles", "roles is %d, expected 0 to %d", o->roles,
                               ECHO_MAX_ROLES);
    return ECHO_OK;
}

echo_status echo_speak_opts_check(const echo_speak_opts *o, echo_error *err)
{
    enum markup markup;
    echo_status s;

    if ((s = check_numbers(o, err)) || (s = echo_markup_named(&markup, o->markup, err)) ||
        (o->language && (s = echo_language_check(o->language, err))))
        return s;
    return check_cast(o, err);
}

/* ---- which job it is ---- */

static void hash_number(XXH3_state_t *h, double value)
{
    XXH3_64bits_update(h, &value, sizeof value);
}

static void hash_string(XXH3_state_t *h, const char *string)
{
    XXH3_64bits_update(h, string, strlen(string) + 1);
}

static void hash_params(XXH3_state_t *h, const echo_params *p)
{
    const echo_param *t;

    for (int i = 0; (t = echo_param_at(i)); i++) {
        const char *at = (const char *)p + t->offset;

        switch (t->kind) {
        case ECHO_PARAM_SEED: XXH3_64bits_update(h, at, sizeof(uint64_t)); break;
        case ECHO_PARAM_INT: XXH3_64bits_update(h, at, sizeof(int)); break;
        case ECHO_PARAM_FLOAT: XXH3_64bits_update(h, at, sizeof(float)); break;
        case ECHO_PARAM_BOOL: XXH3_64bits_update(h, at, sizeof(bool)); break;
        case ECHO_PARAM_LIST:
            for (int k = 0; k < ((const echo_list *)(const void *)at)->n; k++)
                hash_number(h, ((const echo_list *)(const void *)at)->items[k]);
            break;
        }
    }
}

static void hash_script(XXH3_state_t *h, const struct script *s)
{
    for (int i = 0; i < s->n; i++) {
        hash_string(h, s->parts[i].text);
        hash_number(h, s->parts[i].end);
        hash_number(h, s->parts[i].pause_s);
        hash_number(h, s->parts[i].role);
        hash_number(h, s->parts[i].turn);
    }
}

static void hash_voice(XXH3_state_t *h, const echo_voice *voice)
{
    hash_number(h, voice ? (double)echo_voice_identity(voice) : 0);
}

static void hash_opts(XXH3_state_t *h, const echo_speak_opts *o)
{
    hash_number(h, o->pause_sentence);
    hash_number(h, o->pause_paragraph);
    hash_number(h, o->pause_turn);
    hash_number(h, o->crossfade);
    hash_number(h, o->match_levels);
    hash_number(h, o->retakes);
    hash_number(h, o->stream);
    for (int i = 0; i < o->roles; i++) {
        hash_string(h, o->cast[i].name);
        hash_voice(h, o->cast[i].voice);
    }
}

uint64_t echo_speak_job(const echo_model *m, const struct script *script,
                        const echo_voice *voice, const echo_params *params,
                        const echo_speak_opts *opts)
{
    echo_model_info about = echo_model_describe(m);
    uint64_t loras = echo_loras_identity(&m->loras);
    XXH3_state_t *h = XXH3_createState();
    uint64_t hash;

    if (!h)
        return 0;
    XXH3_64bits_reset(h);
    hash_script(h, script);
    hash_params(h, params);
    hash_opts(h, opts);
    hash_voice(h, voice);
    hash_number(h, (double)about.file_bytes);
    hash_number(h, (double)about.echo_parameters);
    hash_string(h, about.precision);
    hash_string(h, about.codec_precision);
    if (loras)
        XXH3_64bits_update(h, &loras, sizeof loras);
    hash = XXH3_64bits_digest(h);
    XXH3_freeState(h);
    return hash ? hash : 1;
}
