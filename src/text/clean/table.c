/* SPDX-License-Identifier: MIT */
#include "text/clean/table.h"

#include <string.h>

#include "text/clean/marks.h"

/* Bytes before the first cell: the list or the quotation that the table is in. */
static size_t lead(const char *line)
{
    return strspn(line, " \t>");
}

static const char *line_end(const char *line)
{
    return line + strcspn(line, "\n");
}

/* The end of the cell at s: a bar, which has no backslash before it. */
static const char *cell_end(const char *s, const char *end)
{
    for (; s < end && *s != '|'; s++)
        s += *s == '\\' && s + 1 < end;
    return s < end ? s : end;
}

/* Cells between *s and *end, which lose the bars and blanks around all of them. */
static int cells(const char **s, const char **end)
{
    int n = 0;

    while (*end > *s && strchr(" \t", (*end)[-1]))
        --*end;
    if (*s < *end && **s == '|')
        ++*s;
    if (*s < *end && (*end)[-1] == '|' && (*end - *s < 2 || (*end)[-2] != '\\'))
        --*end;
    for (const char *c = *s; c <= *end; c = cell_end(c, *end) + 1)
        n++;
    return n;
}

/* Cells of a line of dashes and colons, or 0. */
static int dashes(const char *line)
{
    const char *s = line + lead(line), *end = line_end(line);
    size_t n = strspn(s, " \t|:-");

    if (s + n != end || !memchr(s, '-', n) || !memchr(s, '|', n))
        return 0;
    return cells(&s, &end);
}

bool echo_table_begins(const char *line)
{
    const char *s = line + lead(line), *end = line_end(line);
    int n;

    if (!*end || !memchr(s, '|', (size_t)(end - s)) || !(n = dashes(end + 1)))
        return false;
    return cells(&s, &end) == n;
}

static void put_row(struct text_buffer *out, const char *line, enum mark mark)
{
    const char *s = line + lead(line), *end = line_end(line);

    echo_buffer_put(out, line, lead(line));
    cells(&s, &end);
    while (s <= end) {
        const char *next = cell_end(s, end);

        echo_buffer_character(out, mark);
        while (s < next && strchr(" \t", *s))
            s++;
        echo_buffer_put(out, s, (size_t)(next - s));
        s = next + 1;
    }
    echo_buffer_string(out, "\n");
    echo_buffer_put(out, line, lead(line));
    echo_buffer_string(out, "\n");
}

size_t echo_table_put(struct text_buffer *out, const char *line)
{
    const char *s = line, *end = line_end(s);

    echo_buffer_put(out, line, lead(line));
    echo_buffer_string(out, "\n");
    put_row(out, s, MARK_NAME);
    s = *end ? line_end(end + 1) : end; /* the dashes */
    for (s += *s == '\n'; *s; s = end + (*end == '\n')) {
        end = line_end(s);
        if (!memchr(s, '|', (size_t)(end - s)))
            break;
        put_row(out, s, MARK_CELL);
    }
    return (size_t)(s - line);
}
