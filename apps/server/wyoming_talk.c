/* SPDX-License-Identifier: MIT */
#include "wyoming_talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/report.h"
#include "refusal.h"
#include "wyoming_event.h"
#include "wyoming_info.h"

enum {
    CHUNK = 4096,         /* bytes of sound in an event: 46 ms */
    WIDTH = 2,            /* bytes of a sample */
    ESCAPED = 6,          /* bytes that JSON may need for one */
    HEADER_BYTES = 65536, /* of an event, beside its text */
};

struct talk {
    struct server *server;
    int fd;
    const char *client;
    struct watched *watched;
    struct wyoming_inbox inbox;
    pthread_mutex_t lock;
    struct task *task; /* that its client waits for */
    bool left;         /* the client has, meanwhile */

    /* A text that comes in parts, from synthesize-start to synthesize-stop. */
    bool streaming;
    json_t *how;       /* data of synthesize-start */
    struct bytes text; /* that is not spoken yet */
    int parts;         /* that were spoken */
    uint64_t seed;     /* of the first */

    /* Between audio-start and audio-stop. */
    bool sounding;
    uint64_t samples;
};

/* ---- events to the client ---- */

/* False: it does not read any more. */
static bool send_event(struct talk *t, const char *type, json_t *data, const void *payload,
                       size_t n)
{
    struct bytes out = { 0 };
    bool sent = wyoming_put(&out, type, data, payload, n);

    for (size_t at = 0; sent && at < out.n;) {
        ssize_t gone = send(t->fd, out.at + at, out.n - at, MSG_NOSIGNAL);

        if (gone > 0)
            at += (size_t)gone;
        else if (errno != EINTR)
            sent = false;
    }
    bytes_free(&out);
    return sent;
}

/* The connection ends behind it: a client that waits for sound would wait for ever. */
static bool refuse(struct talk *t, const char *code, const char *message)
{
    json_t *data = json_object();

    report_string(data, "text", message);
    report_string(data, "code", code);
    send_event(t, "error", data, NULL, 0);
    return false;
}

static bool refuse_error(struct talk *t, const echo_error *err)
{
    json_t *why = refusal_of(err);

    refuse(t, json_string_value(json_object_get(why, "code")), err->text);
    json_decref(why);
    return false;
}

/* Of sound so far. */
static json_int_t milliseconds(const struct talk *t)
{
    return (json_int_t)(t->samples * 1000 / ECHO_SAMPLE_RATE);
}

static json_t *sound_facts(const struct talk *t)
{
    json_t *o = json_object();

    report_integer(o, "rate", ECHO_SAMPLE_RATE);
    report_integer(o, "width", WIDTH);
    report_integer(o, "channels", 1);
    report_integer(o, "timestamp", milliseconds(t));
    return o;
}

static bool begin_sound(struct talk *t)
{
    if (t->sounding)
        return true;
    t->sounding = true;
    t->samples = 0;
    return send_event(t, "audio-start", sound_facts(t), NULL, 0);
}

static bool send_sound(struct talk *t, const void *bytes, size_t n)
{
    bool sent = begin_sound(t) && send_event(t, "audio-chunk", sound_facts(t), bytes, n);

    t->samples += n / WIDTH;
    return sent;
}

static bool send_pause(struct talk *t, double seconds)
{
    static const char nothing[CHUNK];
    size_t left = (size_t)(seconds * ECHO_SAMPLE_RATE) * WIDTH;
    bool sent = true;

    for (size_t n; sent && left; left -= n) {
        n = left < CHUNK ? left : CHUNK;
        sent = send_sound(t, nothing, n);
    }
    return sent;
}

static bool end_sound(struct talk *t)
{
    json_t *data;

    if (!begin_sound(t))
        return false;
    t->sounding = false;
    data = json_object();
    report_integer(data, "timestamp", milliseconds(t));
    return send_event(t, "audio-stop", data, NULL, 0);
}

