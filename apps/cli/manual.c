/* SPDX-License-Identifier: MIT */
/* manual.c - the program's manual in man(7), made of the tables of its commands. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "config.h"

struct manual {
    struct common common;
    const char *all, *output;
};

#define AT(field) offsetof(struct manual, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE", .preset = "-", .once = true,
      .help = "the file to write (default: stdout)" },
    { .name = "all", .kind = OPTION_STRING, .at = AT(all), .value = "DIR", .once = true,
      .help = "write every page into this directory" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Writing", own_options },
    { "Other", common_options },
    { 0 },
};

/* ---- man(7) ---- */

/* Text as it is: nothing in it is a macro or an escape. */
static void text(FILE *f, const char *s)
{
    for (bool first = true; *s; s++) {
        if (first && (*s == '.' || *s == '\''))
            fputs("\\&", f);
        if (*s == '\\')
            fputs("\\e", f);
        else if (*s == '-')
            fputs("\\-", f); /* so that it can be copied and searched */
        else
            fputc(*s, f);
        first = *s == '\n';
    }
}

static void macro(FILE *f, const char *name, const char *argument)
{
    fprintf(f, ".%s \"", name);
    for (const char *s = argument; *s; s++)
        fprintf(f, *s == '\\' ? "\\e" : *s == '"' ? "\\(dq" : *s == '-' ? "\\-" : "%c", *s);
    fputs("\"\n", f);
}

static void line(FILE *f, const char *s)
{
    text(f, s);
    fputc('\n', f);
}

/* Lines are paragraphs. */
static void paragraphs(FILE *f, const char *s)
{
    while (*s) {
        size_t length = strcspn(s, "\n");
        char *one = strndup(s, length);

        line(f, one ? one : "");
        free(one);
        s += length;
        s += strspn(s, "\n");
        if (*s)
            fputs(".PP\n", f);
    }
}

/* A term and what it means. */
static void item(FILE *f, const char *term, const char *meaning)
{
    fputs(".TP\n", f);
    macro(f, "B", term);
    line(f, meaning);
}

/* ---- options ---- */

/* Beside the help: values, ranges, other spellings. */
static void option_facts(FILE *f, const struct option *o)
{
    char range[160];

    options_range(o, range, sizeof range);
    if (o->variable)
        fprintf(f, "Without it $%s counts, if that is set.\n", o->variable);
    if (o->details)
        line(f, o->details);
    if (o->values) {
        fputs("Usual values: ", f);
        for (const char *p = o->values; *p; p++)
            fprintf(f, *p == ',' ? ", " : "%c", *p);
        fputs(".\n", f);
    }
    if (*range && o->kind != OPTION_SEED) {
        text(f, o->kind == OPTION_LIST ? "Each from " : "From ");
        text(f, range);
        fputs(".\n", f);
    }
    if (o->alias) {
        fputs("Another spelling is ", f);
        text(f, "--");
        text(f, o->alias);
        fputs(".\n", f);
    }
}

/* The help, as a sentence. */
static const char *sentence(char *out, size_t size, const char *help)
{
    snprintf(out, size, "%c%s%s", toupper((unsigned char)*help), help + 1,
             help[strlen(help) - 1] == '?' ? "" : ".");
    return out;
}

/* params: where the value of a parameter is by default; NULL: it is none. */
static void option(FILE *f, const struct option *o, const echo_params *params)
{
    char spelling[96], preset[64], help[160];

    options_spelling(o, spelling, sizeof spelling);
    item(f, spelling, sentence(help, sizeof help, o->help));
    option_facts(f, o);
    if (!params && o->preset && strcmp(o->preset, "-"))
        fprintf(f, "Default: %s.\n", o->preset);
    if (!params || o->kind == OPTION_SEED)
        return;
    config_text(preset, sizeof preset, o, (const char *)params + o->at);
    if (!*preset)
        return;
    fputs("Default: ", f);
    text(f, preset);
    fputs(", unless the model has its own.\n", f);
}

static void options(FILE *f, const struct command *c)
{
    const echo_params params = echo_params_default(NULL);

    fputs(".SH OPTIONS\n", f);
    for (const struct option_group *g = c->groups; g->title; g++) {
        macro(f, "SS", g->title);
        for (const struct option *o = options_rows(g); o->name; o++)
            option(f, o, g->rows ? NULL : &params);
    }
}

