/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "quote.h"
#include "spelling.h"

#define AT(field) offsetof(struct common, field)

const struct option common_model_options[] = {
    { "model", 'm', OPTION_STRING, AT(model), "DIR",
      "the model (default: $ECHOTTS_MODEL, or the usual places)", NO_RANGE },
    { "threads", 't', OPTION_INT, AT(threads), "N",
      "threads to use (default: one per core)", RANGE(1, 256) },
    { "device", 0, OPTION_STRING, AT(device), "NAME",
      "compute on: auto, cpu, ... (see echotts info)", NO_RANGE },
    { "isa", 0, OPTION_STRING, AT(isa), "NAME",
      "no CPU instructions above this level (see echotts info)", NO_RANGE },
    { "precision", 0, OPTION_STRING, AT(precision), "NAME",
      "of the transformer: auto, f32, bf16 or int8", NO_RANGE },
    { "codec-precision", 0, OPTION_STRING, AT(codec_precision), "NAME",
      "of the codec: auto, f32 or bf16", NO_RANGE },
    { "profile", 0, OPTION_ON, AT(profile), NULL,
      "tell at the end where the time went", NO_RANGE },
    { "json", 0, OPTION_ON, AT(json), NULL,
      "report to standard output as a JSON object", NO_RANGE },
    { 0 },
};

const struct option common_options[] = {
    { "quiet", 'q', OPTION_ON, AT(quiet), NULL, "no progress bar, no summary", NO_RANGE },
    { "help", 'h', OPTION_ON, AT(help), NULL, "this text", NO_RANGE },
    { 0 },
};

/* ---- the rows of all groups, one after the other ---- */

static const struct option *row(const struct command *c, int index)
{
    for (const struct option_group *g = c->groups; g->title; g++)
        for (const struct option *o = g->rows; o->name; o++)
            if (index-- == 0)
                return o;
    return NULL;
}

/* Its index, or -1. */
static int find_name(const struct command *c, const char *name, size_t length)
{
    const struct option *o;

    for (int i = 0; (o = row(c, i)); i++)
        if (strlen(o->name) == length && !memcmp(o->name, name, length))
            return i;
    return -1;
}

static int find_letter(const struct command *c, char letter)
{
    const struct option *o;

    for (int i = 0; (o = row(c, i)); i++)
        if (o->letter && o->letter == letter)
            return i;
    return -1;
}

/* Add to a complaint about an option what to do if it was meant as the command's own word, with
 * the user's as an example if it looks like a text. */
static echo_status hint_at_word(const struct command *c, const char *word, echo_error *err)
{
    size_t used = strlen(err->text);
    char quoted[128], example[256] = "";

    if (!c->word)
        return err->status;
    if (word[strcspn(word, " 0123456789")])
        snprintf(example, sizeof example, ", as in: echotts %s -o FILE -- %s", c->name,
                 quote(quoted, sizeof quoted, word, c->word));
    snprintf(err->text + used, sizeof err->text - used,
             "; %s that begins with a dash goes behind --%s", c->word, example);
    return err->status;
}

static echo_status unknown_letter(const struct command *c, const char *word, echo_error *err)
{
    int length = 2;

    while ((word[length] & 0xc0) == 0x80) /* no half character */
        length++;
    failure(err, ECHO_ERR_ARG, "%.*s: unknown option (echotts %s --help lists them)", length,
            word, c->name);
    return hint_at_word(c, word, err);
}

static echo_status unknown(const struct command *c, const char *word, echo_error *err)
{
    const struct option *o;
    const char *nearest = NULL;
    char name[64];
    int best;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    best = spelling_limit(name) + 1;
    for (int i = 0; (o = row(c, i)); i++) {
        int d = spelling_distance(name, o->name);

        if (d < best) {
            best = d;
            nearest = o->name;
        }
    }
    if (nearest)
        return failure(err, ECHO_ERR_ARG, "--%s: unknown option; did you mean --%s?", name,
                       nearest);
    failure(err, ECHO_ERR_ARG, "--%s: unknown option (echotts %s --help lists them)", name,
            c->name);
    return hint_at_word(c, word, err);
}

