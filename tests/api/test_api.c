/* SPDX-License-Identifier: MIT */
/*
 * test_api.c - the library as a program would use it: the public header and the shared library,
 * nothing else.  test_api DATA MODELS
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "echotts.h"
#include "unit.h"

static char tiny[500], odd[500], small[500], scratch[] = "/tmp/echotts-api-XXXXXX";

#define TEXT   "Some words to say."
#define FORCED "TEST_AUTO_PRECISION" /* precision/forced.c: without what takes long */

/* ---- collecting sound ---- */

struct sound {
    float *pcm;
    size_t n, calls, stop_after; /* calls; 0 = never */
};

static bool collect(void *user, const float *pcm, size_t n)
{
    struct sound *s = user;

    s->pcm = realloc(s->pcm, (s->n + n) * sizeof *pcm);
    memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return ++s->calls != s->stop_after;
}

static bool same(const struct sound *a, const struct sound *b)
{
    return a->n == b->n && !memcmp(a->pcm, b->pcm, a->n * sizeof *a->pcm);
}

static void drop(struct sound *s)
{
    free(s->pcm);
    *s = (struct sound){ 0 };
}

static echo_session *open_session(echo_model **m, const char *dir, int threads, const char *isa)
{
    echo_model_opts o = { .threads = threads, .isa = isa };
    echo_session *s = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!echo_model_open(m, dir, &o, &e) && !echo_session_open(&s, *m, &e), "%s", e.text);
    return s;
}

static echo_params quick(const echo_model *m)
{
    echo_params p = echo_params_default(m);

    p.num_steps = 3;
    p.sequence_length = 20;
    p.rng_seed = 5;
    p.trim = false;
    return p;
}

static echo_voice *clip(echo_session *s)
{
    char path[600];
    echo_voice *v = NULL;
    echo_error e = { 0 };

    snprintf(path, sizeof path, "%s/voice.wav", tiny);
    CHECK_SAY(!echo_voice_open(&v, s, path, NULL, &e), "%s", e.text);
    return v;
}

/* ---- handles ---- */

static void handles(void)
{
    echo_model *m = (echo_model *)1;
    echo_session *s = NULL;
    echo_voice *v = NULL;
    float *pcm = NULL;
    echo_device_info device;
    echo_error e;

    echo_session_close(&s);
    echo_voice_close(&v);
    echo_audio_free(&pcm);
    CHECK(echo_model_open(&m, "/nowhere", NULL, &e) == ECHO_ERR_MODEL && !m);
    CHECK(e.status == ECHO_ERR_MODEL && strstr(e.text, "/nowhere"));
    echo_model_close(&m);
    CHECK(echo_model_open(&m, "/nowhere", NULL, NULL) == ECHO_ERR_MODEL); /* err may be NULL */
    CHECK(echo_version()[0] == '0' && !echo_device_at(99, &device));
    CHECK(echo_device_at(0, &device) && !strcmp(device.name, "cpu") && device.usable);
    CHECK(!strcmp(echo_isa(0), "c") && !echo_isa(99));

    echo_model_opts o = { .device = "abacus" };

    CHECK(echo_model_open(&m, tiny, &o, &e) == ECHO_ERR_DEVICE && strstr(e.text, "abacus"));
    o = (echo_model_opts){ .isa = "mmx" };
    CHECK(echo_model_open(&m, tiny, &o, &e) == ECHO_ERR_ARG && strstr(e.text, "mmx"));
    o = (echo_model_opts){ .threads = -1 };
    CHECK(echo_model_open(&m, tiny, &o, &e) == ECHO_ERR_ARG);
}

/* ---- bits ---- */

static void speak(echo_session *s, const echo_voice *v, const echo_params *p, struct sound *out)
{
    echo_sink sink = { .user = out, .audio = collect };
    echo_error e = { 0 };

    CHECK_SAY(!echo_generate(s, TEXT, v, p, &sink, &e), "%s", e.text);
}

