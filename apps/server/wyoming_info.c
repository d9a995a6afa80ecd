/* SPDX-License-Identifier: MIT */
#include "wyoming_info.h"

#include <stdio.h>
#include <string.h>

#include "common/report.h"

static json_t *attribution(const struct server *s)
{
    bool base = !strncmp(s->model_id, "echo-tts", 8);
    json_t *o = json_object();

    report_string(o, "name", base ? "Jordan Darefsky" : s->model_id);
    report_string(o, "url", base ? "https://huggingface.co/jordand/echo-tts-base" : "");
    return o;
}

/* An artifact, in the words of the protocol: a program, or a voice. */
static json_t *artifact(const struct server *s, const char *name, const char *description)
{
    json_t *o = json_object();

    report_string(o, "name", name);
    report_string(o, "description", description);
    json_object_set_new(o, "attribution", attribution(s));
    json_object_set_new(o, "installed", json_true());
    report_string(o, "version", echo_version());
    return o;
}

struct voice_list {
    const struct server *server;
    json_t *first, *others; /* the default voice is the first: clients choose that */
    char chosen[ECHO_VOICE_NAME];
};

static void add_voice(void *user, const char *name, const echo_voice_info *kept)
{
    struct voice_list *list = user;
    json_t *o = artifact(list->server, name, name);

    (void)kept;
    json_object_set_new(o, "languages", json_pack("[s]", "en"));
    json_object_set_new(o, "speakers", json_null());
    json_array_append_new(strcmp(name, list->chosen) ? list->others : list->first, o);
}

static json_t *voices(const struct server *s)
{
    struct voice_list list = { s, json_array(), json_array(), "" };
    struct voice_spec chosen = voice_shelf_default(s->voices);

    memcpy(list.chosen, chosen.name, sizeof list.chosen);
    voice_shelf_each(s->voices, add_voice, &list);
    if (!json_array_size(list.first) && !json_array_size(list.others))
        add_voice(&list, "default", NULL); /* the model picks one */
    json_array_extend(list.first, list.others);
    json_decref(list.others);
    return list.first;
}

json_t *wyoming_info(const struct server *s)
{
    static const char *const other_services[] = { "asr", "handle", "intent", "wake", "mic",
                                                  "snd" };
    json_t *info = json_object(), *program;
    char description[256];

    snprintf(description, sizeof description, "Echo-TTS, model %s%s%s", s->model_id,
             *s->info.license ? ", licence " : "", s->info.license);
    program = artifact(s, "echotts", description);
    json_object_set_new(program, "voices", voices(s));
    json_object_set_new(program, "supports_synthesize_streaming", json_true());
    json_object_set_new(info, "tts", json_pack("[o]", program));
    for (size_t i = 0; i < sizeof other_services / sizeof *other_services; i++)
        json_object_set_new(info, other_services[i], json_array());
    return info;
}
