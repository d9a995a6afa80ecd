/* SPDX-License-Identifier: MIT */
/*
 * fuzz_clean.c - any text in any markup: refused with a line, or parts that can be spoken, with
 * pauses that end.
 *
 * The first byte says which markup; the rest is the text.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/character.h"
#include "text/clean/pause.h"
#include "text/clean/readers.h"
#include "text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The most that a byte becomes: a row of a table repeats the names of its columns. */
#define GROWTH 60

static void check_pause(double seconds, size_t size)
{
    ECHO_ASSERT(isfinite(seconds) && seconds <= PAUSE_MOST_S * (double)(size + 1));
}

static size_t check_part(const struct script_part *p, size_t size)
{
    size_t n = strlen(p->text), length;
    uint32_t code;

    ECHO_ASSERT(echo_text_word(p->text, &length));
    ECHO_ASSERT(echo_text_readable(p->text) == n);
    for (const char *s = p->text; *s; s += length) {
        ECHO_ASSERT(!echo_character_line_end(s));
        length = echo_character(s, &code);
        ECHO_ASSERT(code >= ' ' && (code < 0x7f || code > 0x9f));
        ECHO_ASSERT(code < 0xe000 || code > 0xf8ff); /* marks */
    }
    ECHO_ASSERT(p->text[0] != ' ' && p->text[n - 1] != ' ');
    ECHO_ASSERT(p->level >= 0 && p->level <= 6 && p->end <= SCRIPT_PAUSE);
    check_pause(p->pause_s, size);
    return n;
}

static void check(const struct script *s, size_t size)
{
    size_t sum = 0;

    ECHO_ASSERT(s->lead_s >= 0);
    check_pause(s->lead_s, size);
    for (int i = 0; i < s->n; i++)
        sum += check_part(&s->parts[i], size) + 1;
    ECHO_ASSERT(sum <= GROWTH * size + 100);
}

static void check_turns(const struct script *s, int roles)
{
    for (int i = 0; i < s->n; i++) {
        const struct script_part *p = &s->parts[i];
        int turn = i ? s->parts[i - 1].turn : 0;

        ECHO_ASSERT(p->role >= 0 && p->role <= roles && (!p->level || !p->role));
        ECHO_ASSERT(p->turn == turn ? !i || p->role == s->parts[i - 1].role
                                    : p->turn == turn + 1 && i);
    }
}

/* Before numbers are spelled, which is another matter.  roles: of a cast. */
static void read_parts(const char *text, enum markup markup, size_t size, int roles)
{
    static const echo_role people[] = { { "A", NULL }, { "Anna", NULL }, { "Zo\u00eb", NULL } };
    struct cast cast;
    struct script script = { 0 };
    struct passage p = { .out = &script, .cast = &cast };

    ECHO_ASSERT(!echo_cast_open(&cast, people, roles, NULL));
    echo_read(&p, text, markup);
    ECHO_ASSERT(!p.failed && !script.failed && !cast.failed);
    check(&script, size);
    check_turns(&script, roles);
    echo_passage_close(&p);
    echo_script_free(&script);
    echo_cast_close(&cast);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct clean_opts opts = { .markup = size ? data[0] % 5 : 0 };
    struct script script = { 0 };
    echo_error e = { 0 };
    char *text;
    int bad;

    if (!size)
        return 0;
    text = malloc(size); /* exact: one byte too many is seen */
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    bad = echo_clean(&script, text, &opts, &e);
    ECHO_ASSERT(!bad == !e.text[0] && !bad == !!script.n);
    echo_script_free(&script);
    if (!echo_text_utf8(text, NULL)) {
        read_parts(text, opts.markup, size, 0);
        read_parts(text, opts.markup, size, 3);
    }
    free(text);
    return 0;
}
