/* SPDX-License-Identifier: MIT */
/* test_text.c - normalisation against the reference's; what is refused, and in which words;
 * what is unusual.  argv[1]: folder of golden data. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"
#include "unit.h"

/* ids: a leading 0, then the bytes. */
static int same_ids(const json_t *ids, const char *text)
{
    size_t n = strlen(text);

    if (json_array_size(ids) != n + 1 || json_integer_value(json_array_get(ids, 0)))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (json_integer_value(json_array_get(ids, i + 1)) != (unsigned char)text[i])
            return 0;
    return 1;
}

static void check_golden(const char *folder)
{
    char path[1024], out[4096];
    json_t *expected, *c;
    size_t i;

    snprintf(path, sizeof path, "%s/expected.json", folder);
    expected = json_load_file(path, 0, NULL);
    CHECK_SAY(json_array_size(json_object_get(expected, "tokenizer")) >= 12, "%s", path);
    json_array_foreach(json_object_get(expected, "tokenizer"), i, c) {
        const char *text = json_string_value(json_object_get(c, "text"));
        const char *want = json_string_value(json_object_get(c, "normalized"));

        if (!CHECK(text && want))
            continue;
        CHECK_SAY(echo_text_normalize(text, true, out, sizeof out) == strlen(want), "%zu", i);
        CHECK_SAY(!strcmp(out, want), "'%s' for '%s'", out, want);
        CHECK_SAY(same_ids(json_object_get(c, "ids"), out), "ids %zu", i);
        CHECK_SAY(same_ids(json_object_get(c, "ids_without_normalization"), text),
                  "ids without normalisation, %zu", i);
    }
    json_decref(expected);
}

/* Every size of buffer: never written past, always ended, the whole length returned. */
static void check_room(void)
{
    const char *text = "It’s: one… two";
    const char *want = "[S1] It's, one... two";
    char out[64];

    for (size_t size = 0; size < 40; size++) {
        memset(out, '#', sizeof out);
        CHECK(echo_text_normalize(text, true, out, size) == strlen(want));
        CHECK(out[size] == '#');
        if (size)
            CHECK(!strncmp(out, want, size - 1) &&
                  strlen(out) == (size - 1 < strlen(want) ? size - 1 : strlen(want)));
    }
    CHECK(echo_text_normalize(text, true, NULL, 0) == strlen(want));
}

/* Whatever ends a line is one blank, or one newline. */
static void check_line_ends(void)
{
    static const struct {
        const char *text, *normal, *plain;
    } cases[] = {
        { "a\r\nb", "[S1] a b", "a\nb" },
        { "a\rb\fc\vd", "[S1] a b c d", "a\nb\nc\nd" },
        { "a\xc2\x85" "b\u2028c\u2029d", "[S1] a b c d", "a\nb\nc\nd" },
        { "a\r\n\r\n\r\r\n\n", "[S1] a     ", "a\n\n\n\n\n" },
        { "a\n\rb", "[S1] a  b", "a\n\nb" },
        { "\ta\u00a0b:", "[S1] \ta\u00a0b,", "\ta\u00a0b:" },
    };
    char out[64];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(echo_text_normalize(cases[i].text, true, out, sizeof out) == strlen(out));
        CHECK_SAY(!strcmp(out, cases[i].normal), "%zu: '%s'", i, out);
        CHECK(echo_text_normalize(cases[i].text, false, out, sizeof out) == strlen(out));
        CHECK_SAY(!strcmp(out, cases[i].plain), "%zu: '%s'", i, out);
    }
}

/* The unusual characters of a text, by number. */
static void check_unusual(void)
{
    static const struct {
        const char *text, *codes;
    } cases[] = {
        { "", "" },
        { "Plain: \"text\", [S1] (laughs) - 50% & #7 \t\r\n\f", "" },
        { "“curly” ‘quotes’ «French» „German“ ‹x› – — … · ¿qué? ¡ya!", "" },
        { "€ £ ¥ ₹ 21° ½ ¾ ² № ™ © ® § ± × ÷ − ≤ ≥ µ ℃ K", "" },
        { "naïve Ærø привет мир 日本語、「一」。 한국어 مرحبا، שָׁלוֹם हिन्दी। ไทย Việt", "" },
        { "می\u200cخواهم क्\u200dष", "" }, /* joiners among letters that join */
        { "a\u200cb \u200dc", "200c 200d" },
        { "a\u00adb\u00a0c\u202f\u2009\u2060\ufeff", "ad a0 202f 2009 2060 feff" },
        { "e\u0301 \u200e\u202a\u2066\u061c", "301 200e 202a 2066 61c" },
        { "🙂 ❤️ 👩‍💻", "1f642 2764 fe0f 1f469 200d 1f4bb" },
        { "✅ → ─ █ • ★ ⠿", "2705 2192 2500 2588 2022 2605 283f" },
        { "𝐀 ℝ ﬁ Ａ １ ①", "1d400 211d fb01 ff21 ff11 2460" },
        { "\ue000 \ufffd \U000f0000", "e000 fffd f0000" },
        { "한 \u1112\u1161\u11ab か\u3099", "1112 1161 11ab 3099" },
        { "\xc2\x85\u2028\u2029", "" },
        { "x\xff\xc2 \xc2\xa0\xe2\x80", "a0" },
    };
    char codes[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *exact = strdup(cases[i].text); /* one byte too many is seen */
        const char *at = exact;
        uint32_t code;
        size_t n;

        *codes = 0;
        for (; (at = echo_text_unusual(at, &n, &code)); at += n)
            snprintf(codes + strlen(codes), sizeof codes - strlen(codes), "%s%x",
                     *codes ? " " : "", code);
        CHECK_SAY(!strcmp(codes, cases[i].codes), "'%s': %s", exact, codes);
        free(exact);
    }
    size_t n;
    const char *text = "a\u00adb";

    CHECK(echo_text_unusual(text, &n, NULL) == text + 1 && n == 2);
}

