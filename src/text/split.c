/* SPDX-License-Identifier: MIT */
#include "text/split.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/boundary.h"
#include "text/buffer.h"
#include "text/character.h"
#include "text/text.h"

/* Shorter pieces sound odd: a model has too little to go by. */
#define SHORT_PIECE 20

/* ". " weighs so much at the most. */
#define STOP_WEIGHT 6

enum { LINES, SENTENCES, CHARACTERS, ITERATORS };

struct splitter {
    const struct script *script;
    struct split_position at;
    UBreakIterator *iterators[ITERATORS];
    UText text;    /* of the part that they are at */
    int text_part; /* -1: none */
    size_t length; /* of that text */
    size_t bytes, behind; /* of the script; of the parts before this one */
    bool tagged;   /* the script says who speaks */
    bool failed;
    struct text_buffer piece;
};

/* ---- opening ---- */

static bool has_tag(const char *text)
{
    for (; (text = strstr(text, "[S")); text++)
        if (echo_boundary_tag(text))
            return true;
    return false;
}

static void open_iterators(struct splitter *s, const char *language)
{
    static const UBreakIteratorType types[] = { UBRK_LINE, UBRK_SENTENCE, UBRK_CHARACTER };

    for (int i = 0; i < ITERATORS; i++)
        if (!(s->iterators[i] = echo_boundary_open(types[i], language)))
            s->failed = true;
}

echo_status echo_splitter_open(struct splitter **out, const struct script *script,
                               const char *language, echo_error *err)
{
    struct splitter *s = calloc(1, sizeof *s);

    *out = NULL;
    if (!s)
        return echo_fail_memory(err, sizeof *s, "splitting the text");
    s->script = script;
    s->text_part = -1;
    s->text = (UText)UTEXT_INITIALIZER;
    open_iterators(s, language);
    if (s->failed) {
        echo_splitter_close(&s);
        return echo_fail(err, ECHO_ERR_MEMORY, "ICU cannot split texts: its data are missing, "
                                               "or memory");
    }
    for (int i = 0; i < script->n; i++) {
        s->bytes += strlen(script->parts[i].text);
        s->tagged |= has_tag(script->parts[i].text);
    }
    *out = s;
    return ECHO_OK;
}

void echo_splitter_close(struct splitter **splitter)
{
    struct splitter *s = *splitter;

    if (!s)
        return;
    for (int i = 0; i < ITERATORS; i++)
        if (s->iterators[i])
            ubrk_close(s->iterators[i]);
    utext_close(&s->text);
    echo_buffer_free(&s->piece);
    free(s);
    *splitter = NULL;
}

/* ---- the part it is at ---- */

static const struct script_part *part(const struct splitter *s)
{
    return s->at.part < s->script->n ? &s->script->parts[s->at.part] : NULL;
}

/* Let the iterators see the part. */
static void enter(struct splitter *s)
{
    UErrorCode status = U_ZERO_ERROR;

    if (s->text_part == s->at.part)
        return;
    s->length = strlen(part(s)->text);
    utext_openUTF8(&s->text, part(s)->text, (int64_t)s->length, &status);
    for (int i = 0; i < ITERATORS; i++)
        ubrk_setUText(s->iterators[i], &s->text, &status);
    s->text_part = s->at.part;
    if (U_FAILURE(status))
        s->failed = true;
}

/* Does another turn begin behind the part? */
static bool ends_turn(const struct splitter *s)
{
    return s->at.part + 1 < s->script->n && part(s)[1].turn != part(s)->turn;
}

static void next_part(struct splitter *s)
{
    if (ends_turn(s)) /* the tags of one role say nothing about another */
        s->at.speaker = 0;
    s->behind += strlen(part(s)->text);
    s->at.part++;
    s->at.byte = 0;
}

/* ---- boundaries ---- */

static size_t skip_blanks(const char *text, size_t at)
{
    return at + strspn(text + at, " ");
}

static bool has_word(const char *text, size_t from, size_t to)
{
    size_t length;
    const char *word = echo_text_word(text + from, &length);

    return word && word < text + to;
}

static enum split_end kind_of(struct splitter *s, const char *text, size_t from, size_t at)
{
    size_t end = echo_boundary_trim(text, from, at);

    if (ubrk_isBoundary(s->iterators[SENTENCES], (int32_t)at))
        return echo_boundary_goes_on(text, from, at) ? SPLIT_CLAUSE : SPLIT_SENTENCE;
    if (end > from && strchr(",;:)", text[end - 1]))
        return SPLIT_CLAUSE;
    if (end >= from + 3 && (!memcmp(text + end - 3, "\xe2\x80\x94", 3) ||
                            !memcmp(text + end - 3, "\xe3\x80\x81", 3))) /* dash, 、 */
        return SPLIT_CLAUSE;
    if (text[at - 1] == ' ' && !strncmp(text + at, "- ", 2))
        return SPLIT_CLAUSE;
    return SPLIT_WORD;
}

/* ---- one piece ---- */

