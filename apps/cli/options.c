/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "common/quote.h"
#include "common/spelling.h"
#include "parameters.h"

#define AT(field) offsetof(struct common, field)

const struct option common_model_options[] = {
    { .name = "model", .letter = 'm', .kind = OPTION_STRING, .at = AT(model), .value = "DIR",
      .variable = "ECHOTTS_MODEL",
      .help = "path or name (default: $ECHOTTS_MODEL, or the usual places)",
      .details = "A directory with the model's files, a packed file (see echotts-pack(1)), or "
                 "a directory above them; else a name that echotts models list has. Without "
                 "both the Hugging Face cache is searched, then an installed model, then the "
                 "small voice that ships." },
    VOICES_OPTION_ROW(AT(voices)),
    { .name = "lora", .kind = OPTION_STRING, .at = AT(lora), .value = "FILE[:SCALE],...",
      .help = "adapters (LoRA) to add to the model's weights",
      .details = "Each is a safetensors file, or a folder that PEFT wrote. What it adds is "
                 "multiplied by SCALE, -8 to 8; 1 if none is given." },
    { .name = "threads", .letter = 't', .kind = OPTION_INT, .at = AT(threads), .value = "N",
      .min = 1, .max = 256,
      .help = "threads to use; default: one per core",
      .details = "The result does not depend on it." },
    { .name = "device", .kind = OPTION_STRING, .at = AT(device), .value = "NAME",
      .values = "auto,cpu,vulkan", .preset = "auto", .variable = "ECHOTTS_DEVICE",
      .help = "device to compute on (see echotts info)",
      .details = "auto takes the fastest GPU that passes its self-test and is faster than the "
                 "CPU. vulkan:1 is the second GPU." },
    { .name = "codec-device", .kind = OPTION_STRING, .at = AT(codec_device), .value = "NAME",
      .values = "auto,cpu,vulkan", .preset = "auto",
      .help = "device of the codec (default: the same)",
      .details = "On another device, one block of speech is decoded while the next is made." },
    { .name = "isa", .kind = OPTION_STRING, .at = AT(isa), .value = "NAME", .ask = "isa",
      .help = "no CPU instructions above this level (see echotts info)",
      .details = "For comparing speeds and results. Levels differ in the last bits." },
    { .name = "precision", .kind = OPTION_STRING, .at = AT(precision), .value = "NAME",
      .values = "auto,f32,bf16,int8,f16", .preset = "auto",
      .help = "of the transformer (f16: GPUs)",
      .details = "f32 is exact. auto takes bf16 where that multiplies clearly faster, and what "
                 "a packed file was packed in. int8 is the fastest on most CPUs, and the "
                 "least exact. A GPU computes in f16 or f32." },
    { .name = "codec-precision", .kind = OPTION_STRING, .at = AT(codec_precision),
      .value = "NAME", .values = "auto,f32,bf16,f16", .preset = "auto",
      .help = "of the codec (f16: GPUs)" },
    { .name = "profile", .kind = OPTION_ON, .at = AT(profile),
      .help = "print times by operation at the end" },
    { .name = "config", .kind = OPTION_STRING, .at = AT(config), .value = "FILE",
      .variable = "ECHOTTS_CONFIG", .once = true,
      .help = "file of settings, or none (default: the usual one)",
      .details = "The usual one need not exist. It sets options by their long names: see "
                 "FILES." },
    { .name = "json", .kind = OPTION_ON, .at = AT(json),
      .help = "report to standard output as a JSON object" },
    { .name = "print-config", .kind = OPTION_ON, .at = AT(print_config), .once = true,
      .help = "print all settings as JSON, and do nothing else",
      .details = "\"origins\" says where each comes from: built in, the model, the file of "
                 "settings, a preset, the environment or the command line. A seed that is not "
                 "given is drawn, as it would be." },
    { 0 },
};

const struct option common_options[] = {
    { .name = "quiet", .letter = 'q', .kind = OPTION_ON, .at = AT(quiet),
      .help = "no progress bar, no summary" },
    { .name = "help", .letter = 'h', .kind = OPTION_ON, .at = AT(help), .once = true,
      .help = "this text" },
    { 0 },
};

const struct option *options_rows(const struct option_group *g)
{
    return g->rows ? g->rows : parameters_rows();
}

/* ---- the rows of all groups, one after the other ---- */

