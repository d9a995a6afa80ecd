/* SPDX-License-Identifier: MIT */
/*
 * test_speak.c - texts of any length, as a program would have them spoken: the public header,
 * and echotts_dev.h for decoding beside sampling.  test_speak DATA [MODELS]; without MODELS a
 * random model speaks alone, which is quick.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "click.h"
#include "speaking.h"

/* Each sentence is a piece in so small a window. */
static const char many[] = "The first of them. And the second. A third one comes. Number four "
                           "is here.\n\nThe next paragraph. It has two as well.";
#define MANY 6

/* ---- one piece ---- */

static bool collect(void *user, const float *pcm, size_t n)
{
    hear(user, pcm, n);
    return true;
}

static void check_single(const echo_model *m, const echo_voice *v, const echo_params *p,
                         bool beside)
{
    static const char text[] = "Some words to say.";
    struct said one = { 0 }, whole = { 0 };
    echo_session *a = fresh(m, beside), *b = fresh(m, beside);
    echo_sink sink = { .user = &one, .audio = collect, .log = warn };
    echo_speak_opts o = plain();
    echo_error e = { 0 };

    o.clean = false;
    CHECK_SAY(!echo_generate(a, text, v, p, &sink, &e), "%s", e.text);
    CHECK_SAY(!speak(b, text, v, p, &o, &whole, &e), "%s", e.text);
    CHECK_SAY(one.n > 0 && same(&one, &whole), "%zu and %zu samples, length %d", one.n, whole.n,
              p->sequence_length);
    CHECK(whole.n_pieces == 1 && whole.pieces[0].it.end_s == (double)one.n / ECHO_SAMPLE_RATE);
    CHECK(whole.warnings == one.warnings && whole.overall == 1 && !whole.backwards);
    CHECK(echo_session_stats(b).samples == one.n && echo_session_stats(b).pieces == 1);
    CHECK(echo_session_stats(b).kept == echo_session_stats(a).kept);
    drop(&one);
    drop(&whole);
    echo_session_close(&a);
    echo_session_close(&b);
}

static void single(const echo_model *m, const echo_voice *v, bool speaks)
{
    echo_params p = quick(m);

    if (speaks) {
        p.num_steps = 8;
        p.sequence_length = 96;
    }
    for (int i = 0; i < 4; i++)
        check_single(m, i & 1 ? v : NULL, &p, i & 2);
    p.trim = false;
    check_single(m, v, &p, false);
    p.trim = true;
    p.sequence_length = ECHO_LENGTH_AUTO; /* what never ends goes on more than once */
    check_single(m, v, &p, true);
}

/* ---- many pieces ---- */

static void check_pieces(const struct said *h, const echo_speak_opts *o, uint64_t seed)
{
    double end = 0, done = 0;
    char text[500] = "";

    for (int i = 0; i < h->n_pieces; i++) {
        const echo_piece *p = &h->pieces[i].it;
        bool last = i == h->n_pieces - 1;
        float pause = last ? 0 : i == 3 ? o->pause_paragraph : o->pause_sentence;

        CHECK(p->index == i && p->seed == seed + (uint64_t)i && p->takes == 1);
        CHECK_SAY(p->begin_s >= end - 1e-4 && p->end_s > p->begin_s, "piece %d: %g to %g s", i,
                  p->begin_s, p->end_s);
        CHECK(p->pause_s == pause && p->done > done && p->expected_s > 0);
        CHECK(fabs((double)p->next.samples / ECHO_SAMPLE_RATE - p->end_s - pause) < 1e-4);
        CHECK(p->resumable && p->next.pieces == i + 1 && p->stats.frames == FRAMES);
        end = p->end_s + pause;
        done = p->done;
        strcat(strcat(text, i ? i == 4 ? "\n\n" : " " : ""), h->pieces[i].text);
    }
    CHECK_SAY(!strcmp(text, many), "%s", text);
    CHECK(done == 1 && h->pieces[h->n_pieces - 1].it.next.samples == h->n);
}

