/* SPDX-License-Identifier: MIT */
/* synth.c - a random model of any size, for tests and benchmarks. */
#include <stddef.h>

#include "common/clock.h"
#include "commands.h"
#include "echotts_dev.h"
#include "common/failure.h"
#include "progress.h"

struct synth {
    struct common common;
    const char *size, *output;
    uint64_t seed;
};

#define AT(field) offsetof(struct synth, field)

static const struct option own_options[] = {
    { .name = "size", .kind = OPTION_STRING, .at = AT(size), .value = "SIZE",
      .values = "base,small", .once = true,
      .help = "of a directory to imitate, or one of these",
      .details = "base is the size of the published model: 7.5 GB." },
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "DIR", .once = true,
      .help = "the directory to make" },
    { .name = "seed", .kind = OPTION_SEED, .at = AT(seed), .value = "N", .once = true,
      .help = "the same seed gives the same model (default: 0)" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Making", own_options },
    { "Other", common_options },
    { 0 },
};

static echo_status run(void *job, echo_error *err)
{
    struct synth *synth = job;
    struct progress bar;
    double began = clock_now();
    echo_status status;

    if (!synth->size)
        return echo_fail(err, ECHO_ERR_ARG, "of what size? give --size base, small or DIR");
    if (!synth->output)
        return echo_fail(err, ECHO_ERR_ARG, "nowhere to write to: give -o DIR");
    progress_open(&bar, synth->common.quiet);
    status = echo_model_synthesize(synth->size, synth->output, synth->seed, progress_write,
                                   &bar, err);
    progress_clear(&bar);
    if (!status)
        progress_done(&bar, "%s  a random model in %.1f s", synth->output, clock_now() - began);
    return status;
}

static const struct example examples[] = {
    { "synth --size small -o DIR", "then: info -m DIR" },
    { 0 },
};

const struct command synth_command = {
    .name = "synth",
    .synopsis = "--size base|small|DIR -o DIR [options]",
    .summary = "write a model of random numbers, for tests and benchmarks",
    .examples = examples,
    .job_size = sizeof(struct synth),
    .groups = groups,
    .run = run,
};
