/* SPDX-License-Identifier: MIT */
/* test_words.c - what a word is, which vocabularies are taken, and what they have. */
#include <stdlib.h>
#include <string.h>

#include "engine/settings.h"
#include "text/text.h"
#include "unit.h"

static const struct {
    const char *text, *words; /* parted by | */
} texts[] = {
    { "", "" },
    { "  .,;:!?()[]{}<>\"'-_/\\@#$%^&*+=~`| \t\r\n", "" },
    { "Hello, world.", "Hello|world" },
    { "one", "one" },
    { "twenty-five", "twenty|five" },
    { "snake_case a/b c.d", "snake|case|a|b|c|d" },
    { "7 of 9, 3.5 7th R2D2", "7|of|9|3|5|7th|R2D2" },
    /* apostrophes, plain and curly */
    { "don't it’s o'clock", "don't|it’s|o'clock" },
    { "'hello' ‘hello’ the dogs' 'tis dogs’", "hello|hello|the|dogs|tis|dogs" },
    { "' '' ’ a''b a'’b x'", "a|b|a|b|x" },
    { "rock'n'roll 5's", "rock'n'roll|5's" },
    /* tags of speakers, and what only looks like one */
    { "[S1] Hello. [S2] Yes.", "Hello|Yes" },
    { "[S1]", "" },
    { "[S12]Hello[S1]you", "Hello|you" },
    { "[S] [S1 [s1] S1 (S1) [S1a]", "S|S1|s1|S1|S1|S1a" },
    { "[laughs] hi", "laughs|hi" },
    { "[[S1]S2]", "S2" },
    /* letters above ASCII are of the word, punctuation is not */
    { "naïve Ærø", "naïve|Ærø" },
    { "日本語、一、二。", "日本語|一|二" },
    { "привет — мир", "привет|мир" },
    { "“quoted” «so» 10€ wait… x–y", "quoted|so|10|wait|x|y" },
    { "3×4 5÷6 ¿qué? ¡ya! µm 1ª 2º x² 2½ Ⅳ ①", "3|4|5|6|qué|ya|µm|1ª|2º|x²|2½|Ⅳ|①" },
    { "fine 🙂 ❤️ ok", "fine|ok" },
    { "non\u00a0breaking \ufeffmark", "non|breaking|mark" },
    { "e\u0301te\u0301", "e\u0301te\u0301" },
    /* marks begin none, signs of other scripts are no letters */
    { "\u0301 \u0301te ٣؟ क।ख हिन्दी", "te|٣|क|ख|हिन्दी" },
    { "𝒳\xf0\xa0\x80\x80", "𝒳\xf0\xa0\x80\x80" },
    /* what is no UTF-8 is no letter, and nothing is read behind the end */
    { "a\xff" "b\xc3", "a|b" },
    { "\x80\xbf" "cut\xe2\x80", "cut" },
    { "over\xc0\xaflong \xed\xa0\x80 sur\xf4\x90\x80\x80rogate", "over|long|sur|rogate" },
    { "[S1", "S1" },
    { "[S", "S" },
    { "it'", "it" },
    { "it\xe2\x80\x99", "it" },
};

static void split(char *out, const char *text)
{
    size_t n;

    *out = 0;
    for (; (text = echo_text_word(text, &n)); text += n) {
        if (!CHECK(n > 0 && n <= strlen(text)))
            return;
        if (*out)
            strcat(out, "|");
        strncat(out, text, n);
    }
}

static void splitting(void)
{
    char words[400];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *exact = strdup(texts[i].text); /* one byte too many is seen */

        split(words, exact);
        CHECK_SAY(!strcmp(words, texts[i].words), "'%s': %s, not %s", texts[i].text, words,
                  texts[i].words);
        free(exact);
    }
}

static echo_status parse(struct vocabulary *v, const char *json, echo_error *e)
{
    struct settings s = echo_settings_reference();
    echo_status status = echo_settings_parse(&s, "m.json", json, e);

    *v = s.vocabulary;
    return status;
}

#define LONG_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static bool has(const struct vocabulary *v, const char *word)
{
    return echo_vocabulary_has(v, word, strlen(word));
}

