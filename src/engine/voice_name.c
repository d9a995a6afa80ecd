/* SPDX-License-Identifier: MIT */
#include "engine/voice_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/error.h"
#include "engine/name.h"
#include "text/fold.h"

#define MOST_BYTES (VOICE_FILE - sizeof VOICE_ENDING) /* of a name in a file's name */

/* ---- letters ---- */

static UChar32 next_letter(const char *text, int32_t *at, int32_t length)
{
    UChar32 c;

    U8_NEXT(text, *at, length, c);
    return c;
}

bool echo_voice_is_line(const char *text, size_t size)
{
    size_t n = strnlen(text, size);

    if (n == size)
        return false;
    for (int32_t i = 0; i < (int32_t)n;) {
        UChar32 c = next_letter(text, &i, (int32_t)n);

        if (c < 0 || u_charType(c) == U_CONTROL_CHAR)
            return false;
    }
    return true;
}

/* How many there are, -1 if one of them cannot be seen. */
static int count_letters(const char *name)
{
    int32_t n = (int32_t)strlen(name);
    int letters = 0;

    for (int32_t i = 0; i < n; letters++) {
        UChar32 c = next_letter(name, &i, n);

        if (c < 0 || !u_isprint(c))
            return -1;
    }
    return letters;
}

static bool begins_or_ends_blank(const char *name)
{
    int32_t n = (int32_t)strlen(name), first = 0, last = n;
    UChar32 c;

    if (!n)
        return false;
    U8_PREV(name, 0, last, c);
    return u_isUWhiteSpace(c) || u_isUWhiteSpace(next_letter(name, &first, n));
}

static bool has_ending(const char *name)
{
    size_t n = strlen(name), ending = strlen(VOICE_ENDING);
    int rank;

    return echo_name_stem(name, &rank) ||
           (n >= ending && !strcasecmp(name + n - ending, VOICE_ENDING));
}

/* ---- files ---- */

/* Is this byte of a name written as "%3a"? */
static bool is_escaped(const char *name, size_t i)
{
    unsigned char c = (unsigned char)name[i];

    return c < ' ' || c == 127 || strchr("%/\\:*?\"<>|", c) ||
           (i == 0 && c == '.') || (!name[i + 1] && (c == '.' || c == ' '));
}

static size_t file_bytes(const char *name)
{
    size_t n = 0;

    for (size_t i = 0; name[i]; i++)
        n += is_escaped(name, i) ? 3 : 1;
    return n;
}

void echo_voice_name_file(char out[VOICE_FILE], const char *name)
{
    size_t n = 0;

    ECHO_ASSERT(file_bytes(name) <= MOST_BYTES);
    for (size_t i = 0; name[i]; i++)
        n += (size_t)sprintf(out + n, is_escaped(name, i) ? "%%%02x" : "%c",
                             (unsigned char)name[i]);
    strcpy(out + n, VOICE_ENDING);
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c | 32) : NULL;

    return p ? (int)(p - digits) : -1;
}

bool echo_voice_name_of_file(char out[ECHO_VOICE_NAME], const char *file)
{
    size_t length = strlen(file), ending = strlen(VOICE_ENDING), n = 0;
    char plain[VOICE_FILE];

    if (length <= ending || length >= sizeof plain || *file == '.' ||
        strcmp(file + length - ending, VOICE_ENDING))
        return false;
    for (size_t i = 0; i < length - ending; i++) {
        bool escaped = file[i] == '%';

        if (escaped && (digit(file[i + 1]) < 0 || digit(file[i + 2]) < 0))
            return false;
        plain[n++] = escaped ? (char)(digit(file[i + 1]) * 16 + digit(file[i + 2])) : file[i];
        i += escaped ? 2 : 0;
    }
    plain[n] = '\0';
    return strlen(plain) == n && !echo_voice_name(out, plain, NULL);
}

/* ---- names ---- */

echo_status echo_voice_name(char out[ECHO_VOICE_NAME], const char *given, echo_error *err)
{
    char name[COMPOSED_BYTES];
    const char *why = NULL;
    int letters;

    if (!*given)
        return echo_fail_field(err, "name", "the name of a voice is empty");
    if (!echo_compose_name(name, given, strlen(given)) || (letters = count_letters(name)) < 0)
        why = "it is no plain text (control characters, or no UTF-8)";
    else if (letters > VOICE_LETTERS || file_bytes(name) > MOST_BYTES)
        why = "it is too long: 64 letters at most";
    else if (strchr(name, '/'))
        why = "it has a slash, and is no path";
    else if (*name == '.')
        why = "it begins with a dot";
    else if (!strcmp(name, "-"))
        why = "that means standard input";
    else if (begins_or_ends_blank(name))
        why = "it begins or ends with a space";
    else if (has_ending(name))
        why = "it ends like a file: leave the ending out";
    if (why)
        return echo_fail_field(err, "name", "'%.200s' cannot be a voice's name: %s", given,
                               why);
    strcpy(out, name);
    return ECHO_OK;
}
