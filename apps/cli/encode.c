/* SPDX-License-Identifier: MIT */
/* encode.c - audio to the latents that the model speaks from. */
#include <string.h>

#include "commands.h"
#include "runtime.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"

struct encode {
    struct common common;
    const char *output;
    echo_encode_opts opts;
};

#define AT(field) offsetof(struct encode, field)

static const struct option own_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE", .once = true,
      .help = "the safetensors file to write" },
    { .name = "all-frames", .kind = OPTION_ON, .at = AT(opts.all_frames),
      .help = "keep the last partial frame and partial patch" },
    { .name = "codes", .kind = OPTION_ON, .at = AT(opts.codes),
      .help = "write the codebook entries too" },
    { .name = "lift", .kind = OPTION_ON, .at = AT(opts.lift),
      .help = "raise a quiet clip to an ordinary level" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Encoding", own_options },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

static echo_status check(const struct encode *encode, echo_error *err)
{
    if (!encode->common.word)
        return echo_fail(err, ECHO_ERR_ARG, "nothing to encode: give an audio file");
    if (!encode->output)
        return echo_fail(err, ECHO_ERR_ARG, "nowhere to write to: give -o FILE.safetensors");
    return output_check_latents(encode->output, err);
}

struct encoded {
    int frames, size, books;
    double audio_s, encode_s;
};

static echo_status report(const struct encoded *done, const struct runtime *e, echo_error *err)
{
    json_t *o = json_object();

    report_integer(o, "frames", done->frames);
    report_integer(o, "latent_size", done->size);
    report_integer(o, "codebooks", done->books);
    report_speed(o, done->audio_s, done->encode_s);
    report_model(o, &e->info);
    return report_print(o, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct encode *encode = job;
    const char *from = encode->common.word;
    struct runtime e = { 0 };
    struct encoded done = { 0 };
    echo_voice *v = NULL;
    bool failed;

    failed = check(encode, err) || runtime_open(&e, &encode->common, err) ||
             runtime_voice(&e, &v, from, encode->opts, &done.encode_s, err) ||
             echo_voice_save(v, encode->output, err);
    if (!failed) {
        echo_voice_latent(v, &done.frames, &done.size);
        echo_voice_codes(v, &done.books);
        done.audio_s = done.frames * e.bar.frame_s;
        progress_done(&e.bar, "%s  %d frames (%.2f s) in %.1f s", encode->output, done.frames,
                      done.audio_s, done.encode_s);
    }
    if (!failed && encode->common.json)
        failed = report(&done, &e, err);
    echo_voice_close(&v);
    runtime_close(&e);
    return failed ? err->status : ECHO_OK;
}

static const struct example examples[] = {
    { "encode clip.mp3 -o voice.safetensors", "then: say ... -v voice.safetensors" },
    { "encode - -o voice.safetensors --lift < quiet.wav", "a quiet recording, by a pipe" },
    { 0 },
};

const struct command encode_command = {
    .name = "encode",
    .word = "audio file",
    .words = "FILE",
    .synopsis = "AUDIO|- -o FILE.safetensors [options]",
    .summary = "turn a recording of a voice into latents",
    .details = "Latents are what the model hears of a voice. They load at once, while a "
               "recording is encoded each time that it is given to say.",
    .examples = examples,
    .job_size = sizeof(struct encode),
    .groups = groups,
    .run = run,
};
