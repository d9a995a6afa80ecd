/* SPDX-License-Identifier: MIT */
/*
 * test_sharing.c - sessions on threads of their own speak in two voices, whose keys and values
 * they share, and some calls are stopped.  What is said is what one session alone says.
 */
#include <pthread.h>

#include "speaking.h"

#define SESSIONS 4
#define CALLS    6
#define ROUNDS   4 /* each with a model that knows no voice yet */

struct one {
    pthread_t thread;
    const echo_model *m;
    const echo_voice *const *voices; /* [2] */
    const struct said *want;         /* [2] */
    int number;
};

static bool collect(void *user, const float *pcm, size_t n)
{
    return hear(user, pcm, n);
}

static bool refuse(void *user, echo_stage stage, int done, int total)
{
    (void)user, (void)stage, (void)done, (void)total;
    return false;
}

static echo_status say(echo_session *s, const echo_voice *v, bool refused, struct said *out)
{
    echo_params p = quick(NULL);
    echo_sink sink = { .user = out, .audio = collect, .log = warn,
                       .progress = refused ? refuse : NULL };

    return echo_generate(s, "Some words to say.", v, &p, &sink, NULL);
}

/* Every third call is stopped: before it begins, or after its first step. */
static void *speak_often(void *arg)
{
    struct one *o = arg;
    echo_session *s = fresh(o->m, o->number & 1);

    for (int i = 0; i < CALLS; i++) {
        int which = (i + o->number) & 1;
        bool early = (i + o->number) % 6 == 0, late = (i + o->number) % 6 == 3;
        struct said out = { 0 };
        echo_status status;

        if (early)
            echo_cancel(s);
        status = say(s, o->voices[which], late, &out);
        CHECK_SAY(status == (early || late ? ECHO_ERR_CANCELLED : ECHO_OK),
                  "session %d, call %d: status %d", o->number, i, status);
        if (!status)
            CHECK_SAY(same(&out, &o->want[which]), "session %d, call %d sounds otherwise",
                      o->number, i);
        drop(&out);
    }
    echo_session_close(&s);
    return NULL;
}

static void together(const char *folder, const echo_voice *const *voices,
                     const struct said *want)
{
    struct one ones[SESSIONS];
    echo_model *m = open_model(folder);

    for (int i = 0; i < SESSIONS; i++) {
        ones[i] = (struct one){ .m = m, .voices = voices, .want = want, .number = i };
        pthread_create(&ones[i].thread, NULL, speak_often, &ones[i]);
    }
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(ones[i].thread, NULL);
    echo_model_close(&m);
}

static void alone(const char *folder, const echo_voice *v, struct said *out)
{
    echo_model *m = open_model(folder);
    echo_session *s = fresh(m, false);

    CHECK(!say(s, v, false, out) && out->n > 0);
    echo_session_close(&s);
    echo_model_close(&m);
}

int main(int argc, char **argv)
{
    static const char *const clips[] = { "voice", "voice-long" };
    char folder[500], clip[500];
    struct said want[2] = { { 0 }, { 0 } };
    echo_voice *voices[2];
    echo_model *m;

    if (argc < 2)
        return 2;
    snprintf(folder, sizeof folder, "%s/odd", argv[1]);
    m = open_model(folder);
    for (int i = 0; i < 2; i++) {
        snprintf(clip, sizeof clip, "%s/tiny/%s.wav", argv[1], clips[i]);
        voices[i] = voice_of(m, clip);
        alone(folder, voices[i], &want[i]);
    }
    CHECK(!same(&want[0], &want[1]));
    echo_model_close(&m);
    for (int i = 0; i < ROUNDS; i++)
        together(folder, (const echo_voice *const *)voices, want);
    for (int i = 0; i < 2; i++) {
        echo_voice_close(&voices[i]);
        drop(&want[i]);
    }
    return unit_report();
}