/* ---- what all pages have ---- */

struct term {
    const char *name, *meaning;
};

static void terms(FILE *f, const char *title, const struct term *list)
{
    macro(f, "SH", title);
    for (; list->name; list++)
        item(f, list->name, list->meaning);
}

static const struct term statuses[] = {
    { "0", "It is done." },
    { "1", "It failed; one line on standard error says why." },
    { "2", "The command line is wrong; one line says where." },
    { "130", "It was interrupted. Nothing half-written is left." },
    { 0 },
};

static const struct term variables[] = {
    { "ECHOTTS_MODEL", "The model, if no --model is given." },
    { "ECHOTTS_VOICES", "The folder of your voices by name, if no --voices is given." },
    { "ECHOTTS_DEVICE", "What auto means for --device: cpu, vulkan, vulkan:1." },
    { "ECHOTTS_CONFIG", "The file of settings, if no --config is given; none: no file." },
    { "ECHOTTS_FFMPEG", "The program ffmpeg, which reads what else cannot be read." },
    { "HF_HUB_CACHE, HF_HOME", "Where the Hugging Face cache is; models are searched there." },
    { "XDG_CONFIG_HOME", "The usual file of settings is in its folder echotts (default: "
                         "~/.config)." },
    { "XDG_DATA_HOME", "Its folder echotts/voices has your voices by name (default: "
                       "~/.local/share)." },
    { "XDG_CACHE_HOME", "Results of the GPUs' self-tests, and voices by name as the model "
                        "hears them, go to its folder echotts (default: ~/.cache)." },
    { "TMPDIR", "Audio from pipes is copied there." },
    { 0 },
};

static const struct term files[] = {
    { "echo.safetensors, dac.safetensors, pca.safetensors",
      "A model: its transformer, its codec, its latents. It may be in shards." },
    { "echotts.json",
      "The model's own defaults beside them: numbers by the names of the parameters, such as "
      "\"num_steps\"." },
    { "~/.config/echotts/config.toml",
      "Settings of the user, in TOML: options by their long names, such as voice = \"joe\", "
      "for all commands, under [say] for one, under [for.\"small\"] for one model. The command "
      "line and the environment count more." },
    { "*.wav, *.flac, *.ogg, *.opus, *.mp3",
      "Clips beside the transformer's file are voices of the model, by their names." },
    { "*.voice", "A voice of your library: a recording, and notes on whose it is." },
    { "*.echo", "A packed model: one file that has all of these." },
    { 0 },
};

static const char description[] =
    "Echo-TTS is a text-to-speech model that speaks in any voice, from a short clip, at "
    "44.1 kHz. echotts computes it on the CPU, or on a GPU through Vulkan.\n"
    "A small voice ships with the program, so that everything works without a download. The "
    "published model is found in the Hugging Face cache, or where --model says.";

static const struct example common_examples[] = {
    { "say \"The train leaves at 7.\" -v joe -o train.wav", "speak in a voice of the model" },
    { "say \"Any voice.\" -v clip.mp3 -o any.wav", "speak in the voice of a recording" },
    { "info", "what there is: processor, devices, model and its voices" },
    { 0 },
};

static void examples(FILE *f, const struct example *list)
{
    if (!list)
        return;
    fputs(".SH EXAMPLES\n", f);
    for (; list->line; list++) {
        fputs(".TP\n", f);
        fputs("echotts ", f);
        line(f, list->line);
        line(f, list->purpose);
    }
}

/* echotts(1), echotts-say(1), ... but the page itself. */
static void see_also(FILE *f, const struct command *own)
{
    const struct command *c;

    fputs(".SH SEE ALSO\n", f);
    if (own)
        fputs(".BR echotts (1)", f);
    for (int i = 0; (c = commands_at(i)); i++)
        if (c != own)
            fprintf(f, "%s.BR echotts\\-%s (1)", own || i ? " ,\n" : "", c->name);
    fputc('\n', f);
}

static void head(FILE *f, const char *name, const char *summary)
{
    fprintf(f, ".\\\" Made by echotts manual of its own tables.\n");
    fprintf(f, ".TH %s 1 \"\" \"echotts %s\" \"User Commands\"\n.SH NAME\n", name,
            echo_version());
    text(f, name);
    fputs(" \\- ", f);
    line(f, summary);
    fputs(".SH SYNOPSIS\n", f);
}

