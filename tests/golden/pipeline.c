/* SPDX-License-Identifier: MIT */
/* pipeline.c - text and a clip in, samples out; and where speech ends. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "model/speech_end.h"

static void check_speech_end(struct golden *g, const char *name, const json_t *one)
{
    char array[80];

    snprintf(array, sizeof array, "%s.latent", name);
    const struct array *a = golden_array(g, array);
    float *latent = golden_floats(g, array, NULL);

    if (!latent)
        return;
    int frames = (int)a->shape[0], size = (int)a->shape[1];
    int want = (int)json_integer_value(json_object_get(one, "point"));
    int whole = echo_speech_end(latent, 0, frames, size, true);

    CHECK_SAY((whole < 0 ? frames : whole) == want, "%s: %d, expected %d", name, whole, want);
    /* as the frames come in, the end is found at the same place, and never too early */
    for (int known = 1; known <= frames; known++) {
        int early = echo_speech_end(latent, 0, known, size, false);

        CHECK_SAY(early < 0 || early == want, "%s: %d after %d frames, expected %d", name,
                  early, known, want);
    }
    free(latent);
}

static bool append(void *user, const float *pcm, size_t n)
{
    float **end = user;

    memcpy(*end, pcm, n * sizeof *pcm);
    *end += n;
    return true;
}

static void check_pipeline(struct golden *g, const char *name, const json_t *one)
{
    echo_params p = golden_params(g, one);
    float *pcm = malloc((size_t)ECHO_MAX_FRAMES * 2048 * sizeof *pcm), *end = pcm;
    echo_sink sink = { .user = &end, .audio = append };
    char path[1000], array[80];
    echo_voice *v = NULL;
    echo_error e = { 0 };

    p.trim = false;
    if (json_is_true(json_object_get(one, "speaker"))) {
        const char *clip = json_string_value(json_object_get(g->json, "clip"));

        snprintf(path, sizeof path, "%s/%s", g->folder, clip ? clip : "voice.wav");
        CHECK_SAY(!echo_voice_open(&v, g->session, path, NULL, &e), "%s", e.text);
    }
    const char *text = json_string_value(json_object_get(one, "text"));

    if (CHECK_SAY(!echo_generate(g->session, text, v, &p, &sink, &e), "%s", e.text)) {
        snprintf(array, sizeof array, "%s.audio", name);
        golden_audio(g, array, pcm, (size_t)(end - pcm));
    }
    echo_voice_close(&v);
    free(pcm);
}

void golden_pipeline(struct golden *g)
{
    const char *name;
    json_t *one;
    int runs = 0;

    json_object_foreach(json_object_get(g->json, "cases"), name, one)
    {
        if (!strncmp(name, "flattening.", 11))
            check_speech_end(g, name, one);
        if (!strncmp(name, "pipeline.", 9)) {
            check_pipeline(g, name, one);
            runs++;
        }
    }
    CHECK(runs >= 2);
}
