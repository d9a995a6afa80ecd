/* SPDX-License-Identifier: MIT */
/* openapi.c - the API's own description, made of the same tables that answer. */
#include <stdarg.h>
#include <string.h>

#include "common/report.h"
#include "routes.h"

static json_t *typed(const char *type)
{
    return json_pack("{s:s}", "type", type);
}

static json_t *reference(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static void describe(json_t *schema, const char *text)
{
    json_object_set_new(schema, "description", json_string(text));
}

/* ---- what is asked ---- */

static json_t *number_schema(const echo_param *p, const char *type)
{
    json_t *o = typed(type), *either, *words, *list;

    json_object_set_new(o, "minimum", json_real(p->min));
    json_object_set_new(o, "maximum", json_real(p->max));
    if (!p->words)
        return o;
    words = json_array();
    for (const echo_param_word *w = p->words; w->word; w++)
        json_array_append_new(words, json_string(w->word));
    list = json_pack("{s:s, s:o}", "type", "string", "enum", words);
    either = json_pack("{s:[o, o]}", "anyOf", o, list);
    return either;
}

static json_t *param_schema(const echo_param *p)
{
    json_t *o;

    switch (p->kind) {
    case ECHO_PARAM_BOOL: o = typed("boolean"); break;
    case ECHO_PARAM_FLOAT: o = number_schema(p, "number"); break;
    case ECHO_PARAM_INT: o = number_schema(p, "integer"); break;
    case ECHO_PARAM_SEED:
        o = json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", -1, "maximum",
                      (json_int_t)INT64_MAX);
        break;
    default:
        o = json_pack("{s:s, s:i, s:{s:s, s:f, s:f}}", "type", "array", "maxItems",
                      ECHO_MAX_BLOCKS, "items", "type", "integer", "minimum", p->min, "maximum",
                      p->max);
    }
    describe(o, p->help);
    return o;
}

static json_t *formats(void)
{
    json_t *list = json_array();
    echo_format f;

    for (int i = 0; echo_format_at(i, &f); i++)
        if (f.available)
            json_array_append_new(list, json_string(f.name));
    return list;
}

static json_t *speech_schema(const struct server *s)
{
    json_t *fields = json_pack(
        "{s:{s:s, s:i, s:i, s:s}, s:{s:s, s:s}, s:{s:s, s:o}, s:{s:s, s:[s,s]}, s:{s:s, s:s},"
        " s:{s:s, s:s}, s:{s:s, s:s}}",
        "input", "type", "string", "minLength", 1, "maxLength", s->opts->max_text,
        "description",
        "the text to speak, in UTF-8; the limit counts bytes", "model", "type", "string",
        "description", "any is taken", "response_format", "type", "string", "enum", formats(),
        "stream_format", "type", "string", "enum", "audio", "sse", "stream", "type", "boolean",
        "description", "sound leaves while the rest is made", "instructions", "type", "string",
        "description", "accepted, and ignored", "preset", "type", "string", "description",
        "settings that go together; GET /v1/parameters lists them");
    json_t *voice = json_pack("{s:[{s:s}, {s:s, s:{s:{s:s}}, s:[s]}], s:s}", "anyOf", "type",
                              "string", "type", "object", "properties", "id", "type", "string",
                              "required", "id", "description",
                              "a name, or a clip in base64 or as a data: URL");
    const echo_param *p;

    json_object_set_new(fields, "voice", voice);
    json_object_set_new(fields, "cast",
                        json_pack("{s:s, s:i, s:O, s:s}", "type", "object", "maxProperties",
                                  ECHO_MAX_ROLES, "additionalProperties", voice, "description",
                                  "the voices of those whose lines begin with their names"));
    for (int i = 0; (p = fields_at(i)); i++)
        json_object_set_new(fields, p->name, param_schema(p));
    for (int i = 0; (p = echo_param_at(i)); i++)
        json_object_set_new(fields, p->name, param_schema(p));
    return json_pack("{s:s, s:[s], s:o}", "type", "object", "required", "input", "properties",
                     fields);
}

static json_t *form_schema(const struct route *route)
{
    json_t *fields = json_object();
    static const char *const texts[] = { "name",    "consent", "license",         "trim",
                                         "lift",    "replace", "response_format", "sample_rate",
                                         "bitrate", "quality" };
    bool adds = strstr(route->path, "voices") != NULL;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if ((i < 6) == adds)
            json_object_set_new(fields, texts[i], typed("string"));
    json_object_set_new(fields, "file",
                        json_pack("{s:s, s:s}", "type", "string", "format", "binary"));
    return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", fields, "required",
                     adds ? json_pack("[s, s]", "name", "file") : json_pack("[s]", "file"));
}

