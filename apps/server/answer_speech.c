/* SPDX-License-Identifier: MIT */
/* answer_speech.c - speech, and what it would be. */
#include "common/report.h"
#include "piece.h"
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
            json_array_append_new(pieces, piece_describe(&piece));
            seconds += piece.expected_s + piece.pause_s;
        }
    echo_script_close(&script);
    if (err.status == ECHO_ERR_NOTHING)
        json_array_append_new(warnings, json_string(err.text));
    else if (err.status)
        reply_error(r, &err);
    o = json_object();
    report_seconds(o, "seconds", seconds / speech.sound.speed);
    json_object_set_new(o, "pieces", pieces);
    json_object_set_new(o, "warnings", warnings);
    if (r->reply.status)
        json_decref(o);
    else
        reply_json(r, 200, o);
    speech_close(&speech);
}