const struct option *options_at(const struct command *c, int i, size_t *at)
{
    for (const struct option_group *g = c->groups; g->title; g++)
        for (const struct option *o = options_rows(g); o->name; o++)
            if (i-- == 0) {
                if (at)
                    *at = o->at + (g->rows ? 0 : c->params);
                return o;
            }
    return NULL;
}

static bool is_name(const char *own, const char *name, size_t length)
{
    return own && strlen(own) == length && !memcmp(own, name, length);
}

int options_find(const struct command *c, const char *name, size_t length, bool *cleared)
{
    const struct option *o;
    bool no = length > 3 && !memcmp(name, "no-", 3);

    for (int i = 0; (o = options_at(c, i, NULL)); i++) {
        *cleared = o->kind == OPTION_SWITCH && no && is_name(o->name, name + 3, length - 3);
        if (*cleared || is_name(o->name, name, length) || is_name(o->alias, name, length))
            return i;
    }
    return -1;
}

static int find_letter(const struct command *c, char letter)
{
    const struct option *o;

    for (int i = 0; (o = options_at(c, i, NULL)); i++)
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
             "; %s that begins with a dash goes after --%s", c->word, example);
    return err->status;
}

static echo_status unknown_letter(const struct command *c, const char *word, echo_error *err)
{
    int length = 2;

    while ((word[length] & 0xc0) == 0x80) /* no half character */
        length++;
    echo_fail(err, ECHO_ERR_ARG, "%.*s: unknown option (echotts %s --help lists them)", length,
              word, c->name);
    return hint_at_word(c, word, err);
}

static echo_status unknown(const struct command *c, const char *word, echo_error *err)
{
    const struct option *o;
    struct spelling meant;
    char name[64];

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    meant = spelling_of(name);
    for (int i = 0; (o = options_at(c, i, NULL)); i++) {
        spelling_offer(&meant, o->name);
        spelling_offer(&meant, o->alias);
    }
    if (meant.nearest)
        return echo_fail(err, ECHO_ERR_ARG, "--%s: unknown option; did you mean --%s?", name,
                         meant.nearest);
    echo_fail(err, ECHO_ERR_ARG, "--%s: unknown option (echotts %s --help lists them)", name,
              c->name);
    return hint_at_word(c, word, err);
}

/* ---- values ---- */

/* strtod() also knows spaces, hexadecimal, inf and nan; a user who writes those is wrong. */
static bool is_made_of(const char *text, const char *letters)
{
    return *text && text[strspn(text, letters)] == '\0';
}

static const echo_param_word *word_of(const struct option *o, const char *text)
{
    for (const echo_param_word *w = o->words; w && w->word; w++)
        if (!strcmp(text, w->word))
            return w;
    return NULL;
}

/* "no" clears it. */
static bool read_switch(const struct option *o, const char *text, void *at)
{
    (void)o;
    *(bool *)at = !text;
    return true;
}

static bool read_string(const struct option *o, const char *text, void *at)
{
    (void)o;
    *(const char **)at = text;
    return true;
}

struct range {
    double min, max;
};

/* By the library's tables where it is one of theirs. */
static struct range range_of(const struct option *o)
{
    const echo_param *p = o->like ? echo_param_find(o->like) : NULL;

    for (int i = 0; o->like && !p; i++) {
        p = echo_speak_param_at(i);
        assert(p);
        if (strcmp(p->name, o->like))
            p = NULL;
    }
    return p ? (struct range){ p->min, p->max } : (struct range){ o->min, o->max };
}

static bool is_within(const struct option *o, double v)
{
    struct range r = range_of(o);

    return v >= r.min && v <= r.max; /* NaN is not */
}

static bool read_int(const struct option *o, const char *text, void *at)
{
    char *end;
    long v;

    const echo_param_word *w = word_of(o, text);

    if (w) {
        *(int *)at = (int)w->number;
        return true;
    }
    if (!is_made_of(text, "+-0123456789"))
        return false;
    errno = 0;
    v = strtol(text, &end, 10);
    *(int *)at = (int)v;
    return !*end && !errno && is_within(o, (double)v);
}