/* How far a piece may go, and how far it would go if all that is left were cut evenly. */
struct room {
    int weight, ideal;
    int most; /* up to which a sentence may go that is longer than planned */
    int left; /* weight of what is left, if that is not much more; else very large */
    size_t bytes;
};

/* A cut costs what it breaks, and how uneven it makes the pieces.  A short piece, or a short
 * rest, is a little worse than a sentence that is cut in its middle. */
static double cost_of(enum split_end end, int weight, const struct room *room)
{
    static const double broken[] = { [SPLIT_CHARACTER] = 4, [SPLIT_WORD] = 2,
                                     [SPLIT_CLAUSE] = 1.1, [SPLIT_SENTENCE] = 0 };
    double off = (double)(weight - room->ideal) / room->weight;

    int rest = room->left - weight;
    bool crumb = weight < SHORT_PIECE || (rest > 0 && rest < SHORT_PIECE);

    return broken[end] + (off < 0 ? -off : off) + (crumb ? 1.3 : 0);
}

struct cut {
    size_t at;
    enum split_end end;
    double cost;
};

/* The cheapest of the boundaries that an iterator has within the room; at 0: there is none. */
static struct cut find_cut(struct splitter *s, int iterator, const struct room *room)
{
    const char *text = part(s)->text;
    size_t from = s->at.byte, last = from;
    struct cut best = { 0 };
    int weight = 0;

    for (;;) {
        int32_t next = ubrk_following(s->iterators[iterator], (int32_t)last);

        if (next == UBRK_DONE || (size_t)next - from > room->bytes)
            return best;
        weight += echo_text_weight(text + last, (size_t)next - last);
        last = (size_t)next;
        if (weight > room->most)
            return best;
        if (echo_boundary_in_event(text, from, last) ||
            echo_boundary_behind_tag(text, from, last) ||
            !has_word(text, from, last))
            continue;
        enum split_end end = iterator == CHARACTERS ? SPLIT_CHARACTER
                                                    : kind_of(s, text, from, last);
        double cost = cost_of(end, weight, room);

        if (weight > room->weight && end != SPLIT_SENTENCE)
            continue;
        if (!best.at || cost < best.cost)
            best = (struct cut){ last, end, cost };
    }
}

/* Bytes of the character at text, or of the tag, which would be words if it were cut. */
static size_t step(const char *text)
{
    uint32_t code;

    if (!strncmp(text, "[S", 2) && text[2] >= '0' && text[2] <= '9' && text[3] == ']')
        return TAG_BYTES - 1;
    return echo_character(text, &code);
}

/* Between two characters, whatever they are. */
static size_t cut_anywhere(const char *text, size_t from, const struct room *room)
{
    size_t at = from, n;

    while ((n = step(text + at)) && at + n - from <= room->bytes &&
           echo_text_weight(text + from, at + n - from) <= room->weight)
        at += n;
    return at > from ? at : from + n;
}

static struct cut choose_cut(struct splitter *s, const struct room *room)
{
    struct cut cut = find_cut(s, LINES, room);

    if (!cut.at)
        cut = find_cut(s, CHARACTERS, room);
    if (!cut.at)
        cut = (struct cut){ cut_anywhere(part(s)->text, s->at.byte, room), SPLIT_CHARACTER, 0 };
    return cut;
}

/* An even share of what is left, as far as that is worth counting. */
static void share_evenly(struct room *room, const char *text)
{
    size_t most = 8 * room->bytes;
    int left = echo_text_weight(text, strnlen(text, most));
    int pieces = (left + room->weight - 1) / room->weight;

    room->ideal = left / pieces;
    room->left = left;
    if (text[strnlen(text, most)]) {
        room->ideal = room->weight * 7 / 8;
        room->left = INT_MAX;
    }
}

static bool fits(const char *text, const struct room *room)
{
    size_t n = strnlen(text, room->bytes + 1);

    return n <= room->bytes && echo_text_weight(text, n) <= room->weight;
}

static void remember_speaker(struct splitter *s, size_t from, size_t to)
{
    const char *text = part(s)->text;

    for (size_t i = from; i < to; i++)
        if (echo_boundary_tag(text + i))
            s->at.speaker = echo_boundary_tag(text + i);
}

/* Append bytes of the part, after the tag of who speaks where the script has such tags. */
static void put(struct splitter *s, size_t from, size_t to)
{
    const char *text = part(s)->text;
    char speaker[] = "[S1] ";

    if (!s->piece.length && s->tagged && !echo_boundary_tag(text + from)) {
        speaker[2] = (char)('0' + (s->at.speaker ? s->at.speaker : 1));
        echo_buffer_string(&s->piece, speaker);
    }
    echo_buffer_put(&s->piece, text + from, echo_boundary_trim_tags(text, from, to) - from);
    remember_speaker(s, from, to);
}

