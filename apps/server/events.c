/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "common/report.h"
#include "piece.h"
#include "refusal.h"

char *events_format(json_t *event)
{
    char *json = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(9)), *text = NULL;

    json_decref(event);
    if (json && (text = malloc(strlen(json) + 9))) {
        memcpy(text, "data: ", 6);
        strcpy(text + 6, json);
        strcat(text + 6, "\n\n");
    }
    free(json);
    return text;
}

static echo_status send(struct events *e, json_t *event, echo_error *err)
{
    char *text = events_format(event);
    echo_status status = text ? task_write(e->task, text, strlen(text), err)
                              : echo_fail(err, ECHO_ERR_MEMORY, "out of memory for an event");

    free(text);
    return status;
}

static json_t *event_named(const char *type)
{
    json_t *o = json_object();

    report_string(o, "type", type);
    return o;
}

echo_status events_hold(struct events *e, const void *bytes, size_t n, echo_error *err)
{
    if (bytes_add(&e->held, bytes, n))
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for an event");
}

echo_status events_sound(struct events *e, echo_error *err)
{
    static const char before[] = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"",
                      behind[] = "\"}\n\n";
    size_t length = BASE64_LENGTH(e->held.n), at = sizeof before - 1;
    char *text;
    echo_status status;

    if (!e->held.n)
        return ECHO_OK;
    if (!(text = malloc(at + length + sizeof behind)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for an event");
    memcpy(text, before, at);
    base64_encode(text + at, e->held.at, e->held.n);
    memcpy(text + at + length, behind, sizeof behind);
    task_heard(e->task);
    status = task_write(e->task, text, at + length + sizeof behind - 1, err);
    free(text);
    bytes_drop(&e->held, e->held.n);
    return status;
}

/* As clients count: tokens that were read, and, for sound, frames that were made. */
static json_t *usage_of(const struct task *j)
{
    json_t *o = json_object();
    json_int_t in = (json_int_t)strlen(j->speech.text), out = j->silent ? 0 : j->stats.frames;

    report_integer(o, "input_tokens", in);
    report_integer(o, "output_tokens", out);
    report_integer(o, "total_tokens", in + out);
    return o;
}

echo_status events_done(struct events *e, echo_error *err)
{
    json_t *o = event_named("speech.audio.done");
    echo_status status = events_sound(e, err);

    json_object_set_new(o, "usage", usage_of(e->task));
    report_seconds(o, "seconds", e->task->sound_s);
    report_seed(o, "seed", e->task->speech.params.rng_seed);
    if (!status)
        return send(e, o, err);
    json_decref(o);
    return status;
}

void events_error(struct events *e, const echo_error *why)
{
    json_t *o = event_named("error");

    json_object_set_new(o, "error", refusal_of(why));
    send(e, o, NULL);
}

void events_pieces(struct events *e, const echo_model *m)
{
    const struct speech *s = &e->task->speech;
    json_t *o = event_named("speech.pieces"), *list = json_array();
    echo_speak_opts how = speech_how(s);
    echo_script *script = NULL;
    echo_piece piece;

    if (!echo_script_open(&script, m, s->text, &how, NULL))
        while (echo_script_next(script, &piece))
            json_array_append_new(list, piece_describe(&piece));
    echo_script_close(&script);
    json_object_set_new(o, "pieces", list);
    send(e, o, NULL);
}

void events_progress(struct events *e, echo_stage stage, int done, int total, double share,
                     double left_s)
{
    static const char *const names[] = { "encode", "sample", "decode" };
    json_t *o = event_named("speech.progress");

    report_string(o, "stage", names[stage]);
    report_integer(o, "done", done);
    report_integer(o, "total", total);
    report_seconds(o, "share", share);
    if (left_s >= 0)
        report_seconds(o, "left_s", left_s);
    send(e, o, NULL);
}

void events_piece(struct events *e, const echo_piece *piece)
{
    json_t *o = piece_describe(piece);

    report_string(o, "type", "speech.piece");
    report_seconds(o, "begin_s", piece->begin_s);
    report_seconds(o, "end_s", piece->end_s);
    report_seed(o, "seed", piece->seed);
    report_integer(o, "takes", piece->takes);
    report_string(o, "trouble", piece->trouble);
    send(e, o, NULL);
}

void events_warning(struct events *e, const char *line)
{
    json_t *o = event_named("speech.warning");

    report_string(o, "message", line);
    send(e, o, NULL);
}

void events_close(struct events *e)
{
    bytes_free(&e->held);
    *e = (struct events){ 0 };
}
