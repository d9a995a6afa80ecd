/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base64.h"
#include "common/spelling.h"

enum { STREAMED = 4096 }; /* bytes of text from which on nobody waits for the whole */

#define AT(member) offsetof(struct speech, member)

static const echo_param_word chosen[] = { { "auto", 0 }, { NULL, 0 } };

static const echo_param own[] = {
    { .name = "speed", .kind = ECHO_PARAM_FLOAT, .offset = AT(sound.speed), .min = 0.25,
      .max = 4, .help = "of speaking; the pitch stays" },
    { .name = "sample_rate", .kind = ECHO_PARAM_INT, .offset = AT(sound.rate), .min = 8000,
      .max = 48000, .words = chosen, .help = "Hz; else 24000 for pcm, 48000 for opus, 44100" },
    { .name = "bitrate", .kind = ECHO_PARAM_INT, .offset = AT(sound.bitrate), .min = 6,
      .max = 512, .words = chosen, .help = "kbit/s of mp3, opus, aac, ogg; else by quality" },
    { .name = "quality", .kind = ECHO_PARAM_FLOAT, .offset = AT(sound.quality), .max = 1,
      .help = "of mp3, opus and ogg; 0: as 0.5" },
    { .name = "loudness", .kind = ECHO_PARAM_FLOAT, .offset = AT(sound.loudness), .min = -40,
      .help = "LUFS that the whole is brought to; 0: as it is" },
    { .name = "progress", .kind = ECHO_PARAM_BOOL, .offset = AT(progress),
      .help = "more events: the queue, pieces, steps (sse only)" },
};

enum { OWN = sizeof own / sizeof *own, MOST_ROWS = OWN + 16 };

static echo_param rows[MOST_ROWS];
static int n_rows;

/* The options of long texts are the library's. */
static void fill_rows(void)
{
    const echo_param *p;

    memcpy(rows, own, sizeof own);
    n_rows = OWN;
    for (int i = 0; (p = echo_speak_param_at(i)); i++) {
        assert(n_rows < MOST_ROWS);
        rows[n_rows] = *p;
        rows[n_rows++].offset += AT(how);
    }
}

/* Read by functions of their own. */
static const char *const others[] = { "input",           "model",         "voice",
                                      "response_format", "stream_format", "stream",
                                      "instructions",    "preset",        "markup",
                                      "language",        "extra_body",    "reference_audio",
                                      "speaker_audio",   "user",          "cast" };

enum { OTHERS = sizeof others / sizeof *others };

const echo_param *fields_at(int i)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fill_rows);
    return i >= 0 && i < n_rows ? &rows[i] : NULL;
}

static struct speech initial(void)
{
    return (struct speech){ .how = echo_speak_opts_default(), .sound = { .speed = 1 } };
}

double fields_default(const echo_param *p)
{
    struct speech s = initial();
    const char *at = (const char *)&s + p->offset;

    switch (p->kind) {
    case ECHO_PARAM_INT: return *(const int *)at;
    case ECHO_PARAM_BOOL: return *(const bool *)at;
    default: return *(const float *)at;
    }
}

/* ---- values ---- */

static bool is_given(const json_t *v)
{
    return v && !json_is_null(v);
}

