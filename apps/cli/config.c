/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/failure.h"
#include "common/report.h"
#include "config_layers.h"
#include "parameters.h"
#include "runtime.h"

/* ---- one value ---- */

static const char *word_of(const struct option *o, double number)
{
    for (const echo_param_word *w = o->words; w && w->word; w++)
        if (w->number == number)
            return w->word;
    return NULL;
}

/* 0.8f as 0.8 and not as 0.800000012: the shortest that reads back as the same float. */
static double shortest(float value)
{
    char text[32];

    for (int digits = 6; digits < 10; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    return strtod(text, NULL);
}

static json_t *string_value(const char *text)
{
    char plain[4096];

    if (!text)
        return json_null();
    report_plain(plain, sizeof plain, text);
    return json_string(plain);
}

static json_t *seed_value(uint64_t seed)
{
    char digits[24];

    if (seed <= INT64_MAX)
        return json_integer((json_int_t)seed);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    return json_string(digits);
}

static json_t *list_value(const echo_list *list)
{
    json_t *array = json_array();

    for (int i = 0; i < list->n; i++)
        json_array_append_new(array, json_integer(list->items[i]));
    return array;
}

static json_t *number_value(const struct option *o, double number, bool whole)
{
    const char *word = word_of(o, number);

    if (word)
        return json_string(word);
    return whole ? json_integer((json_int_t)number) : json_real(number);
}

json_t *config_value(const struct option *o, const void *at)
{
    switch (o->kind) {
    case OPTION_ON:
    case OPTION_SWITCH: return json_boolean(*(const bool *)at);
    case OPTION_STRING: return string_value(*(const char *const *)at);
    case OPTION_INT: return number_value(o, *(const int *)at, true);
    case OPTION_FLOAT: return number_value(o, shortest(*(const float *)at), false);
    case OPTION_SEED: return seed_value(*(const uint64_t *)at);
    case OPTION_LIST: return list_value(at);
    }
    return json_null();
}

void config_text(char *out, size_t size, const struct option *o, const void *at)
{
    json_t *value = config_value(o, at), *item;
    size_t i, used = 0;

    *out = '\0';
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(out, size, "%s", json_is_true(value) ? "on" : "off");
    else if (json_is_number(value))
        snprintf(out, size, "%.15g", json_number_value(value));
    json_array_foreach(value, i, item)
        if (used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%lld", i ? "," : "",
                                     (long long)json_integer_value(item));
    json_decref(value);
}

/* ---- all of them ---- */

/* "num-steps" as "num_steps" */
static void set(json_t *object, const char *name, json_t *value)
{
    char key[48];

    snprintf(key, sizeof key, "%s", name);
    for (char *p = key; *p; p++)
        if (*p == '-')
            *p = '_';
    json_object_set_new(object, key, value);
}

json_t *config_of_params(const echo_params *p)
{
    json_t *object = json_object();

    for (const struct option *o = parameters_rows(); o->name; o++)
        set(object, o->name, config_value(o, (const char *)p + o->at));
    return object;
}

/* Its value in the environment, or NULL. */
static const char *of_environment(const struct option *o)
{
    const char *value = o->variable ? getenv(o->variable) : NULL;

    return value && *value ? value : NULL;
}

/* Of an option that was not given; null if its preset depends on the rest. */
static json_t *value_otherwise(const struct option *o)
{
    const char *value = of_environment(o);

    if (!value)
        value = o->preset;
    if (o->kind == OPTION_ON)
        return json_false();
    if (!value)
        return json_null();
    switch (o->kind) {
    case OPTION_SWITCH: return json_boolean(!strcmp(value, "on"));
    case OPTION_INT: return json_integer(strtol(value, NULL, 10));
    case OPTION_FLOAT: return json_real(strtod(value, NULL));
    default: return string_value(value);
    }
}

/* Those that are about this run and no settings. */
static bool is_setting(const struct option *o)
{
    return strcmp(o->name, "help") && strcmp(o->name, "print-config");
}

json_t *config_of_options(const struct command *c, const void *job)
{
    json_t *object = json_object();

    for (const struct option_group *g = c->groups; g->title; g++)
        for (const struct option *o = g->rows; o && o->name; o++) {
            const void *at = (const char *)job + o->at;

            if (is_setting(o))
                set(object, o->name, options_given(c, job, o->name) ? config_value(o, at)
                                                                    : value_otherwise(o));
        }
    return object;
}

static bool has_params(const struct command *c)
{
    for (const struct option_group *g = c->groups; g->title; g++)
        if (!g->rows)
            return true;
    return false;
}

echo_status config_complete(const struct command *c, void *job, const echo_model *model,
                            echo_error *err)
{
    echo_params *params = (void *)((char *)job + c->params);
    char *given = malloc(c->job_size);
    uint32_t seed; /* the generator takes no more */

    if (!given)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    memcpy(given, job, c->job_size);
    *params = echo_params_default(model);
    options_copy_given(c, given, job);
    free(given);
    if (options_given(c, job, "rng-seed"))
        return ECHO_OK;
    if (getentropy(&seed, sizeof seed))
        return echo_fail(err, ECHO_ERR_DEVICE, "no random seed available: give --rng-seed");
    params->rng_seed = seed;
    return ECHO_OK;
}

/* ---- where they come from ---- */

/* "config file, line 3", "config file, [say], line 3" */
static json_t *in_file(const struct origin *from)
{
    if (!from->table)
        return json_sprintf("config file, line %d", from->line);
    return json_sprintf(from->layer == LAYER_MODEL ? "config file, [" CONFIG_FOR ".\"%s\"], "
                                                     "line %d"
                                                   : "config file, [%s], line %d",
                        from->table, from->line);
}

static json_t *origin(const struct option *o, const struct common *job, int row,
                      const char *otherwise)
{
    const struct origin *from = &job->origins[row];

    switch (from->kind) {
    case ORIGIN_LINE: return json_string("command line");
    case ORIGIN_FILE: return in_file(from);
    case ORIGIN_PRESET: return json_sprintf("preset %s", job->preset);
    case ORIGIN_NONE: break;
    }
    return of_environment(o) ? json_sprintf("environment, $%s", o->variable)
                             : json_string(otherwise);
}

/* Of a parameter that nobody gave; a model that has the program's own value adds nothing. */
static const char *origin_of_default(const struct option *o, const echo_params *own)
{
    const echo_params usual = echo_params_default(NULL);
    json_t *a = config_value(o, (const char *)own + o->at);
    json_t *b = config_value(o, (const char *)&usual + o->at);
    bool same = json_equal(a, b);

    json_decref(a);
    json_decref(b);
    return o->kind == OPTION_SEED ? "drawn" : same ? "built in" : "model";
}

static json_t *origins(const struct command *c, const struct common *job,
                       const echo_model *model)
{
    const echo_params own = echo_params_default(model);
    json_t *object = json_object();
    int row = 0;

    for (const struct option_group *g = c->groups; g->title; g++)
        for (const struct option *o = options_rows(g); o->name; o++, row++) {
            const char *otherwise = !g->rows ? origin_of_default(o, &own) : "built in";

            if ((!strcmp(o->name, "model") && model) ||
                (!strcmp(o->name, "config") && job->config))
                otherwise = "the usual place";
            if (is_setting(o))
                set(object, o->name, origin(o, job, row, otherwise));
        }
    return object;
}

/* ---- --print-config ---- */

static echo_status print(const struct command *c, void *job, const struct runtime *e,
                         echo_error *err)
{
    json_t *object = json_object(), *options = config_of_options(c, job);
    echo_status status = ECHO_OK;

    report_string(object, "command", c->name);
    json_object_update(object, options);
    json_decref(options);
    if (e->model)
        report_string(object, "model", e->info.path);
    if (((const struct common *)job)->config)
        report_string(object, "config", ((const struct common *)job)->config);
    json_object_set_new(object, "origins", origins(c, job, e->model));
    if (has_params(c)) {
        status = config_complete(c, job, e->model, err);
        json_object_set_new(object, "parameters",
                            config_of_params((void *)((char *)job + c->params)));
    }
    if (!status)
        return report_print(object, err);
    json_decref(object);
    return status;
}

echo_status config_print(const struct command *c, void *job, echo_error *err)
{
    struct common quiet = *(struct common *)job;
    struct runtime e = { 0 };
    echo_status status = ECHO_OK;

    quiet.quiet = true; /* nothing takes long enough for a bar */
    quiet.profile = false;
    if (!c->may_lack_model)
        status = runtime_open_model(&e, &quiet, true, err);
    if (!status)
        status = print(c, job, &e, err);
    runtime_close(&e);
    return status;
}