static void several(const echo_model *m, const echo_voice *v)
{
    echo_params p = quick(m);
    echo_speak_opts o = plain();
    struct said want = { 0 };

    for (int beside = 0; beside < 2; beside++) {
        echo_session *s = fresh(m, beside);
        struct said now = { 0 };
        echo_error e = { 0 };

        CHECK_SAY(!speak(s, many, v, &p, &o, &now, &e), "%s", e.text);
        if (CHECK_SAY(now.n_pieces == MANY, "%d pieces", now.n_pieces))
            check_pieces(&now, &o, p.rng_seed);
        CHECK_SAY(now.overall == 1 && !now.backwards, "%g", now.overall);
        echo_stats stats = echo_session_stats(s);

        CHECK(stats.samples == now.n && stats.pieces == MANY && stats.retakes == 0);
        CHECK(stats.steps == MANY * p.num_steps && stats.frames == FRAMES);
        CHECK(stats.first_audio_s > 0 && stats.first_audio_s <= stats.total_s);
        CHECK(now.warnings == MANY); /* it never ends by itself */
        if (beside) {
            CHECK_SAY(same(&want, &now), "beside the sampling it sounds otherwise");
            drop(&now);
        } else {
            want = now;
        }
        echo_session_close(&s);
    }
    drop(&want);
}

/* ---- going on ---- */

/* From every piece, with a voice and with one that is made on the way. */
static void resuming(const echo_model *m, const echo_voice *v)
{
    for (int k = 0; k < 4; k++) {
        echo_params p = quick(m);
        echo_speak_opts o = plain();
        echo_session *s = fresh(m, k & 1);
        struct said whole = { 0 };
        echo_error e = { 0 };

        o.stream = k == 3;
        if (o.stream)
            p.block_sizes = (echo_list){ 1, { 8 } };
        CHECK_SAY(!speak(s, many, k & 2 ? v : NULL, &p, &o, &whole, &e), "%s", e.text);
        for (int i = 0; i < whole.n_pieces; i++) {
            CHECK(!whole.pieces[i].voice || !(k & 2));
            check_rest(m, many, &whole, i, k & 2 ? v : NULL, &p, o);
        }
        drop(&whole);
        echo_session_close(&s);
    }
}

/* Pieces that overlap can only be gone on with where a pause is. */
static void overlapping(const echo_model *m)
{
    echo_params p = quick(m);
    echo_speak_opts o = plain();
    echo_session *s = fresh(m, true);
    struct said whole = { 0 };
    echo_error e = { 0 };

    o.pause_sentence = 0;
    o.crossfade = 0.05f;
    CHECK_SAY(!speak(s, many, NULL, &p, &o, &whole, &e), "%s", e.text);
    for (int i = 0; i < whole.n_pieces; i++) {
        bool settled = i == 3 || i == whole.n_pieces - 1;

        CHECK(whole.pieces[i].it.resumable == settled);
        if (settled)
            check_rest(m, many, &whole, i, NULL, &p, o);
        else
            CHECK(whole.pieces[i + 1].it.begin_s < whole.pieces[i].it.end_s);
    }
    drop(&whole);
    echo_session_close(&s);
}

static void wrong_checkpoints(const echo_model *m, const echo_voice *v)
{
    echo_params p = quick(m), other = p;
    echo_speak_opts o = plain(), paused;
    echo_session *s = fresh(m, false);
    struct said out = { .stop_piece = 2 };
    echo_checkpoint good, bad;
    echo_error e = { 0 };

    CHECK(speak(s, many, v, &p, &o, &out, &e) == ECHO_ERR_CANCELLED && out.n_pieces == 2);
    good = bad = out.pieces[1].it.next;
    drop(&out);
#define REFUSED(words, speaker, how, opts)                                       \
    CHECK_SAY(speak(s, words, speaker, how, opts, &out, &e) == ECHO_ERR_ARG &&   \
                  !strcmp(e.field, "from") && !out.n, "%s", e.text)
    o.from = &good;
    REFUSED("Another text. Of two.", v, &p, &o);
    REFUSED(many, NULL, &p, &o);
    other.rng_seed++;
    REFUSED(many, v, &other, &o);
    paused = o;
    paused.pause_sentence = 1;
    REFUSED(many, v, &p, &paused);
    o.from = &bad;
    bad.job++;
    REFUSED(many, v, &p, &o);
    bad = good;
    bad.part = 3;
    REFUSED(many, v, &p, &o);
    bad = good;
    bad.byte = 100000;
    REFUSED(many, v, &p, &o);
    bad = good;
    bad.pieces = -1;
    REFUSED(many, v, &p, &o);
#undef REFUSED
    echo_session_close(&s);
}

