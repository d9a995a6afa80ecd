/* SPDX-License-Identifier: MIT */
#include "speak_options.h"

#include <string.h>
#include <strings.h>

#include "common/failure.h"

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

echo_status speak_options_check(const struct speak_opts *o, echo_error *err)
{
    static const char *const cleans[] = { "auto", "on", "off", NULL };
    static const char *const markups[] = { "auto", "plain", "markdown", "html", "ssml", NULL };

    if (o->clean && !is_one_of(o->clean, cleans))
        return echo_fail(err, ECHO_ERR_ARG, "--clean '%.40s': expected auto, on or off",
                         o->clean);
    if (o->markup && !is_one_of(o->markup, markups))
        return echo_fail(err, ECHO_ERR_ARG,
                         "--markup '%.40s': expected auto, plain, markdown, html or ssml",
                         o->markup);
    return ECHO_OK;
}

static const char *markup_of_file(const char *file)
{
    static const struct {
        const char *ending, *markup;
    } endings[] = {
        { ".md", "markdown" },  { ".markdown", "markdown" }, { ".html", "html" },
        { ".htm", "html" },     { ".xhtml", "html" },        { ".ssml", "ssml" },
    };
    const char *dot = file ? strrchr(file, '.') : NULL;

    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i].ending))
            return endings[i].markup;
    return NULL;
}

/* The options that this command has, and that its job was given. */
static bool given(const struct command *c, const void *job, const char *name)
{
    const struct option *o;

    for (int i = 0; (o = options_at(c, i, NULL)); i++)
        if (!strcmp(o->name, name))
            return options_given(c, job, name);
    return false;
}

echo_speak_opts speak_options(const struct command *c, const void *job,
                              const struct speak_opts *o, const char *file)
{
    echo_speak_opts out = echo_speak_opts_default();

    out.clean = !o->clean || strcmp(o->clean, "off");
    out.language = o->language;
    out.markup = o->markup;
    if (!o->markup || !strcmp(o->markup, "auto"))
        out.markup = markup_of_file(file);
    if (given(c, job, "pause-sentence"))
        out.pause_sentence = o->pause_sentence;
    if (given(c, job, "pause-paragraph"))
        out.pause_paragraph = o->pause_paragraph;
    if (given(c, job, "pause-turn"))
        out.pause_turn = o->pause_turn;
    if (given(c, job, "match-levels"))
        out.match_levels = o->match_levels;
    if (given(c, job, "retakes"))
        out.retakes = o->retakes;
    if (given(c, job, "first-block"))
        out.first_block = o->first_block;
    out.crossfade = o->crossfade;
    return out;
}