static void having(void)
{
    struct vocabulary v = { 0 };
    echo_error e = { 0 };

    CHECK(has(&v, "anything") && has(&v, ""));
    CHECK(!parse(&v, "{\"steps\": 3}", &e) && !v.n && has(&v, "anything"));
    CHECK_SAY(!parse(&v, "{\"vocabulary\": [\"the\", \"a\", \"don't\", \"7\", \"été\","
                         " \"" LONG_63 "\"], \"steps\": 3}", &e), "%s", e.text);
    CHECK(v.n == 6 && !strcmp(v.words[0], "7") && !strcmp(v.words[1], "a"));
    for (int i = 1; i < v.n; i++)
        CHECK(strcmp(v.words[i - 1], v.words[i]) < 0);
    CHECK(has(&v, "the") && has(&v, "THE") && has(&v, "tHe") && has(&v, "7"));
    CHECK(has(&v, "don't") && has(&v, "DON'T") && has(&v, "Don’t"));
    CHECK(has(&v, "été") && has(&v, "éTé") && !has(&v, "Été"));
    CHECK(!has(&v, "th") && !has(&v, "them") && !has(&v, "dont") && !has(&v, "") &&
          !has(&v, "77"));
    CHECK(has(&v, LONG_63) && !has(&v, LONG_63 "a") && !has(&v, LONG_63 LONG_63));
    CHECK(echo_vocabulary_has(&v, "theatre", 3) && !echo_vocabulary_has(&v, "theatre", 7));
    echo_vocabulary_free(&v);
    CHECK(!v.words && !v.n);
    echo_vocabulary_free(&v);
}

static const struct {
    const char *json, *line;
} bad[] = {
    { "7", "m.json: vocabulary is not a list of 1 to 100000 words" },
    { "null", "m.json: vocabulary is not a list of 1 to 100000 words" },
    { "\"words\"", "m.json: vocabulary is not a list of 1 to 100000 words" },
    { "{\"a\": \"b\"}", "m.json: vocabulary is not a list of 1 to 100000 words" },
    { "[]", "m.json: vocabulary is not a list of 1 to 100000 words" },
    { "[\"a\", 1]", "m.json: number 2 of the vocabulary is not a string" },
    { "[null]", "m.json: number 1 of the vocabulary is not a string" },
    { "[[\"a\"]]", "m.json: number 1 of the vocabulary is not a string" },
    { "[\"\"]", "m.json: '' in the vocabulary is not one lower-case word of at most 63 bytes" },
    { "[\"Pizza\"]", "m.json: 'Pizza' in the vocabulary is not one" },
    { "[\"a b\"]", "m.json: 'a b' in the vocabulary is not one" },
    { "[\" a\"]", "m.json: ' a' in the vocabulary is not one" },
    { "[\"a.\"]", "m.json: 'a.' in the vocabulary is not one" },
    { "[\"twenty-five\"]", "m.json: 'twenty-five' in the vocabulary is not one" },
    { "[\"'tis\"]", "m.json: ''tis' in the vocabulary is not one" },
    { "[\"it’s\"]", "m.json: 'it’s' in the vocabulary is not one" },
    { "[\"[S1]\"]", "m.json: '[S1]' in the vocabulary is not one" },
    { "[\"a\\nb\"]", "m.json: 'a?b' in the vocabulary is not one" },
    { "[\"" LONG_63 "a\"]", "m.json: 'aaaa" },
    { "[\"b\", \"a\", \"b\"]", "m.json: 'b' is in the vocabulary twice" },
    { "[\"a\\u0000b\"]", "m.json: " },
    { "[\"a\\ud800\"]", "m.json: " },
};

static void refusing(void)
{
    struct vocabulary v;
    char json[300];
    echo_error e;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = (echo_error){ 0 };
        snprintf(json, sizeof json, "{\"vocabulary\": %s}", bad[i].json);
        CHECK_SAY(parse(&v, json, &e) == ECHO_ERR_FILE && e.status == ECHO_ERR_FILE && !v.n &&
                      !strncmp(e.text, bad[i].line, strlen(bad[i].line)),
                  "%s: '%s'", json, e.text);
        echo_vocabulary_free(&v);
    }
    e = (echo_error){ 0 };
    CHECK(parse(&v, "{\"vocabulary\": [\"a\"], \"vocabulary\": [\"b\"]}", &e) && e.text[0]);
    echo_vocabulary_free(&v);
}

/* As many words as there may be, and one more. */
static void many(int n, echo_status want)
{
    char *json = malloc((size_t)n * 12 + 40), *to = json;
    struct vocabulary v;
    echo_error e = { 0 };

    to += sprintf(to, "{\"vocabulary\": [");
    for (int i = 0; i < n; i++)
        to += sprintf(to, "%s\"%x\"", i ? ", " : "", i * 7919);
    strcpy(to, "]}");
    CHECK_SAY(parse(&v, json, &e) == want, "%d words: %s", n, e.text);
    CHECK(v.n == (want ? 0 : n) && has(&v, "1eef"));
    echo_vocabulary_free(&v);
    free(json);
}

int main(void)
{
    splitting();
    having();
    refusing();
    many(VOCABULARY_MOST, ECHO_OK);
    many(VOCABULARY_MOST + 1, ECHO_ERR_FILE);
    return unit_report();
}
