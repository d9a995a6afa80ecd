/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <stdio.h>
#include <strings.h>

#include "common/report.h"

enum { NAMED = 5,      /* at most in a warning */
       LONGEST = 40 }; /* bytes of one of them */

static bool is_listed(const struct words *w, const char *at, size_t length)
{
    for (int i = 0; i < w->n; i++)
        if (w->items[i].length == length && !strncasecmp(w->items[i].at, at, length))
            return true;
    return false;
}

void words_find(struct words *w, const echo_model *m, const char *text)
{
    size_t length;

    w->n = 0;
    for (; (text = echo_model_unknown(m, text, &length)); text += length)
        if (w->n < WORDS && !is_listed(w, text, length)) {
            w->items[w->n].at = text;
            w->items[w->n++].length = length;
        }
}

/* "one", "two" and 3 more */
static void format(char *out, size_t size, const struct words *w)
{
    int named = w->n < NAMED ? w->n : NAMED;
    size_t used = 0;

    for (int i = 0; i < named; i++) {
        size_t length = w->items[i].length < LONGEST ? w->items[i].length : LONGEST;

        while (((unsigned char)w->items[i].at[length] & 0xc0) == 0x80) /* no half character */
            length--;
        used += (size_t)snprintf(out + used, size - used, "%s\"%.*s%s\"", i ? ", " : "",
                                 (int)length, w->items[i].at,
                                 length < w->items[i].length ? "..." : "");
    }
    if (named < w->n)
        snprintf(out + used, size - used, " and %d more", w->n - named);
}

void words_warn(const struct words *w, struct runtime *e, const char *model)
{
    char list[NAMED * (LONGEST + 8) + 32], path[1024];

    if (!w->n)
        return;
    format(list, sizeof list, w);
    report_plain(path, sizeof path, model ? model : "");
    runtime_warn(e, "this model knows %d words, and may not say these right: %s "
                    "(echotts info%s%s --words lists what it knows)",
                 e->info.words, list, model ? " -m " : "", path);
}

json_t *words_array(const struct words *w)
{
    json_t *array = json_array();

    for (int i = 0; i < w->n; i++)
        json_array_append_new(array, json_stringn(w->items[i].at, w->items[i].length));
    return array;
}
