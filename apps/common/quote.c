/* SPDX-License-Identifier: MIT */
#include "common/quote.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "echotts.h"

enum { LONGEST = 60 }; /* bytes, of what can be read at a glance */

static bool is_plain(const char *word)
{
    size_t n = strlen(word);

    if (!n || n > LONGEST || echo_text_readable(word) != n)
        return false;
    for (; *word; word++)
        if ((unsigned char)*word < ' ' || *word == 127)
            return false;
    return true;
}

const char *quote(char *out, size_t size, const char *word, const char *instead)
{
    char mark = strpbrk(word, "\"$`\\!") ? '\'' : '"';

    if (!is_plain(word) || (mark == '\'' && strchr(word, '\'')))
        return instead;
    snprintf(out, size, "%c%s%c", mark, word, mark);
    return out;
}

const char *quote_file(char *out, size_t size, const char *path, const char *instead)
{
    const char *s = path;

    while (isalnum((unsigned char)*s) || (*s && strchr("._/+=:,@%-", *s)))
        s++;
    return *s || s == path ? quote(out, size, path, instead) : path;
}