static bool read_float(const struct option *o, const char *text, void *at)
{
    char *end;
    double v;

    const echo_param_word *w = word_of(o, text);

    if (w) {
        *(float *)at = (float)w->number;
        return true;
    }
    if (!is_made_of(text, "+-.0123456789eE"))
        return false;
    v = strtod(text, &end);
    *(float *)at = (float)v;
    return !*end && is_within(o, v);
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
    echo_list *list = at;
    char number[16];

    for (list->n = 0; list->n < ECHO_MAX_BLOCKS; text++) {
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

#define DIGITS_OF(x) #x
#define DIGITS(x)    DIGITS_OF(x)

static const struct {
    size_t size;      /* in the job */
    const char *noun; /* NULL: no value follows */
    bool (*read)(const struct option *o, const char *text, void *at);
} kinds[] = {
    [OPTION_ON] = { sizeof(bool), NULL, read_switch },
    [OPTION_SWITCH] = { sizeof(bool), NULL, read_switch },
    [OPTION_STRING] = { sizeof(char *), "string", read_string },
    [OPTION_INT] = { sizeof(int), "number", read_int },
    [OPTION_FLOAT] = { sizeof(float), "number", read_float },
    [OPTION_SEED] = { sizeof(uint64_t), "number", read_seed },
    [OPTION_LIST] = { sizeof(echo_list), "list of at most " DIGITS(ECHO_MAX_BLOCKS) " numbers",
                      read_list },
};

const char *options_noun(const struct option *o)
{
    return kinds[o->kind].noun;
}

bool options_takes_value(const struct option *o)
{
    return options_noun(o) != NULL;
}

/* Of a whole number, without those below that have a word. */
static double least(const struct option *o)
{
    double min = range_of(o).min;

    for (const echo_param_word *w = o->words; o->kind == OPTION_INT && w && w->word;)
        if (w->number == min) {
            min++;
            w = o->words;
        } else {
            w++;
        }
    return min;
}

void options_range(const struct option *o, char *out, size_t size)
{
    struct range r = range_of(o);
    size_t used = 0;

    if (o->kind == OPTION_SEED)
        used = (size_t)snprintf(out, size, "0 to %llu", (unsigned long long)UINT64_MAX);
    else if (r.min < r.max)
        used = (size_t)snprintf(out, size, "%.9g to %.9g", least(o), r.max);
    else
        *out = '\0';
    for (const echo_param_word *w = o->words; w && w->word; w++)
        used += (size_t)snprintf(out + used, size - used, ", or %s", w->word);
}

echo_status options_read(const struct option *o, const char *before, const char *given,
                         const char *text, void *at, echo_error *err)
{
    char range[64];

    if (kinds[o->kind].read(o, text, at))
        return ECHO_OK;
    options_range(o, range, sizeof range);
    return echo_fail(err, ECHO_ERR_ARG, "%s%s: '%.60s' is not a %s from %s", before, given,
                     text, kinds[o->kind].noun, range);
}

/* ---- the command line ---- */

/* "-to be or not" asks for "o be or not" threads. */
static bool attached_text(const char *word, const char *value)
{
    return word[1] != '-' && value == word + 2 && strchr(value, ' ');
}

/* An option in the command line. */
struct given {
    int index;
    char name[48];     /* as it is spelled */
    const char *value; /* attached to it; NULL: none */
    bool cleared;
};

static echo_status read_given(const struct command *c, const char *word, struct given *g,
                              echo_error *err)
{
    size_t length;

    if (word[1] == '-') {
        length = strcspn(word + 2, "=");
        g->index = options_find(c, word + 2, length, &g->cleared);
        if (g->index < 0)
            return unknown(c, word, err);
        g->value = word[2 + length] ? word + 2 + length + 1 : NULL;
        snprintf(g->name, sizeof g->name, "%.*s", (int)length, word + 2);
        return ECHO_OK;
    }
    g->index = find_letter(c, word[1]);
    if (g->index < 0)
        return unknown_letter(c, word, err);
    g->value = word[2] ? word + 2 : NULL;
    snprintf(g->name, sizeof g->name, "%s", options_at(c, g->index, NULL)->name);
    return ECHO_OK;
}

/* Handles argv[*i], an option, and steps over the value it takes. */
static echo_status parse_option(const struct command *c, int argc, char **argv, int *i,
                                void *job, echo_error *err)
{
    const char *word = argv[*i], *value;
    struct given g = { 0 };
    size_t at = 0;

    if (read_given(c, word, &g, err))
        return err->status;
    const struct option *o = options_at(c, g.index, &at);

    value = g.value;
    if (value && !kinds[o->kind].noun) {
        echo_fail(err, ECHO_ERR_ARG, "--%s: takes no value", g.name);
        return attached_text(word, value) ? hint_at_word(c, word, err) : err->status;
    }
    if (!value && kinds[o->kind].noun) {
        /* A value may begin with one dash (-1, or standard output), but two are an option. */
        if (*i + 1 >= argc || !strncmp(argv[*i + 1], "--", 2))
            return echo_fail(err, ECHO_ERR_ARG, "--%s: needs a value (%s)", g.name, o->value);
        value = argv[++*i];
    }
    ((struct common *)job)->origins[g.index].kind = ORIGIN_LINE;
    if (!options_read(o, "--", g.name, g.cleared ? "no" : value, (char *)job + at, err))
        return ECHO_OK;
    return attached_text(word, value) ? hint_at_word(c, word, err) : err->status;
}

static echo_status parse_word(const struct command *c, char *word, struct common *common,
                              echo_error *err)
{
    if (!c->word && !c->actions)
        return echo_fail(err, ECHO_ERR_ARG, "'%.60s': %s takes options only", word, c->name);
    if (common->word && !c->actions)
        return echo_fail(err, ECHO_ERR_ARG,
                         "'%.60s': one %s is enough (put quotes around spaces)", word, c->word);
    if (!common->word)
        common->word = word;
    common->words[common->n_words++] = word;
    return ECHO_OK;
}

echo_status options_parse(const struct command *c, int argc, char **argv, void *job,
                          echo_error *err)
{
    struct common *common = job;
    bool only_words = false;
    echo_status status = ECHO_OK;

    assert(!options_at(c, MOST_OPTIONS, NULL));
    common->words = argv; /* to its beginning, over what has been read */
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

static enum origin_kind origin_of(const struct command *c, const void *job, const char *name)
{
    bool cleared;
    int index = options_find(c, name, strlen(name), &cleared);

    assert(index >= 0);
    return ((const struct common *)job)->origins[index].kind;
}

bool options_given(const struct command *c, const void *job, const char *name)
{
    return origin_of(c, job, name) != ORIGIN_NONE;
}

bool options_typed(const struct command *c, const void *job, const char *name)
{
    return origin_of(c, job, name) == ORIGIN_LINE;
}

void options_copy(const struct command *c, int row, const void *from, void *to)
{
    memcpy(to, from, kinds[options_at(c, row, NULL)->kind].size);
}

void options_copy_given(const struct command *c, const void *from, void *to)
{
    size_t at = 0;

    for (int i = 0; options_at(c, i, &at); i++)
        if (((const struct common *)from)->origins[i].kind)
            options_copy(c, i, (const char *)from + at, (char *)to + at);
}

/* ---- help ---- */

void options_spelling(const struct option *o, char *out, size_t size)
{
    char letter[8] = "";

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(out, size, "%s--%s%s%s%s", letter, o->kind == OPTION_SWITCH ? "[no-]" : "",
             o->name, o->value ? " " : "", o->value ? o->value : "");
}

/* "auto,cpu" as ": auto, cpu" */
static void print_values(const char *values)
{
    printf(": ");
    for (const char *p = values; *p; p++)
        printf(*p == ',' ? ", " : "%c", *p);
}

static void print_option(const struct option *o)
{
    char left[64], range[64];

    options_spelling(o, left, sizeof left);
    printf("  %s%-*s %s", o->letter ? "" : "    ", o->letter ? 33 : 29, left, o->help);
    if (o->values)
        print_values(o->values);
    options_range(o, range, sizeof range);
    if (*range && o->kind != OPTION_SEED)
        printf(" (%s)", range);
    putchar('\n');
}

#define HELP_WIDTH 96

static void print_aliases(const struct command *c)
{
    const struct option *o;
    int column = 0;

    for (int i = 0; (o = options_at(c, i, NULL)); i++) {
        if (!o->alias)
            continue;
        if (!column)
            column = printf("\nShort for some of them:");
        if (column + 4 + (int)strlen(o->alias) > HELP_WIDTH)
            column = printf("\n ") - 1;
        column += printf(" --%s", o->alias);
    }
    if (column)
        putchar('\n');
}

static void print_actions(const struct command *c)
{
    char left[64];

    if (!c->actions)
        return;
    puts("\nActions:");
    for (const struct action *a = c->actions; a->name; a++) {
        snprintf(left, sizeof left, "%s %s", a->name, a->words);
        printf("  %-33s %s\n", left, a->summary);
    }
}

void options_help(const struct command *c)
{
    printf("usage: echotts %s %s\n%s\n", c->name, c->synopsis, c->summary);
    print_actions(c);
    for (const struct option_group *g = c->groups; g->title; g++) {
        printf("\n%s:\n", g->title);
        for (const struct option *o = options_rows(g); o->name; o++)
            print_option(o);
    }
    print_aliases(c);
}
