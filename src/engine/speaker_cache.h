/* SPDX-License-Identifier: MIT */
/*
 * speaker_cache.h - the keys and values of voices, which the sessions of a model share.
 *
 * They depend on the latents and on the model alone, so there is one immutable copy of each.
 * The first session that wants a voice computes it, others wait for that.  A call holds one
 * voice at a time.  Voices that no call holds stay for a while: the latest whatever its size,
 * others within the limits below.
 */
#ifndef ECHO_ENGINE_SPEAKER_CACHE_H
#define ECHO_ENGINE_SPEAKER_CACHE_H

#include <pthread.h>

#include "backend/backend.h"

#define SPEAKERS_KEPT  32
#define SPEAKER_MEMORY ((size_t)1 << 30) /* bytes; 10 s of the base model's voice take 21 MB */

struct speaker {
    struct speaker *next;
    uint64_t identity;    /* of the latents (voice.h) */
    struct buffer memory; /* of what is in kv */
    int holders;
    bool made; /* else its only holder is about to make it */
    bool forgotten;
    struct kv kv[]; /* of each layer */
};

struct speaker_cache {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a speaker was made, or will not be */
    struct speaker *first;  /* the latest used first */
};

void echo_speakers_open(struct speaker_cache *c);
/* Nobody holds any. */
void echo_speakers_clear(struct speaker_cache *c);
void echo_speakers_close(struct speaker_cache *c);

/*
 * Hold a speaker.  If it is not made, the caller makes it, and says so once its device has
 * done it.  While another session makes it, this waits; `stopped` ends that:
 * ECHO_ERR_CANCELLED.
 */
echo_status echo_speaker_hold(struct speaker_cache *c, struct speaker **out, uint64_t identity,
                              int layers, bool (*stopped)(void *user), void *user,
                              echo_error *err);
void echo_speaker_made(struct speaker_cache *c, struct speaker *s);
/* One that was not made is gone.  NULL is fine. */
void echo_speaker_release(struct speaker_cache *c, struct speaker **s);

/* One of so many bytes comes: free what the limits leave no room for. */
void echo_speakers_make_room(struct speaker_cache *c, size_t bytes);
/* Free all that nobody holds.  False: there are none. */
bool echo_speakers_drop(struct speaker_cache *c);
/* The one with this identity will not be wanted again: it goes when nobody holds it. */
void echo_speaker_forget(struct speaker_cache *c, uint64_t identity);

#endif
