/* SPDX-License-Identifier: MIT */
#include "engine/trouble.h"

#include <stdio.h>

#include "model/speech_end.h"

/* Frames that a letter takes: 1.05 in a text that fills both its bytes and one pass, 1.4 in the
 * fastest speech of the small voice.  Below this, words are missing. */
#define FEWEST_A_LETTER 0.7

/* Frames of the longest pause within speech, 2 s.  Behind a longer one it is more often what a
 * model fills a wide window with, unless too little was said before. */
#define LONGEST_PAUSE 43

/* Speech takes 1 to 1.9 frames a byte, in tenths; a few more for pauses. */
#define MOST_TENTHS 19
#define MOST_PAUSES 60

/* Either the window is too short for the text or the model has gone astray.  The text counts
 * what is continued, too. */
static void describe_cut(struct trouble *t, const echo_session *s, int bytes)
{
    int frames = s->stats.frames, most = (bytes * MOST_TENTHS + 9) / 10;
    const char *advice = "split the text";
    char end[64];

    if (frames >= most)
        advice = "try another seed";
    else if (frames < s->model->settings.max_sequence_length)
        advice = "give a larger sequence_length, or split the text";
    if (s->stats.ended)
        snprintf(end, sizeof end, "ends after %d of %d frames, so words", s->stats.kept,
                 frames);
    else
        snprintf(end, sizeof end, "goes on to the last of the %d frames, so its end", frames);
    snprintf(t->line, sizeof t->line,
             "speech %s may be missing: the text has %d bytes, which take about %d to %d "
             "frames; %s",
             end, bytes, bytes, most, advice);
}

/* The frame where speech goes on behind its end, or -1. */
static int find_more(const echo_session *s, int letters)
{
    int kept = s->stats.kept, size = s->model->dit.latent;
    int again = echo_speech_again(s->latent, kept, s->stats.frames, size);

    return again - kept <= LONGEST_PAUSE || kept < letters ? again : -1;
}

static void describe_more(struct trouble *t, const echo_session *s, int again)
{
    double frame_s = (double)s->model->codec.frame_samples / ECHO_SAMPLE_RATE;

    snprintf(t->line, sizeof t->line,
             "speech seems to go on at %.1f s, behind the pause at %.1f s where it is "
             "cut: without trim (--no-trim) all of it is kept",
             again * frame_s, s->stats.kept * frame_s);
}

static void describe_long(struct trouble *t, const echo_session *s, int bytes)
{
    snprintf(t->line, sizeof t->line,
             "speech takes %d frames, the %d bytes of the text take at most %d, so words may "
             "be said twice: try another seed",
             s->stats.kept, bytes, bytes * MOST_TENTHS / 10 + MOST_PAUSES);
}

struct trouble echo_find_trouble(const echo_session *s, int bytes, int letters, int start)
{
    const echo_stats *stats = &s->stats;
    int again = stats->ended ? find_more(s, letters) : -1;
    struct trouble t = { .kind = TROUBLE_NONE };

    if (again >= 0) {
        t.kind = TROUBLE_MORE;
        describe_more(&t, s, again);
    } else if (stats->ended && stats->kept <= start) {
        t.kind = TROUBLE_SILENT;
        snprintf(t.line, sizeof t.line, "the model made no speech: try another seed or text");
    } else if (!stats->ended || stats->kept < FEWEST_A_LETTER * letters) {
        t.kind = TROUBLE_CUT;
        describe_cut(&t, s, bytes);
    } else if (stats->kept > 2 * bytes * MOST_TENTHS / 10 + MOST_PAUSES) {
        t.kind = TROUBLE_LONG;
        describe_long(&t, s, bytes);
    }
    return t;
}