/* A number, also in quotes, as some clients send it. */
static bool number_of(const json_t *v, const echo_param *p, double *out)
{
    const char *text = json_string_value(v);
    const echo_param_word *word = text ? echo_param_word_named(p, text) : NULL;
    char *end;

    if (json_is_number(v)) {
        *out = json_number_value(v);
        return true;
    }
    if (word) {
        *out = word->number;
        return true;
    }
    if (!text || !*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return !*end;
}

static echo_status read_number(const echo_param *p, const json_t *v, void *at, echo_error *err)
{
    double number = 0;
    bool whole = p->kind == ECHO_PARAM_INT;

    if (!number_of(v, p, &number))
        return echo_fail_field(err, p->name, "%s must be a number from %g to %g", p->name,
                               p->min, p->max);
    if (!(number >= p->min && number <= p->max) && !echo_param_word_of(p, number))
        return echo_fail_field(err, p->name, "%s is %g, expected %g to %g", p->name, number,
                               p->min, p->max);
    if (whole && number != floor(number))
        return echo_fail_field(err, p->name, "%s is %g, expected a whole number", p->name,
                               number);
    if (whole)
        *(int *)at = (int)number;
    else
        *(float *)at = (float)number;
    return ECHO_OK;
}

static uint64_t draw_seed(void)
{
    uint32_t seed = 0;

    if (getentropy(&seed, sizeof seed))
        return 0;
    return seed;
}

/* Digits, up to 2^64; -1 draws one. */
static echo_status read_seed(const char *name, const json_t *v, uint64_t *out, echo_error *err)
{
    const char *text = json_string_value(v);

    if (json_is_integer(v) && json_integer_value(v) >= 0)
        *out = (uint64_t)json_integer_value(v);
    else if (json_is_integer(v) && json_integer_value(v) == -1)
        *out = draw_seed();
    else if (text && *text && strlen(text) <= 19 && strspn(text, "0123456789") == strlen(text))
        *out = strtoull(text, NULL, 10);
    else
        return echo_fail_field(err, name, "%s must be a whole number from 0 on, or -1 for any",
                               name);
    return ECHO_OK;
}

static echo_status read_bool(const char *name, const json_t *v, bool *out, echo_error *err)
{
    const char *text = json_string_value(v);

    if (json_is_boolean(v))
        *out = json_is_true(v);
    else if (text && (!strcasecmp(text, "true") || !strcasecmp(text, "false")))
        *out = !strcasecmp(text, "true");
    else
        return echo_fail_field(err, name, "%s must be true or false", name);
    return ECHO_OK;
}

static echo_status read_list(const echo_param *p, const json_t *v, echo_list *out,
                             echo_error *err)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(v) || json_array_size(v) > ECHO_MAX_BLOCKS)
        return echo_fail_field(err, p->name, "%s must be a list of up to %d whole numbers",
                               p->name, ECHO_MAX_BLOCKS);
    out->n = 0;
    json_array_foreach((json_t *)(uintptr_t)v, i, item) {
        json_int_t number = json_is_integer(item) ? json_integer_value(item) : -1;

        if (number < p->min || number > p->max)
            return echo_fail_field(err, p->name, "%s must have whole numbers from %g to %g",
                                   p->name, p->min, p->max);
        out->items[out->n++] = (int)number;
    }
    return ECHO_OK;
}

static echo_status read_value(const echo_param *p, const json_t *v, void *base, echo_error *err)
{
    void *at = (char *)base + p->offset;

    switch (p->kind) {
    case ECHO_PARAM_SEED: return read_seed(p->name, v, at, err);
    case ECHO_PARAM_BOOL: return read_bool(p->name, v, at, err);
    case ECHO_PARAM_LIST: return read_list(p, v, at, err);
    default: return read_number(p, v, at, err);
    }
}

/* ---- a request's objects ---- */

struct reader {
    const struct fields *fields;
    struct speech *out;
    json_t *objects[2]; /* the request, then its extra_body */
    bool seeded;
};

/* The value of a field; NULL: it is not given. */
static const json_t *get(const struct reader *r, const char *name)
{
    for (int i = 0; name && i < 2; i++) {
        const json_t *v = json_object_get(r->objects[i], name);

        if (is_given(v))
            return v;
    }
    return NULL;
}

static const echo_param *row_named(const char *name)
{
    const echo_param *p;

    for (int i = 0; (p = fields_at(i)) && strcmp(p->name, name);)
        i++;
    return p;
}

static bool is_known(const char *name)
{
    for (int i = 0; i < OTHERS; i++)
        if (!strcmp(others[i], name))
            return true;
    return echo_param_find(name) || row_named(name);
}

