/* SPDX-License-Identifier: MIT */
/* findings.h - what a person should know of a recording that is to be a voice, in words. */
#ifndef ECHO_FINDINGS_H
#define ECHO_FINDINGS_H

#include "audio/audio.h"
#include "audio/examine.h"

struct finding_of {
    const char *name;          /* of the recording, in messages */
    struct audio_about about;  /* of all there was */
    struct examined found;     /* of what was read */
    double used_s;             /* where it is longer than what is used: so much; else 0 */
    float gain;                /* that it gets */
    bool lift;                 /* it was to be raised */
    bool trim;                 /* silence at its ends is cut */
    bool prefix;               /* speech to go on from: it may be short */
};

/* A line for each finding: "NAME: finding: what to do". */
void echo_findings(const struct finding_of *of, echo_logger *tell, void *user);

/* "310.0 s long" */
const char *echo_length_of(char *out, size_t size, const struct audio_about *about);

#endif