static json_t *body_of(const struct route *route)
{
    const char *type = route->body == BODY_JSON ? "application/json" : "multipart/form-data";

    return json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", type, "schema",
                     route->body == BODY_JSON ? reference("Speech") : form_schema(route));
}

/* ---- what is answered ---- */

/* Of each route: the status and content type of a good answer. */
static json_t *good_answer(const struct route *route, const char **status)
{
    bool sound = !strcmp(route->path, "/audio/speech") ||
                 !strcmp(route->path, "/audio/convert") || strstr(route->path, "/preview");
    json_t *content = json_object();
    echo_format f;

    *status = route->answer == answer_voice_added ? "201" : "200";
    for (int i = 0; sound && echo_format_at(i, &f); i++)
        json_object_set_new(content, reply_type(&f),
                            json_object());
    if (route->answer == answer_speech)
        json_object_set_new(content, "text/event-stream", json_object());
    if (route->answer == answer_metrics)
        json_object_set_new(content, "text/plain", json_object());
    else if (!sound)
        json_object_set_new(content, "application/json",
                            json_pack("{s:{s:s}}", "schema", "type", "object"));
    return json_pack("{s:s, s:o}", "description", "done", "content", content);
}

static json_t *refusal(const char *why)
{
    return json_pack("{s:s, s:{s:{s:o}}}", "description", why, "content", "application/json",
                     "schema", reference("Error"));
}

static json_t *answers_of(const struct route *route)
{
    const char *status;
    json_t *good = good_answer(route, &status), *o = json_object();

    json_object_set_new(o, status, good);
    if (route->body || strstr(route->path, "/preview"))
        json_object_set_new(o, "400", refusal("the request is wrong"));
    if (route->answer == answer_voice_removed)
        json_object_set_new(o, "403", refusal("the voice belongs to the model"));
    if (strchr(route->path, '{'))
        json_object_set_new(o, "404", refusal("there is none of this name"));
    if (!route->open)
        json_object_set_new(o, "401", refusal("a key is needed"));
    if (route->body)
        json_object_set_new(o, "413", refusal("the request is too large"));
    if (!route->quick) {
        json_object_set_new(o, "422", refusal("strict: speech may be missing"));
        json_object_set_new(o, "429", refusal("too many wait: Retry-After says how long"));
        json_object_set_new(o, "503", refusal("the server stops, or has no memory"));
    }
    if (route->answer == answer_ready)
        json_object_set_new(o, "503", json_pack("{s:s}", "description", "not now"));
    return o;
}

static json_t *operation(const struct route *route)
{
    json_t *o = json_pack("{s:s, s:o}", "summary", route->summary, "responses",
                          answers_of(route));

    if (route->body)
        json_object_set_new(o, "requestBody", body_of(route));
    if (!route->open)
        json_object_set_new(o, "security", json_pack("[{s:[]}, {}]", "key"));
    if (strchr(route->path, '{'))
        json_object_set_new(o, "parameters",
                            json_pack("[{s:s, s:s, s:b, s:{s:s}}]", "name", "name", "in",
                                      "path", "required", 1, "schema", "type", "string"));
    return o;
}

static json_t *paths(void)
{
    json_t *o = json_object();
    const struct route *route;

    for (int i = 0; (route = routes_at(i)); i++) {
        bool of_api = !strstr(" /health /ready /metrics /openapi.json ", route->path);
        json_t *path, *name;
        char method[8] = "";

        if (!route->summary)
            continue;
        for (size_t k = 0; route->method[k]; k++)
            method[k] = (char)(route->method[k] + ('a' - 'A'));
        name = json_sprintf("%s%s", of_api ? "/v1" : "", route->path);
        if (!(path = json_object_get(o, json_string_value(name)))) {
            path = json_object();
            json_object_set_new(o, json_string_value(name), path);
        }
        json_object_set_new(path, method, operation(route));
        json_decref(name);
    }
    return o;
}

void answer_openapi(struct request *r)
{
    const struct server *s = r->server;
    json_t *error = json_pack("{s:s, s:[s], s:{s:{s:s, s:[s,s]}}}", "type", "object",
                              "required", "error", "properties", "error", "type", "object",
                              "required",
                              "message", "type");
    json_t *o = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:{s:o, s:o}, s:{s:{s:s, s:s}}}}",
                          "openapi", "3.0.3", "info", "title", "echotts", "version",
                          echo_version(), "description",
                          "Speech by Echo-TTS, as OpenAI's clients ask for it.", "paths",
                          paths(), "components", "schemas", "Speech", speech_schema(s), "Error",
                          error, "securitySchemes", "key", "type", "http", "scheme", "bearer");

    reply_json(r, o ? 200 : 500, o ? o : json_object());
}
