/* SPDX-License-Identifier: MIT */
/* info.c - what there is: version, processor, devices, model. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "runtime.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "signals.h"
#include "common/voices.h"

struct info {
    struct common common;
    bool check, words;
};

#define AT(field) offsetof(struct info, field)

static const struct option own_options[] = {
    { .name = "check", .kind = OPTION_ON, .at = AT(check), .once = true,
      .help = "read all weights of the model: are they whole?" },
    { .name = "words", .kind = OPTION_ON, .at = AT(words), .once = true,
      .help = "list the words that the model knows, one a line" },
    { 0 },
};

static const struct option_group groups[] = {
    { "What to do", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

typedef const char *name_at(int i);

static json_t *list(name_at *name)
{
    json_t *names = json_array();

    for (int i = 0; name(i); i++)
        json_array_append_new(names, json_string(name(i)));
    return names;
}

static json_t *devices(void)
{
    json_t *all = json_array();
    echo_device_info d;

    for (int i = 0; echo_device_at(i, &d); i++) {
        json_t *o = json_object();

        report_string(o, "name", d.name);
        report_string(o, "title", d.title);
        report_string(o, "driver", d.driver);
        json_object_set_new(o, "usable", json_boolean(d.usable));
        report_string(o, "state", d.state);
        report_integer(o, "memory", (json_int_t)d.memory);
        report_integer(o, "available", (json_int_t)d.available);
        json_object_set_new(o, "unified", json_boolean(d.unified));
        json_object_set_new(o, "software", json_boolean(d.software));
        json_object_set_new(o, "half", json_boolean(d.half));
        report_integer(o, "subgroup", d.subgroup);
        json_object_set_new(o, "cooperative_matrix",
                            d.coop_m ? json_pack("[iii]", d.coop_m, d.coop_n, d.coop_k)
                                     : json_null());
        report_real(o, "rate", d.rate);
        json_array_append_new(all, o);
    }
    return all;
}

static void print_device(const echo_device_info *d, const char *title)
{
    printf("%-14s%-10s %s", title, d->name, d->title);
    if (*d->driver)
        printf(", driver %s", d->driver);
    if (d->memory)
        printf("\n%-25s%.1f GB of memory, %.1f free%s", "", (double)d->memory / 1e9,
               (double)d->available / 1e9, d->unified ? ", the system's" : "");
    if (d->subgroup)
        printf("\n%-25ssubgroups of %d", "", d->subgroup);
    if (d->coop_m)
        printf(", matrices of %d x %d x %d", d->coop_m, d->coop_n, d->coop_k);
    if (*d->state)
        printf("\n%-25snot to be used: %s", "", d->state);
    else if (d->rate > 0)
        printf("\n%-25spassed its self-test, %.2f trillion operations a second", "",
               d->rate * 1e-12);
    putchar('\n');
}

static void print_devices(void)
{
    echo_device_info d;

    for (int i = 0; echo_device_at(i, &d); i++)
        print_device(&d, i ? "" : "devices");
}

static void print_list(const char *title, name_at *name)
{
    printf("%-14s", title);
    for (int i = 0; name(i); i++)
        printf("%s%s", i ? ", " : "", name(i));
    putchar('\n');
}

/* The numbers of a model, by the names they have everywhere. */
static const struct {
    const char *name;
    size_t at;
} sizes[] = {
    { "layers", offsetof(echo_model_info, layers) },
    { "model_size", offsetof(echo_model_info, model_size) },
    { "heads", offsetof(echo_model_info, heads) },
    { "text_layers", offsetof(echo_model_info, text_layers) },
    { "text_size", offsetof(echo_model_info, text_size) },
    { "speaker_layers", offsetof(echo_model_info, speaker_layers) },
    { "speaker_size", offsetof(echo_model_info, speaker_size) },
    { "latent_size", offsetof(echo_model_info, latent_size) },
    { "patch_size", offsetof(echo_model_info, patch_size) },
    { "codec_dim", offsetof(echo_model_info, codec_dim) },
    { "frame_samples", offsetof(echo_model_info, frame_samples) },
    { "words", offsetof(echo_model_info, words) },
};

static int size_of(const echo_model_info *m, size_t i)
{
    return *(const int *)((const char *)m + sizes[i].at);
}

