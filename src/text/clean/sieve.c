/* SPDX-License-Identifier: MIT */
#include "text/clean/sieve.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "text/character.h"
#include "text/clean/marks.h"

/* ---- what becomes of a character ---- */

enum fate {
    KEEP,
    DROP,   /* nothing was seen */
    GAP,    /* something was */
    SPACE,  /* of any width */
    FOLD,   /* by its compatibility decomposition */
    APART,  /* the same, and words beside it stay apart */
    COUNT,  /* a number in a black circle, which has no decomposition */
    WIDE,   /* folded but beside Chinese and the like */
    QUOTE,  /* " */
    TICK,   /* ' */
    HYPHEN,
    DASH,   /* U+2014 */
    ARROW,  /* the same, apart from what is beside it */
    DOTS,
};

/* In order.  Others: by what ICU knows of them. */
static const struct range {
    uint32_t first, last;
    enum fate fate;
} ranges[] = {
    { 0xa0, 0xa0, SPACE },      { 0xa9, 0xa9, KEEP },       { 0xad, 0xad, DROP },
    { 0xae, 0xae, KEEP },       { 0xb4, 0xb4, TICK },       { 0xb6, 0xb6, GAP },
    { 0x132, 0x133, FOLD },     { 0x149, 0x149, FOLD },     { 0x1c4, 0x1cc, FOLD },
    { 0x1f1, 0x1f3, FOLD },     { 0x2b9, 0x2b9, TICK },     { 0x2ba, 0x2ba, QUOTE },
    { 0x2bb, 0x2bd, TICK },     { 0x2c8, 0x2c8, TICK },     { 0x2f8, 0x2f8, KEEP },
    { 0x335, 0x338, DROP },     { 0x34f, 0x34f, DROP },     { 0x5f3, 0x5f3, TICK },
    { 0x5f4, 0x5f4, QUOTE },    { 0x115f, 0x1160, DROP },   { 0x1680, 0x1680, SPACE },
    { 0x17b4, 0x17b5, DROP },   { 0x180b, 0x180f, DROP },   { 0x2000, 0x200a, SPACE },
    { 0x200b, 0x200f, DROP },   { 0x2010, 0x2011, HYPHEN }, { 0x2012, 0x2012, KEEP },
    { 0x2014, 0x2015, DASH },   { 0x2016, 0x2017, GAP },    { 0x2018, 0x201b, TICK },
    { 0x201c, 0x201f, QUOTE },  { 0x2020, 0x2023, GAP },    { 0x2024, 0x2025, FOLD },
    { 0x2026, 0x2026, DOTS },   { 0x2028, 0x2029, SPACE },  { 0x202a, 0x202e, DROP },
    { 0x202f, 0x202f, SPACE },  { 0x2032, 0x2032, TICK },   { 0x2033, 0x2033, QUOTE },
    { 0x2035, 0x2035, TICK },   { 0x2036, 0x2036, QUOTE },  { 0x203b, 0x203b, GAP },
    { 0x203c, 0x203c, FOLD },   { 0x2042, 0x2043, GAP },    { 0x2044, 0x2044, FOLD },
    { 0x2047, 0x2049, FOLD },   { 0x204e, 0x204e, GAP },    { 0x2051, 0x2051, GAP },
    { 0x2055, 0x2055, GAP },    { 0x205f, 0x205f, SPACE },  { 0x2060, 0x206f, DROP },
    { 0x20d0, 0x20f0, DROP },   { 0x2102, 0x2102, FOLD },   { 0x210a, 0x2113, FOLD },
    { 0x2115, 0x2115, FOLD },   { 0x2119, 0x211d, FOLD },   { 0x2122, 0x2122, KEEP },
    { 0x2124, 0x2124, FOLD },   { 0x2128, 0x2128, FOLD },   { 0x212c, 0x212d, FOLD },
    { 0x212f, 0x2131, FOLD },   { 0x2133, 0x2134, FOLD },   { 0x2139, 0x2139, GAP },
    { 0x2145, 0x2149, FOLD },   { 0x2160, 0x217f, FOLD },   { 0x2190, 0x21ff, ARROW },
    { 0x2300, 0x2307, GAP },    { 0x230c, 0x2328, GAP },    { 0x232b, 0x23ff, GAP },
    { 0x2400, 0x245f, GAP },    { 0x2460, 0x24e9, APART },  { 0x24ea, 0x24ea, APART },
    { 0x24eb, 0x24ff, COUNT },   { 0x2500, 0x275a, GAP },    { 0x275b, 0x275c, TICK },
    { 0x275d, 0x275e, QUOTE },  { 0x275f, 0x2775, GAP },    { 0x2776, 0x2793, COUNT },
    { 0x2794, 0x2794, ARROW },  { 0x2795, 0x2797, GAP },    { 0x2798, 0x27be, ARROW },
    { 0x27bf, 0x27bf, GAP },    { 0x27f0, 0x27ff, ARROW },  { 0x2800, 0x28ff, GAP },
    { 0x2900, 0x297f, ARROW },  { 0x2b00, 0x2b1a, GAP },    { 0x2b1b, 0x2bff, GAP },
    { 0x2e3a, 0x2e3b, DASH },   { 0x3000, 0x3000, SPACE },  { 0x3003, 0x3004, GAP },
    { 0x300c, 0x300f, QUOTE },  { 0x3012, 0x3013, GAP },    { 0x301d, 0x301f, QUOTE },
    { 0x3020, 0x3020, GAP },    { 0x3164, 0x3164, DROP },   { 0x3371, 0x337a, FOLD },
    { 0x3380, 0x33df, FOLD },   { 0xfb00, 0xfb06, FOLD },   { 0xfb13, 0xfb17, FOLD },
    { 0xfb50, 0xfdfb, FOLD },   { 0xfe00, 0xfe0f, DROP },   { 0xfe10, 0xfe19, WIDE },
    { 0xfe30, 0xfe6b, FOLD },   { 0xfe70, 0xfefc, FOLD },   { 0xfeff, 0xfeff, DROP },
    { 0xff01, 0xff0f, WIDE },   { 0xff10, 0xff19, FOLD },   { 0xff1a, 0xff20, WIDE },
    { 0xff21, 0xff3a, FOLD },   { 0xff3b, 0xff40, WIDE },   { 0xff41, 0xff5a, FOLD },
    { 0xff5b, 0xff5e, WIDE },   { 0xff62, 0xff63, QUOTE },  { 0xff66, 0xff9f, FOLD },
    { 0xffa0, 0xffa0, DROP },   { 0xffe0, 0xffe6, FOLD },   { 0xfff9, 0xfffb, DROP },
    { 0xfffc, 0xfffd, GAP },    { 0x1d000, 0x1d24f, GAP },  { 0x1d400, 0x1d7ff, FOLD },
    { 0x1f000, 0x1f0ff, GAP },  { 0x1f100, 0x1f10a, APART }, { 0x1f110, 0x1f129, FOLD },
    { 0x1f130, 0x1f149, FOLD }, { 0x1f150, 0x1faff, GAP },  { 0xe0000, 0xe0fff, DROP },
};