/* Could the next part be said in one piece with this short one? */
static bool joins(const struct splitter *s, const struct room *room)
{
    const struct script_part *now = part(s), *next = now + 1;
    size_t end = strlen(now->text), used = s->piece.length + 2;
    struct room left = *room;

    if (s->at.part + 1 >= s->script->n || now->level || next->level || now->pause_s >= 0 ||
        now->end == SCRIPT_PAUSE || ends_turn(s) || s->piece.length >= SHORT_PIECE ||
        used > room->bytes ||
        echo_boundary_trim_tags(now->text, 0, end) != echo_boundary_trim(now->text, 0, end))
        return false;
    left.bytes -= used;
    left.weight -= echo_text_weight(echo_buffer_text(&s->piece), s->piece.length) + STOP_WEIGHT;
    return left.weight > 0 && fits(next->text, &left);
}

/* A stop between two paragraphs in one piece, where the first has none. */
static void put_stop(struct splitter *s)
{
    static const char *const quotes[] = { "\"", "'", ")", "]", "”", "’", NULL };
    static const char *const stops[] = { ".", "!", "?", ":", ";", ",", "…", "。", NULL };
    const char *text = echo_buffer_text(&s->piece);
    size_t end = s->piece.length, quote;

    while ((quote = echo_boundary_mark(text, end, quotes)))
        end -= quote;
    echo_buffer_string(&s->piece, echo_boundary_mark(text, end, stops) ? " " : ". ");
}

static void end_part(struct splitter *s, struct split_piece *out)
{
    const struct script_part *p = part(s);

    out->pause_s = p->pause_s;
    out->ends_turn = ends_turn(s);
    out->end = p->end == SCRIPT_SENTENCE ? SPLIT_SENTENCE
               : p->end == SCRIPT_PAUSE  ? SPLIT_PAUSE
                                         : SPLIT_PARAGRAPH;
    next_part(s);
}

static void take_rest(struct splitter *s, const struct room *room, struct split_piece *out)
{
    put(s, s->at.byte, strlen(part(s)->text));
    while (joins(s, room)) {
        put_stop(s);
        next_part(s);
        put(s, 0, strlen(part(s)->text));
    }
    end_part(s, out);
}

/* Marks that follow without a word are not said, so the part ends before them. */
static void take_some(struct splitter *s, struct room *room, struct split_piece *out)
{
    const char *text = part(s)->text;
    size_t length;

    enter(s);
    share_evenly(room, text + s->at.byte);
    struct cut cut = choose_cut(s, room);

    put(s, s->at.byte, cut.at);
    s->at.byte = skip_blanks(text, cut.at);
    out->end = cut.end;
    if (echo_text_word(text + s->at.byte, &length))
        return;
    remember_speaker(s, s->at.byte, strlen(text));
    end_part(s, out);
}

/* Marks before a word are said with it, unless they fill half a piece.  Without a word they are
 * not said. */
static const struct script_part *find_part(struct splitter *s, const struct room *room)
{
    const struct script_part *p;
    size_t length;

    for (; (p = part(s)); next_part(s)) {
        const char *word = echo_text_word(p->text + s->at.byte, &length);

        if (!word)
            continue;
        size_t at = (size_t)(word - p->text), marks = at - s->at.byte;

        if (marks > room->bytes / 2 ||
            echo_text_weight(p->text + s->at.byte, marks) > room->weight / 2) {
            remember_speaker(s, s->at.byte, at);
            s->at.byte = at;
        }
        s->at.byte = skip_blanks(p->text, s->at.byte);
        return p;
    }
    return NULL;
}

bool echo_split(struct splitter *s, int weight, int most, int bytes, struct split_piece *out)
{
    struct room room = { .weight = weight, .most = most > weight ? most : weight,
                         .bytes = (size_t)bytes };
    const struct script_part *p;

    if (s->tagged) { /* one is put in front, unless the piece begins with its own */
        room.weight -= TAG_BYTES;
        room.most -= TAG_BYTES;
        room.bytes -= TAG_BYTES;
    }
    ECHO_ASSERT(room.weight >= 1 && room.bytes >= 8 && bytes > TAG_BYTES);
    echo_buffer_cut(&s->piece, 0);
    if (s->failed || !(p = find_part(s, &room)))
        return false;
    *out = (struct split_piece){ .level = p->level, .pause_s = -1, .role = p->role,
                                 .turn = p->turn, .begins_part = !s->at.byte };
    if (fits(p->text + s->at.byte, &room))
        take_rest(s, &room, out);
    else
        take_some(s, &room, out);
    s->failed |= s->piece.failed;
    out->text = echo_buffer_text(&s->piece);
    return !s->failed;
}

bool echo_split_failed(const struct splitter *s)
{
    return s->failed;
}

/* ---- where it is ---- */

struct split_position echo_split_tell(const struct splitter *s)
{
    return s->at;
}

void echo_split_seek(struct splitter *s, struct split_position to)
{
    s->at = to;
    s->behind = 0;
    for (int i = 0; i < to.part && i < s->script->n; i++)
        s->behind += strlen(s->script->parts[i].text);
}

int echo_split_role(const struct splitter *s)
{
    return part(s) ? part(s)->role : 0;
}

double echo_split_done(const struct splitter *s)
{
    return s->bytes ? (double)(s->behind + s->at.byte) / (double)s->bytes : 1;
}
