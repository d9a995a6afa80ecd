/* SPDX-License-Identifier: MIT */
/* say.c - text to speech. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "characters.h"
#include "commands.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/quote.h"
#include "recording.h"
#include "common/report.h"
#include "text.h"
#include "words.h"

struct say {
    struct common common;
    const char *file, *voice, *continue_from; /* to read */
    const char *output, *latent_out;          /* to write; NULL: not wanted */
    bool as_float, lift;
    echo_params params;

    /* Had while running. */
    char text[TEXT_BYTES];
    struct words unknown;
    struct characters unusual;
    echo_voice *like, *before;
    double voice_s;
    struct recording sound;
};

#define AT(field) offsetof(struct say, field)

static const struct option input_options[] = {
    { .name = "file", .kind = OPTION_STRING, .at = AT(file), .value = "FILE",
      .help = "read the text from a file (-: stdin)" },
    { .name = "voice", .letter = 'v', .kind = OPTION_STRING, .at = AT(voice),
      .value = "FILE",
      .help = "speak like this: audio, latents, or a voice of the model" },
    { .name = "continue", .kind = OPTION_STRING, .at = AT(continue_from), .value = "FILE",
      .help = "go on from this speech, whose words TEXT begins with" },
    { .name = "lift", .kind = OPTION_ON, .at = AT(lift),
      .help = "raise a quiet clip to an ordinary level" },
    { 0 },
};

static const struct option output_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE",
      .help = "the WAV file to write (-: stdout)" },
    { .name = "float", .kind = OPTION_ON, .at = AT(as_float),
      .help = "32-bit float samples instead of 16-bit" },
    { .name = "latent-out", .kind = OPTION_STRING, .at = AT(latent_out), .value = "FILE",
      .help = "write the latents too; without -o no sound is made" },
    { 0 },
};

static const struct option_group groups[] = {
    { "What to say", input_options },
    { "What to write", output_options },
    { "How to say it (default: the model's own)", NULL },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

/* Whether what is to be made fits behind the frames before it. */
static echo_status check_length(const struct say *say, int before, echo_error *err)
{
    const echo_list *blocks = &say->params.block_sizes;
    int made = blocks->n ? 0 : say->params.sequence_length;
    int left = before < ECHO_MAX_FRAMES ? ECHO_MAX_FRAMES - before : 0;

    for (int i = 0; i < blocks->n; i++)
        made += blocks->items[i]; /* at most 640 of at most 64 */
    if (made <= left)
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_ARG, "%s: %d frames, at most %d%s",
                     blocks->n ? "--block-sizes" : "--sequence-length", made, left,
                     before ? " after what they continue" : "");
}

/* With an example of the user's own text, as far as it can be pasted. */
static echo_status no_output(const struct say *say, echo_error *err)
{
    const char *word = say->common.word, *before = "", *text = "-";
    char quoted[128];

    if (!word) {
        before = "--file ";
        text = quote_file(quoted, sizeof quoted, say->file, "FILE");
    } else if (strcmp(word, "-")) {
        before = *word == '-' ? "-- " : "";
        text = quote(quoted, sizeof quoted, word, "\"Hello.\"");
    }
    return echo_fail(err, ECHO_ERR_ARG,
                   "nothing to write: give -o or --latent-out, as in: echotts say -o hello.wav "
                   "%s%s",
                   before, text);
}

static int wants_of_stdin(const struct say *say)
{
    const char *const inputs[] = { say->common.word, say->file, say->voice,
                                   say->continue_from };
    int n = 0;

    for (int i = 0; i < 4; i++)
        n += inputs[i] && !strcmp(inputs[i], "-");
    return n;
}