static json_t *vocabulary(const echo_model *model)
{
    json_t *words = json_array();
    const char *word;

    for (int i = 0; (word = echo_model_word(model, i)); i++)
        json_array_append_new(words, json_string(word));
    return words;
}

static json_t *loras_array(const echo_model *model)
{
    json_t *all = json_array();
    echo_lora_info l;

    for (int i = 0; echo_model_lora(model, i, &l); i++) {
        json_t *o = json_object();

        report_string(o, "path", l.path);
        report_string(o, "layout", l.layout);
        report_real(o, "scale", (double)l.scale);
        report_integer(o, "weights", l.weights);
        report_integer(o, "rank_least", l.rank_least);
        report_integer(o, "rank_most", l.rank_most);
        json_array_append_new(all, o);
    }
    return all;
}

static json_t *model_object(const struct runtime *e, bool with_words)
{
    const echo_model_info *m = &e->info;
    json_t *o = json_object();

    report_string(o, "path", m->path);
    report_string(o, "echo_file", m->echo_file);
    report_string(o, "dac_file", m->dac_file);
    report_string(o, "pca_file", m->pca_file);
    report_string(o, "echo_dtype", m->echo_dtype);
    report_string(o, "dac_dtype", m->dac_dtype);
    report_string(o, "device", m->device);
    report_string(o, "codec_device", m->codec_device);
    report_string(o, "device_reason", m->device_reason);
    report_string(o, "precision", m->precision);
    report_string(o, "codec_precision", m->codec_precision);
    report_string(o, "precision_reason", m->precision_reason);
    report_string(o, "absent", m->absent);
    report_string(o, "stripped", m->stripped);
    report_integer(o, "echo_parameters", (json_int_t)m->echo_parameters);
    report_integer(o, "dac_parameters", (json_int_t)m->dac_parameters);
    report_integer(o, "file_bytes", (json_int_t)m->file_bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        report_integer(o, sizes[i].name, size_of(m, i));
    json_object_set_new(o, "packed", json_boolean(m->packed));
    json_object_set_new(o, "blockwise", json_boolean(m->blockwise));
    report_real(o, "load_s", m->load_s);
    json_object_set_new(o, "voices", voices_array(e->model));
    json_object_set_new(o, "loras", loras_array(e->model));
    if (with_words)
        json_object_set_new(o, "vocabulary", vocabulary(e->model));
    return o;
}

/* Without a model `why` says why there is none. */
static echo_status report(const struct runtime *e, bool with_words, const char *why,
                          echo_error *err)
{
    json_t *o = json_object();

    report_string(o, "version", echo_version());
    json_object_set_new(o, "isa", list(echo_isa));
    json_object_set_new(o, "devices", devices());
    json_object_set_new(o, "library", voices_of_library(e->library));
    report_string(o, "library_folder", echo_library_folder(e->library));
    json_object_set_new(o, "model", e->model ? model_object(e, with_words) : json_null());
    if (!e->model)
        report_string(o, "no_model", why);
    return report_print(o, err);
}

/* A line of its voices, if there are any. */
static void print_voices(const echo_model *model)
{
    const char *name;

    for (int i = 0; (name = echo_model_voice(model, i)); i++)
        printf("%s%s", i ? ", " : "  voices      ", name);
    if (echo_model_voice(model, 0))
        putchar('\n');
}

/* The user's own, whatever the model is. */
static void print_library(echo_library *lib)
{
    json_t *names = voices_of_library(lib), *name;
    size_t i;

    json_array_foreach(names, i, name)
        printf("%s%s", i ? ", " : "library       ", json_string_value(name));
    if (json_array_size(names))
        putchar('\n');
    json_decref(names);
}

static void print_loras(const echo_model *model)
{
    echo_lora_info l;

    for (int i = 0; echo_model_lora(model, i, &l); i++) {
        printf("  %-12s%s, scale %g, %d weights, rank %d", i ? "" : "LoRA", l.path,
               (double)l.scale, l.weights, l.rank_least);
        if (l.rank_most > l.rank_least)
            printf(" to %d", l.rank_most);
        printf(" (%s)\n", l.layout);
    }
}

static void print_model(const struct runtime *e, bool checked)
{
    const echo_model_info *m = &e->info;

    printf("%-14s%s\n", "model", m->path);
    printf("  %-12s%s, %s, %.1f M parameters\n", "speech", m->echo_file, m->echo_dtype,
           (double)m->echo_parameters / 1e6);
    printf("  %-12s%s, %s, %.1f M parameters\n", "codec", m->dac_file, m->dac_dtype,
           (double)m->dac_parameters / 1e6);
    printf("  %-12s%s\n", "latents", m->pca_file);
    printf("  %-12s%.1f MB\n", "files", (double)m->file_bytes / 1e6);
    printf("  %-12s%s\n", "packed", m->packed ? "yes" : "no");
    if (checked)
        printf("  %-12s%s\n", "checked", m->packed ? "checksums match"
                                                    : "all weights are finite");
    printf("  %-12s%s, computing in %s, the codec in %s\n", "runs on", m->device,
           m->precision, m->codec_precision);
    if (*m->device_reason)
        printf("  %-12s%s\n", "because", m->device_reason);
    printf("  %-12s%s, %s\n", "precision", m->precision, m->precision_reason);
    printf("  %-12s%d layers, width %d, %d heads\n", "transformer", m->layers, m->model_size,
           m->heads);
    printf("  %-12s%d layers, width %d\n", "text", m->text_layers, m->text_size);
    printf("  %-12s%d layers, width %d, patches of %d frames\n", "speaker", m->speaker_layers,
           m->speaker_size, m->patch_size);
    printf("  %-12slatent size %d, %.1f ms (%d samples)\n", "frame", m->latent_size,
           1e3 * m->frame_samples / ECHO_SAMPLE_RATE, m->frame_samples);
    if (m->words)
        printf("  %-12s%d, --words lists them\n", "words", m->words);
    else
        printf("  %-12sno list, any may be tried\n", "words");
    print_loras(e->model);
    print_voices(e->model);
    printf("  %-12s%s\n", "blocks", m->blockwise ? "yes, and continuation" : "no");
    if (*m->absent)
        printf("  %-12s%s\n", "absent", m->absent);
    if (*m->stripped)
        printf("  %-12s%s (in front of the names of tensors, taken off)\n", "stripped",
               m->stripped);
}

static echo_status print(const struct runtime *e, bool checked, const char *why,
                         echo_error *err)
{
    printf("%-14s%s\n", "echotts", echo_version());
    print_list("cpu", echo_isa);
    print_devices();
    if (e->model)
        print_model(e, checked);
    else
        printf("%-14snone to be used (%s)\n", "model", why);
    print_library(e->library);
    return output_flush(err);
}

static echo_status print_words(const echo_model *model, echo_error *err)
{
    const char *word;

    if (!echo_model_word(model, 0))
        puts("this model brings no list of words: any may be tried");
    for (int i = 0; (word = echo_model_word(model, i)); i++)
        puts(word);
    return output_flush(err);
}

static echo_status tell(const struct info *info, const struct runtime *e, const char *why,
                        echo_error *err)
{
    if (info->common.json)
        return report(e, info->words, why, err);
    if (info->words)
        return print_words(e->model, err);
    return print(e, info->check, why, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct info *info = job;
    struct runtime e = { 0 };
    echo_status status = runtime_open_model(&e, &info->common, !info->check, err);
    echo_error why = *err;
    /* Who names no model wants to know about the machine: not having one is an answer. */
    bool fine = !info->common.model && !info->common.lora && !info->check && !info->words;

    if (!status && info->check)
        status = echo_model_verify(e.model, err);
    if (!status && signals_stopped()) /* it was verified to be zeros */
        status = echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
    if (!status || (status == ECHO_ERR_MODEL && fine))
        status = tell(info, &e, why.text, err);
    runtime_close(&e);
    return status;
}

static const struct example examples[] = {
    { "info", "what this machine and the model have" },
    { "info -m DIR --check", "is a download whole?" },
    { "info --json", "the same for programs" },
    { 0 },
};

const struct command info_command = {
    .name = "info",
    .synopsis = "[-m DIR] [options]",
    .summary = "show version, CPU, devices and model",
    .examples = examples,
    .may_lack_model = true,
    .job_size = sizeof(struct info),
    .groups = groups,
    .run = run,
};