static const char *nearest(const char *name)
{
    struct spelling s = spelling_of(name);
    const echo_param *p;

    for (int i = 0; i < OTHERS; i++)
        spelling_offer(&s, others[i]);
    for (int i = 0; (p = fields_at(i)); i++)
        spelling_offer(&s, p->name);
    for (int i = 0; (p = echo_param_at(i)); i++) {
        spelling_offer(&s, p->name);
        spelling_offer(&s, p->alias);
    }
    return s.nearest;
}

/* Clients send fields of other servers, which do no harm; a slip of the pen does. */
static echo_status look_at_names(struct reader *r, json_t *object, echo_error *err)
{
    const char *name;
    json_t *v;
    size_t used;

    json_object_foreach(object, name, v) {
        const char *near = is_known(name) ? NULL : nearest(name);

        if (near)
            return echo_fail_field(err, name, "%.40s is no field; did you mean %s?",
                                   name, near);
        used = strlen(r->out->ignored);
        if (!is_known(name) && used + strlen(name) + 3 < sizeof r->out->ignored)
            sprintf(r->out->ignored + used, "%s%s", used ? ", " : "", name);
    }
    return ECHO_OK;
}

/* ---- the fields that are read by themselves ---- */

static echo_status read_text(struct reader *r, echo_error *err)
{
    const json_t *v = get(r, "input");
    size_t n = v ? json_string_length(v) : 0;

    if (!v)
        return echo_fail_field(err, "input", "input is missing: the text to speak");
    if (!json_is_string(v))
        return echo_fail_field(err, "input", "input must be a string: the text to speak");
    if (!n)
        return echo_fail_field(err, "input", "input is empty: it is the text to speak");
    if (n > r->fields->max_text)
        return echo_fail_field(err, "input", "input has %zu bytes, at most %zu are taken: send "
                                             "it in parts", n, r->fields->max_text);
    r->out->text = strdup(json_string_value(v));
    r->out->longer = n > ECHO_MAX_TEXT;
    return r->out->text ? ECHO_OK : echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a text");
}

static bool is_clip(const char *text, size_t n)
{
    return !strncmp(text, "data:", 5) || n >= ECHO_VOICE_NAME;
}

/* Base64, with "data:audio/wav;base64," before it or without. */
static echo_status read_clip(struct reader *r, const char *field, const char *text, size_t n,
                             struct voice_spec *out, echo_error *err)
{
    const char *comma = !strncmp(text, "data:", 5) ? strchr(text, ',') : NULL;
    size_t before;