/* ---- stopping ---- */

static void stopping(const echo_model *m)
{
    echo_params p = quick(m);
    struct said want[2] = { { 0 }, { 0 } };

    for (int k = 0; k < 4; k++) {
        echo_session *s = fresh(m, k & 1);
        echo_speak_opts o = plain();
        struct said *first = &want[k / 2];
        echo_error e = { 0 };

        o.stream = k & 2;
        p.block_sizes = (echo_list){ o.stream, { 8 } };
        for (int stop = 0; stop < 12; stop++) {
            struct said part = { 0 };

            if (stop % 3 == 0)
                part.stop_call = 1 + (size_t)stop * 2;
            else if (stop % 3 == 1)
                part.stop_piece = 1 + stop / 3;
            else
                part.stop_report = 1 + stop * 2;
            CHECK_SAY(speak(s, many, NULL, &p, &o, &part, &e) == ECHO_ERR_CANCELLED,
                      "stop %d: %d", stop, e.status);
            CHECK(!part.stop_call || part.calls == part.stop_call);
            CHECK(!part.stop_piece || part.n_pieces == part.stop_piece);
            if (part.n && first->n)
                CHECK(!memcmp(part.pcm, first->pcm, part.n * sizeof(float)));
            drop(&part);
            if (stop % 5)
                continue;
            CHECK_SAY(!speak(s, many, NULL, &p, &o, &part, &e), "%s", e.text);
            if (!first->n) {
                *first = part;
                continue;
            }
            CHECK_SAY(same(first, &part), "after a stop it sounds otherwise");
            drop(&part);
        }
        struct said none = { 0 };

        echo_cancel(s);
        CHECK(speak(s, many, NULL, &p, &o, &none, &e) == ECHO_ERR_CANCELLED && !none.n);
        echo_session_close(&s);
    }
    drop(&want[0]);
    drop(&want[1]);
}

/* ---- streams ---- */

static void streaming(const echo_model *m)
{
    echo_params p = quick(m);
    echo_speak_opts o = plain();
    struct said want = { 0 };
    echo_error e = { 0 };

    o.stream = true;
    p.block_sizes = (echo_list){ 3, { 4, 5, 3 } };
    for (int i = 0; i < 4; i++) {
        echo_session *s = fresh(m, i & 1);
        struct said now = { 0 };

        CHECK_SAY(!speak(s, many, NULL, &p, &o, &now, &e), "%s", e.text);
        CHECK(now.n_pieces == MANY && now.overall == 1 && !now.backwards);
        CHECK(now.n == now.pieces[MANY - 1].it.next.samples);
        CHECK_SAY(now.pieces[0].it.stats.blocks == 4 && now.pieces[1].it.stats.blocks == 5,
                  "%d blocks, then %d", now.pieces[0].it.stats.blocks,
                  now.pieces[1].it.stats.blocks);
        if (i) {
            CHECK_SAY(same(&want, &now), "run %d sounds otherwise", i);
            drop(&now);
        } else {
            want = now;
        }
        echo_session_close(&s);
    }
    drop(&want);
    p.block_sizes.n = 0; /* by playback */
    echo_session *s = fresh(m, true);
    struct said now = { 0 };

    p.sequence_length = 60;
    o.first_block = 16;
    CHECK_SAY(!speak(s, many, NULL, &p, &o, &now, &e), "%s", e.text);
    CHECK(now.pieces[0].it.stats.blocks >= 2 && now.n > 0);
    drop(&now);
    echo_session_close(&s);
}

/* ---- refusing ---- */