/* ---- values ---- */

/* strtod() also knows spaces, hexadecimal, inf and nan; a user who writes those is wrong. */
static bool is_made_of(const char *text, const char *letters)
{
    return *text && text[strspn(text, letters)] == '\0';
}

static bool is_word(const struct option *o, const char *text)
{
    return o->word && !strcmp(text, o->word);
}

static bool read_on(const struct option *o, const char *text, void *at)
{
    (void)text;
    *(bool *)at = o->kind == OPTION_ON;
    return true;
}

static bool read_string(const struct option *o, const char *text, void *at)
{
    (void)o;
    *(const char **)at = text;
    return true;
}

static bool read_int(const struct option *o, const char *text, void *at)
{
    char *end;
    long v;

    if (is_word(o, text)) {
        *(int *)at = (int)o->stands_for;
        return true;
    }
    if (!is_made_of(text, "+-0123456789"))
        return false;
    errno = 0;
    v = strtol(text, &end, 10);
    *(int *)at = (int)v;
    return !*end && !errno && (double)v >= o->min && (double)v <= o->max;
}

static bool read_float(const struct option *o, const char *text, void *at)
{
    char *end;
    double v;

    if (is_word(o, text)) {
        *(float *)at = (float)o->stands_for;
        return true;
    }
    if (!is_made_of(text, "+-.0123456789eE"))
        return false;
    v = strtod(text, &end);
    *(float *)at = (float)v;
    return !*end && v >= o->min && v <= o->max;
}

static bool read_seed(const struct option *o, const char *text, void *at)
{
    char *end;

    (void)o;
    if (!is_made_of(text, "0123456789"))
        return false;
    errno = 0;
    *(uint64_t *)at = strtoull(text, &end, 10);
    return !*end && !errno;
}

static bool read_list(const struct option *o, const char *text, void *at)
{
    struct option_list *list = at;
    char number[16];

    for (list->n = 0; list->n < ECHO_MAX_FRAMES; text++) {
        size_t length = strcspn(text, ",");

        if (length >= sizeof number)
            return false;
        memcpy(number, text, length);
        number[length] = '\0';
        if (!read_int(o, number, &list->items[list->n++]))
            return false;
        text += length;
        if (!*text)
            return true;
    }
    return false;
}

static const struct {
    size_t size;      /* in the job */
    const char *noun; /* NULL: no value follows */
    bool (*read)(const struct option *o, const char *text, void *at);
} kinds[] = {
    [OPTION_ON] = { sizeof(bool), NULL, read_on },
    [OPTION_OFF] = { sizeof(bool), NULL, read_on },
    [OPTION_STRING] = { sizeof(char *), "string", read_string },
    [OPTION_INT] = { sizeof(int), "number", read_int },
    [OPTION_FLOAT] = { sizeof(float), "number", read_float },
    [OPTION_SEED] = { sizeof(uint64_t), "number", read_seed },
    [OPTION_LIST] = { sizeof(struct option_list), "list of numbers", read_list },
};

static void format_range(const struct option *o, char *out, size_t size)
{
    if (o->kind == OPTION_SEED)
        snprintf(out, size, "0 to %llu", (unsigned long long)UINT64_MAX);
    else
        snprintf(out, size, "%.9g to %.9g%s%s", o->min, o->max, o->word ? ", or " : "",
                 o->word ? o->word : "");
}

static echo_status store(const struct option *o, const char *text, void *job, echo_error *err)
{
    char range[64];

    if (kinds[o->kind].read(o, text, (char *)job + o->at))
        return ECHO_OK;
    format_range(o, range, sizeof range);
    return failure(err, ECHO_ERR_ARG, "--%s: '%.60s' is not a %s from %s", o->name, text,
                   kinds[o->kind].noun, range);
}

/* ---- the command line ---- */

