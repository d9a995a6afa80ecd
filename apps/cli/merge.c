/* SPDX-License-Identifier: MIT */
/* merge.c - a checkpoint of the speech model with LoRAs merged into it. */
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "common/clock.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "loras.h"
#include "progress.h"

struct merge {
    struct common common;
    const char *output, *dtype;
    struct progress bar;
};

#define AT(field) offsetof(struct merge, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE.safetensors", .once = true,
      .help = "the file to write" },
    { .name = "dtype", .kind = OPTION_STRING, .at = AT(dtype), .value = "NAME",
      .values = "keep,f32,bf16", .preset = "keep",
      .help = "the type of its numbers",
      .details = "keep rounds each tensor to the type it has in the model." },
    { 0 },
};

static const struct option_group groups[] = {
    { "Merging", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

static echo_status report(const struct merge *merge, int loras, const struct stat *st,
                          double seconds, echo_error *err)
{
    json_t *o = json_object();

    report_string(o, "path", merge->output);
    report_integer(o, "loras", loras);
    report_integer(o, "file_bytes", (json_int_t)st->st_size);
    report_real(o, "total_s", seconds);
    report_integer(o, "peak_bytes", report_peak_bytes());
    return report_print(o, err);
}

static bool progress_part(void *user, double done)
{
    return progress_load(&((struct merge *)user)->bar, done);
}

static echo_status write_merged(struct merge *merge, const struct loras *loras, echo_error *err)
{
    const char *model = merge->common.word ? merge->common.word : merge->common.model;
    echo_model_opts opts = { .threads = merge->common.threads,
                             .loras = loras->list,
                             .n_loras = loras->n,
                             .progress = progress_part,
                             .user = merge };
    double began = clock_now();
    struct stat st;
    echo_status status;

    progress_open(&merge->bar, merge->common.quiet);
    progress_note(&merge->bar, "merging");
    status = echo_model_merge(model, merge->output, merge->dtype, &opts, err);
    progress_clear(&merge->bar);
    if (status || stat(merge->output, &st))
        return status;
    progress_done(&merge->bar, "%s  %.2f GB in %.1f s", merge->output,
                  (double)st.st_size / 1e9, clock_now() - began);
    return merge->common.json ? report(merge, loras->n, &st, clock_now() - began, err)
                              : ECHO_OK;
}

static echo_status run(void *job, echo_error *err)
{
    struct merge *merge = job;
    struct loras loras;
    echo_status status;

    if (!merge->output)
        return echo_fail(err, ECHO_ERR_ARG, "nowhere to write to: give -o FILE.safetensors");
    if (!strcmp(merge->output, "-"))
        return echo_fail(err, ECHO_ERR_ARG, "a model goes to a file, not to standard output");
    if (!merge->common.lora)
        return echo_fail(err, ECHO_ERR_ARG, "nothing to merge: give --lora FILE");
    if (merge->common.precision || merge->common.codec_precision)
        return echo_fail(err, ECHO_ERR_ARG, "merging has no precision: --dtype is the type of "
                                            "what is written");
    if (merge->common.word && merge->common.model)
        return echo_fail(err, ECHO_ERR_ARG, "the model is named twice: '%.200s' and "
                                            "--model '%.200s'", merge->common.word,
                         merge->common.model);
    if (output_check(merge->output, err))
        return err->status;
    if (!(status = loras_parse(&loras, merge->common.lora, err)))
        status = write_merged(merge, &loras, err);
    loras_close(&loras);
    return status;
}

static const struct example examples[] = {
    { "merge DIR --lora voice.safetensors -o echo.safetensors", "with the LoRA in it" },
    { "merge DIR --lora a.safetensors:0.7,b:0.3 -o echo.safetensors", "two at once" },
    { 0 },
};

const struct command merge_command = {
    .name = "merge",
    .word = "DIR",
    .words = "DIR",
    .measured = true,
    .synopsis = "[DIR] --lora FILE[:SCALE],... -o FILE.safetensors [options]",
    .summary = "write the speech model with LoRAs merged into it",
    .details = "The file takes the place of the model's echo.safetensors.\n"
               "The codec is not changed: its files are needed beside it as ever.",
    .examples = examples,
    .job_size = sizeof(struct merge),
    .groups = groups,
    .run = run,
};
