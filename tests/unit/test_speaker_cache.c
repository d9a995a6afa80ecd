/* SPDX-License-Identifier: MIT */
/* test_speaker_cache.c - which voices stay, and who waits for whom; the device counts bytes. */
#include <stdatomic.h>
#include <time.h>

#include "engine/speaker_cache.h"
#include "unit.h"

#define MIB ((size_t)1 << 20)

static size_t bytes_out; /* of buffers that were not freed */

static void release(struct device *d, struct buffer *b)
{
    (void)d;
    bytes_out -= b->bytes;
    *b = (struct buffer){ 0 };
}

static const struct device_ops ops = { .free = release };
static struct device device = { .ops = &ops };

static bool never(void *user)
{
    (void)user;
    return false;
}

static void make(struct speaker_cache *c, struct speaker *s, size_t bytes)
{
    s->memory = (struct buffer){ .device = &device, .bytes = bytes };
    bytes_out += bytes;
    echo_speaker_made(c, s);
}

/* Use a voice as a call does, and say whether it was there. */
static bool use(struct speaker_cache *c, uint64_t identity, size_t bytes)
{
    struct speaker *s = NULL;
    bool was_made;

    CHECK(!echo_speaker_hold(c, &s, identity, 2, never, NULL, NULL) && s);
    if (!(was_made = s->made)) {
        echo_speakers_make_room(c, bytes);
        make(c, s, bytes);
    }
    CHECK(s->identity == identity && s->memory.bytes == bytes);
    echo_speaker_release(c, &s);
    CHECK(!s);
    return was_made;
}

/* ---- which stay ---- */

static void limits(void)
{
    struct speaker_cache c;

    echo_speakers_open(&c);
    for (int i = 1; i <= 3; i++)
        CHECK(!use(&c, (uint64_t)i, 400 * MIB));
    CHECK_SAY(bytes_out == 800 * MIB, "%zu MiB", bytes_out / MIB);
    CHECK(use(&c, 2, 400 * MIB) && use(&c, 3, 400 * MIB));
    CHECK(!use(&c, 1, 400 * MIB)); /* it was the oldest; now 2 is gone */
    CHECK(use(&c, 3, 400 * MIB) && use(&c, 1, 400 * MIB) && !use(&c, 2, 400 * MIB));
    CHECK(!use(&c, 4, 3000 * MIB) && bytes_out == 3000 * MIB); /* alone, it stays */
    CHECK(use(&c, 4, 3000 * MIB));
    CHECK(!use(&c, 5, MIB) && bytes_out == MIB);
    CHECK(echo_speakers_drop(&c) && !bytes_out && !echo_speakers_drop(&c));
    for (int i = 0; i < SPEAKERS_KEPT + 5; i++)
        CHECK(!use(&c, 10 + (uint64_t)i, 1));
    CHECK(bytes_out == SPEAKERS_KEPT);
    CHECK(use(&c, 15, 1) && !use(&c, 14, 1)); /* the sixth is still there */
    echo_speakers_close(&c);
    CHECK(!bytes_out);
}

/* One that is held stays whatever comes, and is not counted; it is one for all. */
static void held(void)
{
    struct speaker_cache c;
    struct speaker *a = NULL, *b = NULL, *again = NULL;

    echo_speakers_open(&c);
    CHECK(!echo_speaker_hold(&c, &a, 1, 2, never, NULL, NULL) && !a->made);
    make(&c, a, 900 * MIB);
    CHECK(!echo_speaker_hold(&c, &again, 1, 2, never, NULL, NULL) && again == a && a->made);
    CHECK(!use(&c, 2, 800 * MIB) && use(&c, 2, 800 * MIB) && bytes_out == 1700 * MIB);
    CHECK(echo_speakers_drop(&c) && bytes_out == 900 * MIB);
    echo_speaker_release(&c, &again);
    CHECK(!echo_speakers_drop(&c) && bytes_out == 900 * MIB);
    echo_speaker_forget(&c, 1); /* while it is held */
    CHECK(bytes_out == 900 * MIB);
    echo_speaker_release(&c, &a);
    CHECK(!bytes_out);
    CHECK(!use(&c, 1, MIB));
    echo_speaker_forget(&c, 1);
    echo_speaker_forget(&c, 1);
    CHECK(!bytes_out);
    CHECK(!echo_speaker_hold(&c, &b, 7, 2, never, NULL, NULL) && !b->made);
    echo_speaker_release(&c, &b); /* it was not made after all */
    CHECK(!use(&c, 7, MIB));
    echo_speakers_close(&c);
    CHECK(!bytes_out);
}

/* ---- who waits ---- */

struct waiter {
    struct speaker_cache *c;
    atomic_bool stop, begun, over;
    struct speaker *s;
    echo_status status;
};

static bool stops(void *user)
{
    struct waiter *w = user;

    w->begun = true;
    return w->stop;
}

static void *wait_for_it(void *arg)
{
    struct waiter *w = arg;

    w->status = echo_speaker_hold(w->c, &w->s, 1, 2, stops, w, NULL);
    w->over = true;
    return NULL;
}

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

enum end { MADE, NOT_MADE, STOPPED };

/* A second session wants what the first is making, which ends so. */
static void waiting(enum end end)
{
    struct speaker_cache c;
    struct speaker *first = NULL;
    struct waiter w = { .c = &c };
    pthread_t thread;

    echo_speakers_open(&c);
    CHECK(!echo_speaker_hold(&c, &first, 1, 2, never, NULL, NULL) && !first->made);
    pthread_create(&thread, NULL, wait_for_it, &w);
    while (!w.begun)
        nap();
    for (int i = 0; i < 10; i++)
        nap();
    CHECK(!w.over);
    if (end == MADE)
        make(&c, first, MIB);
    else if (end == NOT_MADE)
        echo_speaker_release(&c, &first);
    else
        w.stop = true;
    pthread_join(thread, NULL);
    CHECK(w.status == (end == STOPPED ? ECHO_ERR_CANCELLED : ECHO_OK));
    CHECK(end == STOPPED ? !w.s : w.s && w.s->made == (end == MADE));
    CHECK(end != MADE || w.s == first);
    echo_speaker_release(&c, &w.s);
    echo_speaker_release(&c, &first);
    echo_speakers_close(&c);
    CHECK(!bytes_out);
}

int main(void)
{
    limits();
    held();
    waiting(MADE);
    waiting(NOT_MADE);
    waiting(STOPPED);
    return unit_report();
}