/* "-to be or not" asks for "o be or not" threads. */
static bool attached_text(const char *word, const char *value)
{
    return word[1] != '-' && value == word + 2 && strchr(value, ' ');
}

/* Handles argv[*i], an option, and steps over the value it takes. */
static echo_status parse_option(const struct command *c, int argc, char **argv, int *i,
                                void *job, echo_error *err)
{
    const char *word = argv[*i], *value = NULL;
    const struct option *o;
    int index;

    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");

        index = find_name(c, word + 2, length);
        if (index < 0)
            return unknown(c, word, err);
        if (word[2 + length])
            value = word + 2 + length + 1;
    } else {
        index = find_letter(c, word[1]);
        if (index < 0)
            return unknown_letter(c, word, err);
        if (word[2])
            value = word + 2;
    }
    o = row(c, index);
    if (value && !kinds[o->kind].noun) {
        failure(err, ECHO_ERR_ARG, "--%s: takes no value", o->name);
        return attached_text(word, value) ? hint_at_word(c, word, err) : err->status;
    }
    if (!value && kinds[o->kind].noun) {
        /* A value may begin with one dash (-1, or standard output), but two are an option. */
        if (*i + 1 >= argc || !strncmp(argv[*i + 1], "--", 2))
            return failure(err, ECHO_ERR_ARG, "--%s: needs a value (%s)", o->name, o->value);
        value = argv[++*i];
    }
    ((struct common *)job)->given |= (uint64_t)1 << index;
    if (!store(o, value, job, err))
        return ECHO_OK;
    return attached_text(word, value) ? hint_at_word(c, word, err) : err->status;
}

static echo_status parse_word(const struct command *c, const char *word, struct common *common,
                              echo_error *err)
{
    if (!c->word)
        return failure(err, ECHO_ERR_ARG, "'%.60s': %s takes options only", word, c->name);
    if (common->word)
        return failure(err, ECHO_ERR_ARG,
                       "'%.60s': one %s is enough (put quotes around spaces)", word, c->word);
    common->word = word;
    return ECHO_OK;
}

echo_status options_parse(const struct command *c, int argc, char **argv, void *job,
                          echo_error *err)
{
    struct common *common = job;
    bool only_words = false;
    echo_status status = ECHO_OK;

    assert(!row(c, 64) && "one bit of `given` for each");
    for (int i = 0; i < argc && !status && !common->help; i++) {
        if (!only_words && !strcmp(argv[i], "--"))
            only_words = true;
        else if (!only_words && argv[i][0] == '-' && argv[i][1])
            status = parse_option(c, argc, argv, &i, job, err);
        else
            status = parse_word(c, argv[i], common, err);
    }
    return status;
}

bool options_given(const struct command *c, const void *job, const char *name)
{
    int index = find_name(c, name, strlen(name));

    assert(index >= 0);
    return ((const struct common *)job)->given >> index & 1;
}

void options_copy_given(const struct command *c, const void *from, void *to)
{
    const struct option *o;

    for (int i = 0; (o = row(c, i)); i++)
        if (((const struct common *)from)->given >> i & 1)
            memcpy((char *)to + o->at, (const char *)from + o->at, kinds[o->kind].size);
}

/* ---- help ---- */

static void print_option(const struct option *o)
{
    char left[48], range[64];

    snprintf(left, sizeof left, o->letter ? "-%c, --%s %s" : "%c   --%s %s",
             o->letter ? o->letter : ' ', o->name, o->value ? o->value : "");
    printf("  %-30s %s", left, o->help);
    if (o->min < o->max) {
        format_range(o, range, sizeof range);
        printf(" (%s)", range);
    }
    putchar('\n');
}

void options_help(const struct command *c)
{
    printf("usage: echotts %s %s\n%s\n", c->name, c->synopsis, c->summary);
    for (const struct option_group *g = c->groups; g->title; g++) {
        printf("\n%s:\n", g->title);
        for (const struct option *o = g->rows; o->name; o++)
            print_option(o);
    }
}
