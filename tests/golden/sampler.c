/* SPDX-License-Identifier: MIT */
/* sampler.c - whole runs of the sampler, in one pass and block by block. */
#include <string.h>

#include "golden.h"

static double number(const json_t *o, const char *key, double otherwise)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : otherwise;
}

echo_params golden_params(const struct golden *g, const json_t *one)
{
    const json_t *o = json_object_get(one, "options"), *sizes, *size;
    echo_params p = echo_params_default(g->model);
    size_t i;

    p.rng_seed = (uint64_t)json_integer_value(json_object_get(one, "seed"));
    p.num_steps = (int)number(o, "num_steps", 40);
    p.cfg_scale_text = (float)number(o, "cfg_scale_text", 3);
    p.cfg_scale_speaker = (float)number(o, "cfg_scale_speaker", 8);
    p.cfg_min_t = (float)number(o, "cfg_min_t", 0.5);
    p.cfg_max_t = (float)number(o, "cfg_max_t", 1);
    p.truncation_factor = (float)number(o, "truncation_factor", 1);
    p.rescale_k = (float)number(o, "rescale_k", 0);
    p.rescale_sigma = (float)number(o, "rescale_sigma", 0);
    p.speaker_kv_scale = (float)number(o, "speaker_kv_scale", 0);
    p.speaker_kv_max_layers = (int)number(o, "speaker_kv_max_layers", -1);
    p.speaker_kv_min_t = (float)number(o, "speaker_kv_min_t", 0);
    p.sequence_length = (int)number(o, "sequence_length", ECHO_MAX_FRAMES);
    sizes = json_object_get(o, "block_sizes");
    json_array_foreach(sizes, i, size)
        p.block_sizes.items[i] = (int)json_integer_value(size);
    p.block_sizes.n = (int)json_array_size(sizes);
    return p;
}

/* The case's own text, or that of the text encoder's case, given as ids. */
static const char *text_of(const struct golden *g, const json_t *one, char *ids,
                           bool *normalize)
{
    const char *text = json_string_value(json_object_get(one, "text"));
    const struct array *a = golden_array(g, "text_encoder.ids");

    *normalize = text != NULL;
    if (text || !a)
        return text;
    for (size_t i = 1; i < a->count; i++)
        ids[i - 1] = (char)((const int32_t *)a->data)[i];
    ids[a->count - 1] = 0;
    return ids;
}

static void check_run(struct golden *g, const char *name, const json_t *one)
{
    int frames, given;
    char ids[800], array[80];
    bool normalize;
    const char *text = text_of(g, one, ids, &normalize);
    echo_params p = golden_params(g, one);
    echo_voice *speech = NULL;
    echo_error e = { 0 };

    if (!CHECK_SAY(text != NULL, "%s: no text", name))
        return;
    p.normalize = normalize;
    given = (int)json_integer_value(json_object_get(one, "continuation_frames"));
    if (given) {
        int size;
        const float *latent = echo_voice_latent(g->voice, NULL, &size);

        CHECK(!echo_voice_from_latent(&speech, latent, given, size, &e));
    }
    bool whole = p.sequence_length == ECHO_MAX_FRAMES && !p.block_sizes.n;
    bool speaks = !json_is_false(json_object_get(one, "speaker"));

    const echo_voice *voice = speaks ? g->voice : NULL;

    if (CHECK_SAY(!echo_continue(g->session, speech, text, voice, &p, NULL, &e), "%s: %s", name,
                  e.text)) {
        const float *latent = echo_session_latent(g->session, &frames);

        snprintf(array, sizeof array, "%s.latent", name);
        golden_close(g, array, latent, (size_t)(frames * g->model->dit.latent),
                     whole ? g->bound.long_run : g->bound.run);
        echo_stats stats = echo_session_stats(g->session);
        int guided = speaks ? 3 : 2;

        CHECK_SAY(stats.evaluations <= guided * stats.steps, "%s: %d evaluations", name,
                  stats.evaluations);
    }
    echo_voice_close(&speech);
}

void golden_sampler(struct golden *g)
{
    const char *name;
    json_t *one;
    int runs = 0;

    json_object_foreach(json_object_get(g->json, "cases"), name, one)
        if (!strncmp(name, "sample.", 7) || !strncmp(name, "blockwise.", 10)) {
            check_run(g, name, one);
            runs++;
        }
    CHECK(runs >= 4);
}
