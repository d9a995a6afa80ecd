/* SPDX-License-Identifier: MIT */
/* pack.c - a model in one file, ready for use in place. */
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "loras.h"
#include "progress.h"
#include "common/report.h"
#include "common/voices.h"

struct pack {
    struct common common;
    const char *output;
    struct progress bar;
};

#define AT(field) offsetof(struct pack, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE.echo", .once = true,
      .help = "the file to write" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Packing", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

static echo_status report(const struct pack *pack, const struct stat *st, double seconds,
                          echo_error *err)
{
    json_t *o = json_object();

    report_string(o, "path", pack->output);
    report_integer(o, "file_bytes", (json_int_t)st->st_size);
    report_real(o, "total_s", seconds);
    report_integer(o, "peak_bytes", report_peak_bytes());
    return report_print(o, err);
}

/* Whoever looks for these in the file would not find them. */
static void tell_of_library(struct pack *pack)
{
    echo_library *lib;
    json_t *names;

    if (echo_library_open(&lib, pack->common.voices, NULL))
        return;
    names = voices_of_library(lib);
    if (json_array_size(names))
        progress_done(&pack->bar, "the voices of your library (%zu) are not in it: they "
                                  "work with any model", json_array_size(names));
    json_decref(names);
    echo_library_close(&lib);
}

static echo_status run(void *job, echo_error *err)
{
    struct pack *pack = job;
    struct loras loras;
    echo_model_opts opts = { .device = pack->common.device,
                             .isa = pack->common.isa,
                             .threads = pack->common.threads,
                             .precision = pack->common.precision,
                             .codec_precision = pack->common.codec_precision,
                             .progress = progress_pack,
                             .user = &pack->bar };
    double began = clock_now();
    struct stat st;
    echo_status status;

    if (!pack->output)
        return echo_fail(err, ECHO_ERR_ARG, "nowhere to write to: give -o FILE.echo");
    if (!strcmp(pack->output, "-"))
        return echo_fail(err, ECHO_ERR_ARG, "a model goes to a file, not to standard output");
    if (output_check(pack->output, err))
        return err->status;
    if (!(status = loras_parse(&loras, pack->common.lora, err))) {
        opts.loras = loras.list;
        opts.n_loras = loras.n;
        progress_open(&pack->bar, pack->common.quiet);
        status = echo_model_pack(pack->common.model, pack->output, &opts, err);
    }
    loras_close(&loras);
    progress_clear(&pack->bar);
    if (status || stat(pack->output, &st))
        return status;
    progress_done(&pack->bar, "%s  %.2f GB in %.1f s", pack->output, (double)st.st_size / 1e9,
                  clock_now() - began);
    tell_of_library(pack);
    return pack->common.json ? report(pack, &st, clock_now() - began, err) : ECHO_OK;
}

static const struct example examples[] = {
    { "pack -m DIR --precision int8 -o echo.echo", "then: say ... -m echo.echo" },
    { 0 },
};

const struct command pack_command = {
    .name = "pack",
    .synopsis = "[-m DIR] --precision bf16|int8 -o FILE.echo [options]",
    .summary = "put a model into one file that is ready for use (-m FILE.echo)",
    .details = "A packed file opens at once, and processes share its memory. The clips of the "
               "model's voices are in it. Voices of your library stay in the library, and "
               "work with any model.",
    .examples = examples,
    .measured = true,
    .job_size = sizeof(struct pack),
    .groups = groups,
    .run = run,
};
