/* SPDX-License-Identifier: MIT */
#include "text/clean/row.h"

#include <string.h>

#include "text/clean/marks.h"

#define NAME_BYTES 40 /* a longer name is not repeated in each row */

struct cell {
    const char *text;
    size_t length;
};

static bool is_cell(const char *s)
{
    uint32_t mark = echo_mark_at(s);

    return mark == MARK_CELL || mark == MARK_NAME;
}

bool echo_row_is(const char *text)
{
    return is_cell(text + strspn(text, " \t\n"));
}

/* The cell whose mark is at *s, without blanks around it; *s goes to the next mark. */
static struct cell next_cell(const char **s)
{
    struct cell c = { .text = *s + MARK_BYTES };

    for (*s = c.text; **s && !is_cell(*s);)
        ++*s;
    while (c.text < *s && strchr(" \t\n", *c.text))
        c.text++;
    for (c.length = (size_t)(*s - c.text); c.length && strchr(" \t\n", c.text[c.length - 1]);)
        c.length--;
    return c;
}

static void put_cell(struct text_buffer *out, struct cell name, struct cell value)
{
    /* a stop in the middle of a sentence */
    if (out->length && out->bytes[out->length - 1] == '.')
        echo_buffer_cut(out, out->length - 1);
    if (out->length)
        echo_buffer_string(out, ", ");
    if (name.length && name.length <= NAME_BYTES) {
        echo_buffer_put(out, name.text, name.length);
        echo_buffer_string(out, " ");
    }
    echo_buffer_put(out, value.text, value.length);
}

static bool is_names(const char *s)
{
    for (; *s; s++)
        if (echo_mark_at(s) == MARK_CELL)
            return false;
    return true;
}

void echo_row_say(struct text_buffer *out, struct text_buffer *columns, const char *text)
{
    const char *s = text + strspn(text, " \t\n"), *name;

    if (is_names(s)) {
        echo_buffer_cut(columns, 0);
        while (*s) {
            struct cell title = next_cell(&s);

            if (title.length)
                put_cell(out, (struct cell){ 0 }, title);
        }
        echo_buffer_string(columns, text + strspn(text, " \t\n"));
        return;
    }
    for (name = echo_buffer_text(columns); *s;) {
        struct cell n = *name ? next_cell(&name) : (struct cell){ 0 };
        struct cell value = next_cell(&s);

        if (value.length)
            put_cell(out, n, value);
    }
}