/* Faults that can be known before anything is loaded. */
static echo_status check(const struct say *say, echo_error *err)
{
    const struct common *common = &say->common;
    bool to_stdout = say->output && !strcmp(say->output, "-");

    if (common->word && say->file)
        return echo_fail(err, ECHO_ERR_ARG, "the text is given twice: TEXT and --file");
    if (!common->word && !say->file)
        return echo_fail(err, ECHO_ERR_ARG,
                         "no text: give TEXT, - or --file, as in: echotts say \"Hello.\" -o "
                         "hello.wav");
    if (wants_of_stdin(say) > 1)
        return echo_fail(err, ECHO_ERR_ARG,
                         "text, voice and --continue: only one of them can come from standard "
                         "input");
    if (!say->output && !say->latent_out)
        return no_output(say, err);
    if (to_stdout && common->json)
        return echo_fail(err, ECHO_ERR_ARG, "-o - and --json both want standard output");
    if (say->output && say->latent_out && !strcmp(say->output, say->latent_out))
        return echo_fail(err, ECHO_ERR_ARG, "-o and --latent-out name the same file");
    if (say->voice && !*say->voice)
        return echo_fail(err, ECHO_ERR_ARG, "-v: the name of the voice is empty");
    if (options_given(&say_command, say, "sequence-length") && say->params.block_sizes.n)
        return echo_fail(err, ECHO_ERR_ARG,
                         "--sequence-length and --block-sizes: give one of them");
    if (check_length(say, 0, err))
        return err->status;
    if (say->output && output_check_sound(say->output, err))
        return err->status;
    return say->latent_out ? output_check_latents(say->latent_out, err) : ECHO_OK;
}

/* Options over the model's defaults. */
static echo_status complete(struct say *say, const echo_model *model, echo_error *err)
{
    struct say full = *say;

    full.params = echo_params_default(model);
    options_copy_given(&say_command, say, &full);
    if (!options_given(&say_command, say, "rng-seed")) {
        uint32_t seed; /* the generator takes no more */

        if (getentropy(&seed, sizeof seed))
            return echo_fail(err, ECHO_ERR_DEVICE, "no random seed available: give --rng-seed");
        full.params.rng_seed = seed;
    }
    *say = full;
    if (!say->params.rescale_k != !say->params.rescale_sigma)
        return echo_fail(err, ECHO_ERR_ARG, "--rescale-k and --rescale-sigma go together");
    return ECHO_OK;
}

/* With a continuation the default is what is left of one pass. */
static echo_status fit(struct say *say, int patch, echo_error *err)
{
    int before = 0;

    if (say->before) {
        echo_voice_latent(say->before, &before, NULL);
        before -= before % patch;
        int left = ECHO_MAX_FRAMES - before;

        if (!options_given(&say_command, say, "sequence-length") && left > 0 &&
            say->params.sequence_length > left)
            say->params.sequence_length = left;
    }
    return check_length(say, before, err);
}

static echo_status load_voices(struct say *say, struct runtime *e, echo_error *err)
{
    echo_encode_opts opts = { .lift = say->lift };
    echo_encode_opts in_one_pass = { .lift = say->lift, .max_frames = ECHO_MAX_FRAMES - 1 };
    echo_status status = ECHO_OK;

    if (say->continue_from)
        status = runtime_voice(e, &say->before, say->continue_from, in_one_pass, NULL, err);
    if (!status)
        status = fit(say, e->info.patch_size, err);
    if (!status && say->voice)
        status = runtime_voice(e, &say->like, say->voice, opts, &say->voice_s, err);
    return status;
}

static echo_status speak(struct say *say, struct runtime *e, echo_error *err)
{
    echo_sink sink = recording_sink(&say->sound, say->output);
    echo_status status;

    words_find(&say->unknown, e->model, say->text);
    words_warn(&say->unknown, e, say->common.model);
    characters_find(&say->unusual, e->model, say->text);
    characters_warn(&say->unusual, e);
    say->sound.bar = &e->bar;
    status = echo_continue(e->session, say->before, say->text, say->like, &say->params, &sink,
                           err);
    return recording_status(&say->sound, status, err);
}

