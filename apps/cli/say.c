/* SPDX-License-Identifier: MIT */
/* say.c - text to speech. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "config.h"
#include "parameters.h"
#include "say.h"
#include "signals.h"

#define AT(field) offsetof(struct say, field)

static const struct option input_options[] = {
    { .name = "file", .kind = OPTION_STRING, .at = AT(file), .value = "FILE", .once = true,
      .help = "read the text from a file (-: stdin)" },
    { .name = "voice", .letter = 'v', .kind = OPTION_STRING, .at = AT(voice),
      .value = "FILE", .ask = "voices",
      .help = "speak like this: a voice by name, audio, or latents",
      .details = "A name without a slash is looked for in your library (see "
                 "echotts-voices(1)), then among the model's voices, then as a file." },
    { .name = "continue", .kind = OPTION_STRING, .at = AT(continue_from), .value = "FILE",
      .once = true,
      .help = "speech to go on from; TEXT begins with its words" },
    { .name = "lift", .kind = OPTION_ON, .at = AT(lift),
      .help = "raise a quiet clip to an ordinary level" },
    TEXT_OPTION_ROWS(AT(how)),
    { 0 },
};

static const struct option output_options[] = {
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE", .once = true,
      .help = "the sound file to write (-: stdout)",
      .details = "Its ending says the format: .wav, .flac, .mp3, .ogg, .opus. Without it, and "
                 "without --stream, the speech is played." },
    { .name = "play", .kind = OPTION_ON, .at = AT(play),
      .help = "play it while it is made" },
    { .name = "stream", .kind = OPTION_ON, .at = AT(stream),
      .help = "write it while it is made (default: to stdout)",
      .details = "The file cannot say how long it is. --play and --stream make a small first "
                 "block and then larger ones, by the speed of the machine, so samples differ "
                 "from run to run." },
    SOUND_OPTION_ROWS(AT(sound)),
    { .name = "subtitles", .kind = OPTION_STRING, .at = AT(subtitles), .value = "FILE",
      .once = true,
      .help = "write subtitles with their times: .srt or .vtt" },
    { .name = "chapters", .kind = OPTION_STRING, .at = AT(chapters), .value = "FILE",
      .once = true,
      .help = "write headings with their times: .txt (OGM), .vtt, .ffmeta" },
    { .name = "split-turns", .kind = OPTION_STRING, .at = AT(split_turns), .value = "DIR",
      .once = true,
      .help = "write each turn of --cast into a file there",
      .details = "They are named 001-anna.wav and so on, with the format of --format or of -o, "
                 "which is optional then. They appear when all is spoken. --loudness and tags "
                 "are of each file." },
    { .name = "title", .kind = OPTION_STRING, .at = AT(title), .value = "TEXT", .once = true,
      .help = "title in the file's tags" },
    { .name = "tags", .kind = OPTION_SWITCH, .at = AT(tags),
      .help = "tag the file with text, voice, model, settings, licence",
      .details = "Default: yes, but for pcm, and for a WAV that is streamed, written to a pipe "
                 "or made in one exact pass." },
    { .name = "latent-out", .kind = OPTION_STRING, .at = AT(latent_out), .value = "FILE",
      .once = true,
      .help = "write the latents too; without -o no sound is made" },
    { 0 },
};

static const struct option long_options[] = {
    PIECE_OPTION_ROWS(AT(how)),
    { .name = "resume", .kind = OPTION_SWITCH, .at = AT(resume), .once = true,
      .help = "go on with an interrupted job; no: start over",
      .details = "While a text of many pieces is spoken into a file, OUTPUT.part and "
                 "OUTPUT.part.log lie beside it. An interrupted job with the same text and "
                 "settings goes on from them, and ends with the same bytes." },
    { 0 },
};

static const struct option_group groups[] = {
    { "What to say", input_options },
    { "What to write", output_options },
    { "Long texts", long_options },
    { "Presets", preset_options },
    { "How to say it (default: the model's own)", NULL },
    { "Model", common_model_options },
    { "Other", common_options },
    { 0 },
};

/* The model's log is told of the text now, and once more when it is spoken. */
static echo_status open_script(struct say *say, struct runtime *e, echo_script **script,
                               echo_error *err)
{
    bool hushed = e->hushed;
    echo_status status;

    e->hushed = true;
    status = echo_script_open(script, e->model, say->input.text, &say->speaking, err);
    e->hushed = hushed;
    return status;
}

