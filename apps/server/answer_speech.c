/* SPDX-License-Identifier: MIT */
/* answer_speech.c - speech, and what it would be. */
#include <math.h>
#include <string.h>

#include "common/report.h"
#include "routes.h"

/* Read the request's JSON.  False: it was refused. */
static bool read_speech(struct request *r, struct speech *out)
{
    echo_error err = { 0 };

    if (!fields_read(out, &r->server->fields, r->body, r->n_body, &err))
        return true;
    speech_close(out);
    reply_error(r, &err);
    return false;
}

void answer_speech(struct request *r)
{
    struct speech speech;

    if (read_speech(r, &speech))
        reply_speech(r, &speech);
    speech_close(&speech);
}

static void gather(void *user, echo_log_level level, const char *line)
{
    if (level == ECHO_LOG_WARNING)
        json_array_append_new(user, json_string(line));
}

static double milliseconds(double s)
{
    return round(s * 1000) / 1000;
}

static json_t *describe(const echo_piece *p)
{
    json_t *o = json_object();

    report_integer(o, "index", p->index);
    report_string(o, "text", p->text);
    report_real(o, "expected_s", milliseconds(p->expected_s));
    report_real(o, "pause_s", milliseconds(p->pause_s));
    return o;
}

void answer_estimate(struct request *r)
{
    struct speech speech;
    echo_speak_opts how;
    echo_script *script = NULL;
    echo_error err = { 0 };
    echo_piece piece;
    json_t *o, *pieces, *warnings;
    double seconds = 0;

    if (!read_speech(r, &speech))
        return;
    how = speech_how(&speech);
    pieces = json_array();
    warnings = json_array();
    if (!echo_script_open(&script, r->server->model, speech.text, &how, &err))
        while (echo_script_next(script, &piece)) {
            json_array_append_new(pieces, describe(&piece));
            seconds += piece.expected_s + piece.pause_s;
        }
    echo_script_close(&script);
    if (err.status == ECHO_ERR_NOTHING)
        gather(warnings, ECHO_LOG_WARNING, err.text);
    else if (err.status)
        reply_error(r, &err);
    o = json_object();
    report_real(o, "seconds", milliseconds(seconds / speech.sound.speed));
    json_object_set_new(o, "pieces", pieces);
    json_object_set_new(o, "warnings", warnings);
    if (r->reply.status)
        json_decref(o);
    else
        reply_json(r, 200, o);
    speech_close(&speech);
}
