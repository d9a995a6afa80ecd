/* SPDX-License-Identifier: MIT */
#include "characters.h"

#include <stdio.h>

enum { NAMED = 5 }; /* at most in a warning */

static int place_of(struct characters *c, uint32_t code)
{
    for (int i = 0; i < c->n; i++)
        if (c->items[i].code == code)
            return i;
    if (c->n == CHARACTERS)
        return -1;
    c->items[c->n].code = code;
    c->items[c->n].apart = 0;
    return c->n++;
}

void characters_find(struct characters *c, const echo_model *m, const char *text)
{
    size_t length, in_word = 0;
    uint32_t code;
    const char *word = echo_model_unknown(m, text, &in_word);

    c->n = 0;
    for (; (text = echo_text_unusual(text, &length, &code)); text += length) {
        while (word && word + in_word <= text)
            word = echo_model_unknown(m, word + in_word, &in_word);
        int i = place_of(c, code);

        if (i >= 0 && (!word || text < word))
            c->items[i].apart++;
    }
}

/* U+200B (2), U+00AD and 3 more */
static void format(char *out, size_t size, const struct characters *c, int kinds)
{
    int named = 0;
    size_t used = 0;

    for (int i = 0; i < c->n && named < NAMED; i++) {
        if (!c->items[i].apart)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%sU+%04X", named++ ? ", " : "",
                                 (unsigned)c->items[i].code);
        if (c->items[i].apart > 1)
            used += (size_t)snprintf(out + used, size - used, " (%d)", c->items[i].apart);
    }
    if (named < kinds)
        snprintf(out + used, size - used, " and %d more", kinds - named);
}

void characters_warn(const struct characters *c, struct runtime *e)
{
    char list[NAMED * 20 + 32];
    int kinds = 0;

    for (int i = 0; i < c->n; i++)
        kinds += c->items[i].apart > 0;
    if (!kinds)
        return;
    format(list, sizeof list, c, kinds);
    runtime_warn(e, "the model may never have seen these characters, and is given them as they "
                    "are: %s",
                 list);
}

json_t *characters_array(const struct characters *c)
{
    json_t *array = json_array();
    char name[16];

    for (int i = 0; i < c->n; i++) {
        snprintf(name, sizeof name, "U+%04X", (unsigned)c->items[i].code);
        json_array_append_new(array, json_string(name));
    }
    return array;
}