static echo_status load_voices(struct say *say, struct runtime *e, echo_error *err)
{
    echo_encode_opts opts = { .lift = say->lift };
    echo_encode_opts in_one_pass = { .lift = say->lift, .max_frames = ECHO_MAX_FRAMES - 1 };
    echo_status status = ECHO_OK;

    if (say->continue_from)
        status = runtime_voice(e, &say->before, say->continue_from, in_one_pass, NULL, err);
    if (!status)
        status = say_check_length(say, e->info.patch_size, err);
    if (!status && say->voice)
        status = runtime_voice(e, &say->like, say->voice, opts, &say->voice_s, err);
    return status;
}

/* ---- the text ---- */

static void warn_of_text(struct say *say, struct runtime *e, const char *text)
{
    words_find(&say->unknown, e->model, text);
    words_warn(&say->unknown, e, say->common.model);
    characters_find(&say->unusual, e->model, text);
    characters_warn(&say->unusual, e);
}

/* How many pieces the text has at the model's own pace; its words are looked at as they will be
 * said. */
static echo_status look_at_text(struct say *say, struct runtime *e, int *pieces,
                                echo_error *err)
{
    echo_script *script = NULL;
    echo_piece piece;
    echo_status status = open_script(say, e, &script, err);

    for (*pieces = 0; !status && echo_script_next(script, &piece); ++*pieces)
        status = text_input_add(&say->input, piece.text, err);
    echo_script_close(&script);
    if (!status && !say->exact)
        warn_of_text(say, e, say->input.spoken);
    return text_input_failed(&say->input, status, err);
}

static echo_status too_long(const struct say *say, size_t bytes, echo_error *err)
{
    const char *name = say->input.name;

    return echo_fail(err, ECHO_ERR_ARG,
                     "%s%sthe text is %zu bytes long, one pass takes at most %d: without %s it "
                     "is said in pieces",
                     name ? name : "", name ? ": " : "", bytes, ECHO_MAX_TEXT, say->exact);
}

/* One pass gets its text as it stands, unless it is to be cleaned. */
static echo_status take_exact_text(struct say *say, struct runtime *e, echo_error *err)
{
    bool clean = say->how.clean && !strcmp(say->how.clean, "on");
    int pieces;
    size_t bytes;
    echo_status status = ECHO_OK;

    if (clean)
        status = look_at_text(say, e, &pieces, err);
    if (status)
        return status;
    if (clean)
        text_input_take_spoken(&say->input);
    bytes = echo_text_normalize(say->input.text, say->params.normalize, NULL, 0);
    if (bytes > ECHO_MAX_TEXT)
        return too_long(say, bytes, err);
    status = echo_text_check(say->input.text, say->params.normalize, err);
    if (!status)
        warn_of_text(say, e, say->input.text);
    return text_input_failed(&say->input, status, err);
}

/* ---- a job that may be interrupted ---- */

static echo_status resume_job(struct say *say, echo_error *err)
{
    uint64_t seed;
    echo_status status = job_resume(&say->job, say->kept_as, &say->from, &seed, &say->own,
                                    &say->cues, err);

    if (status)
        return status;
    if (!say_given(say, "rng-seed"))
        say->params.rng_seed = seed;
    if (say->from.pieces) {
        say->speaking.from = &say->from;
        say->speaking.own_voice = say->own;
    }
    return ECHO_OK;
}

