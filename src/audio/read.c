/* SPDX-License-Identifier: MIT */
/*
 * read.c - any file libsndfile knows to mono at 44.1 kHz.
 *
 * Goes through the file in small pieces and keeps only what comes out of the resampler, so
 * memory follows max_seconds, not the file.  Nothing in a header is believed: the number of
 * frames is what can be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/audio.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/memory.h"

#define CHUNK        65536 /* samples read at a time, all channels together */
#define MAX_CHANNELS 64
#define MAX_SECONDS  86400.0 /* nobody means more than a day */
#define MAX_SAMPLE   1e30f   /* beyond, squares and filters overflow: as good as infinite */

struct source {
    const char *path;
    int fd;
    SNDFILE *file;
    SF_INFO info;
    float *chunk; /* CHUNK */
};

static void source_close(struct source *in)
{
    sf_close(in->file);
    if (in->fd >= 0)
        close(in->fd);
    echo_free(in->chunk);
}

static echo_status source_open(struct source *in, const char *path, echo_error *err)
{
    struct stat st;

    *in = (struct source){ .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
    if (in->fd < 0 || fstat(in->fd, &st))
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return echo_fail(err, ECHO_ERR_FILE, "%s: is a directory, not an audio file", path);
    if (S_ISREG(st.st_mode) && !st.st_size)
        return echo_fail(err, ECHO_ERR_FILE, "%s: the file is empty", path);
    if (!(in->file = sf_open_fd(in->fd, SFM_READ, &in->info, SF_FALSE)))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: not an audio file that can be read (WAV, FLAC, Ogg Vorbis, Opus, "
                         "MP3, AIFF, AU, CAF and others can), or damaged",
                         path);
    if (in->info.channels < 1 || in->info.channels > MAX_CHANNELS)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %d channels, 1 to %d are read", path,
                         in->info.channels, MAX_CHANNELS);
    if (in->info.samplerate < AUDIO_MIN_RATE || in->info.samplerate > AUDIO_MAX_RATE)
        return echo_fail(err, ECHO_ERR_FILE, "%s: a sample rate of %d Hz is outside %d to %d",
                         path, in->info.samplerate, AUDIO_MIN_RATE, AUDIO_MAX_RATE);
    if (!(in->chunk = echo_alloc(CHUNK * sizeof *in->chunk)))
        return echo_fail_memory(err, CHUNK * sizeof *in->chunk, path);
    return ECHO_OK;
}

/* Mean of the channels, in place; returns the index of the first sample that is no number,
 * or frames if all are. */
static size_t mix(float *chunk, size_t frames, int channels)
{
    for (size_t i = 0; i < frames; i++) {
        float sum = 0;

        for (int c = 0; c < channels; c++)
            sum += chunk[i * (size_t)channels + (size_t)c];
        chunk[i] = sum / (float)channels;
        if (!(fabsf(chunk[i]) <= MAX_SAMPLE))
            return i;
    }
    return frames;
}

/* More than a day, and known before reading: its samples would fill the memory. */
static bool too_long(const SF_INFO *info, double seconds)
{
    return seconds == MAX_SECONDS && info->seekable && info->frames < SF_COUNT_MAX &&
           (double)info->frames > MAX_SECONDS * info->samplerate;
}

/* Everything up to `limit` frames; *done says how many there were. */
static echo_status pump(struct source *in, struct resampler *to, uint64_t limit, uint64_t *done,
                        echo_error *err)
{
    sf_count_t room = CHUNK / in->info.channels, got, good;
    echo_status s;

    for (*done = 0; *done < limit; *done += (uint64_t)got) {
        if (limit - *done < (uint64_t)room)
            room = (sf_count_t)(limit - *done);
        if ((got = sf_readf_float(in->file, in->chunk, room)) <= 0)
            break;
        good = (sf_count_t)mix(in->chunk, (size_t)got, in->info.channels);
        if (good < got)
            return echo_fail(err, ECHO_ERR_FILE, "%s: sample %llu is infinite or not a number",
                             in->path, (unsigned long long)*done + (unsigned long long)good);
        if ((s = echo_resampler_push(to, in->chunk, (size_t)got, err)))
            return s;
    }
    if (sf_error(in->file) == SF_ERR_SYSTEM)
        return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be read to its end", in->path);
    return ECHO_OK;
}

echo_status echo_audio_load(float **pcm, size_t *n, const char *path, double max_seconds,
                            echo_error *err)
{
    double seconds = max_seconds > 0 && max_seconds < MAX_SECONDS ? max_seconds : MAX_SECONDS;
    struct resampler *to = NULL;
    struct source in;
    uint64_t limit, done, expected;
    echo_status s;

    *pcm = NULL;
    *n = 0;
    if ((s = source_open(&in, path, err)))
        goto done;
    if (too_long(&in.info, seconds)) {
        s = echo_fail(err, ECHO_ERR_FILE, "%s: longer than %g hours", path, MAX_SECONDS / 3600);
        goto done;
    }
    limit = (uint64_t)ceil(seconds * in.info.samplerate);
    expected = in.info.frames > 0 ? (uint64_t)in.info.frames : 0;
    if (expected > limit)
        expected = limit;
    if (expected > 600 * (uint64_t)in.info.samplerate) /* a header may promise anything */
        expected = 600 * (uint64_t)in.info.samplerate;
    if ((s = echo_resampler_open(&to, in.info.samplerate, (size_t)expected, err)) ||
        (s = pump(&in, to, limit, &done, err)))
        goto done;
    if (!done)
        s = echo_fail(err, ECHO_ERR_FILE, "%s: there are no samples in it", path);
    else if (seconds == MAX_SECONDS && sf_readf_float(in.file, in.chunk, 1) == 1)
        s = echo_fail(err, ECHO_ERR_FILE, "%s: longer than %g hours", path, MAX_SECONDS / 3600);
    else
        s = echo_resampler_finish(to, pcm, n, err);
done:
    echo_resampler_close(&to);
    source_close(&in);
    return s;
}
