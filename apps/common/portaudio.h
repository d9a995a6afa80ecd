/* SPDX-License-Identifier: MIT */
/* portaudio.h - the PortAudio library, found at run time, and the output device in it. */
#ifndef COMMON_PORTAUDIO_H
#define COMMON_PORTAUDIO_H

#include <portaudio.h>

#include "echotts.h"

/* Its functions that we call. */
#define PORTAUDIO_FUNCTIONS(X) \
    X(Pa_Initialize) X(Pa_Terminate) X(Pa_GetErrorText) X(Pa_GetDefaultOutputDevice) \
    X(Pa_GetDeviceInfo) X(Pa_OpenStream) X(Pa_StartStream) X(Pa_StopStream) \
    X(Pa_AbortStream) X(Pa_CloseStream) X(Pa_IsStreamActive)

struct portaudio {
#define MEMBER(name) __typeof__(&name) name;
    PORTAUDIO_FUNCTIONS(MEMBER)
#undef MEMBER
    const PaDeviceInfo *device;
    PaDeviceIndex index;
};

/* Start it and find the default output device.  ECHO_ERR_DEVICE says what is missing. */
echo_status portaudio_start(struct portaudio *pa, echo_error *err);
void portaudio_end(const struct portaudio *pa);

/* A stream that plays at 44.1 kHz, not yet started. */
echo_status portaudio_stream(const struct portaudio *pa, PaStream **out, int channels,
                             PaStreamCallback *fill, void *user, echo_error *err);

/* The line that a failed call deserves. */
echo_status portaudio_failed(const struct portaudio *pa, PaError code, echo_error *err);

#endif