static int compare(const void *key, const void *element)
{
    uint32_t code = *(const uint32_t *)key;
    const struct range *r = element;

    return code < r->first ? -1 : code > r->last;
}

static enum fate fate_of(uint32_t code)
{
    const struct range *r;

    if (code < ' ')
        return code == '\t' || code == '\n' ? KEEP : DROP;
    if (code < 0xa0)
        return code < 0x7f ? KEEP : DROP;
    if (code == MARK_GAP)
        return KEEP;
    if ((r = bsearch(&code, ranges, sizeof ranges / sizeof *ranges, sizeof *ranges, compare)))
        return r->fate;
    switch (u_charType((UChar32)code)) {
    case U_FORMAT_CHAR:
    case U_PRIVATE_USE_CHAR:
    case U_CONTROL_CHAR:
        return DROP;
    case U_UNASSIGNED:
        return GAP;
    case U_SPACE_SEPARATOR:
        return SPACE;
    }
    return u_hasBinaryProperty((UChar32)code, UCHAR_EXTENDED_PICTOGRAPHIC) ? GAP : KEEP;
}

/* ---- the sieve ---- */

struct sieve {
    struct text_buffer *out;
    const char *s, *end;
    uint32_t before; /* the character that was kept last */
};

static void keep(struct sieve *v, uint32_t code)
{
    echo_buffer_character(v->out, code);
    v->before = code;
}

