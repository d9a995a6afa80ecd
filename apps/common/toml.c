/* SPDX-License-Identifier: MIT */
#include "common/toml.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"

enum { MOST_ENTRIES = 1000 };

struct toml {
    struct toml_entry entries[MOST_ENTRIES];
    int n;
    char *texts; /* what the entries point to */
    size_t used;
};

struct reader {
    struct toml *toml;
    const char *at, *end, *name;
    int line;
    const char *table[TOML_DEPTH];
    int depth;
    bool failed;
    echo_error *err;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct reader *r, const char *fmt, ...)
{
    char why[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    if (!r->failed)
        echo_fail(r->err, ECHO_ERR_ARG, "%.400s:%d: %s", r->name, r->line, why);
    r->failed = true;
    return false;
}

/* ---- letters ---- */

static char peek(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\n';
}

static bool take(struct reader *r, char c)
{
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool begins(const struct reader *r, const char *with)
{
    size_t n = strlen(with);

    return (size_t)(r->end - r->at) >= n && !memcmp(r->at, with, n);
}

static void skip_blanks(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->at++;
}

static void skip_comment(struct reader *r)
{
    skip_blanks(r);
    if (peek(r) == '#')
        while (peek(r) != '\n')
            r->at++;
}

/* Blanks, comments and ends of lines. */
static void skip_space(struct reader *r)
{
    for (skip_comment(r); take(r, '\n'); skip_comment(r))
        r->line++;
}

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

/* ---- texts that entries keep ---- */

static void put(struct reader *r, char c)
{
    r->toml->texts[r->toml->used++] = c;
}

static const char *begin(const struct reader *r)
{
    return r->toml->texts + r->toml->used;
}

static const char *finish(struct reader *r, const char *text)
{
    put(r, '\0');
    return text;
}

/* ---- strings ---- */

static bool put_code_point(struct reader *r, unsigned code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return refuse(r, "there is no such character");
    if (code < 0x80) {
        put(r, (char)code);
        return true;
    }
    if (code >= 0x10000)
        put(r, (char)(0xf0 | code >> 18));
    else if (code >= 0x800)
        put(r, (char)(0xe0 | code >> 12));
    else
        put(r, (char)(0xc0 | code >> 6));
    if (code >= 0x10000)
        put(r, (char)(0x80 | (code >> 12 & 0x3f)));
    if (code >= 0x800)
        put(r, (char)(0x80 | (code >> 6 & 0x3f)));
    put(r, (char)(0x80 | (code & 0x3f)));
    return true;
}

static bool take_hex(struct reader *r, int digits)
{
    static const char hex[] = "0123456789abcdef";
    unsigned code = 0;

    for (; digits; digits--) {
        char c = peek(r);
        const char *found = c ? strchr(hex, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

        if (!found)
            return refuse(r, "\\u takes four hexadecimal digits, \\U eight");
        code = code << 4 | (unsigned)(found - hex);
        r->at++;
    }
    return put_code_point(r, code);
}

static bool take_escape(struct reader *r)
{
    static const char letters[] = "btnfr\"\\", means[] = "\b\t\n\f\r\"\\";
    char c = peek(r);
    const char *found = c ? strchr(letters, c) : NULL;

    r->at += c != '\n';
    if (c == 'u' || c == 'U')
        return take_hex(r, c == 'u' ? 4 : 8);
    if (!found)
        return refuse(r, "a backslash is written twice, or '...' is put round the text");
    put(r, means[found - letters]);
    return true;
}

/* After its quote. */
static const char *take_string(struct reader *r, char quote)
{
    const char *text = begin(r);

    while (!take(r, quote)) {
        char c = peek(r);

        if (c == '\n') {
            refuse(r, "the closing %c is missing", quote);
            return NULL;
        }
        r->at++;
        if (c != '\\' || quote == '\'')
            put(r, c);
        else if (!take_escape(r))
            return NULL;
    }
    return finish(r, text);
}

/* ---- single values ---- */

/* TOML's: no zeros in front, digits on both sides of a point, "_" between digits. */
static bool take_digits(struct reader *r, bool zeros)
{
    const char *first = r->at;

    while (peek(r) >= '0' && peek(r) <= '9') {
        put(r, *r->at++);
        if (peek(r) == '_' && r->at + 1 < r->end && r->at[1] >= '0' && r->at[1] <= '9')
            r->at++;
    }
    return r->at > first && (zeros || *first != '0' || r->at == first + 1);
}

static void take_sign(struct reader *r)
{
    if (peek(r) == '-')
        put(r, '-');
    if (peek(r) == '-' || peek(r) == '+')
        r->at++;
}

static bool take_number(struct reader *r, struct toml_entry *e)
{
    const char *first = r->at;
    bool good;

    e->kind = TOML_INTEGER;
    take_sign(r);
    good = take_digits(r, false);
    if (good && take(r, '.')) {
        e->kind = TOML_FLOAT;
        put(r, '.');
        good = take_digits(r, true);
    }
    if (good && (peek(r) == 'e' || peek(r) == 'E')) {
        e->kind = TOML_FLOAT;
        put(r, 'e');
        r->at++;
        take_sign(r);
        good = take_digits(r, true);
    }
    while (is_bare(peek(r)) || peek(r) == '.' || peek(r) == ':' || peek(r) == '+') {
        good = false;
        r->at++;
    }
    if (!good)
        return refuse(r, "'%.*s' is no value: texts need quotes, numbers are decimal",
                      (int)(r->at - first < 40 ? r->at - first : 40), first);
    return true;
}

/* A string, a number, true or false; its text is not finished. */
static bool take_single(struct reader *r, struct toml_entry *e)
{
    const char *const words[] = { "true", "false" };

    if (begins(r, "\"\"\"") || begins(r, "'''"))
        return refuse(r, "a text of several lines is no setting");
    if (peek(r) == '"' || peek(r) == '\'') {
        e->kind = TOML_STRING;
        if (!take_string(r, *r->at++))
            return false;
        r->toml->used--;
        return true;
    }
    for (int i = 0; i < 2; i++)
        if (begins(r, words[i]) && !is_bare(r->at + strlen(words[i]) < r->end
                                                ? r->at[strlen(words[i])]
                                                : '\n')) {
            e->kind = TOML_BOOLEAN;
            for (const char *p = words[i]; *p; p++, r->at++)
                put(r, *p);
            return true;
        }
    if (peek(r) == '{')
        return refuse(r, "a table in braces is no setting: write it as [NAME] on its own line");
    if (peek(r) == '[')
        return refuse(r, "a list in a list is no setting");
    if (peek(r) == '\n' || peek(r) == '#' || peek(r) == ',' || peek(r) == ']')
        return refuse(r, "the value is missing");
    return take_number(r, e);
}

/* After its bracket. */
static bool take_array(struct reader *r, struct toml_entry *e)
{
    struct toml_entry item;

    for (skip_space(r); !take(r, ']'); skip_space(r)) {
        if (r->at >= r->end)
            return refuse(r, "the closing ] is missing");
        if (!take_single(r, &item))
            return false;
        if (item.kind != TOML_INTEGER)
            return refuse(r, "a list is of whole numbers");
        skip_space(r);
        if (take(r, ','))
            put(r, ',');
        else if (peek(r) != ']')
            return refuse(r, "between the items of a list stand commas");
    }
    if (begin(r) > e->text && begin(r)[-1] == ',')
        r->toml->used--; /* one behind the last item is right */
    e->kind = TOML_ARRAY;
    return true;
}

static bool take_value(struct reader *r, struct toml_entry *e)
{
    e->text = begin(r);
    if (!(take(r, '[') ? take_array(r, e) : take_single(r, e)))
        return false;
    finish(r, e->text);
    return true;
}

/* ---- names ---- */

static const char *take_name(struct reader *r)
{
    const char *name = begin(r);

    if (peek(r) == '"' || peek(r) == '\'')
        return take_string(r, *r->at++);
    while (is_bare(peek(r)))
        put(r, *r->at++);
    if (begin(r) == name) {
        refuse(r, "a name is missing: settings are written as name = value");
        return NULL;
    }
    return finish(r, name);
}

/* "model . small", behind what path has already. */
static bool take_path(struct reader *r, struct toml_entry *e)
{
    do {
        skip_blanks(r);
        if (e->depth == TOML_DEPTH)
            return refuse(r, "more than %d names in a row", TOML_DEPTH);
        if (!(e->path[e->depth++] = take_name(r)))
            return false;
        skip_blanks(r);
    } while (take(r, '.'));
    return true;
}

static bool is_within(const struct toml_entry *a, const struct toml_entry *b)
{
    for (int i = 0; i < a->depth; i++)
        if (i >= b->depth || strcmp(a->path[i], b->path[i]))
            return false;
    return true;
}

/* A value has nothing in it, and nothing is there twice. */
static bool add(struct reader *r, const struct toml_entry *e)
{
    struct toml *t = r->toml;

    for (int i = 0; i < t->n; i++) {
        const struct toml_entry *other = &t->entries[i];
        bool within = is_within(e, other), around = is_within(other, e);

        if (within && around && e->kind == TOML_TABLE && other->kind == TOML_TABLE)
            return refuse(r, "[%s] is there already, in line %d",
                          e->path[e->depth - 1], other->line);
        if ((within && (around || e->kind != TOML_TABLE)) ||
            (around && other->kind != TOML_TABLE))
            return refuse(r, "%.60s is set already, in line %d", e->path[e->depth - 1],
                          other->line);
    }
    if (t->n == MOST_ENTRIES)
        return refuse(r, "more than %d settings", MOST_ENTRIES);
    t->entries[t->n++] = *e;
    return true;
}

/* ---- lines ---- */

static bool take_head(struct reader *r)
{
    struct toml_entry e = { .kind = TOML_TABLE, .line = r->line };

    if (peek(r) == '[')
        return refuse(r, "a table is written as [NAME], in single brackets");
    if (!take_path(r, &e))
        return false;
    if (!take(r, ']'))
        return refuse(r, "the closing ] is missing");
    memcpy(r->table, e.path, sizeof e.path);
    r->depth = e.depth;
    return add(r, &e);
}

static bool take_setting(struct reader *r)
{
    struct toml_entry e = { .line = r->line, .depth = r->depth };

    memcpy(e.path, r->table, sizeof e.path);
    if (!take_path(r, &e))
        return false;
    if (!take(r, '='))
        return refuse(r, "after %.60s a = is missing", e.path[e.depth - 1]);
    skip_blanks(r);
    return take_value(r, &e) && add(r, &e);
}

static bool take_line(struct reader *r)
{
    if (!(take(r, '[') ? take_head(r) : take_setting(r)))
        return false;
    skip_comment(r);
    return peek(r) == '\n' || refuse(r, "more stands in this line than belongs there");
}

/* Only what an editor writes: UTF-8 without control characters. */
static bool check_text(struct reader *r)
{
    json_t *string = json_stringn(r->at, (size_t)(r->end - r->at));

    if (!string)
        return refuse(r, "this is no text in UTF-8");
    json_decref(string);
    for (const char *p = r->at; p < r->end; p++) {
        bool wrong = ((unsigned char)*p < ' ' && *p != '\t' && *p != '\n' && *p != '\r') ||
                     *p == 127 || (*p == '\r' && (p + 1 == r->end || p[1] != '\n'));

        if (wrong)
            return refuse(r, "there is a control character in it");
        r->line += *p == '\n';
    }
    r->line = 1;
    return true;
}

/* A '\n' ends all lines. */
static size_t without_returns(char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r')
            text[n++] = text[i];
    return n;
}

static bool read_all(struct reader *r)
{
    for (skip_space(r); r->at < r->end; skip_space(r))
        if (!take_line(r))
            return false;
    return true;
}

echo_status toml_parse(struct toml **out, const char *text, size_t size, const char *name,
                       echo_error *err)
{
    struct reader r = { .name = name, .line = 1, .err = err };
    char *copy = malloc(size + 1);
    bool good;

    *out = NULL;
    if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
        text += 3;
        size -= 3;
    }
    r.toml = calloc(1, sizeof *r.toml);
    if (r.toml) /* a sign, a dot, a bracket or the line's end makes room for each '\0' */
        r.toml->texts = malloc(size + 2);
    if (!copy || !r.toml || !r.toml->texts) {
        free(copy);
        toml_close(&r.toml);
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    }
    r.at = text;
    r.end = text + size;
    good = check_text(&r);
    if (good) {
        memcpy(copy, text, size);
        r.at = copy;
        r.end = copy + without_returns(copy, size);
        good = read_all(&r);
    }
    free(copy);
    if (!good) {
        toml_close(&r.toml);
        return err->status;
    }
    *out = r.toml;
    return ECHO_OK;
}

void toml_close(struct toml **t)
{
    if (*t)
        free((*t)->texts);
    free(*t);
    *t = NULL;
}

const struct toml_entry *toml_at(const struct toml *t, int i)
{
    return t && i >= 0 && i < t->n ? &t->entries[i] : NULL;
}
