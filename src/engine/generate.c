/* SPDX-License-Identifier: MIT */
/* generate.c - the calls that speak one text in one go. */
#include "engine/trouble.h"
#include "engine/utterance.h"
#include "engine/voice.h"
#include "text/text.h"

echo_status echo_text_check(const char *text, bool normalize, echo_error *err)
{
    echo_status s = echo_text_valid(text, err);

    if (s)
        return s;
    size_t n = echo_text_normalize(text, normalize, NULL, 0);

    if (n > ECHO_MAX_TEXT)
        return echo_fail_field(err, "text",
                               "the text is %zu bytes long, one pass takes at most %d: split "
                               "it",
                               n, ECHO_MAX_TEXT);
    return ECHO_OK;
}

/* Without a voice the model picks one, another time another. */
static struct pace *pace_of(echo_session *s, const echo_voice *voice)
{
    return voice ? echo_pace_of(s->paces, echo_voice_identity(voice)) : NULL;
}

static echo_status look_for_trouble(echo_session *s, const struct utterance *u, echo_error *err)
{
    int patch = s->model->dit.encoder[CONTEXT_SPEAKER].patch;
    int start = u->speech ? u->speech->frames / patch * patch : 0;
    struct trouble t = echo_find_trouble(s, s->stats.text_tokens - 1,
                                         echo_text_letters(u->text), start);

    if (!t.kind)
        return ECHO_OK;
    if (u->params->strict)
        return echo_fail(err, ECHO_ERR_SPEECH, "%s", t.line);
    echo_session_log(s, ECHO_LOG_WARNING, "%s", t.line);
    return ECHO_OK;
}

static echo_status generate(echo_session *s, const echo_voice *speech, const char *text,
                            const echo_voice *voice, const echo_params *params,
                            const echo_sink *sink, echo_error *err)
{
    echo_params defaults = echo_params_default(s->model);
    struct utterance u = { .text = text, .voice = voice, .speech = speech,
                           .params = params ? params : &defaults, .sink = sink,
                           .pace = pace_of(s, voice) };
    echo_status status = echo_utter(s, &u, err);

    return status || !u.params->trim ? status : look_for_trouble(s, &u, err);
}

echo_status echo_continue(echo_session *s, const echo_voice *speech, const char *text,
                          const echo_voice *voice, const echo_params *params,
                          const echo_sink *sink, echo_error *err)
{
    echo_status status = echo_session_begin(s, sink ? sink->log : NULL,
                                            sink ? sink->user : NULL, err);

    if (status)
        return status;
    return echo_session_end(s, generate(s, speech, text, voice, params, sink, err));
}

echo_status echo_generate(echo_session *s, const char *text, const echo_voice *voice,
                          const echo_params *params, const echo_sink *sink, echo_error *err)
{
    return echo_continue(s, NULL, text, voice, params, sink, err);
}
