/* SPDX-License-Identifier: MIT */
/* answer_models.c - the model, and all that can be set. */
#include <string.h>

#include "common/report.h"
#include "routes.h"

static json_t *describe(const struct server *s)
{
    json_t *o = json_object();

    report_string(o, "id", s->model_id);
    report_string(o, "object", "model");
    report_integer(o, "created", s->started);
    report_string(o, "owned_by", "echotts");
    report_string(o, "license", s->info.license);
    return o;
}

void answer_models(struct request *r)
{
    json_t *o = json_object(), *list = json_array();

    json_array_append_new(list, describe(r->server));
    report_string(o, "object", "list");
    json_object_set_new(o, "data", list);
    reply_json(r, 200, o);
}

void answer_audio_models(struct request *r)
{
    json_t *o = json_object(), *list = json_array();

    json_array_append_new(list, describe(r->server));
    json_object_set_new(o, "models", list);
    reply_json(r, 200, o);
}

void answer_model(struct request *r)
{
    if (!strcmp(r->name, r->server->model_id))
        reply_json(r, 200, describe(r->server));
    else
        reply_refusal(r, 404, "model_not_found", "model", "the model here is %s",
                      r->server->model_id);
}

/* ---- the tables ---- */

static json_t *value_of(const echo_param *p, const echo_params *params)
{
    const void *at = (const char *)params + p->offset;
    const echo_list *list = at;
    json_t *items;

    switch (p->kind) {
    case ECHO_PARAM_SEED: return json_integer((json_int_t)(*(const uint64_t *)at & INT64_MAX));
    case ECHO_PARAM_INT: return json_integer(*(const int *)at);
    case ECHO_PARAM_FLOAT: return json_real(*(const float *)at);
    case ECHO_PARAM_BOOL: return json_boolean(*(const bool *)at);
    case ECHO_PARAM_LIST: break;
    }
    items = json_array();
    for (int i = 0; i < list->n; i++)
        json_array_append_new(items, json_integer(list->items[i]));
    return items;
}

static json_t *describe_words(const echo_param_word *w)
{
    json_t *list = json_array();

    for (; w && w->word; w++) {
        json_t *o = json_object();

        report_string(o, "word", w->word);
        report_real(o, "number", w->number);
        json_array_append_new(list, o);
    }
    return list;
}

/* Takes the value. */
static json_t *describe_param(const echo_param *p, json_t *preset)
{
    static const char *const kinds[] = { "seed", "int", "float", "bool", "list" };
    json_t *o = json_object();

    report_string(o, "name", p->name);
    json_object_set_new(o, "alias", p->alias ? json_string(p->alias) : json_null());
    report_string(o, "kind", kinds[p->kind]);
    report_real(o, "min", p->min);
    report_real(o, "max", p->max);
    report_string(o, "help", p->help);
    json_object_set_new(o, "default", preset);
    json_object_set_new(o, "words", describe_words(p->words));
    return o;
}

static json_t *list_params(const echo_params *defaults)
{
    json_t *list = json_array();
    const echo_param *p;

    for (int i = 0; (p = echo_param_at(i)); i++)
        json_array_append_new(list, describe_param(p, value_of(p, defaults)));
    return list;
}

static json_t *list_fields(void)
{
    json_t *list = json_array();
    const echo_param *p;

    for (int i = 0; (p = fields_at(i)); i++) {
        double preset = fields_default(p);

        json_array_append_new(list, describe_param(p, p->kind == ECHO_PARAM_BOOL
                                                          ? json_boolean(preset != 0)
                                                      : p->kind == ECHO_PARAM_INT
                                                          ? json_integer((json_int_t)preset)
                                                          : json_real(preset)));
    }
    return list;
}

static json_t *list_presets(void)
{
    json_t *list = json_array();
    const echo_preset *p;

    for (int i = 0; (p = echo_preset_at(i)); i++) {
        json_t *o = json_object(), *values = json_object();

        report_string(o, "name", p->name);
        report_string(o, "title", p->title);
        report_string(o, "help", p->help);
        report_integer(o, "evaluations", p->evaluations);
        for (const echo_preset_value *v = p->values; v->name; v++)
            report_real(values, v->name, v->value);
        json_object_set_new(o, "values", values);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *list_formats(void)
{
    json_t *list = json_array();
    echo_format f;

    for (int i = 0; echo_format_at(i, &f); i++) {
        json_t *o = json_object();

        if (!f.available) {
            json_decref(o);
            continue;
        }
        report_string(o, "name", f.name);
        report_string(o, "ending", f.ending);
        report_string(o, "mime", f.mime);
        report_string(o, "title", f.title);
        json_object_set_new(o, "lossy", json_boolean(f.lossy));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *describe_limits(const struct server_opts *opts)
{
    json_t *o = json_object();

    report_integer(o, "max_text", opts->max_text);
    report_integer(o, "max_upload", (json_int_t)opts->max_upload << 20);
    report_integer(o, "voice_seconds", ECHO_VOICE_SECONDS);
    report_integer(o, "max_queue", opts->max_queue);
    return o;
}

void answer_parameters(struct request *r)
{
    struct server *s = r->server;
    json_t *o = json_object(), *model = describe(s);

    report_string(model, "device", s->info.device);
    report_string(model, "precision", s->info.precision);
    report_real(model, "latent_rate", (double)ECHO_SAMPLE_RATE / s->info.frame_samples);
    json_object_set_new(model, "blockwise", json_boolean(s->info.blockwise));
    report_string(model, "version", echo_version());
    json_object_set_new(o, "parameters", list_params(&s->opts->defaults));
    json_object_set_new(o, "speech", list_fields());
    json_object_set_new(o, "presets", list_presets());
    json_object_set_new(o, "formats", list_formats());
    json_object_set_new(o, "limits", describe_limits(s->opts));
    json_object_set_new(o, "model", model);
    reply_json(r, 200, o);
}
