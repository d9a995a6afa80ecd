/* SPDX-License-Identifier: MIT */
/* decode.c - latents to sound. */
#include <string.h>

#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "delivery.h"
#include "runtime.h"

struct decode {
    struct common common;
    const char *output;
    struct sound_opts opts;

    /* Had while running. */
    echo_voice *latents;
    struct delivery delivery;
    struct runtime *runtime;
};

#define AT(field) offsetof(struct decode, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE", .once = true,
      .help = "the sound file to write (-: stdout)" },
    SOUND_OPTION_ROWS(AT(opts)),
    { 0 },
};

static const struct option_group groups[] = {
    { "Decoding", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

static echo_status check(const struct decode *decode, echo_error *err)
{
    if (!decode->common.word)
        return echo_fail(err, ECHO_ERR_ARG, "nothing to decode: give a safetensors file");
    if (!decode->output)
        return echo_fail(err, ECHO_ERR_ARG,
                         "nowhere to write to: give -o FILE.wav, .mp3, .flac, ...");
    if (!strcmp(decode->output, "-") && decode->common.json)
        return echo_fail(err, ECHO_ERR_ARG, "-o - and --json both want standard output");
    return sound_options_check(&decode->opts, decode->output, err);
}

static bool deliver(void *user, const float *pcm, size_t n)
{
    return delivery_audio(&((struct decode *)user)->delivery, pcm, n);
}

static bool show(void *user, echo_stage stage, int done, int total)
{
    return progress_stage(&((struct decode *)user)->runtime->bar, stage, done, total);
}

static echo_status sound(struct decode *decode, struct runtime *e, echo_error *err)
{
    echo_sink sink = { .user = decode, .audio = deliver, .progress = show };
    echo_status status;

    decode->runtime = e;
    decode->delivery.path = decode->output;
    decode->delivery.opts = sound_options(&decode->opts);
    status = delivery_open(&decode->delivery, err);
    if (!status)
        status = echo_decode(e->session, decode->latents, &sink, err);
    return delivery_close(&decode->delivery, status, err);
}

static void summarize(const struct decode *decode, struct runtime *e)
{
    double audio_s = delivery_seconds(&decode->delivery);
    double work_s = echo_session_stats(e->session).decode_s;

    progress_done(&e->bar, "%s  %.2f s of audio in %.1f s (%.2fx)",
                  output_name(decode->output), audio_s, work_s, work_s / audio_s);
}

static echo_status report(const struct decode *decode, const struct runtime *e, echo_error *err)
{
    echo_stats stats = echo_session_stats(e->session);
    json_t *o = json_object();

    report_integer(o, "frames", stats.kept);
    report_integer(o, "samples", (json_int_t)stats.samples);
    report_speed(o, delivery_seconds(&decode->delivery), stats.decode_s);
    report_model(o, &e->info);
    return report_print(o, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct decode *decode = job;
    struct runtime e = { 0 };
    bool failed;

    failed = check(decode, err) || runtime_open(&e, &decode->common, err) ||
             echo_voice_load(&decode->latents, e.session, decode->common.word, err) ||
             sound(decode, &e, err);
    if (!failed)
        summarize(decode, &e);
    if (!failed && decode->common.json)
        failed = report(decode, &e, err);
    echo_voice_close(&decode->latents);
    runtime_close(&e);
    return failed ? err->status : ECHO_OK;
}

static const struct example examples[] = {
    { "decode text.safetensors -o text.wav", "what say --latent-out wrote, untrimmed" },
    { 0 },
};

const struct command decode_command = {
    .name = "decode",
    .word = "latents file",
    .words = "FILE",
    .synopsis = "LATENTS.safetensors|- -o FILE [options]",
    .summary = "turn latents back into sound",
    .examples = examples,
    .job_size = sizeof(struct decode),
    .groups = groups,
    .run = run,
};
