/* SPDX-License-Identifier: MIT */
#include "common/player.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failure.h"
#include "common/portaudio.h"

enum { RING = 30 * ECHO_SAMPLE_RATE,   /* queued at most */
       START = ECHO_SAMPLE_RATE / 10 }; /* queued at least, before anything sounds */

#define WAIT_S 0.01 /* between two looks at the device */
#define HUNG_S 3.0  /* a device that asks for no sound as long as this is lost */

/* A ring of samples between who writes and PortAudio's thread, without locks: each side counts
 * on in an atomic that only it changes. */
struct player {
    struct portaudio pa;
    PaStream *stream;
    bool (*stopped)(void);
    int channels;
    bool started;
    echo_error failure; /* the first one; its status is 0 if there is none */
    unsigned calls_seen;
    double calls_at;

    _Atomic size_t written; /* by the writer */
    atomic_bool ended;      /* nothing follows */
    _Atomic size_t played;  /* the rest by PortAudio's thread */
    atomic_uint calls;
    atomic_int gaps;
    _Atomic size_t silence; /* in them */
    bool sounding;
    size_t gap; /* the one that goes on; it counts once sound follows */

    float ring[RING];
};

static size_t queued(const struct player *p)
{
    return atomic_load(&p->written) - atomic_load(&p->played);
}

/* ---- PortAudio's thread: it may neither wait nor allocate ---- */

/* Sound begins, or goes on after a gap, when enough is there not to stop at once. */
static bool may_sound(struct player *p, size_t ready, bool ended)
{
    if (p->sounding || ready >= START || (ended && ready)) {
        if (p->gap) {
            atomic_fetch_add(&p->gaps, 1);
            atomic_fetch_add(&p->silence, p->gap);
        }
        p->gap = 0;
        return true;
    }
    return false;
}

static void copy_out(const struct player *p, float *out, size_t n)
{
    size_t at = atomic_load(&p->played) % RING;

    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < p->channels; c++)
            *out++ = p->ring[at];
        at = at + 1 < RING ? at + 1 : 0;
    }
}

static int fill(const void *in, void *out, unsigned long frames,
                const PaStreamCallbackTimeInfo *when, PaStreamCallbackFlags flags, void *user)
{
    struct player *p = user;
    bool ended = atomic_load(&p->ended); /* before `ready`: what is ended cannot grow */
    size_t ready = queued(p), n = 0;
    float *rest = out;

    (void)in, (void)when, (void)flags;
    atomic_fetch_add(&p->calls, 1);
    if (may_sound(p, ready, ended)) {
        n = ready < frames ? ready : frames;
        copy_out(p, out, n);
        atomic_fetch_add(&p->played, n);
    }
    p->sounding = n == frames;
    if (n < frames) {
        p->gap += frames - n;
        memset(rest + n * (size_t)p->channels, 0,
               (frames - n) * (size_t)p->channels * sizeof *rest);
    }
    return ended && n == ready ? paComplete : paContinue;
}

/* ---- opening ---- */

bool player_available(char *why, size_t size)
{
    struct portaudio pa = { 0 };
    echo_error err = { 0 };
    bool found = !portaudio_start(&pa, &err);

    if (found)
        portaudio_end(&pa);
    snprintf(why, size, "%s", err.text);
    return found;
}

echo_status player_open(struct player **out, bool (*stopped)(void), echo_error *err)
{
    struct player *p = calloc(1, sizeof *p);

    *out = NULL;
    if (!p)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for sound");
    p->stopped = stopped;
    if (portaudio_start(&p->pa, err))
        goto fail;
    /* Both of two: one alone would sound on the left. */
    p->channels = p->pa.device->maxOutputChannels > 1 ? 2 : 1;
    if (portaudio_stream(&p->pa, &p->stream, p->channels, fill, p, err)) {
        portaudio_end(&p->pa);
        goto fail;
    }
    *out = p;
    return ECHO_OK;
fail:
    free(p);
    return err->status;
}

/* ---- the side that writes ---- */

static void begin(struct player *p)
{
    PaError code;

    if (p->started || p->failure.status)
        return;
    p->calls_at = clock_now();
    code = p->pa.Pa_StartStream(p->stream);
    p->started = code >= 0;
    if (code < 0)
        portaudio_failed(&p->pa, code, &p->failure);
}

static bool is_hung(struct player *p)
{
    unsigned calls = atomic_load(&p->calls);
    double now = clock_now();

    if (calls != p->calls_seen)
        p->calls_at = now;
    p->calls_seen = calls;
    return now - p->calls_at > HUNG_S;
}

/* Is it still worth going on?  Remembers why not. */
static bool is_well(struct player *p)
{
    bool ended = atomic_load(&p->ended);

    if (p->failure.status)
        return false;
    if (p->stopped && p->stopped())
        return echo_fail(&p->failure, ECHO_ERR_CANCELLED, "stopped"), false;
    if (!p->started)
        return true;
    if ((p->pa.Pa_IsStreamActive(p->stream) == 1 || (ended && !queued(p))) && !is_hung(p))
        return true;
    echo_fail(&p->failure, ECHO_ERR_DEVICE, "%.200s: the sound device stopped playing: was it "
                                            "taken away?",
              p->pa.device->name);
    return false;
}

static void pause_shortly(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = (long)(WAIT_S * 1e9) }, NULL);
}

/* As many as there is room for. */
static size_t put(struct player *p, const float *pcm, size_t n)
{
    size_t written = atomic_load(&p->written), at = written % RING;
    size_t room = RING - queued(p);
    size_t first;

    n = n < room ? n : room;
    first = n < RING - at ? n : RING - at;
    memcpy(p->ring + at, pcm, first * sizeof *pcm);
    memcpy(p->ring, pcm + first, (n - first) * sizeof *pcm);
    atomic_store(&p->written, written + n);
    return n;
}

bool player_write(struct player *p, const float *pcm, size_t n)
{
    while (is_well(p)) {
        size_t taken = put(p, pcm, n);

        pcm += taken;
        n -= taken;
        if (queued(p) >= START)
            begin(p);
        if (!n)
            return !p->failure.status;
        if (!taken)
            pause_shortly();
    }
    return false;
}

double player_ahead(const struct player *p)
{
    return (double)queued(p) / ECHO_SAMPLE_RATE;
}

int player_starved(const struct player *p, double *seconds)
{
    if (seconds)
        *seconds = (double)atomic_load(&p->silence) / ECHO_SAMPLE_RATE;
    return atomic_load(&p->gaps);
}

/* ---- the end ---- */

echo_status player_drain(struct player *p, echo_error *err)
{
    atomic_store(&p->ended, true);
    if (queued(p) && is_well(p))
        begin(p);
    while (p->started && is_well(p) && p->pa.Pa_IsStreamActive(p->stream) == 1)
        pause_shortly();
    if (p->failure.status && err)
        *err = p->failure;
    return p->failure.status;
}

static void close_player(struct player **p, bool at_once)
{
    struct portaudio *pa = &(*p)->pa;

    if ((*p)->started && at_once)
        pa->Pa_AbortStream((*p)->stream);
    else if ((*p)->started)
        pa->Pa_StopStream((*p)->stream);
    pa->Pa_CloseStream((*p)->stream);
    portaudio_end(pa);
    free(*p);
    *p = NULL;
}

echo_status player_finish(struct player **p, echo_error *err)
{
    echo_status status = player_drain(*p, err);

    close_player(p, status != ECHO_OK);
    return status;
}

void player_abort(struct player **p)
{
    if (*p)
        close_player(p, true);
}
