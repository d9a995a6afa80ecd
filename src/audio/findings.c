/* SPDX-License-Identifier: MIT */
#include "audio/findings.h"

#include <math.h>
#include <stdio.h>

#define LINE 1024 /* as long as an error: names of files are in it */

/*
 * Seconds of sound.  Ten parts of the clips that ship were tried (docs/CLIPS.md): of 0.25 s
 * five become another voice, of 0.5 to 1 s one, of 1.5 s none.  Speech synthesis is usually
 * judged on prompts of 3 s (VALL-E and those that followed).
 */
#define LOST  0.9
#define SHORT 3.0

/* Seconds of silence at one end.  Of 6,270 prompts of telephone systems and games 161 have more
 * than 1 s, 1 more than this. */
#define ENDS 1.5

/* dB from the loud frames to the quietest ones.  The least of 568 clean recordings is 21.7.
 * With white noise 10 dB below them, 95 % measure 13.3 to 16.4. */
#define NOISY 17.0

/* dB between two levels.  The most of 330 recordings of one speaker is 7.5, and two speakers
 * who are 12 dB apart measure 8.3 to 11.8. */
#define APART 9.0

/* A line, or none: false. */
typedef bool finding(char *out, const struct finding_of *of);

const char *echo_length_of(char *out, size_t size, const struct audio_about *about)
{
    snprintf(out, size, about->known ? "%.1f s long" : "longer than %.1f s", about->seconds);
    return out;
}

static bool cancelling(char *out, const struct finding_of *of)
{
    snprintf(out, LINE,
             "%s: its %d channels cancel each other (one is inverted): channel %d alone is "
             "used",
             of->name, of->about.channels, of->about.channel);
    return of->about.channel > 0;
}

static bool too_long(char *out, const struct finding_of *of)
{
    char length[64];

    snprintf(out, LINE, "%s: %s, the first %.1f s of it are used", of->name,
             echo_length_of(length, sizeof length, &of->about), of->used_s);
    return of->used_s > 0;
}

static double sound_s(const struct finding_of *of)
{
    return (double)(of->found.sound.end - of->found.sound.begin) / ECHO_SAMPLE_RATE;
}

static bool too_short(char *out, const struct finding_of *of)
{
    snprintf(out, LINE,
             "%s: only %.2f s of sound: the voice may become another one, record 3 s or more",
             of->name, sound_s(of));
    return !of->prefix && sound_s(of) < LOST;
}

static bool rather_short(char *out, const struct finding_of *of)
{
    snprintf(out, LINE, "%s: %.1f s of sound is little: 3 s or more show more of a voice",
             of->name, sound_s(of));
    return !of->prefix && sound_s(of) >= LOST && sound_s(of) < SHORT;
}

static bool silent_ends(char *out, const struct finding_of *of)
{
    double before = (double)of->found.sound.begin / ECHO_SAMPLE_RATE;
    double behind = (double)(of->found.samples - of->found.sound.end) / ECHO_SAMPLE_RATE;

    snprintf(out, LINE,
             "%s: silence at its ends, %.1f s before the sound and %.1f s behind it: %s",
             of->name, before, behind, of->trim ? "it is cut" : "cut it off");
    return before > ENDS || behind > ENDS;
}

static bool ends_to_cut(char *out, const struct finding_of *of)
{
    return silent_ends(out, of) && !of->trim;
}

static bool ends_cut(char *out, const struct finding_of *of)
{
    return silent_ends(out, of) && of->trim;
}

static bool mostly_silent(char *out, const struct finding_of *of)
{
    snprintf(out, LINE, "%s: most of it is silence, %.1f of %.1f s: cut the pauses out",
             of->name, of->found.silence * sound_s(of), sound_s(of));
    return of->found.silence > 0.5;
}

static bool clipped(char *out, const struct finding_of *of)
{
    snprintf(out, LINE,
             "%s: clipped, its peaks are cut off flat: record it again with less gain",
             of->name);
    return of->about.clipped;
}

static bool noisy(char *out, const struct finding_of *of)
{
    snprintf(out, LINE,
             "%s: noisy, its quietest parts are only %.0f dB below the loud ones: record it in "
             "a quieter place, nearer to the microphone",
             of->name, of->found.noise);
    return of->found.noise < NOISY;
}

static bool quiet(char *out, const struct finding_of *of)
{
    double lufs = of->found.level.lufs + 20 * log10(of->gain);

    snprintf(out, LINE,
             "%s: very quiet, %.0f dB below an ordinary clip: the voice may become another "
             "one%s",
             of->name, LOUDNESS_ORDINARY - lufs,
             of->lift ? "; a short loud sound in it keeps it from being raised"
                      : "; --lift raises it");
    return lufs < LOUDNESS_QUIET;
}

static bool two_levels(char *out, const struct finding_of *of)
{
    snprintf(out, LINE,
             "%s: two levels, %.0f dB apart, perhaps of two speakers: keep the one that is "
             "wanted",
             of->name, of->found.apart);
    return of->found.apart >= APART;
}

static const struct {
    echo_log_level level;
    finding *is;
} findings[] = {
    { ECHO_LOG_WARNING, cancelling }, { ECHO_LOG_WARNING, too_long },
    { ECHO_LOG_WARNING, too_short },  { ECHO_LOG_INFO, rather_short },
    { ECHO_LOG_WARNING, quiet },      { ECHO_LOG_WARNING, clipped },
    { ECHO_LOG_WARNING, noisy },      { ECHO_LOG_WARNING, ends_to_cut },
    { ECHO_LOG_INFO, ends_cut },      { ECHO_LOG_WARNING, mostly_silent },
    { ECHO_LOG_WARNING, two_levels },
};

void echo_findings(const struct finding_of *of, echo_logger *tell, void *user)
{
    char line[LINE];

    for (size_t i = 0; tell && i < sizeof findings / sizeof *findings; i++)
        if (findings[i].is(line, of))
            tell(user, findings[i].level, line);
}
