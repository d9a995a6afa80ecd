/* SPDX-License-Identifier: MIT */
#include "text/clean/tag.h"

#include <string.h>
#include <strings.h>

#include "text/clean/entity.h"

/* Longer ones have a picture in them; one that long without an end is none. */
#define TAG_BYTES 65536

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_space(char c)
{
    return c && strchr(" \t\n", c);
}

/* Bytes of the name at s, which is copied in small letters; 0: it is none. */
static size_t name(char out[TAG_NAME_BYTES], const char *s)
{
    size_t n = 0;

    if (!is_letter(*s))
        return 0;
    while (is_letter(s[n]) || (s[n] >= '0' && s[n] <= '9') || (s[n] && strchr("-:_", s[n]))) {
        if (n == TAG_NAME_BYTES - 1)
            return 0;
        out[n] = s[n] >= 'A' && s[n] <= 'Z' ? (char)(s[n] | 0x20) : s[n];
        n++;
    }
    out[n] = '\0';
    return out[n - 1] == ':' ? 0 : n; /* "<https://" */
}

/* Up to the ">" that ends the tag, or NULL.  Within quotes it ends none, if `quotes`. */
static const char *find_end(const char *s, bool quotes)
{
    char quote = 0;

    for (const char *start = s; *s && s - start < TAG_BYTES; s++) {
        if (quote)
            quote = *s == quote ? 0 : quote;
        else if (*s == '>')
            return s;
        else if (*s == '<')
            return NULL;
        else if (quotes && strchr("\"'", *s) && s[-1] == '=')
            quote = *s;
    }
    return NULL;
}

bool echo_tag_read(struct tag *t, const char *s)
{
    const char *start = s, *end;
    size_t n;

    if (*s++ != '<')
        return false;
    *t = (struct tag){ .closes = *s == '/' };
    s += t->closes;
    if (!(n = name(t->name, s)))
        return false;
    s += n;
    if (!is_space(*s) && *s != '/' && *s != '>')
        return false;
    if (!(end = find_end(s, true)) && !(end = find_end(s, false)))
        return false;
    t->alone = end[-1] == '/';
    t->attributes = s;
    t->attributes_length = (size_t)(end - s);
    t->length = (size_t)(end + 1 - start);
    return true;
}

/* The value at s, without its quotes; *n: its bytes. */
static const char *value(const char *s, const char *end, size_t *n)
{
    const char *close;

    if (s < end && (*s == '"' || *s == '\'') &&
        (close = memchr(s + 1, *s, (size_t)(end - s - 1)))) {
        *n = (size_t)(close - s - 1);
        return s + 1;
    }
    for (*n = 0; s + *n < end && !is_space(s[*n]);)
        ++*n;
    return s;
}

static void put_value(struct text_buffer *out, const char *s, size_t n)
{
    const char *end = s + n;

    while (s < end) {
        size_t entity = *s == '&' ? echo_entity(out, s) : 0;

        if (!entity)
            echo_buffer_put(out, s, 1);
        s += entity ? entity : 1;
    }
}

bool echo_tag_attribute(const struct tag *t, const char *wanted, struct text_buffer *out)
{
    const char *s = t->attributes, *end = s + t->attributes_length, *found;
    size_t n = strlen(wanted), length;

    while (s < end) {
        size_t key = 0;

        while (s < end && (is_space(*s) || *s == '/'))
            s++;
        while (s + key < end && !is_space(s[key]) && s[key] != '=')
            key++;
        found = s + key;
        while (found < end && is_space(*found))
            found++;
        if (found == end || *found != '=') {
            s += key ? key : 1;
            continue;
        }
        found++;
        while (found < end && is_space(*found))
            found++;
        found = value(found, end, &length);
        if (key == n && !strncasecmp(s, wanted, n)) {
            put_value(out, found, length);
            return true;
        }
        s = found + length + (found + length < end);
    }
    return false;
}
