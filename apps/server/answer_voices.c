/* SPDX-License-Identifier: MIT */
/* answer_voices.c - voices by name: those of the library and those of the model. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/report.h"
#include "routes.h"
#include "upload.h"

struct voice_list {
    const struct server *server;
    struct voice_spec chosen;
    json_t *voices;
};

/* Whose it is and who agreed is told to nobody here: the list needs no key. */
static void describe(void *user, const char *name, const echo_voice_info *kept)
{
    struct voice_list *list = user;
    json_t *o = json_object();

    report_string(o, "id", name);
    report_string(o, "name", name);
    report_string(o, "source", kept ? "library" : "model");
    report_string(o, "license", kept ? kept->license : list->server->info.license);
    json_object_set_new(o, "default", json_boolean(!strcmp(name, list->chosen.name)));
    if (kept)
        report_real(o, "seconds", kept->seconds);
    json_array_append_new(list->voices, o);
}

static struct voice_list list_for(struct request *r)
{
    return (struct voice_list){ r->server, voice_shelf_default(r->server->voices),
                                json_array() };
}

void answer_voices(struct request *r)
{
    struct voice_list list = list_for(r);
    json_t *o = json_object();

    voice_shelf_each(r->server->voices, describe, &list);
    json_object_set_new(o, "voices", list.voices);
    reply_json(r, 200, o);
}

/* The voice that the path names.  False: the answer says that there is none. */
static bool find(struct request *r, struct voice_spec *out)
{
    if (voice_shelf_has(r->server->voices, r->name, out))
        return true;
    reply_refusal(r, 404, "voice_not_found", "id",
                  "there is no voice of this name: GET /v1/audio/voices lists them");
    return false;
}

void answer_voice(struct request *r)
{
    struct voice_list list;
    struct voice_spec voice;
    echo_voice_info info;
    echo_error err = { 0 };

    if (!find(r, &voice))
        return;
    if (voice.kind == VOICE_LIBRARY &&
        echo_library_find(r->server->library, voice.name, &info, &err)) {
        reply_error(r, &err); /* it went just now */
        return;
    }
    list = list_for(r);
    describe(&list, voice.name, voice.kind == VOICE_LIBRARY ? &info : NULL);
    reply_json(r, 200, json_incref(json_array_get(list.voices, 0)));
    json_decref(list.voices);
}

void answer_voice_removed(struct request *r)
{
    struct voice_spec voice;
    echo_error err = { 0 };
    json_t *o;

    if (!find(r, &voice))
        return;
    if (voice.kind == VOICE_MODEL) {
        reply_refusal(r, 403, "voice_of_model", "id", "%s belongs to the model, and cannot be "
                                                      "removed", voice.name);
        return;
    }
    if (echo_library_remove(r->server->library, voice.name, &err)) {
        reply_error(r, &err);
        return;
    }
    o = json_object();
    report_string(o, "id", voice.name);
    json_object_set_new(o, "deleted", json_true());
    reply_json(r, 200, o);
}

/* ---- adding one ---- */

static void gather(void *user, echo_log_level level, const char *line)
{
    if (level == ECHO_LOG_WARNING)
        json_array_append_new(user, json_string(line));
}

/* False: it is neither, and the answer says so. */
static bool read_switch(struct request *r, const char *name, bool *out)
{
    const char *text = request_field(r, name);

    *out = text && (!strcasecmp(text, "true") || !strcmp(text, "1") || !strcmp(text, "on"));
    if (!text || *out || !*text || !strcasecmp(text, "false") || !strcmp(text, "0"))
        return true;
    reply_refusal(r, 400, "invalid_value", name, "%s must be true or false", name);
    return false;
}

static int gather_files(const struct request *r, struct upload *out)
{
    int n = 0;

    for (int i = 0; i < r->n_parts; i++)
        if (r->parts[i].is_file)
            out[n++] = (struct upload){ r->parts[i].bytes.at, r->parts[i].bytes.n };
    return n;
}

static void add(struct request *r, echo_library_opts *opts, bool trim, bool lift)
{
    struct upload files[MOST_PARTS];
    json_t *o = json_object(), *warnings = json_array();
    echo_clips_opts reading = { .trim = trim, .lift = lift, .log = gather, .user = warnings };
    const char *name = request_field(r, "name");
    float *pcm = NULL;
    size_t n = 0;
    echo_voice_info added;
    echo_error err = { 0 };

    if (!upload_read(&pcm, &n, files, gather_files(r, files), &reading, &err))
        echo_library_add_pcm(r->server->library, name, pcm, n, opts, &added, &err);
    echo_audio_free(&pcm);
    if (err.status) {
        reply_error(r, &err);
        json_decref(o);
        json_decref(warnings);
        return;
    }
    report_string(o, "id", added.name);
    report_string(o, "name", added.name);
    report_real(o, "seconds", added.seconds);
    json_object_set_new(o, "warnings", warnings);
    reply_json(r, 201, o);
}

void answer_voice_added(struct request *r)
{
    struct upload files[MOST_PARTS];
    echo_library_opts opts = { .consent = request_field(r, "consent"),
                               .license = request_field(r, "license"),
                               .source = "sent to the server" };
    const char *name = request_field(r, "name");
    bool trim, lift;

    if (!name || !*name)
        reply_refusal(r, 400, "missing_field", "name", "name is missing: a field of the form "
                                                       "that names the voice");
    else if (!gather_files(r, files))
        reply_refusal(r, 400, "missing_field", "file", "file is missing: a part of the form "
                                                       "with a file of sound");
    else if (read_switch(r, "replace", &opts.replace) && read_switch(r, "trim", &trim) &&
             read_switch(r, "lift", &lift))
        add(r, &opts, trim, lift);
}

/* ---- hearing one ---- */

/* A model of a few words is asked for some of those. */
static char *sentence(const struct server *s)
{
    const char *word;
    char text[256] = "";
    size_t used = 0;

    for (int i = 0; i < 40 && (word = echo_model_word(s->model, i * 7 + 3)); i += 5)
        if (used < 100)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.30s",
                                     used ? " " : "", word);
    return strdup(used ? text : "This is how I sound when I read a sentence to you.");
}

void answer_preview(struct request *r)
{
    const char *format = request_query(r, "response_format");
    struct speech speech = { .params = r->server->opts->defaults,
                             .how = echo_speak_opts_default() };
    echo_error err = { 0 };

    if (!find(r, &speech.voice))
        return;
    if (echo_format_named(format ? format : "mp3", &speech.format, &err)) {
        snprintf(err.field, sizeof err.field, "response_format");
        reply_error(r, &err);
        return;
    }
    speech.sound.format = speech.format.name;
    if (!strcmp(speech.format.name, "pcm"))
        speech.sound.rate = 24000;
    speech.params.rng_seed = 1;
    speech.text = sentence(r->server);
    reply_speech(r, &speech);
    speech_close(&speech);
}