static void threads(void)
{
    const char *isa;

    for (int i = getenv(FORCED) ? 1 : 0; (isa = echo_isa(i)); i++) { /* 0: plain C */
        struct sound first = { 0 };
        float *latent = NULL;
        int frames = 0, size = 0;

        for (int n = 1; n <= 3; n++) {
            echo_model *m = NULL;
            echo_session *s = open_session(&m, odd, n, isa);
            echo_voice *v = clip(s);
            echo_params p = quick(m);
            struct sound now = { 0 };
            const float *x = echo_voice_latent(v, &frames, &size);
            size_t bytes = (size_t)frames * (size_t)size * sizeof *x;

            speak(s, v, &p, &now);
            if (n == 1) {
                first = now;
                latent = malloc(bytes);
                memcpy(latent, x, bytes);
            } else {
                CHECK_SAY(same(&first, &now), "%s: %d threads give other samples", isa, n);
                CHECK_SAY(!memcmp(latent, x, bytes), "%s: %d threads give other latents", isa,
                          n);
                drop(&now);
            }
            echo_voice_close(&v);
            echo_session_close(&s);
            echo_model_close(&m);
        }
        drop(&first);
        free(latent);
    }
}

struct other {
    echo_model *m;
    const echo_voice *v;
    echo_params p;
    struct sound out;
};

static void *speak_elsewhere(void *arg)
{
    struct other *o = arg;
    echo_session *s = NULL;

    if (!echo_session_open(&s, o->m, NULL))
        for (int i = 0; i < 3; i++) {
            drop(&o->out);
            speak(s, o->v, &o->p, &o->out);
        }
    echo_session_close(&s);
    return NULL;
}

/* Sessions share a model and a voice, and do not disturb each other. */
static void sessions(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, tiny, 2, NULL);
    echo_voice *v = clip(s);
    struct other others[3];
    struct sound alone[3] = { { 0 } };
    pthread_t t[3];

    for (int i = 0; i < 3; i++) {
        others[i] = (struct other){ .m = m, .v = i ? v : NULL, .p = quick(m) };
        others[i].p.rng_seed = (uint64_t)i;
        others[i].p.sequence_length = 10 + 7 * i;
        speak(s, others[i].v, &others[i].p, &alone[i]);
    }
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, speak_elsewhere, &others[i]);
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
        CHECK_SAY(same(&alone[i], &others[i].out), "session %d was disturbed", i);
        drop(&alone[i]);
        drop(&others[i].out);
    }
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* Sound block by block equals the decoded latents, and later jobs in the same
 * session do not see earlier ones. */
static void blocks(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, tiny, 2, NULL);
    echo_voice *v = clip(s), *made = NULL;
    echo_params p = quick(m);
    struct sound heard = { 0 }, decoded = { 0 }, again = { 0 }, plain = { 0 };
    echo_sink sink = { .user = &decoded, .audio = collect };
    int frames;

    speak(s, v, &p, &plain);
    p.block_sizes = (echo_list){ 3, { 9, 4, 23 } };
    speak(s, v, &p, &heard);
    const float *latent = echo_session_latent(s, &frames);

    CHECK(frames == 36 && heard.n == 36 * 2048);
    CHECK(!echo_voice_from_latent(&made, latent, frames, 80, NULL));
    CHECK(!echo_decode(s, made, &sink, NULL) && same(&heard, &decoded));
    p.block_sizes.n = 0;
    speak(s, v, &p, &again);
    CHECK(same(&plain, &again));
    echo_stats stats = echo_session_stats(s);

    CHECK(stats.frames == 20 && stats.kept == 20 && stats.steps == 3 &&
          stats.samples == again.n);
    CHECK(stats.evaluations == 3 + 3 + 1); /* t = 0.999, 0.666 are guided, 0.333 is not */
    drop(&heard);
    drop(&decoded);
    drop(&again);
    drop(&plain);
    echo_voice_close(&made);
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* A continuation is heard first and never cut; kept says so without sound too. */
static void continuing(echo_session *s)
{
    echo_voice *before = NULL;
    float flat[8 * 80] = { 0 };
    echo_params p = { .num_steps = 4, .cfg_max_t = 1, .truncation_factor = 1,
                      .sequence_length = 40, .rng_seed = 3, .speaker_kv_max_layers = -1,
                      .normalize = true, .trim = true };
    echo_sink sink = { .audio = collect };
    struct sound heard = { 0 };
    echo_stats with, without;

    CHECK(!echo_voice_from_latent(&before, flat, 8, 80, NULL)); /* flat, as after speech */
    sink.user = &heard;
    CHECK(!echo_continue(s, before, TEXT, NULL, &p, &sink, NULL));
    with = echo_session_stats(s);
    CHECK(with.frames == 48 && with.kept >= 8 && heard.n == (size_t)with.kept * 2048);
    CHECK(!echo_continue(s, before, TEXT, NULL, &p, NULL, NULL));
    without = echo_session_stats(s);
    CHECK(without.kept == with.kept && without.samples == 0);
    drop(&heard);
    echo_voice_close(&before);
}

