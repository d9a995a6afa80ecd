/* SPDX-License-Identifier: MIT */
/* tags.h - what a sound file says about itself: how it was made, and that nobody spoke it. */
#ifndef CLI_TAGS_H
#define CLI_TAGS_H

#include "echotts.h"

enum { TAGS = 8 };

struct tags {
    echo_tag items[TAGS];
    char title[80], software[32], comment[1200];
};

/* Does the file get them where nobody says so?  plain: a WAV has samples alone, as programs
 * expect that read it from a pipe or compare it with another. */
bool tags_wanted(const char *path, const char *format, bool plain);

/* Fill them and give them to opts; they must outlive the writer.  title NULL: the beginning of
 * the text.  voice NULL: none was asked for. */
void tags_fill(struct tags *t, echo_writer_opts *opts, const char *title, const char *text,
               const char *voice, const echo_model_info *model, const echo_params *params);

#endif
