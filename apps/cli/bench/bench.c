/* SPDX-License-Identifier: MIT */
/* bench.c - how fast this machine speaks: texts, voices, steps, devices, each several times. */
#include <string.h>

#include "bench/bench.h"
#include "commands.h"
#include "common/failure.h"
#include "common/output.h"

#define AT(field) offsetof(struct bench, field)

static const struct option work_options[] = {
    { .name = "texts", .kind = OPTION_STRING, .at = AT(text_names), .value = "NAME,...",
      .values = "short,medium,long",
      .help = "of 63, 207, 545 bytes (default: all)" },
    { .name = "num-steps", .alias = "steps", .letter = 's', .kind = OPTION_LIST,
      .at = AT(steps),
      .value = "N,N,...", .like = "num_steps",
      .help = "Euler steps (default: 5,10,20,40); each" },
    { .name = "voices", .kind = OPTION_LIST, .at = AT(clips), .value = "S,S,...",
      .max = ECHO_VOICE_SECONDS,
      .help = "seconds of voice, 0: none; default 0,10,120; each" },
    { .name = "sequence-length", .alias = "frames", .kind = OPTION_INT,
      .at = AT(frames), .value = "N", .like = "block_sizes", /* a pass is one block */
      .help = "latent frames of a pass (default: the model's)" },
    { .name = "block-sizes", .alias = "blocks", .kind = OPTION_LIST, .at = AT(blocks),
      .value = "N,N,...", .like = "block_sizes",
      .help = "or: frames of each block, decoded beside the next" },
    { .name = "devices", .kind = OPTION_STRING, .at = AT(devices), .value = "NAME,...",
      .values = "cpu,vulkan,vulkan+cpu,all",
      .help = "compare, +cpu for the codec" },
    { .name = "runs", .kind = OPTION_INT, .at = AT(runs), .value = "N", .min = 1,
      .max = BENCH_RUNS,
      .help = "of each, after a warm-up (default: 3)" },
    { .name = "kernels", .kind = OPTION_ON, .at = AT(kernels), .once = true,
      .help = "no model: matmuls, attention, convolutions by themselves" },
    { .name = "synthetic", .kind = OPTION_STRING, .at = AT(synthetic), .value = "SIZE",
      .values = "base,small",
      .help = "measure a temporary random model of this size" },
    { 0 },
};

static const struct option output_options[] = {
    { .name = "csv", .kind = OPTION_STRING, .at = AT(csv), .value = "FILE", .once = true,
      .help = "write the table as CSV (-: stdout, instead of the table)" },
    { .name = "plot", .kind = OPTION_STRING, .at = AT(plot), .value = "FILE.svg", .once = true,
      .help = "draw the table" },
    { 0 },
};