/* ---- the pages ---- */

static bool opens_model(const struct command *c)
{
    for (const struct option_group *g = c->groups; g->title; g++)
        if (g->rows == common_model_options)
            return true;
    return false;
}

/* "lift,trim" */
static void action_options(FILE *f, const char *names)
{
    char name[64];

    fputs("Its options:", f);
    for (; *names; names += strspn(names, ",")) {
        int length = (int)strcspn(names, ",");

        snprintf(name, sizeof name, " --%.*s%s", length, names, names[length] ? "," : ".\n");
        text(f, name);
        names += length;
    }
}

static void actions(FILE *f, const struct command *c)
{
    char term[96], summary[160];

    if (!c->actions)
        return;
    fputs(".SH ACTIONS\n", f);
    for (const struct action *a = c->actions; a->name; a++) {
        snprintf(term, sizeof term, "%s%s%s", a->name, *a->words ? " " : "", a->words);
        item(f, term, sentence(summary, sizeof summary, a->summary));
        if (a->options)
            action_options(f, a->options);
    }
}

static void page(FILE *f, const struct command *c)
{
    char name[64], summary[160];

    snprintf(name, sizeof name, "echotts-%s", c->name);
    head(f, name, c->summary);
    fprintf(f, ".B echotts %s\n", c->name);
    line(f, c->synopsis);
    fputs(".SH DESCRIPTION\n", f);
    line(f, sentence(summary, sizeof summary, c->summary));
    if (c->details)
        fputs(".PP\n", f);
    paragraphs(f, c->details ? c->details : "");
    actions(f, c);
    options(f, c);
    terms(f, "EXIT STATUS", statuses);
    if (opens_model(c)) {
        terms(f, "ENVIRONMENT", variables);
        terms(f, "FILES", files);
    }
    examples(f, c->examples);
    see_also(f, c);
}

static void first_page(FILE *f)
{
    const struct command *c;

    head(f, "echotts", "text to speech with Echo-TTS");
    fputs(".B echotts\n", f);
    line(f, "COMMAND [options]");
    fputs(".SH DESCRIPTION\n", f);
    paragraphs(f, description);
    fputs(".SH COMMANDS\nEach has a page of its own, and lists its options by ", f);
    line(f, "--help.");
    for (int i = 0; (c = commands_at(i)); i++)
        item(f, c->name, c->summary);
    terms(f, "EXIT STATUS", statuses);
    terms(f, "ENVIRONMENT", variables);
    terms(f, "FILES", files);
    examples(f, common_examples);
    see_also(f, NULL);
}

/* c NULL: the first page */
static echo_status write_page(const struct command *c, const char *path, echo_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&bytes, &n);
    echo_status status;

    if (!f)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    if (c)
        page(f, c);
    else
        first_page(f);
    fclose(f);
    status = output_save(path, bytes, n, err);
    free(bytes);
    return status;
}

static echo_status write_all(const char *folder, echo_error *err)
{
    const struct command *c = NULL;
    char path[4096];
    echo_status status = ECHO_OK;

    for (int i = -1; !status && (i < 0 || (c = commands_at(i))); i++) {
        snprintf(path, sizeof path, "%s/echotts%s%s.1", folder, c ? "-" : "", c ? c->name : "");
        status = write_page(c, path, err);
    }
    return status;
}

static echo_status run(void *job, echo_error *err)
{
    const struct manual *manual = job;
    const char *name = manual->common.word;
    const struct command *c = NULL;

    if (manual->all && (name || manual->output))
        return echo_fail(err, ECHO_ERR_ARG, "--all writes every page: leave the rest out");
    if (manual->all)
        return write_all(manual->all, err);
    if (name && commands_find(&c, name, err))
        return err->status;
    return write_page(c, manual->output ? manual->output : "-", err);
}

static const struct example own_examples[] = {
    { "manual say | man -l -", "read a page without installing it" },
    { 0 },
};

const struct command manual_command = {
    .name = "manual",
    .word = "command",
    .words = "COMMAND",
    .synopsis = "[COMMAND] [-o FILE] [--all DIR]",
    .summary = "print a page of the manual, as source for man",
    .examples = own_examples,
    .job_size = sizeof(struct manual),
    .groups = groups,
    .run = run,
};
