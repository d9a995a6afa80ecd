/* SPDX-License-Identifier: MIT */
/* reading.c - putting out words with blanks where they belong, and looking around. */
#include <string.h>
#include <strings.h>

#include "text/character.h"
#include "text/spell/parts.h"

enum { CHUNK_MOST = 300, WORD_MOST = 40 };

char echo_last(const struct reading *r)
{
    return r->out->length > r->begin ? r->out->bytes[r->out->length - 1] : '\0';
}

/* A quotation mark at the end of what is put out opens, if nothing is before it. */
static bool opens(const struct reading *r)
{
    const char *b = r->out->bytes + r->begin;
    size_t n = r->out->length - r->begin;
    static const char *const signs[] = { "“", "‘", "«", "„", "¿", "¡", "—", "–" };

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t k = strlen(signs[i]);

        if (n >= k && !memcmp(b + n - k, signs[i], k))
            return true;
    }
    return (b[n - 1] == '"' || b[n - 1] == '\'') && (n == 1 || strchr(" ([", b[n - 2]));
}

static void gap(struct reading *r)
{
    char last = echo_last(r);

    if (last && !strchr(" ([{-", last) && !opens(r))
        echo_buffer_put(r->out, " ", 1);
}

void echo_say_bytes(struct reading *r, const char *bytes, size_t n)
{
    if (!n)
        return;
    gap(r);
    echo_buffer_put(r->out, bytes, n);
    r->spoken = true;
    r->dropped = false;
}

void echo_say(struct reading *r, const char *words)
{
    echo_say_bytes(r, words, strlen(words));
}

void echo_put(struct reading *r, const char *bytes, size_t n)
{
    if (r->spoken && (echo_letter_at(bytes) || strchr("([{", *bytes)))
        gap(r);
    if (r->dropped && strchr(".,;:!?)", *bytes) && echo_last(r) == ' ')
        echo_buffer_cut(r->out, r->out->length - 1);
    echo_buffer_put(r->out, bytes, n);
    r->spoken = false;
    r->dropped = false;
}

bool echo_read_as(struct reading *r, const char *end, const char *words)
{
    echo_say(r, words);
    r->at = end;
    return true;
}

bool echo_leave_out(struct reading *r, const char *end)
{
    r->at = end;
    r->dropped = true;
    return true;
}

bool echo_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool echo_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool echo_letter_at(const char *at)
{
    uint32_t code;

    if ((unsigned char)*at < 0x80)
        return echo_ascii_letter(*at) || echo_digit(*at);
    return echo_character(at, &code) &&
           (echo_character_is_letter(code) || echo_character_is_mark(code));
}

bool echo_letter_before(const struct reading *r, const char *at)
{
    if (at == r->text)
        return false;
    do
        at--;
    while (at > r->text && ((unsigned char)*at & 0xc0) == 0x80);
    return echo_letter_at(at);
}

bool echo_apart(const struct reading *r)
{
    return !echo_letter_before(r, r->at);
}

size_t echo_starts(const char *at, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(at, prefix, n) ? 0 : n;
}

size_t echo_starts_lower(const char *at, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncasecmp(at, prefix, n) ? 0 : n;
}

size_t echo_one_of(const char *at, const char *signs)
{
    while (*signs) {
        size_t n = strcspn(signs, " ");

        if (!strncmp(at, signs, n))
            return n;
        signs += n + (signs[n] == ' ');
    }
    return 0;
}

size_t echo_dash(const char *at)
{
    return echo_one_of(at, "- ‐ – — −");
}

const char *echo_past_blank(const char *at)
{
    return at + (*at == ' ');
}

static size_t character(const char *at)
{
    uint32_t code;
    size_t n = echo_character(at, &code);

    return n ? n : 1;
}

static bool of_word(const char *c)
{
    return echo_ascii_letter(*c) || *c == '\'' || (*c == '.' && echo_ascii_letter(c[1])) ||
           (*c & 0x80);
}

struct span echo_word_before(const struct reading *r, const char *at)
{
    const char *end = at, *c;

    if (end > r->text && end[-1] == ' ')
        end--;
    if (end > r->text && end[-1] == '.')
        end--;
    for (c = end; c > r->text && of_word(c - 1); c--)
        if (end - c > WORD_MOST)
            return (struct span){ end, 0 };
    return (struct span){ c, (size_t)(end - c) };
}

struct span echo_word_behind(const char *at)
{
    const char *begin = echo_past_blank(at), *c;

    for (c = begin; of_word(c) && (echo_letter_at(c) || !(*c & 0x80)); c += character(c))
        if (c - begin > WORD_MOST)
            return (struct span){ begin, 0 };
    return (struct span){ begin, (size_t)(c - begin) };
}

bool echo_is(struct span word, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, " ");

        if (n == word.n && !strncasecmp(word.at, words, n))
            return true;
        words += n + (words[n] == ' ');
    }
    return false;
}

bool echo_capital(struct span word)
{
    return word.n && *word.at >= 'A' && *word.at <= 'Z';
}

const char *echo_shape(const char *at, const char *shape, int *values)
{
    for (; *shape; shape++) {
        int most, n = 0, value = 0;

        if (*shape != '%') {
            if (*at++ != *shape)
                return NULL;
            continue;
        }
        shape++;
        most = *shape == '1' ? 2 : *shape == 'n' ? 9 : *shape - '0';
        for (; n < most && echo_digit(*at); n++)
            value = value * 10 + *at++ - '0';
        if (!n || echo_digit(*at) || (strchr("2345678", *shape) && n != most))
            return NULL;
        *values++ = value;
    }
    return at;
}

size_t echo_chunk(const char *at)
{
    size_t n = 0;

    while (at[n] && at[n] != ' ' && at[n] != '\t' && at[n] != '[' && n <= CHUNK_MOST)
        n++;
    return n > CHUNK_MOST ? 0 : n;
}

void echo_sentence_end(struct reading *r)
{
    const char *behind = r->at + strspn(r->at, ")\"'");

    if (!*behind || (*behind == ' ' && behind[1] >= 'A' && behind[1] <= 'Z'))
        echo_put(r, ".", 1);
}