    if (!strncmp(text, "data:", 5) && (!comma || comma - text < 7 || comma - text > 200 ||
                                       strncmp(comma - 7, ";base64", 7)))
        return echo_fail_field(err, field, "%s must be data:audio/...;base64,...", field);
    before = comma ? (size_t)(comma + 1 - text) : 0;
    text += before;
    n -= before;
    if (n / 4 * 3 > r->fields->max_clip)
        return echo_fail_field(err, field, "%s is larger than %zu MiB", field,
                               r->fields->max_clip >> 20);
    if (!(out->clip = malloc(n / 4 * 3 + 4)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a clip");
    if (!base64_decode(out->clip, &out->clip_bytes, text, n) || !out->clip_bytes)
        return echo_fail_field(err, field, "%s is neither the name of a voice nor sound in "
                                           "base64", field);
    out->kind = VOICE_CLIP;
    return ECHO_OK;
}

/* A name, {"id": a name}, or a clip; "" is the default voice. */
static echo_status read_voice_value(struct reader *r, const char *field, const json_t *v,
                                    struct voice_spec *out, echo_error *err)
{
    const char *text;

    if (json_is_object(v))
        v = json_object_get(v, "id");
    if (!(text = json_string_value(v)))
        return echo_fail_field(err, field, "%s must be a name, or {\"id\": a name}", field);
    if (is_clip(text, json_string_length(v)))
        return read_clip(r, field, text, json_string_length(v), out, err);
    if (*text)
        return voice_shelf_find(r->fields->voices, text, out, err);
    *out = voice_shelf_default(r->fields->voices);
    return ECHO_OK;
}

static echo_status read_voice(struct reader *r, echo_error *err)
{
    static const char *const clips[] = { "reference_audio", "speaker_audio" };
    struct voice_spec *out = &r->out->voice;
    const json_t *v;

    for (int i = 0; i < 2; i++)
        if ((v = get(r, clips[i])) && (!json_is_string(v) || json_string_length(v)))
            return json_is_string(v)
                       ? read_clip(r, clips[i], json_string_value(v), json_string_length(v),
                                   out, err)
                       : echo_fail_field(err, clips[i], "%s must be sound in base64", clips[i]);
    if ((v = get(r, "voice")))
        return read_voice_value(r, "voice", v, out, err);
    *out = voice_shelf_default(r->fields->voices);
    return ECHO_OK;
}

/* {"Anna": "joe", "Ben": "deep"}: who says the lines that begin with these names. */
static echo_status read_cast(struct reader *r, echo_error *err)
{
    json_t *cast = (json_t *)(uintptr_t)get(r, "cast"), *v;
    const char *name;

    if (!cast)
        return ECHO_OK;
    if (!json_is_object(cast) || json_object_size(cast) > ECHO_MAX_ROLES)
        return echo_fail_field(err, "cast", "cast must be an object of up to %d names, each "
                                            "with its voice", ECHO_MAX_ROLES);
    json_object_foreach(cast, name, v) {
        struct voice_spec voice = { .kind = VOICE_NONE };

        if (read_voice_value(r, "cast", v, &voice, err) ||
            (!speech_add_role(r->out, name, &voice) &&
             echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a cast"))) {
            free(voice.clip);
            return err->status;
        }
    }
    return ECHO_OK;
}

static echo_status read_format(struct reader *r, echo_error *err)
{
    const json_t *v = get(r, "response_format");
    const char *name = v ? json_string_value(v) : "mp3";
    echo_status status;

    if (!name)
        return echo_fail_field(err, "response_format", "response_format must be a string, such "
                                                       "as \"mp3\"");
    status = echo_format_named(name, &r->out->format, err);
    if (!status && !r->out->format.available)
        status = echo_fail(err, ECHO_ERR_ARG, "%s cannot be written here: what encodes it is "
                                              "not installed", r->out->format.title);
    if (status) {
        snprintf(err->field, sizeof err->field, "response_format");
        return status;
    }
    r->out->sound.format = r->out->format.name;
    if (!r->out->sound.rate && !strcmp(r->out->format.name, "pcm"))
        r->out->sound.rate = 24000;
    status = echo_writer_check(NULL, &r->out->sound, err);
    if (status && !strcmp(err->field, "rate"))
        snprintf(err->field, sizeof err->field, "sample_rate");
    return status;
}

static echo_status read_delivery(struct reader *r, echo_error *err)
{
    const json_t *stream = get(r, "stream"), *format = get(r, "stream_format");
    const char *name = format ? json_string_value(format) : NULL;
    bool streamed = format != NULL;
    struct speech *s = r->out;

    if (stream && read_bool("stream", stream, &streamed, err))
        return err->status;
    if (format && (!name || (strcmp(name, "audio") && strcmp(name, "sse"))))
        return echo_fail_field(err, "stream_format", "stream_format must be \"audio\" or "
                                                     "\"sse\"");
    s->sse = name && !strcmp(name, "sse");
    s->progress = s->progress && s->sse;
    if (streamed)
        s->delivery = DELIVER_BLOCKS;
    else if (s->sse || (!stream && strlen(s->text) > STREAMED))
        s->delivery = DELIVER_PIECES;
    s->sound.stream = s->delivery != DELIVER_WHOLE;
    s->how.stream = s->delivery == DELIVER_BLOCKS;
    return ECHO_OK;
}

/* Blocks of a stream grow in a fixed way, so that its samples depend on nothing else. */
static void size_blocks(struct speech *s)
{
    static const int sizes[] = { 48, 64, 96, 128 };
    echo_list *list = &s->params.block_sizes;

    if (s->delivery != DELIVER_BLOCKS || list->n || s->params.sequence_length > 0)
        return;
    list->items[list->n++] = s->how.first_block;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] > s->how.first_block)
            list->items[list->n++] = sizes[i];
}

static echo_status copy_word(struct reader *r, const char *name, char *out, size_t size,
                             echo_error *err)
{
    const json_t *v = get(r, name);

    if (v && (!json_is_string(v) || json_string_length(v) >= size))
        return echo_fail_field(err, name, "%s must be a string of up to %zu bytes", name,
                               size - 1);
    if (v)
        snprintf(out, size, "%s", json_string_value(v));
    return ECHO_OK;
}

static echo_status read_words(struct reader *r, echo_error *err)
{
    const json_t *model = get(r, "model"), *preset = get(r, "preset");
    const echo_preset *known = NULL;

    if (model && !json_is_string(model))
        return echo_fail_field(err, "model", "model must be a string; any is taken");
    if (preset && json_is_string(preset))
        known = echo_preset_named(json_string_value(preset));
    if (preset && !known)
        return echo_fail_field(err, "preset", "preset is not known: try fast, balanced or best "
                                              "(GET /v1/parameters lists them)");
    if (known)
        echo_preset_apply(known, &r->out->params);
    if (copy_word(r, "markup", r->out->markup, sizeof r->out->markup, err) ||
        copy_word(r, "language", r->out->language, sizeof r->out->language, err))
        return err->status;
    return ECHO_OK;
}

static echo_status read_rows(struct reader *r, echo_error *err)
{
    const echo_param *p;
    const json_t *v;
    echo_status status = ECHO_OK;

    for (int i = 0; !status && (p = fields_at(i)); i++)
        if ((v = get(r, p->name)))
            status = read_value(p, v, r->out, err);
    for (int i = 0; !status && (p = echo_param_at(i)); i++) {
        if (!(v = get(r, p->name)) && !(v = get(r, p->alias)))
            continue;
        status = read_value(p, v, &r->out->params, err);
        r->seeded |= p->kind == ECHO_PARAM_SEED;
    }
    if (!status && !r->seeded && !r->fields->keep_seed)
        r->out->params.rng_seed = draw_seed();
    return status;
}

static echo_status read_object(struct reader *r, echo_error *err)
{
    json_t *extra = json_object_get(r->objects[0], "extra_body");

    if (is_given(extra) && !json_is_object(extra))
        return echo_fail_field(err, "extra_body", "extra_body must be an object");
    r->objects[1] = json_is_object(extra) ? extra : NULL;
    if (look_at_names(r, r->objects[0], err) || look_at_names(r, r->objects[1], err) ||
        read_text(r, err) || read_words(r, err) || read_rows(r, err) || read_format(r, err) ||
        read_delivery(r, err) || read_voice(r, err) || read_cast(r, err))
        return err->status;
    size_blocks(r->out);
    return echo_params_check(&r->out->params, err);
}

echo_status fields_read_json(struct speech *out, const struct fields *f, json_t *request,
                             echo_error *err)
{
    struct reader r = { .fields = f, .out = out, .objects = { request } };

    *out = initial();
    out->params = *f->defaults;
    return json_is_object(request)
               ? read_object(&r, err)
               : echo_fail(err, ECHO_ERR_ARG, "the body must be a JSON object");
}

echo_status fields_read(struct speech *out, const struct fields *f, const char *bytes, size_t n,
                        echo_error *err)
{
    json_error_t why;
    json_t *request = json_loadb(bytes ? bytes : "", n, JSON_REJECT_DUPLICATES, &why);
    echo_status status;

    *out = (struct speech){ 0 };
    if (!request)
        return echo_fail(err, ECHO_ERR_ARG, "the body is no JSON: %.120s (line %d, column %d)",
                         why.text, why.line, why.column);
    status = fields_read_json(out, f, request, err);
    json_decref(request);
    return status;
}
