/* SPDX-License-Identifier: MIT */
/*
 * lib.c - the calls of echotts.h that are not a handle's own.
 *
 * Handles are in engine/: model.c, session.c, voice.c, generate.c, decode.c.
 */
#include "audio/audio.h"
#include "base/cpu.h"
#include "base/file_out.h"
#include "base/memory.h"
#include "echotts_dev.h"
#include "engine/params.h"
#include "engine/session.h"
#include "synth/synth.h"

const char *echo_version(void)
{
    return ECHO_VERSION;
}

const char *echo_isa(int i)
{
    unsigned have = echo_cpu_flags();

    for (const struct cpu_level *l = echo_cpu_levels; l->name; l++)
        if (!(l->flags & ~have) && i-- == 0)
            return l->name;
    return NULL;
}

echo_status echo_model_synthesize(const char *size, const char *dir, uint64_t seed,
                                  bool (*progress)(void *user, double done), void *user,
                                  echo_error *err)
{
    return echo_synthesize(size, dir, seed, progress, user, err);
}

echo_params echo_params_default(const echo_model *m)
{
    return m ? m->settings.defaults : echo_params_reference();
}

echo_stats echo_session_stats(const echo_session *s)
{
    return s->stats;
}

const float *echo_session_latent(const echo_session *s, int *frames)
{
    if (frames)
        *frames = s->frames;
    return s->latent;
}

echo_status echo_audio_read(float **pcm, size_t *n, const char *path, double max_seconds,
                            echo_error *err)
{
    return echo_audio_load(pcm, n, path, max_seconds, err);
}

void echo_audio_free(float **pcm)
{
    echo_free(*pcm);
    *pcm = NULL;
}

echo_status echo_file_write(const char *path, const void *data, size_t bytes, echo_error *err)
{
    struct file_out *out = NULL;
    echo_status s = echo_out_open(&out, path, err);

    if (s)
        return s;
    echo_out_write(out, data, bytes);
    return echo_out_commit(&out, err);
}

echo_status echo_file_check(const char *path, echo_error *err)
{
    return echo_out_check(path, err);
}