static void refusing(const echo_model *m)
{
    echo_session *s = fresh(m, true);
    echo_params p = quick(m), no_trim = p, bad = p;
    echo_speak_opts o = plain();
    echo_speak_sink silent = { 0 };
    struct said out = { 0 };
    echo_error e;

#define REFUSED(words, how, name)                                                      \
    do {                                                                               \
        e = (echo_error){ 0 };                                                         \
        CHECK(speak(s, words, NULL, how, &o, &out, &e) == ECHO_ERR_ARG && e.text[0]);  \
        CHECK_SAY(!strcmp(e.field, name), "'%s' is at fault, not %s", e.field, name);  \
        CHECK(!out.n && !out.n_pieces);                                                \
    } while (0)
#define BAD_OPTION(member, value)   \
    do {                            \
        o = plain();                \
        o.member = value;           \
        REFUSED(many, &p, #member); \
        o = plain();                \
    } while (0)
    for (int clean = 0; clean < 2; clean++) {
        o.clean = clean;
        REFUSED(NULL, &p, "text");
        REFUSED("", &p, "text");
        REFUSED(" \n ", &p, "text");
        REFUSED("Words\xff and others.", &p, "text");
    }
    BAD_OPTION(pause_sentence, -1);
    BAD_OPTION(pause_sentence, 61);
    BAD_OPTION(pause_paragraph, NAN);
    BAD_OPTION(crossfade, 1.5f);
    BAD_OPTION(retakes, 11);
    BAD_OPTION(retakes, -1);
    BAD_OPTION(first_block, 15);
    BAD_OPTION(first_block, 641);
    BAD_OPTION(markup, "troff");
    bad.num_steps = 0;
    REFUSED(many, &bad, "num_steps");
    no_trim.trim = false;
    REFUSED(many, &no_trim, "trim");
#undef BAD_OPTION
#undef REFUSED
    CHECK(echo_speak(s, many, NULL, &p, &o, &silent, &e) == ECHO_ERR_ARG && e.text[0]);
    CHECK(echo_speak(s, many, NULL, &p, &o, NULL, &e) == ECHO_ERR_ARG);
    CHECK(echo_speak(s, many, NULL, &p, &o, NULL, NULL) == ECHO_ERR_ARG);
    echo_session_close(&s);
}

/* A text without a word is told from a bad one, by every call that takes a text. */
static void nothing(const echo_model *m, const echo_voice *v)
{
    static const char *const silent[] = { "[S1] ... !", "\xe2\x80\x94", "*\n-" };
    echo_session *s = fresh(m, true);
    echo_params p = quick(m);
    echo_speak_opts o = plain();
    struct said out = { 0 };
    echo_script *script = NULL;
    echo_error e;

#define NOTHING(call)                                                        \
    do {                                                                     \
        e = (echo_error){ 0 };                                               \
        CHECK_SAY((call) == ECHO_ERR_NOTHING && e.status == ECHO_ERR_NOTHING && \
                      !strcmp(e.field, "text") && strstr(e.text, "nothing"), \
                  "'%s': status %d, '%s'", silent[i], e.status, e.text);     \
    } while (0)
    for (int i = 0; i < 3; i++) {
        for (int clean = 0; clean < 2; clean++) {
            o.clean = clean;
            NOTHING(speak(s, silent[i], v, &p, &o, &out, &e));
            NOTHING(echo_script_open(&script, m, silent[i], &o, &e));
        }
        NOTHING(echo_generate(s, silent[i], v, &p, NULL, &e));
        NOTHING(echo_continue(s, v, silent[i], v, &p, NULL, &e));
        NOTHING(echo_text_check(silent[i], false, &e));
    }
#undef NOTHING
    CHECK(!out.n && !out.n_pieces && !script);
    echo_session_close(&s);
}

/* Speech that never ends is tried again, and then refused before any of it is heard. */
static void strictly(const echo_model *m)
{
    for (int beside = 0; beside < 2; beside++) {
        echo_session *s = fresh(m, beside);
        echo_params p = quick(m);
        echo_speak_opts o = plain();
        struct said out = { 0 };
        echo_error e = { 0 };

        o.retakes = 1;
        CHECK_SAY(!speak(s, many, NULL, &p, &o, &out, &e), "%s", e.text);
        CHECK(out.warnings == MANY && out.pieces[0].it.takes == 2 && !out.backwards);
        CHECK(out.pieces[0].it.seed == p.rng_seed && echo_session_stats(s).retakes == MANY);
        drop(&out);
        p.strict = true;
        CHECK(speak(s, many, NULL, &p, &o, &out, &e) == ECHO_ERR_SPEECH && !out.n);
        CHECK_SAY(strstr(e.text, "The first of them.") && strstr(e.text, "2 tries"), "%s",
                  e.text);
        echo_session_close(&s);
    }
}

/* ---- scripts ---- */

static void scripts(const echo_model *m)
{
    char *text = malloc(200000);
    echo_script *s = NULL;
    echo_piece piece;
    double done = 0;
    int n = 0, headings = 0;
    echo_error e = { 0 };

    strcpy(text, "# A heading\n\n");
    for (int i = 0; i < 1000; i++)
        sprintf(text + strlen(text), "Sentence number %d says that it is there.%s", i,
                i % 10 == 9 ? "\n\n" : " ");
    CHECK_SAY(!echo_script_open(&s, m, text, NULL, &e), "%s", e.text);
    for (; s && echo_script_next(s, &piece); n++) {
        CHECK(piece.index == n && piece.done > done && piece.done <= 1 && piece.expected_s > 0);
        CHECK(piece.pause_s > 0 && strlen(piece.text) <= ECHO_MAX_TEXT);
        CHECK_SAY(!echo_text_check(piece.text, true, &e), "%s", e.text);
        headings += piece.level == 1;
        CHECK((n == 0) == (piece.level == 1));
        done = piece.done;
    }
    CHECK_SAY(done == 1 && headings == 1 && n > 60, "%d pieces, %g done", n, done);
    CHECK(!s || !echo_script_next(s, &piece));
    echo_script_close(&s);
    echo_script_close(&s);
    CHECK(echo_script_open(&s, m, "", NULL, &e) == ECHO_ERR_ARG && !s &&
          !strcmp(e.field, "text"));
    CHECK(echo_script_open(&s, m, "a\xff", NULL, &e) == ECHO_ERR_ARG && !s);
    echo_speak_opts o = plain();

    o.markup = "html";
    CHECK(!echo_script_open(&s, m, "<p>One &amp; two</p>", &o, &e) &&
          echo_script_next(s, &piece) && !strchr(piece.text, '<') && piece.done == 1);
    echo_script_close(&s);
    free(text);
}

/* ---- what a session remembers ---- */

static void say(echo_session *s, const echo_voice *v, const echo_params *p, struct said *out)
{
    echo_sink sink = { .user = out, .audio = collect, .log = warn };
    echo_error e = { 0 };

    CHECK_SAY(!echo_generate(s, "Some words to say.", v, p, &sink, &e), "%s", e.text);
}

/* A voice's keys and values stay, and change nothing; another voice between does not either. */
static void remembering(const echo_model *m, const echo_voice *v, const echo_voice *w)
{
    echo_params p = quick(m), longer = p;
    echo_session *s = fresh(m, false);
    const echo_voice *order[] = { v, v, w, v, NULL, v, w, w, NULL };
    struct said want[3] = { { 0 }, { 0 }, { 0 } };

    for (int i = 0; i < 3; i++) {
        echo_session *alone = fresh(m, false);

        say(alone, i == 0 ? v : i == 1 ? w : NULL, &p, &want[i]);
        echo_session_close(&alone);
    }
    longer.sequence_length = 200;
    for (int i = 0; i < 9; i++) {
        struct said now = { 0 };

        say(s, order[i], &p, &now);
        CHECK_SAY(same(&now, &want[order[i] == v ? 0 : order[i] == w ? 1 : 2]),
                  "call %d sounds otherwise", i);
        drop(&now);
        if (i == 5) { /* memory grows, and voices stay what they are */
            say(s, v, &longer, &now);
            drop(&now);
        }
    }
    CHECK(!same(&want[0], &want[1]) && !same(&want[0], &want[2]));
    for (int i = 0; i < 3; i++)
        drop(&want[i]);
    echo_session_close(&s);
}

/* A voice that has spoken has windows that fit; another session knows nothing of it. */
static void pacing(const echo_model *m, const echo_voice *v)
{
    static const char text[] = "This is a sentence that is long enough to be heard.";
    echo_params p = echo_params_default(m);
    int first = 0;

    p.num_steps = 8;
    p.rng_seed = 3;
    p.sequence_length = ECHO_LENGTH_AUTO;
    for (int i = 0; i < 2; i++) {
        echo_session *s = fresh(m, false);
        echo_error e = { 0 };

        for (int k = 0; k < 2; k++) {
            CHECK_SAY(!echo_generate(s, text, v, &p, NULL, &e), "%s", e.text);
            echo_stats stats = echo_session_stats(s);

            CHECK_SAY(stats.ended && stats.kept <= stats.frames, "%d of %d", stats.kept,
                      stats.frames);
            if (k)
                CHECK_SAY(stats.window < first, "a window of %d, then of %d", first,
                          stats.window);
            else if (i)
                CHECK(stats.window == first);
            else
                first = stats.window;
        }
        echo_session_close(&s);
    }
}

/* It has spoken one piece, a long text and a streamed one, all in this voice, at this pace. */
static void speak_of_others(echo_session *s, const echo_voice *v, const echo_params *p)
{
    static const char *const others[] = {
        "A slow sentence comes first, and it takes a while to say.",
        "Then there are two more of them. This is the last one that is said here.",
    };
    echo_speak_opts o = echo_speak_opts_default();
    struct said out = { 0 };
    echo_error e = { 0 };

    CHECK_SAY(!echo_generate(s, others[0], v, p, NULL, &e), "%s", e.text);
    for (int i = 0; i < 2; i++) {
        o.stream = i;
        CHECK_SAY(!speak(s, others[1], v, p, &o, &out, &e), "%s", e.text);
        drop(&out);
    }
}

/* A text sounds the same whatever the session did before, though echo_generate() remembers. */
static void forgetting(const echo_model *m, const echo_voice *v)
{
    static const char text[] = "The first sentence is long enough to be heard as a pace. So is "
                               "the second one, which follows it.";
    echo_params p = echo_params_default(m);
    echo_session *used = fresh(m, true);
    echo_error e = { 0 };

    p.num_steps = 4;
    p.rng_seed = 5;
    speak_of_others(used, v, &p);
    for (int stream = 0; stream < 2; stream++) {
        echo_session *s = fresh(m, true);
        echo_speak_opts o = echo_speak_opts_default();
        echo_params how = p;
        struct said want = { 0 }, got = { 0 };
        int window;

        o.stream = stream;
        if (stream)
            how.block_sizes = (echo_list){ 2, { 24, 40 } };
        CHECK_SAY(!speak(s, text, v, &how, &o, &want, &e), "%s", e.text);
        CHECK_SAY(!speak(used, text, v, &how, &o, &got, &e), "%s", e.text);
        CHECK_SAY(want.n > 0 && same(&want, &got), "%s, a used session says %zu samples, a "
                  "fresh one %zu", stream ? "streamed" : "whole", got.n, want.n);
        CHECK_SAY(!echo_generate(s, "Once more, but as a piece of its own.", v, &p, NULL, &e),
                  "%s", e.text);
        window = echo_session_stats(s).window;
        CHECK_SAY(!echo_generate(used, "Once more, but as a piece of its own.", v, &p, NULL,
                                 &e), "%s", e.text);
        CHECK(stream || echo_session_stats(used).window != window);
        drop(&want);
        drop(&got);
        echo_session_close(&s);
    }
    echo_session_close(&used);
}

/* ---- speech ---- */

/* Real speech in pieces: each ends, it is as long as it should be, and no join clicks. */
static void speech(const echo_model *m, const echo_voice *v)
{
    static const char text[] = "The weather was fine in the morning. Later on it began to "
                               "rain, and nobody went out.\n\nWe stayed at home and read a "
                               "book.";
    echo_params p = echo_params_default(m);
    echo_speak_opts o = echo_speak_opts_default();
    echo_session *s = fresh(m, true);
    struct said out = { 0 };
    echo_error e = { 0 };

    p.num_steps = 8;
    p.rng_seed = 1;
    p.sequence_length = 100; /* a sentence each */
    CHECK_SAY(!speak(s, text, v, &p, &o, &out, &e), "%s", e.text);
    CHECK(out.n_pieces >= 3 && !out.backwards && out.overall == 1);
    for (int i = 0; i < out.n_pieces; i++) {
        const echo_piece *piece = &out.pieces[i].it;
        double takes = piece->end_s - piece->begin_s;

        CHECK_SAY(takes > 0.4 * piece->expected_s && takes < 2 * piece->expected_s,
                  "'%s' takes %g s, expected %g", out.pieces[i].text, takes, piece->expected_s);
        CHECK(piece->stats.ended);
    }
    for (int i = 1; i < out.n_pieces; i++) {
        size_t from = (size_t)(out.pieces[i - 1].it.end_s * ECHO_SAMPLE_RATE) - 100;
        size_t to = (size_t)(out.pieces[i].it.begin_s * ECHO_SAMPLE_RATE) + 100;

        CHECK_SAY(click_find(out.pcm, to, from) == to, "a click before piece %d", i);
    }
    drop(&out);
    echo_session_close(&s);
}

/* ---- at once ---- */

struct other {
    const echo_model *m;
    const echo_voice *v;
    echo_params p;
    echo_speak_opts o;
    struct said out;
};

static void *speak_elsewhere(void *arg)
{
    struct other *o = arg;
    echo_session *s = fresh(o->m, true);
    echo_error e = { 0 };

    CHECK_SAY(!speak(s, many, o->v, &o->p, &o->o, &o->out, &e), "%s", e.text);
    echo_session_close(&s);
    return NULL;
}

static void at_once(const echo_model *m, const echo_voice *v)
{
    struct other others[2] = { { .m = m, .v = v, .p = quick(m), .o = plain() },
                               { .m = m, .p = quick(m), .o = plain() } };
    pthread_t threads[2];

    others[1].o.stream = true;
    others[1].p.block_sizes = (echo_list){ 1, { 5 } };
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, speak_elsewhere, &others[i]);
    for (int i = 0; i < 2; i++) {
        struct said together;

        pthread_join(threads[i], NULL);
        together = others[i].out;
        memset(&others[i].out, 0, sizeof others[i].out);
        speak_elsewhere(&others[i]);
        CHECK_SAY(same(&together, &others[i].out), "session %d was disturbed", i);
        drop(&together);
        drop(&others[i].out);
    }
}

