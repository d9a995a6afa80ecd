/* SPDX-License-Identifier: MIT */
/* subtitles.h - what is said when: cues for players, and chapters. */
#ifndef CLI_SUBTITLES_H
#define CLI_SUBTITLES_H

#include "echotts.h"

struct subtitle {
    char *text;
    char *role; /* who says it; NULL: the narrator */
    int turn;   /* as in echo_piece */
    int level;  /* of a heading; 0: it is none */
    double begin_s, end_s;
};

/* All zero is none. */
struct subtitles {
    struct subtitle *items; /* a piece each */
    int n, capacity;
    bool failed; /* memory ran out */
};

/* Add a copy.  Speaker tags are left out. */
void subtitles_add(struct subtitles *s, const struct subtitle *cue);
void subtitles_close(struct subtitles *s);

/* Names that are understood: .srt and .vtt for cues; .txt (OGM), .vtt and .ffmeta for
 * chapters. */
echo_status subtitles_check(const char *path, bool chapters, echo_error *err);

/* Pieces are cut to cues of two lines at most, each as long as its share of the letters.
 * In .srt a turn begins with its role, "Anna: ..."; in .vtt each cue has it as its voice.
 * speed: the sound was made so much faster. */
echo_status subtitles_save(const struct subtitles *s, const char *path, double speed,
                           echo_error *err);
/* One for each heading, and one for what is before the first.  end_s: of all, at this speed. */
echo_status subtitles_save_chapters(const struct subtitles *s, const char *path, double speed,
                                    double end_s, echo_error *err);

#endif