static echo_status save_latents(const struct say *say, const struct runtime *e, echo_error *err)
{
    int frames;
    const float *latent = echo_session_latent(e->session, &frames);
    echo_voice *v = NULL;
    echo_status status;

    status = echo_voice_from_latent(&v, latent, frames, e->info.latent_size, err);
    if (!status)
        status = echo_voice_save(v, say->latent_out, err);
    echo_voice_close(&v);
    return status;
}

static echo_status save(const struct say *say, const struct runtime *e, echo_error *err)
{
    echo_status status = ECHO_OK;

    if (say->output)
        status = recording_save(&say->sound, say->output, say->as_float, err);
    if (!status && say->latent_out)
        status = save_latents(say, e, err);
    return status;
}

static void summarize(const struct say *say, struct runtime *e)
{
    echo_stats stats = echo_session_stats(e->session);
    char beside[48] = "", more[96];

    if (stats.overlap_s > 0)
        snprintf(beside, sizeof beside, "  overlap %.1f s", stats.overlap_s);
    snprintf(more, sizeof more, "%s  seed %llu", beside,
             (unsigned long long)say->params.rng_seed);
    if (say->output)
        recording_summary(&say->sound, say->output, stats.total_s, more);
    else
        progress_done(&e->bar, "%s  %d frames in %.1f s%s", say->latent_out, stats.frames,
                      stats.total_s, more);
}

/* total_s is all that was waited for; what it is made of stands beside it. */
static echo_status report(const struct say *say, const struct runtime *e, echo_error *err)
{
    echo_stats stats = echo_session_stats(e->session);
    json_t *o = json_object();

    report_integer(o, "frames", stats.frames);
    report_integer(o, "kept", stats.kept);
    json_object_set_new(o, "ended",
                        say->params.trim ? json_boolean(stats.ended) : json_null());
    report_integer(o, "retries", stats.retries);
    report_integer(o, "samples", (json_int_t)stats.samples);
    report_integer(o, "steps", stats.steps);
    report_integer(o, "evaluations", stats.evaluations);
    report_integer(o, "text_tokens", stats.text_tokens);
    report_seed(o, "rng_seed", say->params.rng_seed);
    json_object_set_new(o, "unknown_words", words_array(&say->unknown));
    json_object_set_new(o, "unusual_characters", characters_array(&say->unusual));
    report_real(o, "voice_s", say->voice_s);
    report_real(o, "text_s", stats.text_s);
    report_real(o, "sample_s", stats.sample_s);
    report_real(o, "decode_s", stats.decode_s);
    report_real(o, "overlap_s", stats.overlap_s);
    report_speed(o, recording_seconds(&say->sound),
                 e->info.load_s + say->voice_s + stats.total_s);
    report_model(o, &e->info);
    return report_print(o, err);
}

static echo_status run(void *job, echo_error *err)
{
    struct say *say = job;
    struct runtime e = { 0 };
    bool failed;

    failed =
        check(say, err) ||
        text_read(say->text, say->common.word, say->file,
                  !options_given(&say_command, say, "normalize") || say->params.normalize,
                  err) ||
        runtime_open(&e, &say->common, err) || complete(say, e.model, err) ||
        load_voices(say, &e, err) || speak(say, &e, err) || save(say, &e, err);
    if (!failed)
        summarize(say, &e);
    if (!failed && say->common.json)
        failed = report(say, &e, err);
    recording_close(&say->sound);
    echo_voice_close(&say->before);
    echo_voice_close(&say->like);
    runtime_close(&e);
    return failed ? err->status : ECHO_OK;
}

const struct command say_command = {
    .name = "say",
    .word = "TEXT",
    .synopsis = "[TEXT|-] -o FILE.wav [options]",
    .summary = "speak a text into a WAV file",
    .job_size = sizeof(struct say),
    .params = AT(params),
    .groups = groups,
    .run = run,
};
