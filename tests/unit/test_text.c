/* SPDX-License-Identifier: MIT */
/* test_text.c - normalisation against the reference's; what is refused, and in which words.
 * argv[1]: folder of golden data. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"
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

static const char *const good[] = {
    "a", "Hello.\n", "tab\there", "naïve — 日本語 🙂", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbd",
    "\xed\x9f\xbf", "\xee\x80\x80", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\r\nx",
};

static const struct {
    const char *text, *line;
} bad[] = {
    { "", "text is empty" },
    { "  \n\t\r ", "text is blank" },
    { "ab\x07", "text has a control character (0x07) at byte 3" },
    { "\x7f", "text has a control character (0x7f) at byte 1" },
    { "x\x1b[0m", "text has a control character (0x1b) at byte 2" },
    { "\x0b", "text has a control character (0x0b) at byte 1" },
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
    echo_error e;

    check_golden(argc > 1 ? argv[1] : "tests/data/tiny");
    check_room();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK_SAY(!echo_text_valid(good[i], &e), "refused '%s': %s", good[i], e.text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e.text[0] = 0;
        CHECK(echo_text_valid(bad[i].text, &e) == ECHO_ERR_ARG && e.status == ECHO_ERR_ARG);
        CHECK_SAY(!strcmp(e.text, bad[i].line), "'%s' for '%s'", e.text, bad[i].line);
    }
    CHECK(echo_text_valid("\xff", NULL) == ECHO_ERR_ARG);
    return unit_report();
}
