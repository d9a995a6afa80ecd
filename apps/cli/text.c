/* SPDX-License-Identifier: MIT */
/* text.c - what would be spoken of a text, piece by piece. */
#include <stdio.h>
#include <string.h>

#include "cast.h"
#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "speak_options.h"
#include "text_input.h"

struct text {
    struct common common;
    const char *written; /* text itself, instead of a file */
    struct speak_opts how;

    /* Had while running. */
    struct text_input input;
    struct cast cast;
};

#define AT(field) offsetof(struct text, field)

static const struct option own_options[] = {
    { .name = "text", .kind = OPTION_STRING, .at = AT(written), .value = "TEXT", .once = true,
      .help = "this text, instead of a file" },
    TEXT_OPTION_ROWS(AT(how)),
    { 0 },
};

static const struct option_group groups[] = {
    { "Reading", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

static json_t *describe(const echo_piece *p)
{
    json_t *o = json_object();

    report_string(o, "piece", p->text);
    report_seconds(o, "seconds", p->expected_s);
    report_seconds(o, "pause", p->pause_s);
    report_integer(o, "heading", p->level);
    json_object_set_new(o, "role", p->role ? json_string(p->role) : json_null());
    report_integer(o, "turn", p->turn);
    return o;
}

/* A piece a line, or all of them in an array. */
static echo_status print_pieces(struct text *t, echo_script *script, echo_error *err)
{
    json_t *pieces = json_array(), *o;
    echo_piece p;

    while (echo_script_next(script, &p)) {
        if (t->common.json)
            json_array_append_new(pieces, describe(&p));
        else
            printf("%s%s%s\n", p.role ? p.role : "", p.role ? ": " : "", p.text);
    }
    if (!t->common.json) {
        json_decref(pieces);
        return output_flush(err);
    }
    o = json_object();
    json_object_set_new(o, "pieces", pieces);
    return report_print(o, err);
}

static echo_status read(struct text *t, echo_error *err)
{
    const char *file = t->common.word ? t->common.word : "-";

    if (t->written && t->common.word)
        return echo_fail(err, ECHO_ERR_ARG, "the text is given twice: FILE and --text");
    if (t->written) {
        if (!strcmp(t->written, "-"))
            return echo_fail(err, ECHO_ERR_ARG,
                             "text has nothing to speak: no letter or digit");
        return text_input_read(&t->input, t->written, NULL, err);
    }
    return text_input_read(&t->input, NULL, file, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct text *t = job;
    struct runtime e = { 0 };
    echo_script *script = NULL;
    echo_speak_opts opts = speak_options(&text_command, t, &t->how, t->common.word);
    echo_status status;

    if (!(status = speak_options_check(&t->how, err)) &&
        !(status = cast_read(&t->cast, t->how.cast, err)) && !(status = read(t, err)) &&
        !(status = runtime_open_model(&e, &t->common, true, err))) {
        opts.cast = t->cast.roles;
        opts.roles = t->cast.n;
        status = echo_script_open(&script, e.model, t->input.text, &opts, err);
        status = status ? text_input_failed(&t->input, status, err)
                        : print_pieces(t, script, err);
    }
    echo_script_close(&script);
    text_input_close(&t->input);
    cast_close(&t->cast);
    runtime_close(&e);
    return status;
}

static const struct example examples[] = {
    { "text notes.md", "what of a file would be spoken" },
    { "text --text \"It is 7:30 PM.\"", "how numbers are read" },
    { "text play.txt --cast Anna=joe,Ben=deep", "who says what in a dialogue" },
    { "text book.txt --json", "with the seconds expected, and the pauses" },
    { 0 },
};

const struct command text_command = {
    .name = "text",
    .word = "FILE",
    .words = "FILE",
    .synopsis = "[FILE|-] [options]",
    .summary = "print what would be spoken, a piece a line",
    .details = "Shows how markup, numbers and signs become words, and where a text is cut.",
    .examples = examples,
    .job_size = sizeof(struct text),
    .groups = groups,
    .run = run,
};
