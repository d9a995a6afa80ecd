/* SPDX-License-Identifier: MIT */
/*
 * job.h - a long text whose speaking may be interrupted, by Ctrl-C or by a power cut.
 *
 * While a text of many pieces is spoken, two files lie beside the output: OUTPUT.part has the
 * sound so far, as float samples at 44.1 kHz, and OUTPUT.part.log a line of JSON for each piece
 * that is whole.  Both go when the output is there.  They are locked while they are written.
 */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "subtitles.h"

struct job;

/* Nothing lies beside standard output, a pipe or a device. */
bool job_is_possible(const char *output);

/* Is there an interrupted job for this output?  *seconds: of its sound.  Fails if it is not
 * interrupted, but at work in another process. */
echo_status job_find(const char *output, bool *exists, double *seconds, echo_error *err);

/* Begin, in place of what was there. */
echo_status job_begin(struct job **out, const char *output, uint64_t seed, echo_error *err);

/*
 * Go on with what is there: *next says where; *seed is its seed; its cues are added to s.
 * *own is the voice that its first pieces made, which the caller closes; NULL: none.  Sound
 * behind the last whole piece is dropped.
 */
echo_status job_resume(struct job **out, const char *output, echo_checkpoint *next,
                       uint64_t *seed, echo_voice **own, struct subtitles *s, echo_error *err);

echo_status job_write(struct job *j, const float *pcm, size_t n, echo_error *err);
/* All of this piece has been written. */
echo_status job_piece(struct job *j, const echo_piece *piece, echo_error *err);
/* Samples from `from` to before `to`, or to the end, to a writer. */
echo_status job_copy(struct job *j, echo_writer *w, size_t from, size_t to, echo_error *err);

/* Is there a piece that is whole, and so something to go on with? */
bool job_has_pieces(const struct job *j);

/* done: remove its files; else they stay for later. */
void job_close(struct job **j, bool done);

#endif
