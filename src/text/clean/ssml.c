/* SPDX-License-Identifier: MIT */
#include "text/clean/ssml.h"

#include <string.h>
#include <strings.h>

#include "text/clean/pause.h"

static const struct strength {
    const char *name;
    double seconds;
} strengths[] = {
    { "medium", 0.35 }, { "none", 0 },   { "x-weak", 0.1 },
    { "weak", 0.2 },    { "strong", 0.7 }, { "x-strong", 1.2 },
};

static double strength(const char *name)
{
    for (size_t i = 0; i < sizeof strengths / sizeof *strengths; i++)
        if (!strcasecmp(strengths[i].name, name))
            return strengths[i].seconds;
    return strengths[0].seconds;
}

void echo_ssml_break(struct passage *p, const struct tag *t)
{
    struct text_buffer time = { 0 }, name = { 0 };
    double seconds;

    echo_tag_attribute(t, "strength", &name);
    if (!echo_tag_attribute(t, "time", &time) ||
        !echo_pause_duration(echo_buffer_text(&time), time.length, &seconds))
        seconds = strength(echo_buffer_text(&name));
    if (seconds > 0 && !t->closes)
        echo_passage_pause(p, seconds);
    p->failed |= time.failed | name.failed;
    echo_buffer_free(&time);
    echo_buffer_free(&name);
}

void echo_ssml_say_as(struct passage *p, const struct tag *t)
{
    if (t->closes) {
        echo_passage_mark(p, MARK_SAID);
        return;
    }
    if (t->alone)
        return;
    echo_passage_mark(p, MARK_AS);
    echo_tag_attribute(t, "interpret-as", &p->text);
    echo_passage_mark(p, MARK_FORMAT);
    echo_tag_attribute(t, "format", &p->text);
    echo_passage_mark(p, MARK_SAY);
}

bool echo_ssml_alias(struct passage *p, const struct tag *t)
{
    size_t before = p->text.length;

    return !t->closes && !t->alone && echo_tag_attribute(t, "alias", &p->text) &&
           p->text.length > before;
}
