/* SPDX-License-Identifier: MIT */
#include "engine/pieces.h"

#include <stdio.h>
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
static void add_verbatim(struct script *s, const char *text, bool normalize)
{
    struct script_part how = { .end = SCRIPT_PARAGRAPH, .pause_s = -1 };
    struct text_buffer paragraph = { 0 };

    if (echo_text_normalize(text, normalize, NULL, 0) <= ECHO_MAX_TEXT) {
        echo_script_add(s, text, how);
        return;
    }
    while (*text) {
        echo_buffer_cut(&paragraph, 0);
        text = put_paragraph(&paragraph, text);
        echo_script_add(s, echo_buffer_text(&paragraph), how);
    }
    s->failed |= paragraph.failed;
    echo_buffer_free(&paragraph);
}

/* From `start` to before `end`, where a turn ends; so do the line and its end. */
static void add_turn(struct script *s, const char *start, const char *end, bool normalize)
{
    char *text;

    while (end > start && strchr("\r\n", end[-1]))
        end--;
    text = strndup(start, (size_t)(end - start));
    s->failed |= !text;
    if (text)
        add_verbatim(s, text, normalize);
    free(text);
}

/* The same turn by turn. */
static void add_turns(struct pieces *p, const char *text, bool normalize)
{
    const char *start = text, *s = text;
    size_t n;
    int role;

    while (*s) {
        if ((n = echo_cast_line(&p->cast, s, &role))) {
            add_turn(&p->script, start, s, normalize);
            echo_script_turn(&p->script, role);
            start = s + n + strspn(s + n, " \t");
        }
        while (*s && !echo_character_line_end(s))
            s++;
        s += echo_character_line_end(s);
    }
    add_turn(&p->script, start, s, normalize);
}

static echo_status fill_verbatim(struct pieces *p, const char *text, bool normalize,
                                 echo_error *err)
{
    echo_status status = echo_text_valid(text, err);

    if (status)
        return status;
    if (p->cast.n)
        add_turns(p, text, normalize);
    else
        add_verbatim(&p->script, text, normalize);
    p->script.failed |= p->cast.failed;
    return p->script.n || p->script.failed ? ECHO_OK : echo_text_nothing(err);
}

static echo_status fill(struct pieces *p, const char *text, const echo_speak_opts *opts,
                        bool normalize, echo_error *err)
{
    struct clean_opts clean = { .language = opts->language,
                                .cast = p->cast.n ? &p->cast : NULL };
    echo_status status = echo_markup_named(&clean.markup, opts->markup, err);

    if (status)
        return status;
    if (!opts->clean)
        return fill_verbatim(p, text, normalize, err);
    return echo_clean(&p->script, text, &clean, err);
}

/* "Anna, Ben": as many as a line takes. */
static void list_roles(const struct cast *c, char *out, size_t size)
{
    size_t used = 0;

    for (int i = 0; i < c->n && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
                                 c->roles[i].name);
}

/* A text that nobody of the cast has a line in is not the one that is meant. */
static echo_status check_cast(const struct pieces *p, echo_error *err)
{
    char roles[300], others[400];
    bool any;

    for (int i = 0; i < p->script.n; i++)
        if (p->script.parts[i].role)
            return ECHO_OK;
    if (!p->cast.n)
        return ECHO_OK;
    list_roles(&p->cast, roles, sizeof roles);
    any = echo_cast_strangers(&p->cast, 1, others, sizeof others);
    return echo_fail_field(err, "cast", "no line of the text begins with a name of the cast "
                                        "and a colon (%s)%s%s", roles,
                           any ? "; names that are there: " : "", others);
}

echo_status echo_pieces_open(struct pieces *p, const char *text, const echo_speak_opts *opts,
                             bool normalize, echo_error *err)
{
    echo_status status;

    *p = (struct pieces){ 0 };
    if (!text || !*text)
        return echo_fail_field(err, "text", "text is empty");
    if ((status = echo_cast_open(&p->cast, opts->cast, opts->roles, err)) ||
        (status = fill(p, text, opts, normalize, err)))
        return status;
    if (p->script.failed)
        return echo_fail_memory(err, strlen(text), "the text");
    if ((status = check_cast(p, err)))
        return status;
    return echo_splitter_open(&p->splitter, &p->script, opts->language, err);
}

void echo_pieces_close(struct pieces *p)
{
    echo_splitter_close(&p->splitter);
    echo_script_free(&p->script);
    echo_cast_close(&p->cast);
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

const char *echo_pieces_role(const struct pieces *p, const struct split_piece *piece)
{
    return piece->role ? p->cast.roles[piece->role - 1].name : NULL;
}

bool echo_pieces_warning(const struct pieces *p, char *out, size_t size)
{
    char names[400];

    if (!echo_cast_strangers(&p->cast, 2, names, sizeof names))
        return false;
    snprintf(out, size, "not in the cast, so the names are read as text: %s", names);
    return true;
}

double echo_pieces_pause(const struct split_piece *piece, const echo_speak_opts *opts)
{
    if (piece->pause_s >= 0)
        return piece->pause_s;
    if (piece->ends_turn)
        return opts->pause_turn;
    switch (piece->end) {
    case SPLIT_CLAUSE: return CLAUSE_PAUSE * opts->pause_sentence;
    case SPLIT_SENTENCE: return opts->pause_sentence;
    case SPLIT_PARAGRAPH: return opts->pause_paragraph;
    default: return 0;
    }
}
