/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "encoding.h"
#include "common/failure.h"
#include "common/quote.h"
#include "signals.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Where a text is from, as messages say it. */
struct source {
    const char *path; /* NULL: it is no file */
    const char *name;
    bool is_argument;
};

static echo_status too_long(const struct source *from, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_ARG, "%s: more than %d bytes: split it", from->name,
                     ECHO_MAX_TEXT);
}

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

/* A string of n bytes that was cut at the end of its room may lack a part of a character. */
static size_t without_cut_end(const char *text, size_t n)
{
    for (int i = 0; i < 3 && n && ((unsigned char)text[n - 1] & 0xc0) == 0x80; i++)
        n--;
    return n && (unsigned char)text[n - 1] >= 0xc0 ? n - 1 : n;
}

/* n bytes, of which TEXT_BYTES are too many; makes a string of them. */
static echo_status take_bytes(const struct source *from, char text[TEXT_BYTES], size_t n,
                              echo_error *err)
{
    bool all = n < TEXT_BYTES;

    n = all ? n : without_cut_end(text, n - 1);
    text[n] = '\0';
    if (echo_text_readable(text) < n)
        return fail_bytes(from, text, err);
    return all ? ECHO_OK : too_long(from, err);
}

static echo_status read_stream(FILE *f, const struct source *from, char *text, echo_error *err)
{
    size_t n = fread(text, 1, TEXT_BYTES, f);
    const char *document = encoding_of_document(text, n), *wide = encoding_of_wide(text, n);
    char fault[32];

    if (signals_stopped())
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    if (ferror(f))
        return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be read: %s", from->name,
                         strerror(errno));
    if (document)
        return echo_fail(err, ECHO_ERR_ARG, "%s: this is %s: save it as plain text in UTF-8",
                         from->name, document);
    if (wide) {
        snprintf(fault, sizeof fault, "this is %s, not UTF-8", wide);
        return fail_encoding(from, fault, wide, err);
    }
    if (memchr(text, 0, n))
        return echo_fail(err, ECHO_ERR_ARG, "%s: not text, it has a zero byte at byte %zu",
                         from->name, strnlen(text, n) + 1);
    return take_bytes(from, text, n, err);
}

static echo_status read_file(const struct source *from, char *text, echo_error *err)
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

static echo_status read_word(const struct source *from, const char *word, char *text,
                             echo_error *err)
{
    size_t n = strlen(word);

    n = n < TEXT_BYTES ? n : TEXT_BYTES;
    memcpy(text, word, n);
    return take_bytes(from, text, n, err);
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

/* The library's line, with the name of the source in front. */
static echo_status check(const struct source *from, const char *text, bool normalize,
                         echo_error *err)
{
    echo_error why;

    if (!echo_text_check(text, normalize, &why))
        return ECHO_OK;
    if (from->is_argument)
        return echo_fail(err, why.status, "%s", why.text);
    return echo_fail(err, why.status, "%s: %.900s", from->name, why.text);
}

echo_status text_read(char text[TEXT_BYTES], const char *word, const char *path, bool normalize,
                      echo_error *err)
{
    struct source from = { NULL, "the text", true };
    echo_status status;

    if (!strcmp(word ? word : path, "-")) {
        from = (struct source){ NULL, "standard input", false };
        status = read_stream(stdin, &from, text, err);
    } else if (word) {
        status = read_word(&from, word, text, err);
    } else {
        from = (struct source){ path, path, false };
        status = read_file(&from, text, err);
    }
    if (status)
        return status;
    drop_mark(text);
    if (!from.is_argument)
        drop_end(text);
    return check(&from, text, normalize, err);
}