/* A text of many pieces into a file: what is made so far is kept. */
static echo_status open_job(struct say *say, int pieces, echo_error *err)
{
    bool asked = say_given(say, "resume"), exists;
    double seconds;

    if (!say->kept_as)
        return ECHO_OK;
    if (job_find(say->kept_as, &exists, &seconds, err))
        return err->status;
    if (exists && asked && say->resume)
        return resume_job(say, err);
    if (pieces < 2 && !(exists && asked) && !say->split_turns)
        return ECHO_OK;
    if (!exists || asked)
        return job_begin(&say->job, say->kept_as, say->params.rng_seed, err);
    return echo_fail(err, ECHO_ERR_ARG,
                     "%s.part has %.0f s of an interrupted job: --resume goes on with it, "
                     "--no-resume starts over", say->kept_as, seconds);
}

/* ---- speaking ---- */

static bool show(void *user, echo_stage stage, int done, int total)
{
    struct say *say = user;

    return progress_stage(&say->runtime->bar, stage, done, total);
}

static bool show_overall(void *user, double done, double left_s)
{
    struct say *say = user;

    progress_share(&say->runtime->bar, done, left_s);
    return !signals_stopped();
}

static bool deliver(void *user, const float *pcm, size_t n)
{
    return delivery_audio(&((struct say *)user)->delivery, pcm, n);
}

static bool note_piece(void *user, const echo_piece *piece)
{
    struct say *say = user;

    const struct subtitle cue = {
        .text = (char *)(uintptr_t)piece->text, .role = (char *)(uintptr_t)piece->role,
        .turn = piece->turn, .level = piece->level, .begin_s = piece->begin_s,
        .end_s = piece->end_s,
    };

    if (say->subtitles || say->chapters || say->job || say->cast.n)
        subtitles_add(&say->cues, &cue);
    if (say->job && job_piece(say->job, piece, &say->piece_failed))
        return false;
    return !signals_stopped();
}

static bool has_tags(const struct say *say, const char *path, const char *format)
{
    bool plain = say->exact || say->stream || (path && !strcmp(path, "-"));

    if (say_given(say, "tags") || say->title)
        return say->tags || say->title;
    return tags_wanted(path, format, plain);
}

/* Once the seed is known: a job that goes on has its own. */
static void tag(struct say *say, const struct runtime *e)
{
    if (!has_tags(say, say->output, say->sound.format))
        return;
    cast_list_voices(&say->cast, say->voice, say->voices, sizeof say->voices);
    tags_fill(&say->about, &say->delivery.opts, say->title,
              say->exact ? say->input.text : say->input.spoken,
              *say->voices ? say->voices : NULL, &e->info, &say->params);
}

static echo_status speak_exactly(struct say *say, struct runtime *e, echo_error *err)
{
    echo_sink sink = { .user = say, .progress = show };
    echo_status status;

    tag(say, e);
    status = delivery_open(&say->delivery, err);
    if (say->output || say->play)
        sink.audio = deliver;
    if (!status)
        status = echo_continue(e->session, say->before, say->input.text, say->like,
                               &say->params, &sink, err);
    return delivery_close(&say->delivery, status, err);
}

static echo_status speak_pieces(struct say *say, struct runtime *e, int pieces, echo_error *err)
{
    echo_speak_sink sink = { .user = say, .audio = deliver, .progress = show,
                             .piece = note_piece };
    echo_status status = open_job(say, pieces, err);

    tag(say, e);
    say->delivery.job = say->job;
    if (pieces > 1)
        sink.overall = show_overall;
    if (!status)
        status = delivery_open(&say->delivery, err);
    if (!status)
        status = echo_speak(e->session, say->input.text, say->like, &say->params,
                            &say->speaking, &sink, err);
    if (status && say->piece_failed.status && !signals_stopped()) {
        *err = say->piece_failed;
        status = err->status;
    }
    if (status && !strcmp(err->field, "from")) {
        say->not_ours = true;
        status = echo_fail(err, status, "%s.part is of another text, voice, model or settings, "
                                        "and cannot be gone on with: --no-resume starts over",
                           say->kept_as);
    }
    return delivery_close(&say->delivery, status, err);
}

