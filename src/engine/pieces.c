/* SPDX-License-Identifier: MIT */
#include "engine/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/buffer.h"
#include "text/character.h"
#include "text/clean/clean.h"
#include "text/text.h"

#define SPEAKER_BYTES 5  /* "[S1] ", which normalisation puts in front */
#define LEAST_WEIGHT  24 /* of a piece, however small the window: a few words */
#define FILLED        0.95 /* of a window is planned to be speech */

/* A breath at a comma is so much of one at the end of a sentence. */
#define CLAUSE_PAUSE 0.4

/* ---- opening ---- */

static echo_status markup_of(enum markup *out, const char *name, echo_error *err)
{
    static const char *const names[] = {
        [MARKUP_AUTO] = "auto", [MARKUP_PLAIN] = "plain", [MARKUP_MARKDOWN] = "markdown",
        [MARKUP_HTML] = "html", [MARKUP_SSML] = "ssml",
    };

    *out = MARKUP_AUTO;
    if (!name)
        return ECHO_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            *out = (enum markup)i;
            return ECHO_OK;
        }
    return echo_fail_field(err, "markup", "markup '%.40s': expected auto, plain, markdown, "
                                          "html or ssml", name);
}

/* A paragraph ends at an empty line; other line ends are blanks. */
static const char *put_paragraph(struct text_buffer *b, const char *text)
{
    size_t n;

    while (*text) {
        if (!(n = echo_character_line_end(text))) {
            echo_buffer_put(b, text++, 1);
            continue;
        }
        text += n;
        text += strspn(text, " \t");
        if (echo_character_line_end(text))
            return text;
        echo_buffer_put(b, " ", 1);
    }
    return text;
}

/* Text as it stands.  One that fits a pass keeps its line ends, too. */
static echo_status add_verbatim(struct script *s, const char *text, bool normalize,
                                echo_error *err)
{
    struct script_part how = { .end = SCRIPT_PARAGRAPH, .pause_s = -1 };
    struct text_buffer paragraph = { 0 };
    echo_status status = echo_text_valid(text, err);

    if (status)
        return status;
    if (echo_text_normalize(text, normalize, NULL, 0) <= ECHO_MAX_TEXT) {
        echo_script_add(s, text, how);
        return ECHO_OK;
    }
    while (*text) {
        echo_buffer_cut(&paragraph, 0);
        text = put_paragraph(&paragraph, text);
        echo_script_add(s, echo_buffer_text(&paragraph), how);
    }
    s->failed |= paragraph.failed;
    echo_buffer_free(&paragraph);
    return ECHO_OK;
}

static echo_status fill(struct pieces *p, const char *text, const echo_speak_opts *opts,
                        bool normalize, echo_error *err)
{
    struct clean_opts clean = { .language = opts->language };
    echo_status status = markup_of(&clean.markup, opts->markup, err);

    if (status)
        return status;
    if (!opts->clean)
        return add_verbatim(&p->script, text, normalize, err);
    return echo_clean(&p->script, text, &clean, err);
}

echo_status echo_pieces_open(struct pieces *p, const char *text, const echo_speak_opts *opts,
                             bool normalize, echo_error *err)
{
    echo_status status;

    *p = (struct pieces){ 0 };
    if (!text || !*text)
        return echo_fail_field(err, "text", "text is empty");
    if ((status = fill(p, text, opts, normalize, err)))
        return status;
    if (p->script.failed)
        return echo_fail_memory(err, strlen(text), "the text");
    return echo_splitter_open(&p->splitter, &p->script, opts->language, err);
}

void echo_pieces_close(struct pieces *p)
{
    echo_splitter_close(&p->splitter);
    echo_script_free(&p->script);
}

/* ---- one after the other ---- */

static int weight_in(const struct pace *pace, const struct settings *settings, int frames)
{
    int weight = echo_pace_fits(pace, settings, (int)(FILLED * frames)) - SPEAKER_BYTES;

    return weight < LEAST_WEIGHT ? LEAST_WEIGHT : weight;
}

struct piece_limit echo_pieces_limit(const struct pace *pace, const struct settings *settings,
                                     int sequence_length)
{
    int most = sequence_length > 0 ? sequence_length : settings->max_sequence_length;
    int planned = sequence_length == ECHO_LENGTH_AUTO && settings->piece_length
                      ? settings->piece_length
                      : most;

    return (struct piece_limit){ weight_in(pace, settings, planned),
                                 weight_in(pace, settings, most) };
}

bool echo_pieces_next(struct pieces *p, struct piece_limit limit, struct split_piece *out)
{
    return echo_split(p->splitter, limit.weight, limit.most, ECHO_MAX_TEXT - SPEAKER_BYTES,
                      out);
}

double echo_pieces_pause(const struct split_piece *piece, const echo_speak_opts *opts)
{
    if (piece->pause_s >= 0)
        return piece->pause_s;
    switch (piece->end) {
    case SPLIT_CLAUSE: return CLAUSE_PAUSE * opts->pause_sentence;
    case SPLIT_SENTENCE: return opts->pause_sentence;
    case SPLIT_PARAGRAPH: return opts->pause_paragraph;
    default: return 0;
    }
}
