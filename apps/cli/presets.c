/* SPDX-License-Identifier: MIT */
#include "presets.h"

#include <stdio.h>
#include <string.h>

#include "common/output.h"
#include "common/report.h"
#include "config.h"
#include "parameters.h"

/* Its values, by the names of the parameters. */
static json_t *values(const echo_preset *preset)
{
    echo_params params = echo_params_default(NULL);
    json_t *all, *out = json_object();

    echo_preset_apply(preset, &params);
    all = config_of_params(&params);
    for (const echo_preset_value *v = preset->values; v->name; v++)
        json_object_set(out, v->name, json_object_get(all, v->name));
    json_decref(all);
    return out;
}

static json_t *describe(const echo_preset *p)
{
    json_t *o = json_object();

    report_string(o, "name", p->name);
    report_string(o, "title", p->title);
    report_string(o, "help", p->help);
    report_integer(o, "evaluations", p->evaluations);
    json_object_set_new(o, "parameters", values(p));
    return o;
}

static echo_status print_json(echo_error *err)
{
    json_t *array = json_array(), *o = json_object();

    for (int i = 0; echo_preset_at(i); i++)
        json_array_append_new(array, describe(echo_preset_at(i)));
    json_object_set_new(o, "presets", array);
    return report_print(o, err);
}

echo_status presets_print(const struct common *common, echo_error *err)
{
    const echo_preset *p;

    if (common->json)
        return print_json(err);
    printf("%-34s %-11s\n", "name", "evaluations");
    for (int i = 0; (p = echo_preset_at(i)); i++)
        printf("%-34s %-11d %s\n", p->name, p->evaluations, p->help);
    puts("\nEvaluations of the transformer are what sampling costs, here with a voice. "
         "--print-config shows the values.");
    return output_flush(err);
}
