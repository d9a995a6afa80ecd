/* SPDX-License-Identifier: MIT */
/* voices.c - the library of voices by name: what is done with it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/quote.h"
#include "common/voices.h"
#include "delivery.h"
#include "runtime.h"
#include "voices_show.h"

#define BLOCK ((size_t)4096) /* samples played at a time */

struct voices {
    struct common common;
    echo_library_opts how;
    bool encode;
    const char *as, *output;

    /* Had while running. */
    struct runtime runtime;
    struct delivery delivery;
};

#define AT(field) offsetof(struct voices, field)

static const struct option own_options[] = {
    { .name = "consent", .kind = OPTION_STRING, .at = AT(how.consent), .value = "TEXT",
      .once = true,
      .help = "note who agreed to the use of the voice, and to what" },
    { .name = "license", .kind = OPTION_STRING, .at = AT(how.license), .value = "TEXT",
      .once = true,
      .help = "note the licence of the recording" },
    { .name = "lift", .kind = OPTION_ON, .at = AT(how.lift),
      .help = "raise each quiet clip to an ordinary level" },
    { .name = "trim", .kind = OPTION_SWITCH, .at = AT(how.trim), .preset = "on",
      .once = true,
      .help = "cut silence at the ends of each clip" },
    { .name = "replace", .kind = OPTION_ON, .at = AT(how.replace), .once = true,
      .help = "take the place of a voice that has the name" },
    { .name = "encode", .kind = OPTION_ON, .at = AT(encode), .once = true,
      .help = "encode it for the model now, not at its first use" },
    { .name = "as", .kind = OPTION_STRING, .at = AT(as), .value = "NAME", .once = true,
      .help = "the name to import under, instead of the file's own" },
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE", .once = true,
      .help = "the file to write (export: FILE.voice, play: a sound file)" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Voices", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

/* ---- what all of them need ---- */

static void print_log(void *user, echo_log_level level, const char *line)
{
    if (level == ECHO_LOG_WARNING)
        runtime_warn(user, "%s", line);
}

static echo_status begin(struct voices *v, echo_error *err)
{
    v->how.log = print_log;
    v->how.user = &v->runtime;
    progress_open(&v->runtime.bar, v->common.quiet);
    return echo_library_open(&v->runtime.library, v->common.voices, err);
}

/* A name that is none gets those that there are. */
static echo_status end(struct voices *v, const char *name, echo_status status, echo_error *err)
{
    if (status == ECHO_ERR_ARG && name)
        status = voices_unknown_there(v->runtime.library, name, err);
    runtime_close(&v->runtime);
    return status;
}

/* ---- in ---- */

static void tell_added(struct voices *v, const echo_voice_info *added)
{
    const char *folder = echo_library_folder(v->runtime.library);

    progress_done(&v->runtime.bar, "%s  %.1f s, in %s", added->name, added->seconds, folder);
    if (!*added->consent && !v->common.quiet)
        runtime_note(&v->runtime, "%s: no consent is noted (--consent TEXT); use only voices "
                                  "whose owner agreed to it", added->name);
}

/* The library is open already; a model is another thing. */
static echo_status encode_now(struct voices *v, const char *name, echo_error *err)
{
    struct runtime e = { 0 };
    echo_voice *voice = NULL;
    echo_status status = runtime_open(&e, &v->common, err);

    if (!status)
        status = runtime_voice(&e, &voice, name, (echo_encode_opts){ 0 }, NULL, err);
    echo_voice_close(&voice);
    runtime_close(&e);
    return status;
}

static echo_status add(void *job, echo_error *err)
{
    struct voices *v = job;
    const char *const *files = (const char *const *)v->common.words + 1;
    echo_voice_info added;
    echo_status status;

    if (!options_given(&voices_command, v, "trim"))
        v->how.trim = true;
    if (!(status = begin(v, err)))
        status = echo_library_add(v->runtime.library, v->common.word, files,
                                  v->common.n_words - 1, &v->how, &added, err);
    if (status == ECHO_ERR_ARG && !strcmp(err->field, "replace"))
        echo_fail(err, status, "there is a voice '%.200s' already: --replace takes its place",
                  v->common.word);
    if (!status)
        tell_added(v, &added);
    if (!status && v->encode)
        status = encode_now(v, added.name, err);
    if (!status && v->common.json)
        status = voices_show_json(&added, err);
    return end(v, NULL, status, err);
}

static echo_status import(void *job, echo_error *err)
{
    struct voices *v = job;
    echo_voice_info added;
    echo_status status = ECHO_OK;

    if (v->as && v->common.n_words > 1)
        return echo_fail(err, ECHO_ERR_ARG, "--as is a name for one file, and there are %d",
                         v->common.n_words);
    status = begin(v, err);
    for (int i = 0; !status && i < v->common.n_words; i++) {
        status = echo_library_import(v->runtime.library, v->common.words[i], v->as, &v->how,
                                     &added, err);
        if (status == ECHO_ERR_ARG && !strcmp(err->field, "replace"))
            echo_fail(err, status, "%.300s: there is a voice of this name already: --as NAME "
                                   "gives it another one, --replace takes its place",
                      v->common.words[i]);
        if (!status)
            tell_added(v, &added);
    }
    return end(v, NULL, status, err);
}

/* ---- looking ---- */

static echo_status list(void *job, echo_error *err)
{
    struct voices *v = job;
    echo_voice_info *all = NULL;
    int n;
    echo_status status = begin(v, err);

    if (!status)
        status = echo_library_list(v->runtime.library, &all, &n, err);
    if (!status)
        status = v->common.json
                     ? voices_list_json(all, n, echo_library_folder(v->runtime.library), err)
                     : voices_list(all, n, echo_library_folder(v->runtime.library), err);
    echo_library_list_free(&all);
    return end(v, NULL, status, err);
}

static echo_status show(void *job, echo_error *err)
{
    struct voices *v = job;
    echo_voice_info about;
    echo_status status = begin(v, err);

    if (!status)
        status = echo_library_find(v->runtime.library, v->common.word, &about, err);
    if (!status)
        status = v->common.json ? voices_show_json(&about, err) : voices_show(&about, err);
    return end(v, v->common.word, status, err);
}

/* ---- out ---- */

static bool deliver(void *user, const float *pcm, size_t n)
{
    return delivery_audio(&((struct voices *)user)->delivery, pcm, n);
}

static echo_status sound_clip(struct voices *v, const float *pcm, size_t n, echo_error *err)
{
    for (size_t i = 0; i < n; i += BLOCK)
        if (!deliver(v, pcm + i, n - i < BLOCK ? n - i : BLOCK))
            return echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    return ECHO_OK;
}

/* Without a clip: as the model decodes its latents. */
static echo_status sound_latents(struct voices *v, struct runtime *e, echo_error *err)
{
    echo_sink sink = { .user = v, .audio = deliver };
    echo_voice *latents = NULL;
    echo_status status = echo_library_voice(&latents, e->library, e->session, v->common.word,
                                            NULL, err);

    if (!status)
        status = echo_decode(e->session, latents, &sink, err);
    echo_voice_close(&latents);
    return status;
}

static echo_status sound(struct voices *v, echo_error *err)
{
    struct runtime e = { 0 };
    float *pcm = NULL;
    size_t n;
    echo_status status = echo_library_clip(&pcm, &n, v->runtime.library, v->common.word, err);
    bool latents = status == ECHO_ERR_ARG && !strcmp(err->field, "latents");

    v->delivery.path = v->output;
    v->delivery.play = !v->output;
    if (latents)
        status = runtime_open(&e, &v->common, err);
    if (!status && !(status = delivery_open(&v->delivery, err)))
        status = latents ? sound_latents(v, &e, err) : sound_clip(v, pcm, n, err);
    status = delivery_close(&v->delivery, status, err);
    echo_audio_free(&pcm);
    runtime_close(&e);
    return status;
}

static echo_status play(void *job, echo_error *err)
{
    struct voices *v = job;
    echo_status status = v->output ? output_check_sound(v->output, err) : ECHO_OK;

    if (!status && !(status = begin(v, err)))
        status = sound(v, err);
    return end(v, v->common.word, status, err);
}

static echo_status export(void *job, echo_error *err)
{
    struct voices *v = job;
    size_t n = v->output ? strlen(v->output) : 0;
    bool named = n > 6 && !strcasecmp(v->output + n - 6, ".voice");
    char quoted[200];
    echo_status status;

    if (!v->output || (!named && strcmp(v->output, "-")))
        return echo_fail(err, ECHO_ERR_ARG, "%s: give -o FILE.voice",
                         v->output ? "a voice is written to a file that ends with .voice"
                                   : "nowhere to write to");
    if ((status = output_check(v->output, err)))
        return status;
    if (!(status = begin(v, err)))
        status = echo_library_export(v->runtime.library, v->common.word, v->output, err);
    if (!status)
        progress_done(&v->runtime.bar, "%s  echotts voices import %s", v->output,
                      quote_file(quoted, sizeof quoted, v->output, "FILE"));
    return end(v, v->common.word, status, err);
}

/* ---- names ---- */

static echo_status rename_one(void *job, echo_error *err)
{
    struct voices *v = job;
    echo_status status = begin(v, err);

    if (!status)
        status = echo_library_rename(v->runtime.library, v->common.word, v->common.words[1],
                                     err);
    return end(v, v->common.word, status, err);
}

/* None goes before all are found. */
static echo_status remove_all(void *job, echo_error *err)
{
    struct voices *v = job;
    const char *name = v->common.word;
    echo_status status = begin(v, err);

    for (int i = 0; !status && i < v->common.n_words; i++)
        status = echo_library_find(v->runtime.library, name = v->common.words[i], NULL, err);
    for (int i = 0; !status && i < v->common.n_words; i++)
        status = echo_library_remove(v->runtime.library, name = v->common.words[i], err);
    return end(v, name, status, err);
}

static const struct action actions[] = {
    { "add", "NAME FILE...", 2, ANY_NUMBER, "consent,license,lift,trim,replace,encode",
      "make a voice of recordings, or of a file of latents", add },
    { "list", "", 0, 0, NULL, "show all, with whose they are", list },
    { "show", "NAME", 1, 1, NULL, "show all that is noted of a voice", show },
    { "play", "NAME", 1, 1, "output", "play its recording, or write it to a sound file", play },
    { "rename", "OLD NEW", 2, 2, NULL, "give it another name", rename_one },
    { "remove", "NAME...", 1, ANY_NUMBER, NULL, "remove voices for good", remove_all },
    { "export", "NAME", 1, 1, "output", "write a checked copy to a file", export },
    { "import", "FILE...", 1, ANY_NUMBER, "as,replace", "take in such copies", import },
    { 0 },
};

static const struct example examples[] = {
    { "voices add anna a1.wav a2.wav --consent \"Anna, by mail\"", "then: say ... -v anna" },
    { "voices list", "what there is" },
    { "voices export anna -o anna.voice", "for another computer" },
    { 0 },
};

const struct command voices_command = {
    .name = "voices",
    .actions = actions,
    .synopsis = "ACTION ... [options]",
    .summary = "keep voices by name",
    .details = "A voice is one file in the folder of the library: the recording, and notes on "
               "whose it is. It works with any model; only a voice of latents needs the model "
               "that made them. A recording is encoded at its first use, and not again.\n"
               "Clone only voices whose owner agreed to it. The note of --consent goes with "
               "the voice wherever it is copied.",
    .examples = examples,
    .job_size = sizeof(struct voices),
    .groups = groups,
};
