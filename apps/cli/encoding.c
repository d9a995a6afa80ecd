/* SPDX-License-Identifier: MIT */
#include "encoding.h"

#include <string.h>

#include "echotts.h"

const char *encoding_of_document(const char *bytes, size_t n)
{
    static const struct {
        const char *first, *name;
    } documents[] = {
        { "%PDF-", "a PDF" },
        { "PK\x03\x04", "a ZIP archive, as .docx, .odt and .epub are" },
        { "{\\rtf", "RTF" },
        { "\xd0\xcf\x11\xe0", "an old Office document" },
        { "\x1f\x8b", "compressed (gzip)" },
    };

    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        if (n >= strlen(documents[i].first) &&
            !memcmp(bytes, documents[i].first, strlen(documents[i].first)))
            return documents[i].name;
    return NULL;
}

/* Of every step-th byte from the first on, how many are 0. */
static size_t zeros(const char *bytes, size_t n, size_t first, size_t step)
{
    size_t count = 0;

    for (size_t i = first; i < n; i += step)
        count += !bytes[i];
    return count;
}

const char *encoding_of_wide(const char *bytes, size_t n)
{
    size_t even = zeros(bytes, n, 0, 2), odd = zeros(bytes, n, 1, 2);

    if (n >= 4 && (!memcmp(bytes, "\xff\xfe\0\0", 4) || !memcmp(bytes, "\0\0\xfe\xff", 4)))
        return "UTF-32";
    if (n >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
        return "UTF-16";
    /* Without a mark.  The upper bytes of UTF-32 are 0; those of UTF-16 are for ASCII, and even
     * where the letters are none the blanks between words are, while lower bytes never are. */
    if (n >= 4 && n % 4 == 0 && zeros(bytes, n, 3, 4) + zeros(bytes, n, 2, 4) == n / 2)
        return "UTF-32LE";
    if (n >= 4 && n % 4 == 0 && zeros(bytes, n, 0, 4) + zeros(bytes, n, 1, 4) == n / 2)
        return "UTF-32BE";
    if (n % 2 == 0 && !even && odd > 1 && odd * 16 >= n)
        return "UTF-16LE";
    if (n % 2 == 0 && !odd && even > 1 && even * 16 >= n)
        return "UTF-16BE";
    return NULL;
}

const char *encoding_of_bytes(const char *text)
{
    int whole = 0, broken = 0, run = 0, longest = 0;

    for (const char *s = text;; s++) {
        for (size_t n = echo_text_readable(s); n; n--, s++)
            whole += ((unsigned char)*s & 0xc0) == 0xc0; /* the first byte of a character */
        if (!*s)
            break;
        broken++;
    }
    for (const char *s = text; *s; s++) {
        run = *s & 0x80 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    if (whole && whole >= broken)
        return "UTF-8";
    /* Western letters with accents seldom stand side by side, those of other scripts do.  Five
     * bytes mean nothing in Windows-1252. */
    return longest < 4 && !strpbrk(text, "\x81\x8d\x8f\x90\x9d") ? "WINDOWS-1252" : NULL;
}
