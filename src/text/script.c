/* SPDX-License-Identifier: MIT */
#include "text/script.h"

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

static bool grow(struct script *s)
{
    int capacity = s->capacity ? 2 * s->capacity : 16;
    struct script_part *parts;

    if (s->n < s->capacity)
        return true;
    if (!(parts = realloc(s->parts, (size_t)capacity * sizeof *parts)))
        return false;
    s->parts = parts;
    s->capacity = capacity;
    return true;
}

/* A part without a word lengthens the pause before it. */
static void pause_longer(struct script *s, struct script_part how)
{
    struct script_part *last = s->n ? &s->parts[s->n - 1] : NULL;

    if (!last) {
        s->lead_s += how.pause_s > 0 ? how.pause_s : 0;
        return;
    }
    if (how.pause_s >= 0)
        last->pause_s = (last->pause_s > 0 ? last->pause_s : 0) + how.pause_s;
    if (how.end == SCRIPT_PARAGRAPH)
        last->end = SCRIPT_PARAGRAPH;
}

void echo_script_add(struct script *s, const char *text, struct script_part how)
{
    size_t length;

    if (s->failed)
        return;
    if (!echo_text_word(text, &length)) {
        pause_longer(s, how);
        return;
    }
    how.role = s->role;
    how.turn = s->n ? s->parts[s->n - 1].turn + s->turning : 0;
    s->turning = false;
    how.text = grow(s) ? strdup(text) : NULL;
    s->failed = !how.text;
    if (how.text)
        s->parts[s->n++] = how;
}

void echo_script_turn(struct script *s, int role)
{
    s->role = role;
    s->turning = true;
}

void echo_script_free(struct script *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->parts[i].text);
    free(s->parts);
    *s = (struct script){ 0 };
}
