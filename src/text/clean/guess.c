/* SPDX-License-Identifier: MIT */
/* guess.c - which markup a text looks like. */
#include <string.h>
#include <strings.h>

#include "text/clean/readers.h"
#include "text/clean/table.h"

/* ---- HTML and SSML ---- */

/* Behind blanks, and what may come before the first element. */
static const char *prologue(const char *s)
{
    for (;;) {
        const char *end = NULL;

        s += strspn(s, " \t\n");
        if (!strncmp(s, "<?", 2))
            end = strstr(s, "?>");
        else if (!strncmp(s, "<!--", 4))
            end = strstr(s, "-->");
        if (!end)
            return s;
        s = strchr(end, '>') + 1;
    }
}

static bool is_element(const char *s, const char *name)
{
    struct tag t;

    return echo_tag_read(&t, s) && !t.closes && !strcmp(t.name, name);
}

static bool is_doctype(const char *s, const char *of)
{
    static const char doctype[] = "<!doctype";
    size_t n = strlen(doctype);

    if (strncasecmp(s, doctype, n))
        return false;
    s += n + strspn(s + n, " \t\n");
    return !strncasecmp(s, of, strlen(of));
}

/* How many ends of elements of HTML there are. */
static int count_ends(const char *s)
{
    struct tag t;
    int n = 0;

    for (; (s = strstr(s, "</")); s += 2)
        n += echo_tag_read(&t, s) && echo_html_knows(t.name);
    return n;
}

/* ---- markdown ---- */

struct signs {
    int sure;    /* one is enough */
    int bullets; /* a letter may have one, too */
};

static bool flanked(const char *s, const char *mark)
{
    size_t n = strlen(mark);

    for (; (s = strstr(s, mark)); s += n) {
        const char *end;

        if (strchr(" *_=~\n\t`", s[n]))
            continue;
        end = strstr(s + n, mark);
        if (end && !memchr(s, '\n', (size_t)(end - s)) && end[-1] != ' ')
            return true;
    }
    return false;
}

/* "`code`" on one line. */
static bool has_code(const char *line, size_t n)
{
    const char *open = memchr(line, '`', n);
    const char *end = line + n, *close;

    if (!open || open + 1 == end || strchr("` ", open[1]))
        return false;
    close = memchr(open + 1, '`', (size_t)(end - open - 1));
    return close && close[-1] != ' ';
}

static bool is_bullet(const char *s)
{
    return *s && strchr("-*+", *s) && s[1] == ' ' && s[2] && !strchr(" \n-*", s[2]);
}

static bool is_numbered_bullet(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n && n < 4 && strchr(".)", s[n]) && s[n] && s[n + 1] == ' ';
}

static void count_line(struct signs *signs, const char *line, size_t n)
{
    size_t indent = strspn(line, " "), hashes;
    const char *s = line + indent;

    hashes = strspn(s, "#");
    if (!strncmp(s, "```", 3) || !strncmp(s, "~~~", 3) ||
        (hashes && hashes < 7 && indent < 4 && s[hashes] == ' ') || has_code(line, n) ||
        echo_table_begins(line))
        signs->sure++;
    if (is_bullet(s) || is_numbered_bullet(s) || !strncmp(s, "> ", 2))
        signs->bullets++;
}

static bool is_link(const char *s)
{
    for (; (s = strstr(s, "](")); s += 2) {
        size_t n = strcspn(s, ")\n");

        if (s[n] == ')' && n > 2 && s[2] != ' ')
            return true;
    }
    return false;
}

static bool is_markdown(const char *text)
{
    struct signs signs = { 0 };
    const char *line = text;

    while (*line && !signs.sure) {
        size_t n = strcspn(line, "\n");

        count_line(&signs, line, n);
        line += n + (line[n] == '\n');
    }
    return signs.sure || signs.bullets > 1 || flanked(text, "**") || flanked(text, "~~") ||
           flanked(text, "==") || flanked(text, "__") || is_link(text);
}

enum markup echo_guess(const char *text)
{
    const char *s = prologue(text);
    int ends;

    if (is_element(s, "speak") || is_doctype(s, "speak"))
        return MARKUP_SSML;
    if (is_element(s, "html") || is_doctype(s, "html"))
        return MARKUP_HTML;
    ends = count_ends(text);
    if (ends > 1 && *s == '<' && echo_tag_read(&(struct tag){ 0 }, s))
        return MARKUP_HTML;
    if (is_markdown(text))
        return MARKUP_MARKDOWN;
    return ends > 1 ? MARKUP_HTML : MARKUP_PLAIN;
}