/* ---- speech ---- */

/* The client left while it was answered. */
static void gone(void *user)
{
    struct talk *t = user;

    pthread_mutex_lock(&t->lock);
    t->left = true;
    if (t->task)
        scheduler_cancel(t->server->scheduler, t->task);
    pthread_mutex_unlock(&t->lock);
}

static bool has_left(struct talk *t)
{
    bool left;

    pthread_mutex_lock(&t->lock);
    left = t->left;
    pthread_mutex_unlock(&t->lock);
    return left;
}

/* gone() may cancel it from now on; NULL: there is none any more. */
static void expect(struct talk *t, struct task *task)
{
    pthread_mutex_lock(&t->lock);
    t->task = task;
    if (task && t->left)
        scheduler_cancel(t->server->scheduler, task);
    pthread_mutex_unlock(&t->lock);
}

/* Bytes of sound from `at` on; 0: it is at its end, and err has why if that came early. */
static size_t wait_for_sound(struct task *j, uint64_t at, char *bytes, echo_error *err)
{
    ssize_t n = 0;

    pthread_mutex_lock(&j->lock);
    while (j->ready < at + WIDTH && j->state != TASK_DONE)
        pthread_cond_wait(&j->changed, &j->lock);
    *err = j->state == TASK_DONE ? j->error : (echo_error){ 0 };
    if (j->ready > at)
        n = spool_read(&j->spool, at, bytes, j->ready - at < CHUNK ? j->ready - at : CHUNK);
    pthread_mutex_unlock(&j->lock);
    if (n < 0)
        echo_fail(err, ECHO_ERR_MEMORY, "sound that was made cannot be read again");
    return n > 0 ? (size_t)n / WIDTH * WIDTH : 0;
}

static bool relay(struct talk *t, struct task *j, echo_error *err)
{
    char bytes[CHUNK];
    uint64_t at = 0;
    size_t n;

    while ((n = wait_for_sound(j, at, bytes, err))) {
        if (!send_sound(t, bytes, n))
            return false;
        at += n;
    }
    return true;
}

static void tell_log(struct talk *t, struct task *j, double began, unsigned status)
{
    json_t *o = json_object();

    report_string(o, "id", j->id);
    report_string(o, "client", t->client);
    report_integer(o, "status", status);
    report_integer(o, "ms", (json_int_t)((clock_now() - began) * 1000));
    task_report(j, o);
    log_event(&t->server->log, "wyoming", o);
    metrics_request(t->server->metrics, "wyoming", status);
}

/* Its sound, to the client. */
static bool attend(struct talk *t, struct task *j)
{
    double began = clock_now();
    echo_error err = { 0 };
    bool sent;

    expect(t, j);
    sent = relay(t, j, &err) && !has_left(t);
    expect(t, NULL);
    scheduler_cancel(t->server->scheduler, j); /* nothing, if it has ended */
    tell_log(t, j, began, !sent ? CLIENT_GONE : err.status ? refusal_status(&err) : 200);
    return sent && (!err.status || refuse_error(t, &err));
}

static bool submit(struct talk *t, struct speech *speech)
{
    char id[40];
    struct task *j;
    struct turned_away why;
    enum submission result;
    bool good;

    log_draw_id(id, sizeof id);
    j = task_new(speech, t->client, id);
    result = j ? scheduler_submit(t->server->scheduler, j) : OUT_OF_MEMORY;
    if (result == SUBMITTED) {
        good = attend(t, j);
    } else {
        why = submission_refused(result);
        metrics_request(t->server->metrics, "wyoming", why.status);
        good = refuse(t, why.code, why.message);
    }
    task_drop(&j);
    return good;
}

