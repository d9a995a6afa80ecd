/* SPDX-License-Identifier: MIT */
#include "text/speller.h"

#include <stdlib.h>

#include "base/error.h"

struct speller {
    int unused;
};

echo_status echo_speller_open(struct speller **out, const char *language, echo_error *err)
{
    (void)language;
    *out = calloc(1, sizeof **out);
    return *out ? ECHO_OK : echo_fail_memory(err, sizeof **out, "a speller");
}

void echo_speller_close(struct speller **s)
{
    free(*s);
    *s = NULL;
}

void echo_spell(struct speller *s, struct text_buffer *out, const char *text)
{
    (void)s;
    echo_buffer_string(out, text);
}

bool echo_spell_as(struct speller *s, struct text_buffer *out, const char *text, const char *as,
                   const char *format)
{
    (void)as, (void)format;
    echo_spell(s, out, text);
    return true;
}
