/* SPDX-License-Identifier: MIT */
#include "common/portaudio.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/failure.h"

#define INSTEAD "-o FILE writes a file instead"

/* ---- what its libraries say on stderr ---- */

/* ALSA and JACK print a page of complaints where there is no sound card.  Returns what
 * unhush() needs; another thread's lines are lost meanwhile, its output elsewhere is not. */
static int hush(void)
{
    int before, nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    fflush(stderr);
    before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (before >= 0 && nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    if (nowhere >= 0)
        close(nowhere);
    return before;
}

static void unhush(int before)
{
    fflush(stderr);
    if (before < 0)
        return;
    dup2(before, STDERR_FILENO);
    close(before);
}

/* ---- the library ---- */

/* It stays loaded: the threads of sound systems below it may outlive it. */
static void *load(void)
{
    static const char *const names[] = { "libportaudio.so.2", "libportaudio.so",
                                         "libportaudio.2.dylib", "libportaudio.dylib" };
    void *library = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

static bool find_functions(struct portaudio *pa, void *library)
{
#define FIND(name) \
    if (!(*(void **)&pa->name = dlsym(library, #name))) \
        return false;
    PORTAUDIO_FUNCTIONS(FIND)
#undef FIND
    return true;
}

static PaError initialize(const struct portaudio *pa)
{
    int before = hush();
    PaError code = pa->Pa_Initialize();

    unhush(before);
    return code;
}

echo_status portaudio_start(struct portaudio *pa, echo_error *err)
{
    void *library = load();
    PaError code;

    if (!library)
        return echo_fail(err, ECHO_ERR_DEVICE,
                         "sound cannot be played: the library PortAudio is not installed "
                         "(Debian's package libportaudio2); " INSTEAD);
    if (!find_functions(pa, library))
        return echo_fail(err, ECHO_ERR_DEVICE,
                         "sound cannot be played: the library PortAudio here lacks a function, "
                         "its version 19 is needed; " INSTEAD);
    code = initialize(pa);
    if (code < 0)
        return portaudio_failed(pa, code, err);
    pa->index = pa->Pa_GetDefaultOutputDevice();
    pa->device = pa->index >= 0 ? pa->Pa_GetDeviceInfo(pa->index) : NULL;
    if (pa->device && pa->device->maxOutputChannels > 0)
        return ECHO_OK;
    portaudio_end(pa);
    return echo_fail(err, ECHO_ERR_DEVICE,
                     "sound cannot be played: there is no sound card, or none that this user "
                     "may use; " INSTEAD);
}

void portaudio_end(const struct portaudio *pa)
{
    pa->Pa_Terminate();
}

echo_status portaudio_stream(const struct portaudio *pa, PaStream **out, int channels,
                             PaStreamCallback *fill, void *user, echo_error *err)
{
    /* Nobody waits for an answer, so the latency may be one that never stutters. */
    PaStreamParameters how = { .device = pa->index,
                               .channelCount = channels,
                               .sampleFormat = paFloat32,
                               .suggestedLatency = pa->device->defaultHighOutputLatency };
    int before = hush();
    PaError code = pa->Pa_OpenStream(out, NULL, &how, ECHO_SAMPLE_RATE,
                                     paFramesPerBufferUnspecified, paNoFlag, fill, user);

    unhush(before);
    return code < 0 ? portaudio_failed(pa, code, err) : ECHO_OK;
}

echo_status portaudio_failed(const struct portaudio *pa, PaError code, echo_error *err)
{
    const char *name = pa->device && pa->device->name ? pa->device->name : "the sound system";

    if (code == paInvalidSampleRate)
        return echo_fail(err, ECHO_ERR_DEVICE,
                         "sound cannot be played: %.200s takes no 44,100 samples a second; "
                         "make another device the default one, or " INSTEAD,
                         name);
    return echo_fail(err, ECHO_ERR_DEVICE, "sound cannot be played: %.200s: %.200s; " INSTEAD,
                     name, pa->Pa_GetErrorText(code));
}