/* The same as a request over HTTP, so that both are read in one way. */
static json_t *as_request(const json_t *how, const char *text, size_t n, bool streamed)
{
    const json_t *voice = json_object_get(how, "voice");
    const char *language = json_string_value(json_object_get(voice, "language")),
               *format = json_string_value(json_object_get(how, "text_format"));
    json_t *o = json_object();
    char tag[40];

    json_object_set_new(o, "input", json_stringn(text, n));
    json_object_set(o, "voice", json_object_get(voice, "name"));
    report_string(o, "response_format", "pcm");
    report_integer(o, "sample_rate", ECHO_SAMPLE_RATE);
    if (language) { /* "en_US" */
        snprintf(tag, sizeof tag, "%s", language);
        for (char *p = tag; (p = strchr(p, '_'));)
            *p = '-';
        report_string(o, "language", tag);
    }
    if (format && !strcmp(format, "ssml"))
        report_string(o, "markup", format);
    if (streamed)
        report_string(o, "stream_format", "audio");
    return o;
}

/* All of a text whose end is known: whole pieces, each as soon as it is made. */
static void in_pieces(struct speech *s)
{
    s->delivery = DELIVER_PIECES;
    s->sound.stream = true;
}

static bool speak(struct talk *t, const json_t *how, const char *text, size_t n, bool streamed)
{
    json_t *request = as_request(how, text, n, streamed);
    struct speech speech;
    echo_error err = { 0 };
    bool good;

    if (!fields_read_json(&speech, &t->server->fields, request, &err)) {
        if (!streamed)
            in_pieces(&speech);
        else if (t->parts)
            speech.params.rng_seed = t->seed + (uint64_t)t->parts;
        else
            t->seed = speech.params.rng_seed;
        good = submit(t, &speech);
    } else {
        metrics_request(t->server->metrics, "wyoming", refusal_status(&err));
        good = refuse_error(t, &err);
    }
    speech_close(&speech);
    json_decref(request);
    return good;
}

/* ---- a text in parts ---- */

/* Bytes of it that can be spoken now.  SSML is read as a whole. */
static size_t sayable(const struct talk *t)
{
    const char *format = json_string_value(json_object_get(t->how, "text_format"));

    if (!t->streaming || !t->text.n || (format && !strcmp(format, "ssml")))
        return 0;
    return echo_text_complete(t->text.at, NULL);
}

static bool ends_paragraph(const char *text, size_t n)
{
    size_t end = n;

    while (end && strchr(" \t\r\n", text[end - 1]))
        end--;
    return memmem(text + end, n - end, "\n\n", 2) || memmem(text + end, n - end, "\n\r\n", 3);
}

static bool speak_part(struct talk *t, size_t n)
{
    echo_speak_opts usual = echo_speak_opts_default();
    bool paragraph = ends_paragraph(t->text.at, n),
         good = speak(t, t->how, t->text.at, n, true);

    t->parts++;
    bytes_drop(&t->text, n);
    return good && (!t->text.n || send_pause(t, paragraph ? usual.pause_paragraph
                                                          : usual.pause_sentence));
}

static bool start_streaming(struct talk *t, json_t *data)
{
    if (t->streaming)
        return refuse(t, "invalid_value", "the text before has not ended: synthesize-stop");
    t->streaming = true;
    t->parts = 0;
    t->how = json_incref(data);
    return true;
}

static bool add_text(struct talk *t, const json_t *data)
{
    const json_t *text = json_object_get(data, "text");

    if (!t->streaming || !json_is_string(text))
        return refuse(t, "invalid_value", "synthesize-chunk needs a synthesize-start before "
                                          "it, and a \"text\"");
    if (t->text.n + json_string_length(text) > t->server->fields.max_text)
        return refuse(t, "invalid_value", "the text is longer than the server takes "
                                          "(--max-text): send it in parts");
    return bytes_add(&t->text, json_string_value(text), json_string_length(text)) ||
           refuse(t, "out_of_memory", "out of memory for a text");
}

/* Marks alone, behind sentences, are not said. */
static bool has_rest(const struct talk *t)
{
    echo_error err;

    return t->text.n && (!t->parts || echo_text_check(t->text.at, true, &err) !=
                                          ECHO_ERR_NOTHING) &&
           strspn(t->text.at, " \t\r\n") < t->text.n;
}

