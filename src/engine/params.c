/* SPDX-License-Identifier: MIT */
#include "engine/params.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"

echo_params echo_params_reference(void)
{
    return (echo_params){
        .steps = 40,
        .cfg_text = 3,
        .cfg_speaker = 8,
        .cfg_min_t = 0.5f,
        .cfg_max_t = 1,
        .truncation = 0.8f,
        .force_speaker_layers = -1,
        .frames = ECHO_MAX_FRAMES,
        .normalize = true,
        .trim = true,
    };
}

/* The numbers that have a range. */
static const struct field {
    const char *name;
    size_t offset;
    bool whole;
    double low, high;
} fields[] = {
    { "steps", offsetof(echo_params, steps), true, 1, 1000 },
    { "cfg_text", offsetof(echo_params, cfg_text), false, -100, 100 },
    { "cfg_speaker", offsetof(echo_params, cfg_speaker), false, -100, 100 },
    { "cfg_min_t", offsetof(echo_params, cfg_min_t), false, 0, 100 },
    { "cfg_max_t", offsetof(echo_params, cfg_max_t), false, 0, 100 },
    { "truncation", offsetof(echo_params, truncation), false, 0, 10 },
    { "rescale_k", offsetof(echo_params, rescale_k), false, 0, 100 },
    { "rescale_sigma", offsetof(echo_params, rescale_sigma), false, 0, 100 },
    { "force_speaker", offsetof(echo_params, force_speaker), false, 0, 100 },
    { "force_speaker_layers", offsetof(echo_params, force_speaker_layers), true, -1, 1000 },
    { "force_speaker_min_t", offsetof(echo_params, force_speaker_min_t), false, 0, 1 },
    { "frames", offsetof(echo_params, frames), true, 1, ECHO_MAX_FRAMES },
};

#define FIELDS (sizeof fields / sizeof *fields)

static double get(const echo_params *p, const struct field *f)
{
    const char *at = (const char *)p + f->offset;

    return f->whole ? *(const int *)(const void *)at : *(const float *)(const void *)at;
}

static void set(echo_params *p, const struct field *f, double value)
{
    char *at = (char *)p + f->offset;

    if (f->whole)
        *(int *)(void *)at = (int)value;
    else
        *(float *)(void *)at = (float)value;
}

static echo_status check_blocks(const echo_params *p, echo_error *err)
{
    int sum = 0;

    if (p->n_blocks < 0 || p->n_blocks > ECHO_MAX_FRAMES || (p->n_blocks && !p->blocks))
        return echo_fail(err, ECHO_ERR_ARG, "%d blocks: expected 0 to %d", p->n_blocks,
                         ECHO_MAX_FRAMES);
    for (int i = 0; i < p->n_blocks; i++) {
        if (p->blocks[i] < 1 || p->blocks[i] > ECHO_MAX_FRAMES)
            return echo_fail(err, ECHO_ERR_ARG, "block %d has %d frames, expected 1 to %d",
                             i + 1, p->blocks[i], ECHO_MAX_FRAMES);
        sum += p->blocks[i];
    }
    if (sum > ECHO_MAX_FRAMES)
        return echo_fail(err, ECHO_ERR_ARG,
                         "the blocks have %d frames together, at most %d fit", sum,
                         ECHO_MAX_FRAMES);
    return ECHO_OK;
}

echo_status echo_params_check(const echo_params *p, echo_error *err)
{
    for (size_t i = 0; i < FIELDS; i++) {
        double value = get(p, &fields[i]);

        if (!(value >= fields[i].low && value <= fields[i].high))
            return echo_fail(err, ECHO_ERR_ARG, "%s is %g, expected %g to %g", fields[i].name,
                             value, fields[i].low, fields[i].high);
    }
    if ((p->rescale_k != 0) != (p->rescale_sigma != 0))
        return echo_fail(err, ECHO_ERR_ARG, "rescaling needs both rescale_k and rescale_sigma");
    return check_blocks(p, err);
}

static echo_status read_member(echo_params *p, struct vocabulary *v, const char *path,
                               const char *key, const json_t *value, echo_error *err)
{
    if (!strcmp(key, "vocabulary"))
        return echo_vocabulary_read(v, path, value, err);
    for (size_t i = 0; i < FIELDS; i++)
        if (!strcmp(key, fields[i].name)) {
            if (!json_is_number(value) || (fields[i].whole && !json_is_integer(value)))
                return echo_fail(err, ECHO_ERR_FILE, "%s: %s is not a%s number", path, key,
                                 fields[i].whole ? " whole" : "");
            double number = json_number_value(value);

            if (!(number >= fields[i].low && number <= fields[i].high))
                return echo_fail(err, ECHO_ERR_FILE, "%s: %s is %g, expected %g to %g", path,
                                 key, number, fields[i].low, fields[i].high);
            set(p, &fields[i], number);
            return ECHO_OK;
        }
    return echo_fail(err, ECHO_ERR_FILE, "%s: unknown setting '%s'", path, key);
}

/* Takes the reference to root, NULL if it could not be read. */
static echo_status take(echo_params *p, struct vocabulary *v, const char *path, json_t *root,
                        const json_error_t *why, echo_error *err)
{
    echo_status s = ECHO_OK;
    const char *key;
    json_t *value;

    if (!root)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s (line %d)", path, why->text, why->line);
    if (!json_is_object(root))
        s = echo_fail(err, ECHO_ERR_FILE, "%s: not a JSON object", path);
    json_object_foreach(root, key, value)
        if (!s)
            s = read_member(p, v, path, key, value, err);
    if (!s && echo_params_check(p, err))
        s = echo_fail(err, ECHO_ERR_FILE, "%s: the settings do not go together", path);
    json_decref(root);
    return s;
}

echo_status echo_params_read(echo_params *p, struct vocabulary *v, const char *path,
                             echo_error *err)
{
    json_error_t why;

    return take(p, v, path, json_load_file(path, JSON_REJECT_DUPLICATES, &why), &why, err);
}

echo_status echo_params_parse(echo_params *p, struct vocabulary *v, const char *path,
                              const char *text, echo_error *err)
{
    json_error_t why;

    return take(p, v, path, json_loads(text, JSON_REJECT_DUPLICATES, &why), &why, err);
}