/* A model that has learned to end: the cut is the beginning of the uncut sound, block by block
 * too, and no block after the end is heard. */
static void trimming(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, small, 2, NULL);
    echo_params p = echo_params_default(m);
    struct sound whole = { 0 }, cut = { 0 };

    p.rng_seed = 3;
    p.num_steps = 8;
    p.sequence_length = 96;
    p.trim = false;
    speak(s, NULL, &p, &whole);
    CHECK(!echo_session_stats(s).ended);
    p.trim = true;
    speak(s, NULL, &p, &cut);
    echo_stats stats = echo_session_stats(s);

    CHECK(stats.frames == p.sequence_length && stats.kept > 4 && stats.kept < stats.frames);
    CHECK(stats.ended);
    CHECK(cut.n == (size_t)stats.kept * 2048 && whole.n == (size_t)stats.frames * 2048);
    CHECK(cut.n < whole.n && !memcmp(cut.pcm, whole.pcm, cut.n * sizeof(float)));
    drop(&whole);
    drop(&cut);

    p.block_sizes = (echo_list){ 5, { 24, 20, 20, 20, 20 } };
    p.trim = false;
    speak(s, NULL, &p, &whole);
    p.trim = true;
    speak(s, NULL, &p, &cut);
    stats = echo_session_stats(s);
    CHECK(stats.kept > 4 && stats.kept < 84 && cut.n == (size_t)stats.kept * 2048);
    CHECK(cut.n <= whole.n && !memcmp(cut.pcm, whole.pcm, cut.n * sizeof(float)));
    drop(&whole);
    drop(&cut);
    continuing(s);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* ---- stopping ---- */

static void *cancel_soon(void *arg)
{
    nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    echo_cancel(arg);
    return NULL;
}

static bool count(void *user, echo_stage stage, int done, int total)
{
    int *calls = user;

    CHECK(done >= 1 && done <= total && stage >= ECHO_STAGE_ENCODE &&
          stage <= ECHO_STAGE_DECODE);
    return ++calls[stage] < 1000;
}

static bool refuse(void *user, echo_stage stage, int done, int total)
{
    (void)done, (void)total;
    return stage != *(echo_stage *)user;
}