static bool stop_streaming(struct talk *t)
{
    bool good;

    if (!t->streaming)
        return refuse(t, "invalid_value", "synthesize-stop needs a synthesize-start before it");
    good = !has_rest(t) || speak_part(t, t->text.n);
    bytes_free(&t->text);
    json_decref(t->how);
    t->how = NULL;
    t->streaming = false;
    return good && end_sound(t) && send_event(t, "synthesize-stopped", NULL, NULL, 0);
}

/* ---- events of the client ---- */

static bool synthesize(struct talk *t, const json_t *data)
{
    const json_t *text = json_object_get(data, "text");

    if (t->streaming) /* for servers that do not stream: the same text again */
        return true;
    if (!json_is_string(text))
        return refuse(t, "invalid_value", "synthesize needs a \"text\"");
    return speak(t, data, json_string_value(text), json_string_length(text), false) &&
           end_sound(t);
}

/* Unknown events mean nothing, as the protocol asks. */
static bool answer_event(struct talk *t, const struct wyoming_event *e)
{
    if (!strcmp(e->type, "describe"))
        return send_event(t, "info", wyoming_info(t->server), NULL, 0);
    if (!strcmp(e->type, "ping"))
        return send_event(t, "pong", json_incref(e->data), NULL, 0);
    if (!strcmp(e->type, "synthesize"))
        return synthesize(t, e->data);
    if (!strcmp(e->type, "synthesize-start"))
        return start_streaming(t, e->data);
    if (!strcmp(e->type, "synthesize-chunk"))
        return add_text(t, e->data);
    if (!strcmp(e->type, "synthesize-stop"))
        return stop_streaming(t);
    return true;
}

/* Answer the event, or, if it is NULL, speak n bytes of the text.  A server that stops waits
 * for the end of this. */
static bool answer(struct talk *t, const struct wyoming_event *e, size_t n)
{
    bool good;

    watch_asked(t->server->watch, t->watched, gone, t);
    good = e ? answer_event(t, e) : speak_part(t, n);
    watch_answered(t->server->watch, t->watched);
    return good && !has_left(t);
}

/* Speak only when nothing more of the text is here: what came meanwhile is one part. */
static bool receive_or_speak(struct talk *t)
{
    size_t n = sayable(t);
    char bytes[16384];
    ssize_t got = recv(t->fd, bytes, sizeof bytes, n ? MSG_DONTWAIT : 0);

    if (got > 0)
        return bytes_add(&t->inbox.bytes, bytes, (size_t)got);
    if (got < 0 && errno == EINTR)
        return true;
    return got < 0 && n && (errno == EAGAIN || errno == EWOULDBLOCK) && answer(t, NULL, n);
}

static bool go_on(struct talk *t)
{
    struct wyoming_event event;
    echo_error err = { 0 };
    bool good;

    switch (wyoming_take(&t->inbox, &event, &err)) {
    case EVENT_UNFINISHED: return receive_or_speak(t);
    case EVENT_MALFORMED: return refuse_error(t, &err);
    case EVENT_THERE: break;
    }
    good = answer(t, &event, 0);
    json_decref(event.data);
    return good;
}

void wyoming_talk(struct server *s, int fd, const char *client)
{
    struct talk t = { .server = s, .fd = fd, .client = client,
                      .watched = watch_add(s->watch, fd),
                      .inbox = { .most = s->fields.max_text * ESCAPED + HEADER_BYTES } };

    pthread_mutex_init(&t.lock, NULL);
    while (t.watched && go_on(&t))
        ;
    if (t.watched)
        watch_remove(s->watch, t.watched);
    bytes_free(&t.inbox.bytes);
    bytes_free(&t.text);
    json_decref(t.how);
    pthread_mutex_destroy(&t.lock);
}
