/* SPDX-License-Identifier: MIT */
#include "text_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "common/failure.h"
#include "common/quote.h"
#include "signals.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MOST_BYTES ((size_t)64 << 20) /* ten times the longest novel */

/* Where a text is from, as messages say it. */
struct source {
    const char *path; /* NULL: it is no file */
    const char *name;
    bool is_argument;
};

/* Say the fault, and how to have the text read after all. */
static echo_status fail_encoding(const struct source *from, const char *fault,
                                 const char *encoding, echo_error *err)
{
    char quoted[128];

    if (from->path)
        return echo_fail(err, ECHO_ERR_ARG, "%s: %s: try iconv -f %s -t UTF-8 %s > utf8.txt",
                         from->name, fault, encoding,
                         quote_file(quoted, sizeof quoted, from->path, "FILE"));
    return echo_fail(err, ECHO_ERR_ARG,
                     "%s: %s: try to pipe it through iconv -f %s -t UTF-8 into echotts say -",
                     from->name, fault, encoding);
}

static echo_status fail_bytes(const struct source *from, const char *text, echo_error *err)
{
    const char *encoding = encoding_of_bytes(text);
    size_t at = echo_text_readable(text) + 1;
    char fault[96];

    if (encoding && !strcmp(encoding, "UTF-8"))
        return echo_fail(err, ECHO_ERR_ARG,
                       "%s: damaged UTF-8, byte %zu is no part of a character", from->name, at);
    snprintf(fault, sizeof fault, "not UTF-8 at byte %zu, %s", at,
             encoding ? "but probably Windows-1252 or Latin-1" : "but in another encoding");
    return fail_encoding(from, fault, encoding ? encoding : "ENCODING", err);
}

/* All of a stream, with a final 0. */
static char *read_all(FILE *f, size_t *n)
{
    size_t capacity = 1 << 14, got;
    char *text = malloc(capacity), *grown;

    *n = 0;
    while (text && (got = fread(text + *n, 1, capacity - 1 - *n, f)) > 0) {
        *n += got;
        if (*n < capacity - 1)
            continue;
        if (*n > MOST_BYTES)
            break;
        capacity *= 2;
        if (!(grown = realloc(text, capacity)))
            free(text);
        text = grown;
    }
    if (text)
        text[*n] = '\0';
    return text;
}

/* Refuse bytes that are certainly no text in UTF-8. */
static echo_status check_bytes(const struct source *from, const char *text, size_t n,
                               echo_error *err)
{
    const char *document = encoding_of_document(text, n), *wide = encoding_of_wide(text, n);
    char fault[32];

    if (document)
        return echo_fail(err, ECHO_ERR_ARG, "%s: this is %s: save it as plain text in UTF-8",
                         from->name, document);
    if (wide) {
        snprintf(fault, sizeof fault, "this is %s, not UTF-8", wide);
        return fail_encoding(from, fault, wide, err);
    }
    if (memchr(text, 0, n))
        return echo_fail(err, ECHO_ERR_ARG, "%s: not text, it has a zero byte at byte %zu",
                         from->name, strlen(text) + 1);
    if (echo_text_readable(text) < n)
        return fail_bytes(from, text, err);
    if (n > MOST_BYTES)
        return echo_fail(err, ECHO_ERR_ARG, "%s: more than 64 MiB of text: split it",
                         from->name);
    return ECHO_OK;
}

static echo_status read_stream(FILE *f, const struct source *from, char **text, echo_error *err)
{
    size_t n;

    *text = read_all(f, &n);
    if (signals_stopped())
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    if (!*text)
        return echo_fail(err, ECHO_ERR_MEMORY, "%s: out of memory for the text", from->name);
    if (ferror(f))
        return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be read: %s", from->name,
                         strerror(errno));
    return check_bytes(from, *text, n, err);
}

static echo_status read_file(const struct source *from, char **text, echo_error *err)
{
    FILE *f = fopen(from->path, "rb");
    echo_status status;

    if (!f)
        return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be read: %s", from->path,
                         strerror(errno));
    status = read_stream(f, from, text, err);
    fclose(f);
    return status;
}

static echo_status read_word(const struct source *from, const char *word, char **text,
                             echo_error *err)
{
    if (!(*text = strdup(word)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the text");
    return echo_text_readable(word) < strlen(word) ? fail_bytes(from, word, err) : ECHO_OK;
}

/* Nobody means it to be spoken. */
static void drop_mark(char *text)
{
    size_t mark = strlen(BYTE_ORDER_MARK);

    if (!strncmp(text, BYTE_ORDER_MARK, mark))
        memmove(text, text + mark, strlen(text) + 1 - mark);
}

/* Bytes at the end of a text of n that editors and pipes put there, or 0. */
static size_t end_of_file(const char *text, size_t n)
{
    static const char *const ends[] = {
        "\n", "\r", "\f", "\v", "\x1a", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9",
    };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (n >= strlen(ends[i]) && !strcmp(text + n - strlen(ends[i]), ends[i]))
            return strlen(ends[i]);
    return 0;
}

static void drop_end(char *text)
{
    size_t n = strlen(text), end;

    while ((end = end_of_file(text, n)))
        text[n -= end] = '\0';
}

echo_status text_input_failed(const struct text_input *t, echo_status status, echo_error *err)
{
    echo_error why = *err;

    if (!status || !t->name || strcmp(why.field, "text"))
        return status;
    return echo_fail(err, status, "%s: %.900s", t->name, why.text);
}

echo_status text_input_read(struct text_input *t, const char *word, const char *path,
                            echo_error *err)
{
    struct source from = { NULL, "the text", true };
    echo_status status;

    *t = (struct text_input){ 0 };
    if (!strcmp(word ? word : path, "-")) {
        from = (struct source){ NULL, "standard input", false };
        status = read_stream(stdin, &from, &t->text, err);
    } else if (word) {
        status = read_word(&from, word, &t->text, err);
    } else {
        from = (struct source){ path, path, false };
        status = read_file(&from, &t->text, err);
    }
    if (status)
        return status;
    drop_mark(t->text);
    if (from.is_argument)
        return ECHO_OK;
    drop_end(t->text);
    t->name = from.name;
    return ECHO_OK;
}

echo_status text_input_add(struct text_input *t, const char *piece, echo_error *err)
{
    size_t n = strlen(piece), needed = t->spoken_bytes + n + 2;
    char *grown;

    if (needed > t->capacity) {
        if (!(grown = realloc(t->spoken, 2 * needed)))
            return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the text");
        t->spoken = grown;
        t->capacity = 2 * needed;
    }
    if (t->spoken_bytes)
        t->spoken[t->spoken_bytes++] = ' ';
    memcpy(t->spoken + t->spoken_bytes, piece, n + 1);
    t->spoken_bytes += n;
    return ECHO_OK;
}

void text_input_take_spoken(struct text_input *t)
{
    free(t->text);
    t->text = t->spoken;
    t->spoken = NULL;
    t->spoken_bytes = t->capacity = 0;
}

void text_input_close(struct text_input *t)
{
    free(t->text);
    free(t->spoken);
    *t = (struct text_input){ 0 };
}