static const struct option_group groups[] = {
    { "What to measure", work_options },
    { "What to write", output_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

/* ---- what is asked for ---- */

static echo_status check_list(echo_list *list, const char *name,
                              const echo_list *otherwise, echo_error *err)
{
    if (!list->n)
        *list = *otherwise;
    if (list->n > BENCH_LISTED)
        return echo_fail(err, ECHO_ERR_ARG, "--%s: %d are too many, at most %d", name, list->n,
                         BENCH_LISTED);
    for (int i = 0; i < list->n; i++)
        for (int j = 0; j < i; j++)
            if (list->items[i] == list->items[j])
                return echo_fail(err, ECHO_ERR_ARG, "--%s: %d is given twice", name,
                                 list->items[i]);
    return ECHO_OK;
}

static bool csv_to_stdout(const struct bench *b)
{
    return b->csv && !strcmp(b->csv, "-");
}

static echo_status check_outputs(const struct bench *b, echo_error *err)
{
    if (csv_to_stdout(b) && b->common.json)
        return echo_fail(err, ECHO_ERR_ARG, "--csv - and --json both want standard output");
    if (b->plot && !strcmp(b->plot, "-"))
        return echo_fail(err, ECHO_ERR_ARG, "a plot goes to a file, not to standard output");
    if (b->csv && b->plot && !strcmp(b->csv, b->plot))
        return echo_fail(err, ECHO_ERR_ARG, "--csv and --plot name the same file");
    if (b->csv && !csv_to_stdout(b) && output_check(b->csv, err))
        return err->status;
    return b->plot ? output_check(b->plot, err) : ECHO_OK;
}

static echo_status check_frames(const struct bench *b, echo_error *err)
{
    int made = 0;

    for (int i = 0; i < b->blocks.n; i++)
        made += b->blocks.items[i]; /* at most 640 of at most 64 */
    if (made && b->frames)
        return echo_fail(err, ECHO_ERR_ARG,
                         "--sequence-length and --block-sizes: give one of them");
    if (made > ECHO_MAX_FRAMES)
        return echo_fail(err, ECHO_ERR_ARG, "--block-sizes: %d frames, at most %d", made,
                         ECHO_MAX_FRAMES);
    return ECHO_OK;
}

static echo_status check_devices(struct bench *b, echo_error *err)
{
    if (b->devices && b->kernels)
        return echo_fail(err, ECHO_ERR_ARG,
                         "--kernels measures one device: give --device instead of --devices");
    if (b->devices && (b->common.device || b->common.codec_device))
        return echo_fail(err, ECHO_ERR_ARG,
                         "--devices says it all: leave --device and --codec-device out");
    return b->kernels ? ECHO_OK : bench_places_find(b, b->devices, err);
}

/* Faults that can be known before hours of work; the defaults, too. */
static echo_status check(struct bench *b, echo_error *err)
{
    static const echo_list steps = { 4, { 5, 10, 20, 40 } };
    static const echo_list clips = { 3, { 0, 10, 120 } };

    if (b->kernels && (b->common.model || b->synthetic || b->plot))
        return echo_fail(err, ECHO_ERR_ARG, "--kernels needs no model and draws no plot: leave "
                                            "-m, --synthetic and --plot out");
    if (b->common.model && b->synthetic)
        return echo_fail(err, ECHO_ERR_ARG, "-m and --synthetic: give one of them");
    if (b->synthetic && strcmp(b->synthetic, "base") && strcmp(b->synthetic, "small"))
        return echo_fail(err, ECHO_ERR_ARG, "--synthetic: '%.60s' is not base or small",
                         b->synthetic);
    if (bench_texts_find(b, b->text_names, err) ||
        check_list(&b->steps, "num-steps", &steps, err) ||
        check_list(&b->clips, "voices", &clips, err) || check_frames(b, err) ||
        check_devices(b, err))
        return err->status;
    if (!b->runs)
        b->runs = 3;
    b->machine = machine_find();
    return check_outputs(b, err);
}

/* ---- what comes out ---- */

static echo_status show_row(const struct bench *b, echo_error *err)
{
    if (b->common.json)
        return ECHO_OK;
    if (csv_to_stdout(b))
        bench_csv_row(b);
    else
        bench_table_row(b);
    return output_flush(err);
}

/* The results so far go out, even if the rest never came. */
static echo_status end_output(const struct bench *b, echo_error *err)
{
    if (b->common.json)
        return bench_json_print(b, err);
    if (!csv_to_stdout(b))
        bench_table_end(b);
    return output_flush(err);
}

static echo_status save(const struct bench *b, echo_error *err)
{
    if (b->csv && !csv_to_stdout(b) && bench_csv_save(b, b->csv, err))
        return err->status;
    return b->plot ? bench_plot_save(b, b->plot, err) : ECHO_OK;
}

static void clear_bars(struct bench *b)
{
    for (int i = 0; i < b->n_places; i++)
        progress_clear(&b->places[i].runtime.bar);
}

static echo_status run(void *job, echo_error *err)
{
    struct bench *b = job;
    echo_error ignored;
    bool failed;

    failed = check(b, err) != ECHO_OK;
    if (!failed && b->kernels)
        return bench_kernels(b, err);
    failed = failed || bench_models_open(b, err) || bench_measure(b, show_row, err);
    clear_bars(b);
    if (!failed)
        failed = save(b, err);
    if (b->n_rows && end_output(b, failed ? &ignored : err))
        failed = true;
    bench_models_close(b);
    return failed ? err->status : ECHO_OK;
}

static const struct example examples[] = {
    { "bench --plot speed.svg", "texts, voices and steps on this machine" },
    { "bench --devices cpu,vulkan", "side by side" },
    { "bench --synthetic base", "random weights of full size, 7.5 GB in $TMPDIR" },
    { 0 },
};

const struct command bench_command = {
    .name = "bench",
    .synopsis = "[-m DIR|--synthetic base|small|--kernels] [options]",
    .summary = "measure how fast this machine speaks",
    .examples = examples,
    .may_lack_model = true,
    .measured = true,
    .job_size = sizeof(struct bench),
    .groups = groups,
    .run = run,
};
