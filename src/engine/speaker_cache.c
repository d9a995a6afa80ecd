/* SPDX-License-Identifier: MIT */
#include "engine/speaker_cache.h"

#include <stdlib.h>
#include <time.h>

#define GLANCE_NS 20000000 /* between two looks at whether to stop waiting */

void echo_speakers_open(struct speaker_cache *c)
{
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->first = NULL;
}

void echo_speakers_clear(struct speaker_cache *c)
{
    echo_speakers_drop(c);
    ECHO_ASSERT(!c->first);
}

void echo_speakers_close(struct speaker_cache *c)
{
    echo_speakers_clear(c);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
}

/* ---- the list, with the lock ---- */

/* Where the pointer to it is, or the one behind the last. */
static struct speaker **find(struct speaker_cache *c, uint64_t identity)
{
    struct speaker **at = &c->first;

    while (*at && (*at)->identity != identity)
        at = &(*at)->next;
    return at;
}

static struct speaker *take_out(struct speaker **at)
{
    struct speaker *s = *at;

    *at = s->next;
    return s;
}

static void put_first(struct speaker_cache *c, struct speaker *s)
{
    s->next = c->first;
    c->first = s;
}

static void discard(struct speaker **at)
{
    struct speaker *s = take_out(at);

    if (s->memory.device)
        s->memory.device->ops->free(s->memory.device, &s->memory);
    free(s);
}

static size_t at_most_bytes(size_t bytes, size_t limit)
{
    return bytes < limit ? bytes : limit;
}

/* Of those that nobody holds, keep the latest: `least` in any case, and up to `most` as long as
 * they fit into so many bytes. */
static bool shrink(struct speaker_cache *c, int least, int most, size_t bytes)
{
    struct speaker **at = &c->first, *s;
    bool freed = false;
    int kept = 0;

    while ((s = *at)) {
        if (!s->holders && kept >= least && (kept >= most || s->memory.bytes > bytes)) {
            discard(at);
            freed = true;
            continue;
        }
        if (!s->holders) {
            kept++;
            bytes -= at_most_bytes(s->memory.bytes, bytes);
        }
        at = &s->next;
    }
    return freed;
}

/* ---- holding ---- */

static struct timespec soon(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += GLANCE_NS;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

/* The speaker, made or not there; NULL and false: told to stop. */
static bool await(struct speaker_cache *c, struct speaker **out, uint64_t identity,
                  bool (*stopped)(void *user), void *user)
{
    struct speaker **at;
    struct timespec until;

    while (*(at = find(c, identity)) && !(*at)->made) {
        if (stopped(user))
            return false;
        until = soon();
        pthread_cond_timedwait(&c->changed, &c->lock, &until);
    }
    *out = *at ? take_out(at) : NULL;
    return true;
}

static echo_status hold(struct speaker_cache *c, struct speaker **out, uint64_t identity,
                        int layers, bool (*stopped)(void *user), void *user, echo_error *err)
{
    size_t bytes = sizeof **out + (size_t)layers * sizeof(struct kv);

    *out = NULL;
    if (!await(c, out, identity, stopped, user))
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped on request");
    if (!*out) {
        if (!(*out = calloc(1, bytes)))
            return echo_fail_memory(err, bytes, "a voice");
        (*out)->identity = identity; /* which holders read without the lock */
    }
    (*out)->holders++;
    put_first(c, *out);
    return ECHO_OK;
}

echo_status echo_speaker_hold(struct speaker_cache *c, struct speaker **out, uint64_t identity,
                              int layers, bool (*stopped)(void *user), void *user,
                              echo_error *err)
{
    echo_status status;

    pthread_mutex_lock(&c->lock);
    status = hold(c, out, identity, layers, stopped, user, err);
    pthread_mutex_unlock(&c->lock);
    return status;
}

void echo_speaker_made(struct speaker_cache *c, struct speaker *s)
{
    pthread_mutex_lock(&c->lock);
    s->made = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void echo_speaker_release(struct speaker_cache *c, struct speaker **speaker)
{
    struct speaker *s = *speaker;

    *speaker = NULL;
    if (!s)
        return;
    pthread_mutex_lock(&c->lock);
    s->holders--;
    if (!s->made || (s->forgotten && !s->holders)) {
        discard(find(c, s->identity));
        pthread_cond_broadcast(&c->changed);
    } else {
        put_first(c, take_out(find(c, s->identity)));
        shrink(c, 1, SPEAKERS_KEPT, SPEAKER_MEMORY);
    }
    pthread_mutex_unlock(&c->lock);
}

/* ---- making room ---- */

void echo_speakers_make_room(struct speaker_cache *c, size_t bytes)
{
    pthread_mutex_lock(&c->lock);
    shrink(c, 0, SPEAKERS_KEPT - 1, SPEAKER_MEMORY - at_most_bytes(bytes, SPEAKER_MEMORY));
    pthread_mutex_unlock(&c->lock);
}

bool echo_speakers_drop(struct speaker_cache *c)
{
    bool freed;

    pthread_mutex_lock(&c->lock);
    freed = shrink(c, 0, 0, 0);
    pthread_mutex_unlock(&c->lock);
    return freed;
}

void echo_speaker_forget(struct speaker_cache *c, uint64_t identity)
{
    struct speaker **at;

    pthread_mutex_lock(&c->lock);
    at = find(c, identity);
    if (*at && (*at)->holders)
        (*at)->forgotten = true;
    else if (*at)
        discard(at);
    pthread_mutex_unlock(&c->lock);
}
