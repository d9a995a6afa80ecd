/* SPDX-License-Identifier: MIT */
/* script.c - echo_script: what would be spoken, without speaking it. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/model.h"
#include "engine/pieces.h"
#include "engine/speak.h"
#include "text/text.h"

struct echo_script {
    const echo_model *model;
    echo_speak_opts opts;
    struct pieces pieces;
    int index;
};

echo_status echo_script_open(echo_script **out, const echo_model *m, const char *text,
                             const echo_speak_opts *opts, echo_error *err)
{
    echo_speak_opts defaults = echo_speak_opts_default();
    echo_script *s = calloc(1, sizeof *s);
    char warning[500];
    echo_status status;

    *out = NULL;
    if (!s)
        return echo_fail_memory(err, sizeof *s, "a script");
    s->model = m;
    s->opts = opts ? *opts : defaults;
    if ((status = echo_speak_opts_check(&s->opts, err)) ||
        (status = echo_pieces_open(&s->pieces, text, &s->opts, true, err)))
        echo_script_close(&s);
    else if (echo_pieces_warning(&s->pieces, warning, sizeof warning))
        echo_log(m, ECHO_LOG_WARNING, "%s", warning);
    if (s) /* the names were copied, the voices are not needed */
        s->opts.cast = NULL;
    *out = s;
    return status;
}

bool echo_script_next(echo_script *s, echo_piece *out)
{
    const struct settings *settings = &s->model->settings;
    double frame_s = (double)s->model->codec.frame_samples / ECHO_SAMPLE_RATE;
    struct piece_limit limit = echo_pieces_limit(NULL, settings,
                                                 settings->defaults.sequence_length);
    struct split_piece piece;

    if (!echo_pieces_next(&s->pieces, limit, &piece))
        return false;
    *out = (echo_piece){
        .text = piece.text,
        .index = s->index++,
        .level = piece.begins_part ? piece.level : 0,
        .role = echo_pieces_role(&s->pieces, &piece),
        .turn = piece.turn,
        .pause_s = echo_pieces_pause(&piece, &s->opts),
        .done = echo_split_done(s->pieces.splitter),
        .trouble = "",
    };
    out->expected_s = frame_s * echo_pace_expected(NULL, settings,
                                                   echo_text_weight(piece.text,
                                                                    strlen(piece.text)));
    return true;
}

void echo_script_close(echo_script **s)
{
    if (!*s)
        return;
    echo_pieces_close(&(*s)->pieces);
    free(*s);
    *s = NULL;
}
