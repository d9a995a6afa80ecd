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
    };
}

void echo_settings_free(struct settings *s)
{
    echo_vocabulary_free(&s->vocabulary);
}

/* Numbers beside the parameters of speech. */
static const struct field {
    const char *name;
    size_t offset;
    bool whole;
    double min, max;
} fields[] = {
    { "frames_per_byte", offsetof(struct settings, frames_per_byte), false, 0, 100 },
    { "frames_margin", offsetof(struct settings, frames_margin), false, 0, ECHO_MAX_FRAMES },
    { "max_sequence_length", offsetof(struct settings, max_sequence_length), true, 1,
      ECHO_MAX_FRAMES },
};

static echo_status read_number(void *at, const struct field *f, const char *path,
                               const json_t *value, echo_error *err)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || (f->whole && !json_is_integer(value)))
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
static echo_status read_param(echo_params *p, const echo_param *t, const char *path,
                              const json_t *value, echo_error *err)
{
    struct field f = { t->name, t->offset, t->kind == ECHO_PARAM_INT, t->min, t->max };
    const char *word = json_string_value(value);
    void *at = (char *)p + t->offset;

    if (!word || !t->word || strcmp(word, t->word))
        return read_number(at, &f, path, value, err);
    if (f.whole)
        *(int *)at = (int)t->stands_for;
    else
        *(float *)at = (float)t->stands_for;
    return ECHO_OK;
}

static echo_status read_member(struct settings *s, const char *path, const char *key,
                               const json_t *value, echo_error *err)
{
    const echo_param *t = echo_param_find(key);

    if (!strcmp(key, "vocabulary"))
        return echo_vocabulary_read(&s->vocabulary, path, value, err);
    if (t && (t->kind == ECHO_PARAM_INT || t->kind == ECHO_PARAM_FLOAT))
        return read_param(&s->defaults, t, path, value, err);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!strcmp(key, fields[i].name))
            return read_number((char *)s + fields[i].offset, &fields[i], path, value, err);
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