static echo_status speak(struct say *say, struct runtime *e, echo_error *err)
{
    int pieces = 0;
    echo_status status;

    say->runtime = e;
    say->speaking = speak_options(&say_command, say, &say->how, say->file);
    say->speaking.stream = say->stream || say->play;
    say->speaking.cast = say->cast.roles;
    say->speaking.roles = say->cast.n;
    if (say->exact)
        status = take_exact_text(say, e, err);
    else
        status = look_at_text(say, e, &pieces, err);
    if (!status)
        status = cast_load(&say->cast, e, (echo_encode_opts){ .lift = say->lift },
                           &say->voice_s, err);
    if (status)
        return status;
    say->delivery.path = say->output;
    say->delivery.play = say->play;
    say->delivery.opts = sound_options(&say->sound);
    say->delivery.opts.stream = say->stream;
    return say->exact ? speak_exactly(say, e, err) : speak_pieces(say, e, pieces, err);
}

/* ---- what is written beside the sound ---- */

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

static double speed(const struct say *say)
{
    return say->sound.speed > 0 ? say->sound.speed : 1;
}

/* Of all of it, with what an earlier run made. */
static double seconds(const struct say *say)
{
    return delivery_seconds(&say->delivery) +
           (double)say->from.samples / ECHO_SAMPLE_RATE;
}

static echo_status save_turn(const struct say *say, const struct runtime *e,
                             const struct turn *turn, echo_error *err)
{
    echo_writer_opts opts = sound_options(&say->sound);
    const char *voice = turn->role ? cast_voice(&say->cast, turn->role) : NULL;
    char *text = turns_text(&say->cues, turn);
    struct tags about;
    echo_status status;

    if (!text)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a turn");
    if (has_tags(say, say->split_turns, say->turns.format.name))
        tags_fill(&about, &opts, say->title, text, voice ? voice : say->voice, &e->info,
                  &say->params);
    status = turns_write(&say->turns, &say->cues, turn, say->job, opts, err);
    free(text);
    return status;
}

static echo_status save_turns(const struct say *say, const struct runtime *e, echo_error *err)
{
    struct turn turn = { 0 };
    echo_status status = ECHO_OK;

    if (say->cues.failed)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the turns");
    while (!status && turns_next(&say->cues, &turn))
        status = save_turn(say, e, &turn, err);
    return status;
}

static echo_status save(const struct say *say, const struct runtime *e, echo_error *err)
{
    echo_status status = ECHO_OK;

    if (say->latent_out)
        status = save_latents(say, e, err);
    if (!status && say->split_turns)
        status = save_turns(say, e, err);
    if (!status && say->subtitles)
        status = subtitles_save(&say->cues, say->subtitles, speed(say), err);
    if (!status && say->chapters)
        status = subtitles_save_chapters(&say->cues, say->chapters, speed(say),
                                         seconds(say) / speed(say), err);
    return status;
}

/* ---- what is said of it ---- */

static void summarize(const struct say *say, struct runtime *e)
{
    echo_stats stats = echo_session_stats(e->session);
    double audio_s = delivery_seconds(&say->delivery);
    const char *what = say->output        ? output_name(say->output)
                       : say->play        ? "played"
                       : say->split_turns ? say->split_turns
                                          : say->latent_out;
    char more[160] = "";
    size_t used = 0;

    if (stats.overlap_s > 0)
        used += (size_t)snprintf(more + used, sizeof more - used, "  overlap %.1f s",
                                 stats.overlap_s);
    if (say->speaking.stream)
        used += (size_t)snprintf(more + used, sizeof more - used, "  first sound after %.1f s",
                                 stats.first_audio_s);
    if (stats.retakes)
        used += (size_t)snprintf(more + used, sizeof more - used, "  retakes %d",
                                 stats.retakes);
    snprintf(more + used, sizeof more - used, "  seed %llu",
             (unsigned long long)say->params.rng_seed);
    if (audio_s > 0)
        progress_done(&e->bar, "%s  %.2f s of audio in %.1f s (%.2fx)%s", what, audio_s,
                      stats.total_s, stats.total_s / audio_s, more);
    else
        progress_done(&e->bar, "%s  %d frames in %.1f s%s", what, stats.frames, stats.total_s,
                      more);
}

