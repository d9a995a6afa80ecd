/* SPDX-License-Identifier: MIT */
/* turns.h - a dialogue as files, one a turn: --split-turns. */
#ifndef CLI_TURNS_H
#define CLI_TURNS_H

#include "common/report.h"
#include "job.h"
#include "sound_options.h"

struct turns {
    const char *folder;
    echo_format format;
};

/* Make the folder if it is missing.  output: a name whose ending says the format where
 * sound->format does not; NULL: WAV. */
echo_status turns_open(struct turns *t, const char *folder, const struct sound_opts *sound,
                       const char *output, echo_error *err);

/* A name in the folder, for free(); NULL: no memory. */
char *turns_path(const struct turns *t, const char *name);

/* One turn: its pieces are cues first to last. */
struct turn {
    int number; /* from 1 */
    const char *role; /* NULL: the narrator */
    int first, last;
};

/* From the turn before to the next one; all zero is before the first.  False: there is none. */
bool turns_next(const struct subtitles *cues, struct turn *turn);

/* All that is said in it, for free(); NULL: no memory. */
char *turns_text(const struct subtitles *cues, const struct turn *turn);

/* Write one: the sound is the job's.  opts: as for the whole, but for the format. */
echo_status turns_write(const struct turns *t, const struct subtitles *cues,
                        const struct turn *turn, struct job *job, echo_writer_opts opts,
                        echo_error *err);

/* "001-anna.wav", for free(); NULL: no memory. */
char *turns_name(const struct turns *t, const struct turn *turn);

/* Who said what, when, and in which file; t NULL: in none. */
json_t *turns_array(const struct subtitles *cues, const struct turns *t);

#endif