static bool swallow(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

struct deadline {
    echo_session *s;
    long ns;
};

static void *cancel_at(void *arg)
{
    const struct deadline *d = arg;

    nanosleep(&(struct timespec){ .tv_nsec = d->ns }, NULL);
    echo_cancel(d->s);
    return NULL;
}

/* Stopped anywhere inside encoding and decoding: cancelled or done, and never worse. */
static void stopping_the_codec(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, tiny, 2, NULL);
    echo_voice *v = clip(s), *again = NULL;
    echo_sink sink = { .audio = swallow };
    char path[600];
    int stopped = 0;
    float *pcm = NULL;
    size_t n;

    snprintf(path, sizeof path, "%s/voice.wav", tiny);
    CHECK(!echo_audio_read(&pcm, &n, path, 0, NULL));
    for (int i = 0; i < 60; i++) {
        struct deadline d = { s, 300000L * (i % 30) };
        echo_status status;
        pthread_t t;

        pthread_create(&t, NULL, cancel_at, &d);
        if (i < 30)
            status = echo_decode(s, v, &sink, NULL);
        else
            status = echo_voice_encode(&again, s, pcm, n, 44100, NULL, NULL);
        pthread_join(t, NULL);
        CHECK(status == ECHO_OK || status == ECHO_ERR_CANCELLED);
        CHECK(!status || !again);
        stopped += status == ECHO_ERR_CANCELLED;
        echo_voice_close(&again);
    }
    CHECK(stopped > 5);
    echo_cancel(s);
    CHECK(echo_voice_encode(&again, s, pcm, n, 44100, NULL, NULL) == ECHO_ERR_CANCELLED);
    CHECK(!echo_voice_encode(&again, s, pcm, n, 44100, NULL, NULL));
    CHECK(!memcmp(echo_voice_latent(v, NULL, NULL), echo_voice_latent(again, NULL, NULL),
                  92 * 80 * sizeof(float)));
    echo_audio_free(&pcm);
    echo_voice_close(&again);
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* The latents are finite, their sound is not. */
static void fail_while_decoding(echo_session *s)
{
    float loud[4 * 80];
    echo_sink sink = { .audio = swallow };
    echo_voice *v = NULL;
    echo_error e = { 0 };

    for (int i = 0; i < 4 * 80; i++)
        loud[i] = 3e38F;
    CHECK(!echo_voice_from_latent(&v, loud, 4, 80, &e));
    CHECK_SAY(echo_decode(s, v, &sink, &e) == ECHO_ERR_FILE, "%s", e.text);
    echo_voice_close(&v);
}

static void stopping(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, tiny, 2, NULL);
    echo_params p = quick(m);
    struct sound first = { 0 }, later = { 0 }, part = { .stop_after = 1 };
    echo_sink sink = { .user = &part, .audio = collect };
    echo_error e;
    pthread_t t;

    speak(s, NULL, &p, &first);
    echo_cancel(s); /* nothing runs: the next call is stopped, and that is all */
    CHECK(echo_generate(s, TEXT, NULL, &p, &sink, &e) == ECHO_ERR_CANCELLED && !part.calls);
    speak(s, NULL, &p, &later);
    CHECK(same(&first, &later));
    drop(&later);
    echo_cancel(s); /* and a call that fails for a reason of its own does not use it up */
    CHECK(echo_generate(s, "", NULL, &p, &sink, &e) == ECHO_ERR_ARG);
    CHECK(echo_generate(s, TEXT, NULL, &p, &sink, &e) == ECHO_ERR_CANCELLED && !part.calls);

    p.num_steps = 1000;
    p.sequence_length = 640;
    pthread_create(&t, NULL, cancel_soon, s);
    CHECK(echo_generate(s, TEXT, NULL, &p, &sink, &e) == ECHO_ERR_CANCELLED);
    pthread_join(t, NULL);
    CHECK(echo_session_stats(s).steps < 900 && part.calls == 0);

    p = quick(m); /* a sink that has enough */
    CHECK(echo_generate(s, TEXT, NULL, &p, &sink, &e) == ECHO_ERR_CANCELLED && part.calls == 1);
    for (echo_stage stage = ECHO_STAGE_SAMPLE; stage <= ECHO_STAGE_DECODE; stage++) {
        echo_sink refusing = { .user = &stage, .progress = refuse };

        if (stage == ECHO_STAGE_DECODE)
            refusing.audio = swallow;
        CHECK(echo_generate(s, TEXT, NULL, &p, &refusing, &e) == ECHO_ERR_CANCELLED);
    }
    speak(s, NULL, &p, &later); /* and the session is as good as new */
    CHECK(same(&first, &later));
    drop(&later);
    fail_while_decoding(s);
    speak(s, NULL, &p, &later); /* where decoding stopped the rest, that is over, too */
    CHECK(same(&first, &later));

    int calls[3] = { 0 };
    echo_sink counting = { .user = calls, .progress = count };

    CHECK(!echo_generate(s, TEXT, NULL, &p, &counting, &e) && calls[ECHO_STAGE_SAMPLE] == 3);
    drop(&first);
    drop(&later);
    drop(&part);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* ---- refusing ---- */

static void parameters(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, tiny, 1, NULL);
    const echo_params good = quick(m);
    echo_error e;
    int frames = 99;

#define REFUSED(member, value, name, word)                                               \
    do {                                                                                 \
        echo_params p = good;                                                            \
        p.member = value;                                                                \
        e.text[0] = 0;                                                                   \
        CHECK(echo_generate(s, TEXT, NULL, &p, NULL, &e) == ECHO_ERR_ARG);               \
        CHECK_SAY(strstr(e.text, word) != NULL, "%s = %s: %s", #member, #value, e.text); \
        CHECK_SAY(!strcmp(e.field, name), "%s: '%s' is at fault", #member, e.field);     \
    } while (0)
    REFUSED(num_steps, 0, "num_steps", "num_steps is 0, expected 1 to 1000");
    REFUSED(num_steps, 1001, "num_steps", "num_steps");
    REFUSED(cfg_scale_text, NAN, "cfg_scale_text", "cfg_scale_text");
    REFUSED(cfg_scale_speaker, INFINITY, "cfg_scale_speaker", "cfg_scale_speaker");
    REFUSED(cfg_min_t, NAN, "cfg_min_t", "cfg_min_t");
    REFUSED(truncation_factor, -1, "truncation_factor", "truncation_factor");
    REFUSED(truncation_factor, NAN, "truncation_factor", "truncation_factor");
    REFUSED(rescale_k, 1.2f, "rescale_sigma", "both rescale_k and rescale_sigma");
    REFUSED(speaker_kv_scale, -2, "speaker_kv_scale", "speaker_kv_scale");
    REFUSED(speaker_kv_scale, NAN, "speaker_kv_scale", "speaker_kv_scale");
    REFUSED(speaker_kv_scale, 101, "speaker_kv_scale", "is 101, expected 0 to 100");
    REFUSED(speaker_kv_max_layers, -2, "speaker_kv_max_layers", "speaker_kv_max_layers");
    REFUSED(sequence_length, -2, "sequence_length", "sequence_length");
    REFUSED(sequence_length, 641, "sequence_length", "is 641, expected -1 to 640");
#undef REFUSED
    echo_params p = good;

    p.block_sizes = (echo_list){ 1, { 0 } };
    CHECK(echo_generate(s, TEXT, NULL, &p, NULL, &e) == ECHO_ERR_ARG &&
          strstr(e.text, "block 1"));
    p.block_sizes = (echo_list){ 2, { 600, 41 } };
    CHECK(echo_generate(s, TEXT, NULL, &p, NULL, &e) == ECHO_ERR_ARG && strstr(e.text, "641"));
    p = good;
    CHECK(echo_generate(s, NULL, NULL, &p, NULL, &e) == ECHO_ERR_ARG);
    CHECK(echo_generate(s, "", NULL, &p, NULL, &e) == ECHO_ERR_ARG && strstr(e.text, "empty"));
    for (int i = 0; i < 2; i++) {
        p.normalize = !p.normalize;
        CHECK(echo_generate(s, "[S1] ...", NULL, &p, NULL, &e) == ECHO_ERR_NOTHING &&
              strstr(e.text, "nothing to speak"));
    }
    CHECK(echo_generate(s, "a\xff", NULL, &p, NULL, &e) == ECHO_ERR_ARG &&
          strstr(e.text, "byte 2"));
    char *text = malloc(800);

    memset(text, 'a', 799);
    text[763] = 0; /* 763 and the speaker's tag fit exactly into one pass */
    p.num_steps = 1;
    p.sequence_length = 1;
    text[762] = 0;
    CHECK(!echo_generate(s, text, NULL, &p, NULL, &e));
    CHECK(echo_session_stats(s).text_tokens == 768);
    text[762] = 'a';
    CHECK(echo_generate(s, text, NULL, &p, NULL, &e) == ECHO_ERR_ARG && strstr(e.text, "768"));
    free(text);

    float narrow[3 * 7] = { 0 }, wide[80] = { 0 }, broken[320] = { [7] = NAN };
    echo_voice *v = NULL;

    CHECK(!echo_voice_from_latent(&v, narrow, 3, 7, &e));
    CHECK(echo_generate(s, TEXT, v, &good, NULL, &e) == ECHO_ERR_ARG && strstr(e.text, "7"));
    echo_voice_close(&v);
    CHECK(!echo_voice_from_latent(&v, wide, 1, 80, &e)); /* no whole patch */
    CHECK(echo_generate(s, TEXT, v, &good, NULL, &e) == ECHO_ERR_ARG);
    p = good;
    CHECK(echo_continue(s, v, TEXT, NULL, &p, NULL, &e) == ECHO_ERR_ARG);
    CHECK(!strcmp(e.field, "speech"));
    echo_voice_close(&v);
    CHECK(echo_voice_from_latent(&v, broken, 4, 80, &e) == ECHO_ERR_ARG && !v);
    CHECK(echo_voice_encode(&v, s, broken, 320, 44100, NULL, &e) == ECHO_ERR_ARG && !v);
    CHECK(echo_voice_encode(&v, s, wide, 80, 44100, NULL, &e) == ECHO_ERR_ARG &&
          strstr(e.text, "short"));
    CHECK(echo_voice_encode(&v, s, wide, 80, 7, NULL, &e) == ECHO_ERR_ARG);
    echo_session_latent(s, &frames);
    CHECK(frames == 0); /* a refused job leaves none */
    echo_session_close(&s);
    echo_model_close(&m);
}

/* The argument at fault has its name in the error. */
static void fields(void)
{
    static const struct {
        echo_model_opts o;
        const char *field;
    } of_models[] = {
        { { .device = "abacus" }, "device" },
        { { .device = "vulkan:x" }, "device" },
        { { .device = "cpu", .codec_device = "vulkan:x" }, "codec_device" },
        { { .device = "cpu", .isa = "abacus" }, "isa" },
        { { .device = "cpu", .threads = 999 }, "threads" },
        { { .device = "cpu", .precision = "fp8" }, "precision" },
        { { .device = "cpu", .precision = "f16" }, "precision" },
        { { .device = "cpu", .codec_precision = "int8" }, "codec_precision" },
    };
    static float silence[8192], broken[8192] = { [7] = NAN };
    echo_model *m = NULL;
    echo_session *s;
    echo_voice *v = NULL, *own;
    echo_error e;

#define FIELD(call, name)                                                             \
    do {                                                                              \
        e = (echo_error){ 0 };                                                        \
        CHECK((call) && *e.text);                                                     \
        CHECK_SAY(!strcmp(e.field, name), "'%s', not %s: %s", e.field, name, e.text); \
    } while (0)
    for (size_t i = 0; i < sizeof of_models / sizeof *of_models; i++)
        FIELD(echo_model_open(&m, tiny, &of_models[i].o, &e), of_models[i].field);
    s = open_session(&m, tiny, 1, NULL);
    own = clip(s);
    FIELD(echo_voice_encode(&v, s, silence, 8192, 44100, NULL, &e), "pcm");
    FIELD(echo_voice_encode(&v, s, broken, 8192, 44100, NULL, &e), "pcm");
    FIELD(echo_voice_encode(&v, s, silence, 80, 44100, NULL, &e), "pcm");
    FIELD(echo_voice_encode(&v, s, silence, 8192, 7, NULL, &e), "rate");
    FIELD(echo_decode(s, own, NULL, &e), "sink");
    FIELD(echo_speak(s, TEXT, NULL, NULL, NULL, NULL, &e), "sink");
#undef FIELD
    echo_voice_close(&own);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* ---- telling ---- */

struct told {
    int lines, products;
};

static void listen(void *user, echo_log_level level, const char *line)
{
    struct told *t = user;

    t->lines++;
    t->products += level == ECHO_LOG_INFO && !strncmp(line, "f32", 3) &&
                   strstr(line, "GFLOP/s");
}

static void profile(void)
{
    struct told told = { 0 };
    echo_model_opts o = { .profile = true, .log = listen, .user = &told };
    echo_model *m = NULL;
    echo_session *s = NULL;
    struct sound out = { 0 };

    CHECK(!echo_model_open(&m, tiny, &o, NULL) && !echo_session_open(&s, m, NULL));
    echo_params p = quick(m);

    speak(s, NULL, &p, &out);
    CHECK(told.lines == 0);
    echo_session_close(&s);
    echo_model_close(&m);
    CHECK(told.products == 2 && told.lines > 10); /* in place, and packed */
    drop(&out);
}

/* ---- voices ---- */

/* Half an hour at 1 kHz: five minutes are read, 6,400 frames encoded. */
static void long_clip(void)
{
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL;
    size_t n = 1800 * 1000;
    float *pcm = calloc(n, sizeof *pcm);
    int frames = 0;

    s = open_session(&m, odd, 2, NULL);
    for (size_t i = 0; i < n; i++)
        pcm[i] = 0.3f * sinf(0.7f * (float)i);
    CHECK(!echo_voice_encode(&v, s, pcm, n, 1000, NULL, NULL));
    echo_voice_latent(v, &frames, NULL);
    CHECK_SAY(frames == 6400, "%d frames", frames);
    free(pcm);
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
}

static void voices(void)
{
    echo_model *m = NULL;
    echo_session *s = open_session(&m, tiny, 2, NULL);
    echo_encode_opts o = { .all_frames = true, .codes = true };
    echo_voice *v = clip(s), *saved = NULL, *all = NULL;
    float *pcm = NULL;
    char path[600];
    size_t n;
    int frames, size, books;

    snprintf(path, sizeof path, "%s/v.safetensors", scratch);
    CHECK(!echo_voice_save(v, path, NULL) && !echo_voice_open(&saved, s, path, NULL, NULL));
    const float *a = echo_voice_latent(v, &frames, &size),
                *b = echo_voice_latent(saved, NULL, NULL);

    CHECK(frames == 92 && size == 80);
    CHECK(!memcmp(a, b, (size_t)(frames * size) * sizeof *a));
    CHECK(echo_voice_codes(v, &books) == NULL);

    snprintf(path, sizeof path, "%s/voice.wav", tiny);
    CHECK(!echo_audio_read(&pcm, &n, path, 0, NULL));
    CHECK(!echo_voice_encode(&all, s, pcm, n, 44100, &o, NULL));
    const float *c = echo_voice_latent(all, &frames, NULL);

    /* causal: the frame more changes nothing before it */
    CHECK(frames == 93 && !memcmp(a, c, (size_t)(92 * size) * sizeof *a));
    CHECK(echo_voice_codes(all, &books) && books == 10);
    echo_voice_close(&all);
    for (size_t i = 0; i < n; i++)
        pcm[i] *= 4; /* louder than full scale: brought down to it */
    float peak = 0;

    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(pcm[i]));
    CHECK(!echo_voice_encode(&all, s, pcm, n, 44100, NULL, NULL));
    if (peak > 1) {
        echo_voice *scaled = NULL;

        for (size_t i = 0; i < n; i++)
            pcm[i] *= 1 / peak;
        CHECK(!echo_voice_encode(&scaled, s, pcm, n, 44100, NULL, NULL));
        CHECK(!memcmp(echo_voice_latent(all, NULL, NULL), echo_voice_latent(scaled, NULL, NULL),
                      (size_t)(92 * size) * sizeof *a));
        echo_voice_close(&scaled);
    }
    echo_audio_free(&pcm);
    echo_voice_close(&all);
    echo_voice_close(&saved);
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* Voices that a model brings, by name. */
static void brought(void)
{
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL, *w = NULL;
    echo_error e;

    if (!CHECK(!echo_model_open(&m, tiny, NULL, &e)) || !CHECK(!echo_session_open(&s, m, &e)))
        goto end;
    CHECK(!strcmp(echo_model_voice(m, 0), "voice") && !echo_model_voice(m, 2) &&
          !echo_model_voice(m, -1));
    CHECK(echo_model_find_voice(m, "voice") == 0 && echo_model_find_voice(m, "VOICE.Wav") == 0);
    CHECK(echo_model_find_voice(m, "Voice-Long") == 1);
    CHECK(echo_model_find_voice(m, "") < 0 && echo_model_find_voice(m, ".wav") < 0 &&
          echo_model_find_voice(m, "\xff") < 0 && echo_model_find_voice(m, "voic") < 0);
    CHECK(echo_voice_named(&v, s, "nobody", NULL, &e) == ECHO_ERR_ARG && !v &&
          strstr(e.text, "nobody"));
    if (CHECK(!echo_voice_named(&v, s, "Voice", NULL, &e)) && (w = clip(s))) {
        int frames, size;
        const float *x = echo_voice_latent(v, &frames, &size);

        CHECK(!memcmp(x, echo_voice_latent(w, NULL, NULL),
                      sizeof *x * (size_t)frames * (size_t)size));
    }
end:
    echo_voice_close(&v);
    echo_voice_close(&w);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* A model that is only described tells the same, and computes nothing. */
static void described(void)
{
    echo_model_opts o = { .describe = true, .precision = "int8" };
    echo_model *m = NULL, *whole = NULL;
    echo_session *s = (echo_session *)1;
    echo_error e;

    if (!CHECK(!echo_model_open(&m, tiny, &o, &e)))
        return;
    CHECK(echo_session_open(&s, m, &e) == ECHO_ERR_ARG && !s && strstr(e.text, "described"));
    o.describe = false;
    if (CHECK(!echo_model_open(&whole, tiny, &o, &e))) {
        echo_model_info a = echo_model_describe(m), b = echo_model_describe(whole);

        CHECK(a.echo_parameters == b.echo_parameters && a.dac_parameters == b.dac_parameters);
        CHECK(a.file_bytes == b.file_bytes && a.layers == b.layers && a.heads == b.heads);
        CHECK(a.patch_size == b.patch_size && a.frame_samples == b.frame_samples);
        CHECK(!strcmp(a.precision, b.precision) && !strcmp(a.stripped, ""));
        CHECK(!strcmp(echo_model_voice(m, 1), echo_model_voice(whole, 1)));
        CHECK(!echo_model_verify(m, &e));
    }
    echo_model_close(&m);
    echo_model_close(&whole);
}

int main(int argc, char **argv)
{
    char command[600];

    if (argc < 3)
        return 2;
    snprintf(tiny, sizeof tiny, "%s/tiny", argv[1]);
    snprintf(odd, sizeof odd, "%s/odd", argv[1]);
    snprintf(small, sizeof small, "%s/small", argv[2]);
    if (!CHECK(mkdtemp(scratch) != NULL))
        return unit_report();
    handles();
    threads();
    sessions();
    blocks();
    trimming();
    stopping();
    stopping_the_codec();
    parameters();
    fields();
    profile();
    voices();
    brought();
    described();
    if (!getenv(FORCED))
        long_clip();
    snprintf(command, sizeof command, "rm -r %s", scratch);
    CHECK(!system(command));
    return unit_report();
}
