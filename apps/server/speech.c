/* SPDX-License-Identifier: MIT */
#include "speech.h"

#include <stdlib.h>
#include <string.h>

void speech_close(struct speech *s)
{
    free(s->text);
    free(s->voice.clip);
    *s = (struct speech){ 0 };
}

echo_speak_opts speech_how(const struct speech *s)
{
    echo_speak_opts how = s->how;

    how.markup = *s->markup ? s->markup : NULL;
    how.language = *s->language ? s->language : NULL;
    return how;
}

int speech_rate(const struct speech *s)
{
    if (s->sound.rate)
        return s->sound.rate;
    return strcmp(s->format.name, "opus") ? ECHO_SAMPLE_RATE : 48000;
}