static void fold(struct sieve *v, uint32_t code)
{
    UErrorCode failure = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&failure);
    UChar parts[32];
    int32_t n = unorm2_getDecomposition(nfkc, (UChar32)code, parts, 32, &failure), i = 0;

    if (U_FAILURE(failure) || n < 0) {
        keep(v, code);
        return;
    }
    while (i < n) {
        UChar32 c;

        U16_NEXT(parts, i, n, c);
        keep(v, c == 0x2044 ? '/' : (uint32_t)c);
    }
}

static void count(struct sieve *v, uint32_t code)
{
    static const struct {
        uint32_t first;
        int number;
    } rows[] = { { 0x278a, 1 }, { 0x2780, 1 }, { 0x2776, 1 }, { 0x24ff, 0 }, { 0x24f5, 1 },
                 { 0x24eb, 11 } };
    int i = 0, number;

    while (rows[i].first > code)
        i++;
    number = rows[i].number + (int)(code - rows[i].first);
    echo_buffer_character(v->out, MARK_GAP);
    if (number > 9)
        keep(v, '0' + (uint32_t)(number / 10));
    keep(v, '0' + (uint32_t)(number % 10));
    echo_buffer_character(v->out, MARK_GAP);
}

/* Signs of these scripts have their own width. */
static bool is_wide(uint32_t code)
{
    UErrorCode failure = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript((UChar32)code, &failure);

    return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ||
           script == USCRIPT_HANGUL || script == USCRIPT_BOPOMOFO;
}

static uint32_t next_code(const struct sieve *v, const char *s)
{
    uint32_t code = 0;

    if (s < v->end)
        echo_character(s, &code);
    return code;
}

/* A soft hyphen at a line's end takes it away too. */
static void drop(struct sieve *v, uint32_t code)
{
    const char *s = v->s;

    if (echo_character_is_joiner(code) && echo_character_joins(v->before) &&
        echo_character_joins(next_code(v, s))) {
        keep(v, code);
        return;
    }
    if (code != 0xad)
        return;
    while (s < v->end && (*s == ' ' || *s == '\t'))
        s++;
    if (s == v->end || *s != '\n')
        return;
    while (s < v->end && strchr(" \t\n", *s))
        s++;
    v->s = s;
}

static void apply(struct sieve *v, uint32_t code, enum fate fate)
{
    static const uint32_t one[] = {
        [GAP] = MARK_GAP, [SPACE] = ' ', [QUOTE] = '"', [TICK] = '\'',
        [HYPHEN] = '-', [DASH] = 0x2014,
    };

    switch (fate) {
    case DROP:
        drop(v, code);
        break;
    case KEEP:
        keep(v, code);
        break;
    case WIDE:
        if (is_wide(v->before))
            keep(v, code);
        else
            fold(v, code);
        break;
    case FOLD:
        fold(v, code);
        break;
    case APART:
        echo_buffer_character(v->out, MARK_GAP);
        fold(v, code);
        echo_buffer_character(v->out, MARK_GAP);
        break;
    case COUNT:
        count(v, code);
        break;
    case ARROW:
        echo_buffer_string(v->out, " — ");
        break;
    case DOTS:
        echo_buffer_string(v->out, "...");
        break;
    default:
        echo_buffer_character(v->out, one[fate]);
    }
}

/* Bytes of what makes a picture of the character before it: "1" with a frame, "©" in colour. */
static size_t picture(const struct sieve *v, const char *s, uint32_t code)
{
    bool key = code < 0x80 && strchr("0123456789#*", (int)code);
    bool coloured = next_code(v, s) == 0xfe0f;
    const char *next = s + (coloured ? strlen("\xef\xb8\x8f") : 0);

    if (key && next_code(v, next) == 0x20e3)
        return (size_t)(next - s) + strlen("\xe2\x83\xa3");
    return 0;
}

void echo_sieve(struct text_buffer *out, const char *text, size_t n)
{
    struct sieve v = { .out = out, .s = text, .end = text + n };
    uint32_t code;
    size_t length;

    while (v.s < v.end && (length = echo_character(v.s, &code))) {
        v.s += length;
        if ((length = picture(&v, v.s, code))) {
            v.s += length;
            echo_buffer_character(out, MARK_GAP);
        } else {
            apply(&v, code, fate_of(code));
        }
    }
}

/* ---- accents ---- */

static bool is_plain(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0xcc) /* of U+0300 and above */
            return false;
    return true;
}

