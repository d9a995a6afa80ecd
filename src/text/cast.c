/* SPDX-License-Identifier: MIT */
#include "text/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

#include "base/error.h"
#include "text/character.h"
#include "text/clean/marks.h"
#include "text/fold.h"

#define NAME_BYTES     100 /* of a role, as written */
#define STRANGER_BYTES 40  /* a longer beginning of a line is no name */
#define STRANGER_WORDS 3
#define STRANGERS      64  /* that are remembered */
#define SHOWN          8   /* of them in a message */

#define WIDE_COLON "\xef\xbc\x9a" /* of Chinese and Japanese */

/* ---- names ---- */

/* The length of a name without blanks and signs of emphasis at its end. */
static size_t without_signs(const char *name, size_t n)
{
    while (n && strchr(" \t*_", name[n - 1]))
        n--;
    return n;
}

/* Blanks, signs of emphasis and what was dropped, before a name. */
static const char *behind_signs(const char *line)
{
    for (;;) {
        line += strspn(line, " \t*_");
        if (echo_mark_at(line) != MARK_GAP)
            return line;
        line += MARK_BYTES;
    }
}

/* As it is compared, for free(): folded, with one blank between words.  NULL: it cannot be. */
static char *comparable(const char *name, size_t n)
{
    char folded[FOLDED_BYTES];
    size_t to = 0;

    if (!echo_fold(folded, name, n))
        return NULL;
    for (size_t i = 0; folded[i]; i++) {
        char c = folded[i] == '\t' ? ' ' : folded[i];

        if (c != ' ' || (to && folded[to - 1] != ' '))
            folded[to++] = c;
    }
    return strndup(folded, to);
}

static int find(const struct cast_name *names, int n, const char *folded)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i].folded, folded))
            return i;
    return -1;
}

static void release(struct cast_name **names, int n)
{
    for (int i = 0; i < n; i++) {
        free((*names)[i].name);
        free((*names)[i].folded);
    }
    free(*names);
    *names = NULL;
}

/* ---- the cast ---- */

static echo_status add_role(struct cast *c, const char *name, echo_error *err)
{
    struct cast_name role = { 0 };
    const char *start;
    size_t n;

    if (!name || !*(start = behind_signs(name)) || !(n = without_signs(start, strlen(start))))
        return echo_fail_field(err, "cast", "a role of the cast has no name");
    if (n > NAME_BYTES)
        return echo_fail_field(err, "cast", "%.40s...: a role's name has at most %d bytes",
                               start, NAME_BYTES);
    if (echo_text_readable(start) != strlen(start) || strpbrk(start, ":\n\r") ||
        strstr(start, WIDE_COLON))
        return echo_fail_field(err, "cast", "%s: a role's name is UTF-8 on one line, without a "
                                            "colon", start);
    role = (struct cast_name){ strndup(start, n), comparable(start, n), 0 };
    c->roles[c->n++] = role;
    if (!role.name || !role.folded)
        return echo_fail_memory(err, n, "the cast");
    if (!*role.folded)
        return echo_fail_field(err, "cast", "a role of the cast has no name");
    if (find(c->roles, c->n - 1, role.folded) >= 0)
        return echo_fail_field(err, "cast", "%s is twice in the cast", role.name);
    return ECHO_OK;
}

echo_status echo_cast_open(struct cast *c, const echo_role *roles, int n, echo_error *err)
{
    echo_status status = ECHO_OK;

    *c = (struct cast){ 0 };
    if (!n)
        return ECHO_OK;
    c->roles = calloc((size_t)n, sizeof *c->roles);
    c->strangers = calloc(STRANGERS, sizeof *c->strangers);
    if (!c->roles || !c->strangers)
        return echo_fail_memory(err, (size_t)n * sizeof *c->roles, "the cast");
    for (int i = 0; i < n && !status; i++)
        status = add_role(c, roles[i].name, err);
    return status;
}

void echo_cast_close(struct cast *c)
{
    release(&c->roles, c->n);
    release(&c->strangers, c->n_strangers);
    *c = (struct cast){ 0 };
}

/* ---- strangers ---- */

/* A letter that is not small begins each word, and there are few of them. */
static bool looks_like_name(const char *s, size_t n)
{
    int words = 0;
    bool within = false;
    uint32_t code;
    size_t length;

    for (const char *end = s + n; s < end; s += length) {
        if (!(length = echo_character(s, &code)))
            return false;
        if (code == ' ') {
            within = false;
            continue;
        }
        if (!within && (words++ ? u_islower((UChar32)code)
                                : !u_isalpha((UChar32)code) || u_islower((UChar32)code)))
            return false;
        within = true;
        if (!u_isalnum((UChar32)code) && !echo_character_is_mark(code) &&
            !(code < 0x80 && strchr(".'-()", (int)code)) && code != 0x2019)
            return false;
    }
    return n <= STRANGER_BYTES && words >= 1 && words <= STRANGER_WORDS;
}

/* Takes `folded`. */
static void note_stranger(struct cast *c, const char *name, size_t n, char *folded)
{
    int i = find(c->strangers, c->n_strangers, folded);

    if (i >= 0) {
        c->strangers[i].lines++;
    } else if (c->n_strangers < STRANGERS) {
        struct cast_name stranger = { strndup(name, n), folded, 1 };

        c->failed |= !stranger.name;
        c->strangers[c->n_strangers++] = stranger;
        return;
    }
    free(folded);
}

bool echo_cast_strangers(const struct cast *c, int lines, char *out, size_t size)
{
    size_t used = 0;
    int shown = 0;

    *out = 0;
    for (int i = 0; i < c->n_strangers; i++) {
        const struct cast_name *s = &c->strangers[i];

        if (s->lines < lines || !s->name)
            continue;
        if (used < size && shown < SHOWN)
            used += (size_t)snprintf(out + used, size - used, "%s%s (%d line%s)",
                                     shown ? ", " : "", s->name, s->lines,
                                     s->lines == 1 ? "" : "s");
        if (used < size && shown == SHOWN)
            snprintf(out + used, size - used, ", ...");
        shown++;
    }
    return shown;
}

/* ---- lines ---- */

/* Bytes of the colon at s, an ordinary or a wide one, or 0. */
static size_t colon(const char *s)
{
    return *s == ':' ? 1 : !strncmp(s, WIDE_COLON, 3) ? 3 : 0;
}

/* Bytes before the first colon of the line; 0: it is too far away for a name. */
static size_t before_colon(const char *s)
{
    size_t n = 0;

    while (n <= NAME_BYTES + 8 && (s[n] == '\t' || (unsigned char)s[n] >= ' ') &&
           !colon(s + n) && !echo_mark_at(s + n))
        n++;
    return colon(s + n) ? n : 0;
}

static bool is_blank(const char *s)
{
    return (unsigned char)*s <= ' ' || echo_mark_at(s) || strchr("*_", *s);
}

size_t echo_cast_line(struct cast *c, const char *line, int *role)
{
    const char *start = behind_signs(line), *end;
    size_t n = c->n ? before_colon(start) : 0, name = without_signs(start, n);
    char *folded = name ? comparable(start, name) : NULL;
    int found;

    if (!folded)
        return 0;
    end = start + n + colon(start + n);
    found = find(c->roles, c->n, folded);
    if (found < 0 && is_blank(end) && looks_like_name(start, name))
        note_stranger(c, start, name, folded);
    else
        free(folded);
    if (found < 0)
        return 0;
    c->roles[found].lines++;
    *role = found + 1;
    if (start > line && strchr("*_", start[-1])) /* "**Anna:**" */
        end += strspn(end, "*_");
    return (size_t)(end - line);
}
