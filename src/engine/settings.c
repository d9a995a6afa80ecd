/* SPDX-License-Identifier: MIT */
#include "engine/settings.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "engine/params.h"

struct settings echo_settings_reference(void)
{
    return (struct settings){
        .defaults = echo_params_reference(),
        .frames_per_byte = 1.9f, /* the slowest speech seen, docs/MODEL.md */
        .frames_margin = 20,
        .max_sequence_length = ECHO_MAX_FRAMES,
        .license = "CC-BY-NC-SA-4.0", /* of the published weights, which have no card */
    };
}

void echo_settings_free(struct settings *s)
{
    echo_vocabulary_free(&s->vocabulary);
}

/* A number of the file; its parameter has words that may stand for one. */
struct field {
    const char *name;
    size_t offset;
    bool whole;
    double min, max;
    const echo_param *param;
};

/* Beside the parameters of speech. */
static const struct field fields[] = {
    { .name = "frames_per_byte", .offset = offsetof(struct settings, frames_per_byte),
      .max = 100 },
    { .name = "frames_margin", .offset = offsetof(struct settings, frames_margin),
      .max = ECHO_MAX_FRAMES },
    { .name = "max_sequence_length", .offset = offsetof(struct settings, max_sequence_length),
      .whole = true, .min = 1, .max = ECHO_MAX_FRAMES },
    { .name = "piece_length", .offset = offsetof(struct settings, piece_length), .whole = true,
      .max = ECHO_MAX_FRAMES },
};

static echo_status read_number(void *owner, const struct field *f, const char *path,
                               const json_t *value, echo_error *err)
{
    void *at = (char *)owner + f->offset;
    const char *text = json_string_value(value);
    const echo_param_word *stands = text && f->param ? echo_param_word_named(f->param, text)
                                                     : NULL;
    double number = stands ? stands->number : json_number_value(value);

    if (!stands && (!json_is_number(value) || (f->whole && !json_is_integer(value))))
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s is not a%s number", path, f->name,
                         f->whole ? " whole" : "");
    if (!(number >= f->min && number <= f->max))
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s is %g, expected %g to %g", path, f->name,
                         number, f->min, f->max);
    if (f->whole)
        *(int *)at = (int)number;
    else
        *(float *)at = (float)number;
    return ECHO_OK;
}

/* Numbers only: what a model is good at, not what a user wants. */
static bool is_number(const echo_param *p)
{
    return p && (p->kind == ECHO_PARAM_INT || p->kind == ECHO_PARAM_FLOAT);
}

static struct field field_of(const echo_param *p)
{
    return (struct field){ p->name, p->offset, p->kind == ECHO_PARAM_INT, p->min, p->max,
                           p };
}

static echo_status read_license(struct settings *s, const char *path, const json_t *value,
                                echo_error *err)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) >= sizeof s->license)
        return echo_fail(err, ECHO_ERR_FILE, "%s: license is not a name of at most %zu bytes",
                         path, sizeof s->license - 1);
    memcpy(s->license, text, strlen(text) + 1);
    return ECHO_OK;
}

static echo_status read_member(struct settings *s, const char *path, const char *key,
                               const json_t *value, echo_error *err)
{
    const echo_param *t = echo_param_find(key);

    if (!strcmp(key, "license"))
        return read_license(s, path, value, err);
    if (!strcmp(key, "vocabulary"))
        return echo_vocabulary_read(&s->vocabulary, path, value, err);
    if (is_number(t)) {
        struct field f = field_of(t);

        return read_number(&s->defaults, &f, path, value, err);
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!strcmp(key, fields[i].name))
            return read_number(s, &fields[i], path, value, err);
    return echo_fail(err, ECHO_ERR_FILE, "%s: unknown setting '%s'", path, key);
}

/* Takes the reference to root, NULL if it could not be read. */
static echo_status take(struct settings *s, const char *path, json_t *root,
                        const json_error_t *why, echo_error *err)
{
    echo_status status = ECHO_OK;
    const char *key;
    json_t *value;

    if (!root)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s (line %d)", path, why->text, why->line);
    if (!json_is_object(root))
        status = echo_fail(err, ECHO_ERR_FILE, "%s: not a JSON object", path);
    json_object_foreach(root, key, value)
        if (!status)
            status = read_member(s, path, key, value, err);
    if (!status && echo_params_check(&s->defaults, err))
        status = echo_fail(err, ECHO_ERR_FILE, "%s: the settings do not go together", path);
    json_decref(root);
    return status;
}

echo_status echo_settings_read(struct settings *s, const char *path, echo_error *err)
{
    json_error_t why;

    return take(s, path, json_load_file(path, JSON_REJECT_DUPLICATES, &why), &why, err);
}

echo_status echo_settings_parse(struct settings *s, const char *path, const char *text,
                                echo_error *err)
{
    json_error_t why;

    return take(s, path, json_loads(text, JSON_REJECT_DUPLICATES, &why), &why, err);
}
