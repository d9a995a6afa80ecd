/* SPDX-License-Identifier: MIT */
/*
 * fuzz_split.c - any script to pieces of any size: each has a word, is UTF-8, within its
 * limits; together they have all letters in order; and it ends.
 *
 * The first two bytes are the limits.  The rest is the text: 1 begins a paragraph, 2 a heading,
 * 3 a part behind a pause, 4 another's turn.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/character.h"
#include "text/split.h"
#include "text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Smaller pieces have no room for a tag and a letter with some marks. */
#define LEAST 24

struct limits {
    int planned, weight, bytes;
};

/* Letters and digits of words, without the marks and apostrophes that a cut may part them from;
 * for free(). */
struct letters {
    char *bytes;
    size_t n;
};

static void add_letters(struct letters *l, const char *text)
{
    size_t word, n;
    uint32_t code;

    l->bytes = realloc(l->bytes, l->n + strlen(text) + 1);
    for (; (text = echo_text_word(text, &word)); text += word)
        for (const char *s = text; s < text + word; s += n) {
            n = echo_character(s, &code);
            if (!echo_character_is_letter(code))
                continue;
            memcpy(l->bytes + l->n, s, n);
            l->n += n;
        }
}

/* A tag of several digits, which only other programs write, may be longer than a piece. */
static bool has_long_tag(const char *text)
{
    for (; (text = strstr(text, "[S")); text += 2)
        if (strspn(text + 2, "0123456789") > 1)
            return true;
    return false;
}

/* Parts end at bytes below 5. */
static void add_parts(struct script *s, char *text)
{
    struct script_part how = { .pause_s = -1 };

    for (char *end; *text; text = end) {
        char kind;

        end = text + strcspn(text, "\1\2\3\4");
        kind = *end;
        *end = 0;
        how.end = kind == 3 ? SCRIPT_PAUSE : SCRIPT_PARAGRAPH;
        how.pause_s = kind == 3 ? 0.5 : -1;
        echo_script_add(s, text, how);
        how.level = kind == 2;
        if (kind == 4)
            echo_script_turn(s, (s->role + 1) % 3);
        end += kind != 0;
    }
}

static void check_piece(const struct split_piece *p, struct limits at_most)
{
    size_t n = strlen(p->text), length;

    ECHO_ASSERT(n <= (size_t)at_most.bytes && echo_text_weight(p->text, n) <= at_most.weight);
    ECHO_ASSERT(echo_text_word(p->text, &length));
    ECHO_ASSERT(echo_text_readable(p->text) == n);
    ECHO_ASSERT(p->level >= 0 && p->end <= SPLIT_PAUSE);
}

/* Where it is after half of the pieces, it can go on from. */
static void check_seeking(struct splitter *s, struct limits at_most, struct split_position to,
                          int left)
{
    struct split_piece p;

    echo_split_seek(s, to);
    for (; echo_split(s, at_most.planned, at_most.weight, at_most.bytes, &p); left--)
        check_piece(&p, at_most);
    ECHO_ASSERT(left == 0);
}

static void check(const struct script *script, struct limits at_most, size_t size)
{
    struct splitter *s = NULL;
    struct split_piece p;
    struct split_position middle = { 0 };
    struct letters want = { 0 }, got = { 0 };
    int n = 0, half = 0, pauses = 0, turn = 0;
    double done = 0;

    ECHO_ASSERT(!echo_splitter_open(&s, script, NULL, NULL));
    while (echo_split(s, at_most.planned, at_most.weight, at_most.bytes, &p)) {
        check_piece(&p, at_most);
        add_letters(&got, p.text);
        ECHO_ASSERT(p.turn == turn && p.role >= 0 && p.role < 3);
        turn += p.ends_turn;
        pauses += p.pause_s == 0.5;
        ECHO_ASSERT(echo_split_done(s) > done && echo_split_done(s) <= 1);
        done = echo_split_done(s);
        if (++n % 4 == 1) {
            middle = echo_split_tell(s);
            half = n;
        }
        ECHO_ASSERT((size_t)n <= size);
    }
    ECHO_ASSERT(!echo_split_failed(s) && (!script->n || done == 1));
    for (int i = 0; i < script->n; i++) {
        add_letters(&want, script->parts[i].text);
        pauses -= script->parts[i].pause_s == 0.5;
    }
    ECHO_ASSERT(got.n == want.n && (!want.n || !memcmp(got.bytes, want.bytes, want.n)));
    ECHO_ASSERT(!pauses);
    check_seeking(s, at_most, middle, n - half);
    echo_splitter_close(&s);
    free(want.bytes);
    free(got.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct limits at_most;
    struct script script = { 0 };
    char *text;

    if (size < 3)
        return 0;
    at_most = (struct limits){ LEAST + data[0], LEAST + 3 * data[0], LEAST + 3 * data[1] };
    text = malloc(size - 1); /* exact: one byte too many is seen */
    memcpy(text, data + 2, size - 2);
    text[size - 2] = 0;
    if (echo_text_readable(text) == strlen(text) && !has_long_tag(text)) {
        add_parts(&script, text);
        ECHO_ASSERT(!script.failed);
        check(&script, at_most, size);
        echo_script_free(&script);
    }
    free(text);
    return 0;
}