static void check_counts(void)
{
    CHECK(echo_text_letters("[S1] It’s 5 naïve cafés.") == 3 + 2 + 1 + 5 + 5 - 1);
    CHECK(echo_text_letters("... [S2]") == 0);
    CHECK(echo_text_readable("naïve") == strlen("naïve") && echo_text_readable("") == 0);
    CHECK(echo_text_readable("caf\xe9s") == 3 && echo_text_readable("na\xc3") == 2);
}

static const char *const good[] = {
    "a", "Hello.\n", "tab\there", "naïve — 日本語 🙂", "\xf4\x8f\xbf\xbf" "a", "\xef\xbf\xbd" "a",
    "\xed\x9f\xbf", "\xee\x80\x80" "a", "\xc2\x85" "a", "\xe0\xa0\x80", "\xf0\x90\x80\x80",
    "\r\nx", "\fx\v", "\xe2\x80\xa8x", "(laughs)", "你好", "مرحبا", "7", "½", "[S1] a", "ᚠ",
};

#define NOTHING "text has nothing to speak: no letter or digit"

static const struct {
    const char *text, *line;
} bad[] = {
    { "", "text is empty" },
    { "  \n\t\r ", "text is blank" },
    { "ab\x07", "text has a control character (0x07) at byte 3" },
    { "\x7f", "text has a control character (0x7f) at byte 1" },
    { "x\x1b[0m", "text has a control character (0x1b) at byte 2" },
    { "\x08", "text has a control character (0x08) at byte 1" },
    { "a\xc2\x80", "text has a control character (U+0080) at byte 2" },
    { "a\xc2\x9f", "text has a control character (U+009F) at byte 2" },
    { "a\r\nb\x07", "text has a control character (0x07) at byte 2 of line 2" },
    { "é\n\n\rx\xff", "text is not valid UTF-8 at byte 2 of line 4" },
    { "\f\v\n", "text is blank" },
    { "...", NOTHING },
    { "—", NOTHING },
    { "*\n-", NOTHING },
    { "[S1]", NOTHING },
    { "[S2] [S1] ...", NOTHING },
    { "\xc2\xa0\xe2\x80\x8b", NOTHING },
    { "🙂👍", NOTHING },
    { "()", NOTHING },
    { "\u0301", NOTHING },
    { "\u3164\uffa0\u115f", NOTHING }, /* blank letters */
    { "؟ । ،", NOTHING },
    { "0123456789abcdef\xff", "text is not valid UTF-8 at byte 17" },
    { "\x80", "text is not valid UTF-8 at byte 1" },
    { "a\xc3", "text is not valid UTF-8 at byte 2" },
    { "a\xc3(", "text is not valid UTF-8 at byte 2" },
    { "\xc0\xaf", "text is not valid UTF-8 at byte 1" },         /* overlong '/' */
    { "\xc1\xbf", "text is not valid UTF-8 at byte 1" },
    { "\xe0\x9f\xbf", "text is not valid UTF-8 at byte 1" },     /* overlong */
    { "\xf0\x8f\xbf\xbf", "text is not valid UTF-8 at byte 1" }, /* overlong */
    { "\xed\xa0\x80", "text is not valid UTF-8 at byte 1" },     /* a surrogate */
    { "ok \xed\xbf\xbf", "text is not valid UTF-8 at byte 4" },
    { "\xf4\x90\x80\x80", "text is not valid UTF-8 at byte 1" }, /* above U+10FFFF */
    { "\xf5\x80\x80\x80", "text is not valid UTF-8 at byte 1" },
    { "\xe2\x80", "text is not valid UTF-8 at byte 1" },
    { "\xf0\x9f\x99", "text is not valid UTF-8 at byte 1" },
    { "\xe2\x80 x", "text is not valid UTF-8 at byte 1" },
    { "é\xfe", "text is not valid UTF-8 at byte 3" },
};

int main(int argc, char **argv)
{
    echo_status want;
    echo_error e;

    check_golden(argc > 1 ? argv[1] : "tests/data/tiny");
    check_room();
    check_line_ends();
    check_unusual();
    check_counts();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK_SAY(!echo_text_valid(good[i], &e), "refused '%s': %s", good[i], e.text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e.text[0] = 0;
        want = strcmp(bad[i].line, NOTHING) ? ECHO_ERR_ARG : ECHO_ERR_NOTHING;
        CHECK(echo_text_valid(bad[i].text, &e) == want && e.status == want);
        CHECK_SAY(!strcmp(e.text, bad[i].line), "'%s' for '%s'", e.text, bad[i].line);
    }
    CHECK(echo_text_valid("\xff", NULL) == ECHO_ERR_ARG);
    CHECK(echo_text_valid("...", NULL) == ECHO_ERR_NOTHING);
    return unit_report();
}
