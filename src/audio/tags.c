/* SPDX-License-Identifier: MIT */
#include "audio/tags.h"

#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const struct row {
    const char *name;
    int sndfile;       /* 0: none */
    const char *frame; /* of ID3 */
    const char *lead;  /* between the frame's encoding and its text, of `leads` bytes */
    size_t leads;
    const char *info;  /* in a WAV file; NULL: none */
} rows[TAG_KINDS] = {
    [TAG_TITLE] = { "title", SF_STR_TITLE, "TIT2", "", 0, "INAM" },
    [TAG_ARTIST] = { "artist", SF_STR_ARTIST, "TPE1", "", 0, "IART" },
    [TAG_ALBUM] = { "album", SF_STR_ALBUM, "TALB", "", 0, "IPRD" },
    [TAG_DATE] = { "date", SF_STR_DATE, "TDRC", "", 0, "ICRD" },
    [TAG_GENRE] = { "genre", SF_STR_GENRE, "TCON", "", 0, "IGNR" },
    [TAG_COMMENT] = { "comment", SF_STR_COMMENT, "COMM", "und\0", 4, "ICMT" },
    [TAG_COPYRIGHT] = { "copyright", SF_STR_COPYRIGHT, "TCOP", "", 0, "ICOP" },
    [TAG_LICENSE] = { "license", SF_STR_LICENSE, "TXXX", "LICENSE\0", 8, NULL },
    [TAG_SOFTWARE] = { "software", SF_STR_SOFTWARE, "TSSE", "", 0, "ISFT" },
    [TAG_TEXT] = { "text", 0, "USLT", "und\0", 4, NULL },
};

static int kind_of(const char *name)
{
    for (int i = 0; i < TAG_KINDS; i++)
        if (name && !strcmp(name, rows[i].name))
            return i;
    return -1;
}

static echo_status unknown(const char *name, echo_error *err)
{
    char list[256] = "";
    size_t n = 0;

    for (int i = 0; i < TAG_KINDS; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", rows[i].name);
    return echo_fail_field(err, "tags", "no tag is called '%.60s': there are %s",
                           name ? name : "", list);
}

/* As much of a value as is kept: whole characters, and of control characters only line ends. */
static char *copy(const char *value)
{
    size_t n = strnlen(value, TAG_BYTES);
    char *out;

    if (value[n])
        while (n && (value[n] & 0xc0) == 0x80)
            n--;
    if (!(out = malloc(n + 1)))
        return NULL;
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)value[i] < ' ' && value[i] != '\n' ? ' ' : value[i];
    out[n] = 0;
    return out;
}

echo_status echo_tags_take(struct tags *t, const echo_tag *tags, int n, echo_error *err)
{
    *t = (struct tags){ 0 };
    for (int i = 0; i < n; i++) {
        int kind = kind_of(tags[i].name);

        if (kind < 0)
            return unknown(tags[i].name, err);
        if (!tags[i].value || !*tags[i].value)
            continue;
        free(t->values[kind]);
        if (!(t->values[kind] = copy(tags[i].value)))
            return echo_fail_memory(err, TAG_BYTES, "tags");
    }
    return ECHO_OK;
}

echo_status echo_tags_fold_text(struct tags *t, echo_error *err)
{
    char *text = t->values[TAG_TEXT], *comment = t->values[TAG_COMMENT], *both;

    if (!text)
        return ECHO_OK;
    if (comment) {
        if (!(both = malloc(strlen(comment) + strlen(text) + 3)))
            return echo_fail_memory(err, TAG_BYTES, "tags");
        sprintf(both, "%s\n\n%s", comment, text);
        free(comment);
        free(text);
        text = both;
    }
    t->values[TAG_COMMENT] = text;
    t->values[TAG_TEXT] = NULL;
    return ECHO_OK;
}

/* ---- as bytes ---- */

static unsigned char *put(unsigned char *to, const void *bytes, size_t n)
{
    memcpy(to, bytes, n);
    return to + n;
}

/* Four bytes of 7 bits, the highest first. */
static unsigned char *put_id3_size(unsigned char *to, size_t n)
{
    for (int i = 3; i >= 0; i--)
        *to++ = (unsigned char)(n >> 7 * i & 0x7f);
    return to;
}

static unsigned char *put_size(unsigned char *to, size_t n)
{
    for (int i = 0; i < 4; i++)
        *to++ = (unsigned char)(n >> 8 * i & 0xff);
    return to;
}

/* Room for `head` bytes and, of each value that the format has a place for, `each` more. */
static echo_status reserve(const struct tags *t, bool list, size_t head, size_t each,
                           unsigned char **bytes, size_t *n, echo_error *err)
{
    *bytes = NULL;
    *n = 0;
    for (int i = 0; i < TAG_KINDS; i++)
        if (t->values[i] && (!list || rows[i].info))
            *n += each + strlen(t->values[i]) + (list ? 0 : rows[i].leads);
    if (!*n)
        return ECHO_OK;
    *n += head;
    *bytes = malloc(*n);
    return *bytes ? ECHO_OK : echo_fail_memory(err, *n, "tags");
}

echo_status echo_tags_id3(const struct tags *t, unsigned char **bytes, size_t *n,
                          echo_error *err)
{
    unsigned char *at;
    echo_status s = reserve(t, false, 10, 11, bytes, n, err);

    if (s || !*bytes)
        return s;
    at = put(*bytes, "ID3\4\0\0", 6);
    at = put_id3_size(at, *n - 10);
    for (int i = 0; i < TAG_KINDS; i++) {
        size_t length = t->values[i] ? strlen(t->values[i]) : 0;

        if (!length)
            continue;
        at = put(at, rows[i].frame, 4);
        at = put_id3_size(at, 1 + rows[i].leads + length);
        at = put(at, "\0\0\3", 3); /* no flags; UTF-8 */
        at = put(at, rows[i].lead, rows[i].leads);
        at = put(at, t->values[i], length);
    }
    return ECHO_OK;
}

/* A value ends with a zero, and then with another if it would be odd. */
echo_status echo_tags_list(const struct tags *t, unsigned char **bytes, size_t *n,
                           echo_error *err)
{
    unsigned char *at;
    echo_status s = reserve(t, true, 12, 10, bytes, n, err);

    if (s || !*bytes)
        return s;
    memset(*bytes, 0, *n);
    at = *bytes + 12;
    for (int i = 0; i < TAG_KINDS; i++) {
        size_t length = t->values[i] && rows[i].info ? strlen(t->values[i]) : 0;

        if (!length)
            continue;
        at = put(at, rows[i].info, 4);
        at = put_size(at, length + 1);
        at = put(at, t->values[i], length);
        at += 1 + (length + 1) % 2;
    }
    *n = (size_t)(at - *bytes);
    put(put_size(put(*bytes, "LIST", 4), *n - 8), "INFO", 4);
    return ECHO_OK;
}

void echo_tags_set(const struct tags *t, struct sf_private_tag *file)
{
    for (int i = 0; i < TAG_KINDS; i++)
        if (t->values[i] && rows[i].sndfile)
            sf_set_string(file, rows[i].sndfile, t->values[i]);
}

void echo_tags_close(struct tags *t)
{
    for (int i = 0; i < TAG_KINDS; i++)
        free(t->values[i]);
    *t = (struct tags){ 0 };
}
