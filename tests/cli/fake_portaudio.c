/* SPDX-License-Identifier: MIT */
/*
 * fake_portaudio.c - a libportaudio.so.2 without a sound card, for LD_LIBRARY_PATH.
 *
 * It plays by a thread of its own, and is told by its environment:
 *     FAKE_PORTAUDIO_SPEED     times real time, 1 if unset
 *     FAKE_PORTAUDIO_CHANNELS  of the device, 2 if unset
 *     FAKE_PORTAUDIO_RECORD    a file that gets all samples, as floats
 *     FAKE_PORTAUDIO_FAIL      init, device, open, rate, start; or lost, hang: after 0.2 s
 * Like ALSA without a card, it prints complaints while it starts and opens.
 */
#include <portaudio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAMES = 441, LIVES = 20 }; /* of a buffer; buffers before it is lost */

static struct {
    PaStreamCallback *fill;
    void *user;
    int channels;
    double speed;
    FILE *record;
    pthread_t thread;
    atomic_bool active, stopping;
} stream;

static bool fails(const char *how)
{
    const char *wanted = getenv("FAKE_PORTAUDIO_FAIL");

    return wanted && !strcmp(wanted, how);
}

static int channels(void)
{
    const char *text = getenv("FAKE_PORTAUDIO_CHANNELS");

    return text ? atoi(text) : 2;
}

PaError Pa_Initialize(void)
{
    fprintf(stderr, "ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\n");
    return fails("init") ? paInternalError : paNoError;
}

PaError Pa_Terminate(void)
{
    return paNoError;
}

const char *Pa_GetErrorText(PaError code)
{
    return code == paDeviceUnavailable ? "Device unavailable" : "Internal PortAudio error";
}

PaDeviceIndex Pa_GetDefaultOutputDevice(void)
{
    return fails("device") ? paNoDevice : 0;
}

const PaDeviceInfo *Pa_GetDeviceInfo(PaDeviceIndex device)
{
    static PaDeviceInfo info;

    (void)device;
    info = (PaDeviceInfo){ .name = "fake loudspeaker", .maxOutputChannels = channels(),
                           .defaultHighOutputLatency = 0.1, .defaultSampleRate = 48000 };
    return &info;
}

static void *play(void *unused)
{
    float buffer[2 * FRAMES];
    int code = paContinue;

    (void)unused;
    for (int n = 0; code == paContinue && !atomic_load(&stream.stopping); n++) {
        double s = FRAMES / 44100.0 / stream.speed;

        if (n == LIVES && fails("lost"))
            break;
        if (n == LIVES && fails("hang")) {
            while (!atomic_load(&stream.stopping))
                nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
            break;
        }
        code = stream.fill(NULL, buffer, FRAMES, NULL, 0, stream.user);
        if (stream.record)
            fwrite(buffer, sizeof *buffer, (size_t)(FRAMES * stream.channels), stream.record);
        nanosleep(&(struct timespec){ .tv_sec = (time_t)s,
                                      .tv_nsec = (long)((s - (double)(time_t)s) * 1e9) },
                  NULL);
    }
    atomic_store(&stream.active, false);
    return NULL;
}

PaError Pa_OpenStream(PaStream **out, const PaStreamParameters *in,
                      const PaStreamParameters *how, double rate, unsigned long frames,
                      PaStreamFlags flags, PaStreamCallback *fill, void *user)
{
    const char *speed = getenv("FAKE_PORTAUDIO_SPEED");

    (void)in, (void)frames, (void)flags;
    fprintf(stderr, "Cannot connect to server socket err = No such file or directory\n");
    if (fails("open"))
        return paDeviceUnavailable;
    if (fails("rate") || rate != 44100)
        return paInvalidSampleRate;
    if (how->sampleFormat != paFloat32 || how->channelCount > channels())
        return paInternalError;
    memset(&stream, 0, sizeof stream);
    stream.fill = fill;
    stream.user = user;
    stream.channels = how->channelCount;
    stream.speed = speed ? atof(speed) : 1;
    *out = &stream;
    return paNoError;
}

PaError Pa_StartStream(PaStream *s)
{
    const char *record = getenv("FAKE_PORTAUDIO_RECORD");

    (void)s;
    if (fails("start"))
        return paDeviceUnavailable;
    stream.record = record ? fopen(record, "wb") : NULL;
    atomic_store(&stream.active, true);
    return pthread_create(&stream.thread, NULL, play, NULL) ? paInternalError : paNoError;
}

static PaError stop(void)
{
    atomic_store(&stream.stopping, true);
    pthread_join(stream.thread, NULL);
    if (stream.record)
        fclose(stream.record);
    return paNoError;
}

PaError Pa_StopStream(PaStream *s)
{
    (void)s;
    return stop();
}

PaError Pa_AbortStream(PaStream *s)
{
    (void)s;
    return stop();
}

PaError Pa_CloseStream(PaStream *s)
{
    (void)s;
    return paNoError;
}

PaError Pa_IsStreamActive(PaStream *s)
{
    (void)s;
    return atomic_load(&stream.active);
}