/* total_s is all that was waited for; what it is made of stands beside it. */
static echo_status report(const struct say *say, const struct runtime *e, echo_error *err)
{
    echo_stats stats = echo_session_stats(e->session);
    json_t *o = json_object();

    report_integer(o, "frames", stats.frames);
    report_integer(o, "kept", stats.kept);
    report_integer(o, "window", stats.window);
    report_integer(o, "retries", stats.retries);
    json_object_set_new(o, "ended",
                        say->params.trim ? json_boolean(stats.ended) : json_null());
    report_integer(o, "pieces", say->exact ? 1 : stats.pieces);
    report_integer(o, "retakes", stats.retakes);
    if (say->cast.n)
        json_object_set_new(o, "turns",
                            turns_array(&say->cues, say->split_turns ? &say->turns : NULL));
    report_integer(o, "blocks", stats.blocks);
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
    report_real(o, "first_audio_s", stats.first_audio_s);
    report_integer(o, "starved", say->delivery.starved);
    report_real(o, "starved_s", say->delivery.starved_s);
    report_speed(o, delivery_seconds(&say->delivery),
                 e->info.load_s + say->voice_s + stats.total_s);
    report_model(o, &e->info);
    return report_print(o, err);
}

/* A job that is not done stays, if there is anything to go on with. */
static void end_job(struct say *say, bool failed)
{
    bool keep = say->job && failed && (say->not_ours || job_has_pieces(say->job));

    if (keep && !say->not_ours)
        runtime_note(say->runtime, "%s.part keeps what is done: --resume goes on with it",
                     say->kept_as);
    job_close(&say->job, !keep);
}

static echo_status run(void *job, echo_error *err)
{
    struct say *say = job;
    struct runtime e = { 0 };
    bool failed;

    say->exact = say_what_is_exact(say);
    failed = say_check(say, err) ||
             text_input_read(&say->input, say->common.word, say->file, err) ||
             runtime_open(&e, &say->common, err) ||
             config_complete(&say_command, say, e.model, err) || load_voices(say, &e, err) ||
             speak(say, &e, err) || save(say, &e, err);
    end_job(say, failed);
    if (!failed)
        summarize(say, &e);
    if (!failed && say->common.json)
        failed = report(say, &e, err);
    subtitles_close(&say->cues);
    text_input_close(&say->input);
    cast_close(&say->cast);
    free(say->kept_as);
    echo_voice_close(&say->before);
    echo_voice_close(&say->like);
    echo_voice_close(&say->own);
    runtime_close(&e);
    return failed ? err->status : ECHO_OK;
}

static const struct example examples[] = {
    { "say \"Good morning.\"", "play a sentence" },
    { "say \"Any voice.\" -v clip.mp3 -o any.wav", "speak in the voice of a recording" },
    { "say --file book.md -v joe -o book.opus --chapters book.txt", "a book" },
    { "say --file play.txt --cast Anna=joe,Ben=deep -o play.wav", "a dialogue" },
    { "say - --stream | aplay", "speak what is typed, as it is made" },
    { 0 },
};

const struct command say_command = {
    .name = "say",
    .word = "TEXT",
    .synopsis = "[TEXT|-] [-o FILE] [options]",
    .summary = "speak a text of any length",
    .details = "Markup, numbers and signs of the text become words (see echotts text). It is "
               "said in pieces that fit the model, in one voice. With --cast each speaker has "
               "one.\n"
               "Without -o and --stream the speech is played.",
    .examples = examples,
    .job_size = sizeof(struct say),
    .params = AT(params),
    .groups = groups,
    .run = run,
};