int main(int argc, char **argv)
{
    char odd[500], small[500], clip[500], long_clip[500];
    echo_model *m;
    echo_voice *v, *w;

    if (argc < 2)
        return 2;
    snprintf(odd, sizeof odd, "%s/odd", argv[1]);
    snprintf(clip, sizeof clip, "%s/tiny/voice.wav", argv[1]);
    snprintf(long_clip, sizeof long_clip, "%s/tiny/voice-long.wav", argv[1]);
    m = open_model(odd);
    v = voice_of(m, clip);
    w = voice_of(m, long_clip);
    single(m, v, false);
    several(m, v);
    resuming(m, v);
    overlapping(m);
    wrong_checkpoints(m, v);
    stopping(m);
    streaming(m);
    refusing(m);
    nothing(m, v);
    strictly(m);
    scripts(m);
    remembering(m, v, w);
    at_once(m, v);
    echo_voice_close(&v);
    echo_voice_close(&w);
    echo_model_close(&m);

    if (argc < 3)
        return unit_report();
    snprintf(small, sizeof small, "%s/small", argv[2]);
    m = open_model(small);
    v = voice_of(m, clip);
    single(m, v, true);
    pacing(m, v);
    forgetting(m, v);
    speech(m, v);
    echo_voice_close(&v);
    echo_model_close(&m);
    return unit_report();
}
