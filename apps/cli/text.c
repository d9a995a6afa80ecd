/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"
#include "signals.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static echo_status too_long(echo_error *err)
{
    return failure(err, ECHO_ERR_ARG, "the text has more than %d bytes: split it",
                   ECHO_MAX_TEXT);
}

static echo_status read_stream(FILE *f, const char *name, char *text, echo_error *err)
{
    size_t n = fread(text, 1, TEXT_ROOM, f);

    if (signals_stopped())
        return failure(err, ECHO_ERR_CANCELLED, "stopped");
    if (ferror(f))
        return failure(err, ECHO_ERR_FILE, "%s: cannot be read: %s", name, strerror(errno));
    if (memchr(text, 0, n))
        return failure(err, ECHO_ERR_ARG, "%s: is not text, it has a zero byte at %zu", name,
                       strnlen(text, n));
    if (n == TEXT_ROOM)
        return too_long(err);
    text[n] = '\0';
    return ECHO_OK;
}

static echo_status read_file(const char *path, char *text, echo_error *err)
{
    FILE *f = fopen(path, "rb");
    echo_status status;

    if (!f)
        return failure(err, ECHO_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
    status = read_stream(f, path, text, err);
    fclose(f);
    return status;
}

/* Editors and pipes put these around a text; nobody means them to be spoken. */
static void strip(char *text)
{
    size_t n = strlen(text), mark = strlen(BYTE_ORDER_MARK);

    while (n && strchr("\r\n", text[n - 1]))
        text[--n] = '\0';
    if (!strncmp(text, BYTE_ORDER_MARK, mark))
        memmove(text, text + mark, n + 1 - mark);
}

echo_status text_read(char text[TEXT_ROOM], const char *word, const char *path,
                      echo_error *err)
{
    echo_status status = ECHO_OK;

    if (word && strcmp(word, "-")) {
        size_t n = strlen(word);

        if (n >= TEXT_ROOM)
            return too_long(err);
        memcpy(text, word, n + 1);
        return ECHO_OK;
    }
    if (word || !strcmp(path, "-"))
        status = read_stream(stdin, "standard input", text, err);
    else
        status = read_file(path, text, err);
    if (!status)
        strip(text);
    return status;
}
