/* SPDX-License-Identifier: MIT */
/* say_check.c - what echotts say is asked for, and what of it does not go together. */
#include <string.h>

#include "common/failure.h"
#include "common/output.h"
#include "common/quote.h"
#include "say.h"

bool say_given(const struct say *say, const char *name)
{
    return options_given(&say_command, say, name);
}

/* With an example of the user's own text, as far as it can be pasted. */
static echo_status no_output(const struct say *say, const char *why, echo_error *err)
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
    return echo_fail(err, ECHO_ERR_ARG, "%s, as in: echotts say -o hello.wav %s%s", why, before,
                     text);
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

/* The second would replace the first. */
static echo_status check_names(const struct say *say, echo_error *err)
{
    const struct {
        const char *option, *path;
    } files[] = {
        { "-o", say->output },
        { "--latent-out", say->latent_out },
        { "--subtitles", say->subtitles },
        { "--chapters", say->chapters },
    };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t k = 0; k < i; k++)
            if (files[i].path && files[k].path && !strcmp(files[i].path, files[k].path))
                return echo_fail(err, ECHO_ERR_ARG, "%s and %s name the same file",
                                 files[k].option, files[i].option);
    return ECHO_OK;
}

/* Is what is made so far kept beside a file? */
static bool keeps_job(const struct say *say)
{
    return !say->stream && !say->play &&
           (say->split_turns || (say->output && job_is_possible(say->output)));
}

/* Options that do not go together. */
static echo_status check_together(const struct say *say, echo_error *err)
{
    const struct {
        bool wrong;
        const char *line;
    } faults[] = {
        { say->common.word && say->file, "the text is given twice: TEXT and --file" },
        { !say->common.word && !say->file,
          "no text: give TEXT, - or --file, as in: echotts say \"Hello.\" -o hello.wav" },
        { wants_of_stdin(say) > 1, "text, voice and --continue: only one of them can come from "
                                   "standard input" },
        { say->output && !strcmp(say->output, "-") && say->common.json,
          say->stream ? "--stream and --json both want standard output: give -o FILE"
                      : "-o - and --json both want standard output" },
        { say->title && say_given(say, "tags") && !say->tags,
          "--title is one of the tags that --no-tags leaves out" },
        { say->voice && !*say->voice, "-v: the name of the voice is empty" },
        { say_given(say, "sequence-length") && say->params.block_sizes.n,
          "--sequence-length and --block-sizes: give one of them" },
        { !say->params.rescale_k != !say->params.rescale_sigma,
          "--rescale-k and --rescale-sigma go together" },
        { say_given(say, "resume") && say->resume && !keeps_job(say),
          "--resume goes on with a file: give -o FILE, without --stream and --play" },
        { say->split_turns && !say->how.cast,
          "--split-turns writes the turns of a cast: give --cast" },
        { say->split_turns && (say->stream || say->play),
          "--split-turns writes files: leave out --stream and --play" },
        { say->split_turns && (say->how.pause_turn < 0 || (say_given(say, "pause-turn") &&
                               say->how.pause_turn == 0 && say->how.crossfade > 0)),
          "--split-turns needs turns that do not overlap: give --pause-turn 0.1 or more" },
    };

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].wrong)
            return echo_fail(err, ECHO_ERR_ARG, "%s", faults[i].line);
    return ECHO_OK;
}

static echo_status check_outputs(struct say *say, echo_error *err)
{
    echo_status s = ECHO_OK;

    if (say->output)
        s = sound_options_check(&say->sound, say->output, err);
    if (!s && say->latent_out)
        s = output_check_latents(say->latent_out, err);
    if (!s && say->subtitles)
        s = subtitles_check(say->subtitles, false, err);
    if (!s && say->chapters)
        s = subtitles_check(say->chapters, true, err);
    if (!s && say->split_turns)
        s = turns_open(&say->turns, say->split_turns, &say->sound, say->output, err);
    return s;
}

/* The name by which an interrupted job is found again. */
static echo_status name_job(struct say *say, echo_error *err)
{
    if (!keeps_job(say))
        return ECHO_OK;
    say->kept_as = say->output && job_is_possible(say->output)
                       ? strdup(say->output)
                       : turns_path(&say->turns, "turns");
    return say->kept_as ? ECHO_OK : echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
}

/* Without a place to write to, it is played. */
static echo_status choose_output(struct say *say, echo_error *err)
{
    char why[300];

    if (say->stream && !say->output)
        say->output = "-";
    if (say->output || say->latent_out || say->play || say->split_turns)
        return ECHO_OK;
    say->play = player_available(why, sizeof why);
    return say->play ? ECHO_OK : no_output(say, why, err);
}

/* Some options belong to a text in pieces. */
static echo_status check_exact(const struct say *say, echo_error *err)
{
    bool resumes = say_given(say, "resume") && say->resume;
    const char *wanted = say->subtitles  ? "--subtitles"
                         : say->chapters ? "--chapters"
                         : resumes       ? "--resume"
                         : say->how.cast ? "--cast"
                                         : NULL;

    if (!say->exact || !wanted)
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_ARG,
                     "%s needs a text in pieces, and %s makes one pass of it", wanted,
                     say->exact);
}

echo_status say_check(struct say *say, echo_error *err)
{
    echo_status s;

    if (say->common.word || say->file)
        if ((s = choose_output(say, err)))
            return s;
    if ((s = check_together(say, err)) || (s = check_names(say, err)) ||
        (s = speak_options_check(&say->how, err)) ||
        (s = cast_read(&say->cast, say->how.cast, err)) || (s = check_outputs(say, err)))
        return s;
    s = check_exact(say, err);
    return s ? s : name_job(say, err);
}

/* One pass, exactly as asked, where the asking makes no sense for pieces. */
const char *say_what_is_exact(const struct say *say)
{
    const struct {
        bool asked;
        const char *by;
    } options[] = {
        { say->params.block_sizes.n > 0, "--block-sizes" },
        { say->params.sequence_length > 0, "--sequence-length" },
        { say->continue_from != NULL, "--continue" },
        { say->latent_out != NULL, "--latent-out" },
        { say_given(say, "trim") && !say->params.trim, "--no-trim" },
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].asked)
            return options[i].by;
    return NULL;
}

echo_status say_check_length(const struct say *say, int patch, echo_error *err)
{
    const echo_list *blocks = &say->params.block_sizes;
    int made = blocks->n ? 0 : say->params.sequence_length, before = 0, left;

    if (say->before)
        echo_voice_latent(say->before, &before, NULL);
    before -= before % patch;
    left = before < ECHO_MAX_FRAMES ? ECHO_MAX_FRAMES - before : 0;
    for (int i = 0; i < blocks->n; i++)
        made += blocks->items[i]; /* at most 640 of at most 64 */
    if (made <= left)
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_ARG, "%s: %d frames, at most %d%s",
                     blocks->n ? "--block-sizes" : "--sequence-length", made, left,
                     before ? " after what they continue" : "");
}
