/* SPDX-License-Identifier: MIT */
/* clip.c - sound to a voice: looked at first, for what the model would not hear in it. */
#include <math.h>

#include "audio/audio.h"
#include "audio/findings.h"
#include "audio/flat.h"
#include "base/memory.h"
#include "engine/identity.h"
#include "engine/voice.h"

static const echo_encode_opts no_opts = { 0 };

/* Frames that a clip of n samples gives. */
static int frames_of(const echo_model *m, size_t n, bool all)
{
    size_t frame = (size_t)m->codec.frame_samples;
    size_t patch = (size_t)m->dit.encoder[CONTEXT_SPEAKER].patch;

    return (int)(all ? (n + frame - 1) / frame : n / frame / patch * patch);
}

/* A clip, and what it is called in messages. */
struct clip {
    const float *pcm; /* at 44.1 kHz */
    size_t n;
    struct audio_about about; /* of all there was */
    const char *name;
};

echo_status echo_clip_too_short(size_t n, size_t least, echo_error *err)
{
    return echo_fail_field(err, "pcm",
                           "the audio is too short: %.2f s (%zu samples at 44.1 kHz); at least "
                           "%.2f s are needed (%zu)",
                           (double)n / ECHO_SAMPLE_RATE, n,
                           ceil(100.0 * (double)least / ECHO_SAMPLE_RATE) / 100, least);
}

echo_status echo_clip_check_silence(const struct loudness *level, echo_error *err)
{
    if (level->swing > LOUDNESS_SILENCE)
        return ECHO_OK;
    return echo_fail_field(err, "pcm",
                           "the audio is silent (nothing in it is above %.0f dB): record it "
                           "again, with the right microphone chosen and not muted",
                           20 * log10(LOUDNESS_SILENCE));
}

echo_status echo_clip_failed(echo_status status, const char *name, const echo_error *why,
                             echo_error *err)
{
    if (status == ECHO_ERR_ARG) /* what is wrong is in the file */
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", name, why->text);
    if (status && err)
        *err = *why;
    return status;
}

/* Refuse a clip that the model cannot make a voice of. */
static echo_status refuse(const echo_model *m, const struct clip *clip, size_t n, int frames,
                          int most, const struct loudness *level, echo_error *err)
{
    int least = m->codec.frame_samples * m->dit.encoder[CONTEXT_SPEAKER].patch;
    char length[64];

    if (!frames)
        return echo_clip_too_short(n, (size_t)least, err);
    if (most && (frames > most || !clip->about.known))
        return echo_fail_field(err, "pcm",
                               "%s, at most %.1f s (%d frames) can be taken: cut out the part "
                               "that is wanted",
                               echo_length_of(length, sizeof length, &clip->about),
                               echo_voice_seconds(m, most), most);
    return echo_clip_check_silence(level, err);
}

static void log_finding(void *session, echo_log_level level, const char *line)
{
    echo_session_log(session, level, "%s", line);
}

/* Where the voice may not be what the clip sounds like, or what is taken not all of it. */
static void tell(echo_session *s, const struct clip *clip, const struct examined *found,
                 int frames, float gain, const echo_encode_opts *o)
{
    const echo_model *m = s->model;
    bool cut = !clip->about.known ||
               clip->about.seconds > echo_voice_seconds(m, VOICE_MAX_FRAMES);
    struct finding_of of = { .name = clip->name, .about = clip->about, .found = *found,
                             .used_s = cut ? echo_voice_seconds(m, frames) : 0, .gain = gain,
                             .lift = o->lift, .prefix = o->max_frames > 0 };

    echo_findings(&of, log_finding, s);
}

static echo_status encode(echo_voice **out, echo_session *s, const struct clip *clip,
                          const echo_encode_opts *o, echo_error *err)
{
    const echo_model *m = s->model;
    size_t most = (size_t)VOICE_MAX_FRAMES * (size_t)m->codec.frame_samples;
    size_t n = clip->n < most ? clip->n : most;
    int frames = frames_of(m, n, o->all_frames);
    struct examined found;
    echo_voice *v = NULL;
    echo_status status;

    for (size_t i = 0; i < clip->n; i++)
        if (!isfinite(clip->pcm[i]))
            return echo_fail_field(err, "pcm",
                                   "the audio has a sample that is not finite (sample %zu)", i);
    if ((status = echo_examine(&found, clip->pcm, n, err)) ||
        (status = refuse(m, clip, n, frames, o->max_frames, &found.level, err)))
        return status;
    float gain = o->lift ? echo_loudness_lift(&found.level) : 1;

    if (!o->examined)
        tell(s, clip, &found, frames, gain, o);
    if ((status = echo_voice_new(&v, frames, m->dit.latent,
                                 o->codes ? m->codec.quantizer.books : 0, err)) ||
        (status = echo_encode(s, v, clip->pcm, n, gain, o->progress, o->user, err)))
        echo_voice_close(&v);
    if (v)
        v->codec = echo_identity_latents(m);
    *out = v;
    return status;
}

static echo_status encode_at(echo_voice **out, echo_session *s, const float *pcm, size_t n,
                             int rate, const echo_encode_opts *opts, echo_error *err)
{
    struct clip clip = { .pcm = pcm, .n = n, .name = "the audio" };
    size_t most = (size_t)ECHO_VOICE_SECONDS * (size_t)(rate > 0 ? rate : 0);
    float *resampled = NULL;
    struct flat flat = { 0 };
    echo_status status;

    *out = NULL;
    if (rate < AUDIO_MIN_RATE || rate > AUDIO_MAX_RATE)
        return echo_fail_field(err, "rate", "a rate of %d Hz, expected %d to %d", rate,
                               AUDIO_MIN_RATE, AUDIO_MAX_RATE);
    clip.about = (struct audio_about){ .seconds = (double)n / rate, .known = true };
    if (clip.n > most)
        clip.n = most;
    echo_flat_watch(&flat, pcm, clip.n);
    clip.about.clipped = echo_flat_is_clipped(&flat, rate);
    if (rate != ECHO_SAMPLE_RATE) {
        if ((status = echo_audio_resample(&resampled, &clip.n, pcm, clip.n, rate, err)))
            return status;
        clip.pcm = resampled;
    }
    status = encode(out, s, &clip, opts ? opts : &no_opts, err);
    echo_free(resampled);
    return status;
}

echo_status echo_voice_encode(echo_voice **out, echo_session *s, const float *pcm, size_t n,
                              int rate, const echo_encode_opts *opts, echo_error *err)
{
    echo_status status = echo_session_begin(s, opts ? opts->log : NULL,
                                            opts ? opts->user : NULL, err);

    *out = NULL;
    if (status)
        return status;
    return echo_session_end(s, encode_at(out, s, pcm, n, rate, opts, err));
}

echo_status echo_clip_read(echo_voice **out, echo_session *s, struct source *in,
                           const echo_encode_opts *opts, echo_error *err)
{
    struct clip clip = { .name = in->name };
    echo_error why = { 0 };
    float *pcm = NULL;
    echo_status status;

    *out = NULL;
    if ((status = echo_audio_load_source(&pcm, &clip.n, in, ECHO_VOICE_SECONDS, &clip.about,
                                         err)))
        return status;
    clip.pcm = pcm;
    status = encode(out, s, &clip, opts ? opts : &no_opts, &why);
    echo_free(pcm);
    return echo_clip_failed(status, in->name, &why, err);
}