void echo_compose(struct text_buffer *text)
{
    UErrorCode failure = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&failure);
    size_t room = text->length + 1;
    int32_t n = 0, composed;
    UChar *wide, *done;

    if (is_plain(echo_buffer_text(text)) || room > INT32_MAX / 4)
        return;
    /* Some characters become three of two bytes each. */
    wide = malloc(room * sizeof *wide);
    done = malloc(3 * room * sizeof *done);
    if (wide && done) {
        u_strFromUTF8(wide, (int32_t)room, &n, text->bytes, (int32_t)text->length, &failure);
        composed = unorm2_normalize(nfc, wide, n, done, (int32_t)(3 * room), &failure);
        echo_buffer_cut(text, 0);
        for (int32_t i = 0; U_SUCCESS(failure) && i < composed;) {
            UChar32 c;

            U16_NEXT(done, i, composed, c);
            echo_buffer_character(text, (uint32_t)c);
        }
    }
    text->failed |= !wide || !done || U_FAILURE(failure);
    free(wide);
    free(done);
}

/* ---- letters of another script ---- */

static const struct twin {
    uint32_t code;
    char latin;
} twins[] = {
    /* Greek */
    { 0x391, 'A' }, { 0x392, 'B' }, { 0x395, 'E' }, { 0x396, 'Z' }, { 0x397, 'H' },
    { 0x399, 'I' }, { 0x39a, 'K' }, { 0x39c, 'M' }, { 0x39d, 'N' }, { 0x39f, 'O' },
    { 0x3a1, 'P' }, { 0x3a4, 'T' }, { 0x3a5, 'Y' }, { 0x3a7, 'X' }, { 0x3bf, 'o' },
    /* Cyrillic */
    { 0x405, 'S' }, { 0x406, 'I' }, { 0x408, 'J' }, { 0x410, 'A' }, { 0x412, 'B' },
    { 0x415, 'E' }, { 0x41a, 'K' }, { 0x41c, 'M' }, { 0x41d, 'H' }, { 0x41e, 'O' },
    { 0x420, 'P' }, { 0x421, 'C' }, { 0x422, 'T' }, { 0x423, 'Y' }, { 0x425, 'X' },
    { 0x430, 'a' }, { 0x435, 'e' }, { 0x43e, 'o' }, { 0x440, 'p' }, { 0x441, 'c' },
    { 0x443, 'y' }, { 0x445, 'x' }, { 0x455, 's' }, { 0x456, 'i' }, { 0x458, 'j' },
    { 0x4bb, 'h' }, { 0x501, 'd' }, { 0x51b, 'q' }, { 0x51d, 'w' },
};

static char twin_of(uint32_t code)
{
    for (size_t i = 0; code >= 0x391 && code <= 0x51d && i < sizeof twins / sizeof *twins; i++)
        if (twins[i].code == code)
            return twins[i].latin;
    return 0;
}

/* Bytes of the word at s; *mixed: it is Latin but for twins, and has some. */
static size_t word_at(const char *s, bool *mixed)
{
    bool latin = false, twin = false, other = false;
    uint32_t code;
    size_t n, length = 0;

    while ((n = echo_character(s + length, &code)) && echo_character_is_letter(code)) {
        UErrorCode failure = U_ZERO_ERROR;

        length += n;
        if (twin_of(code))
            twin = true;
        else if (uscript_getScript((UChar32)code, &failure) == USCRIPT_LATIN)
            latin = true;
        else
            other |= code > 0x7f;
    }
    *mixed = latin && twin && !other;
    return length;
}

static void put_word(struct text_buffer *out, const char *s, const char *end)
{
    while (s < end) {
        uint32_t code;
        size_t n = echo_character(s, &code);
        char latin = twin_of(code);

        echo_buffer_put(out, latin ? &latin : s, latin ? 1 : n);
        s += n;
    }
}

void echo_unmix(struct text_buffer *text)
{
    struct text_buffer out = { 0 };
    const char *s = echo_buffer_text(text);
    bool mixed;

    if (is_plain(s))
        return;
    while (*s) {
        size_t n = word_at(s, &mixed);

        if (mixed) {
            put_word(&out, s, s + n);
        } else {
            uint32_t code;

            n = n ? n : echo_character(s, &code);
            echo_buffer_put(&out, s, n);
        }
        s += n;
    }
    out.failed |= text->failed;
    echo_buffer_free(text);
    *text = out;
}
