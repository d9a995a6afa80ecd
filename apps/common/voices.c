/* SPDX-License-Identifier: MIT */
#include "common/voices.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/failure.h"
#include "common/spelling.h"

enum { NAMED = 12,     /* at most in a message */
       LONGEST = 60 }; /* bytes of one of them */

/* Does the model's voice i bear this name only if its ending is left out? */
static bool has_ending(const echo_model *m, const char *name, int i)
{
    const char *dot = strrchr(name, '.');
    char stem[512];

    if (!dot || dot == name || (size_t)(dot - name) >= sizeof stem)
        return false;
    snprintf(stem, sizeof stem, "%.*s", (int)(dot - name), name);
    return echo_model_find_voice(m, stem) == i;
}

enum voice_source voices_choose(const echo_model *m, const char *name, bool *hidden)
{
    struct stat st;
    bool here = !stat(name, &st);
    int i;

    *hidden = false;
    if (strchr(name, '/') || !strcmp(name, "-"))
        return VOICE_FILE;
    i = echo_model_find_voice(m, name);
    if (i < 0 || (here && has_ending(m, name, i)))
        return here ? VOICE_FILE : VOICE_UNKNOWN;
    *hidden = here && !S_ISDIR(st.st_mode);
    return VOICE_OF_MODEL;
}

/* In lower case, a byte a letter: of "Zoë" as far from "zoe" as one other letter is. */
static void simplify(char *out, size_t size, const char *name, size_t length)
{
    size_t n = 0;

    for (size_t i = 0; i < length && n < size - 1; i++)
        if (((unsigned char)name[i] & 0xc0) != 0x80) /* no later byte of a letter */
            out[n++] = (char)tolower((unsigned char)name[i]);
    out[n] = 0;
}

/* The voice whose name is nearest, NULL if none is near. */
static const char *nearest(const echo_model *m, const char *name)
{
    const char *dot = strrchr(name, '.'), *have, *best = NULL;
    char wanted[64], known[64];
    int least;

    simplify(wanted, sizeof wanted, name,
             dot && dot != name ? (size_t)(dot - name) : strlen(name));
    least = spelling_limit(wanted) + 1;
    for (int i = 0; (have = echo_model_voice(m, i)); i++) {
        simplify(known, sizeof known, have, strlen(have));
        int d = spelling_distance(wanted, known);

        if (d < least) {
            least = d;
            best = have;
        }
    }
    return best;
}

/* "awb, ked and 3 more" */
static void format(char *out, size_t size, const echo_model *m)
{
    const char *name;
    size_t used = 0;
    int n = 0;

    for (out[0] = 0; (name = echo_model_voice(m, n)); n++)
        if (n < NAMED)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s", n ? ", " : "", LONGEST,
                                     name);
    if (n > NAMED)
        snprintf(out + used, size - used, " and %d more", n - NAMED);
}

echo_status voices_unknown(const echo_model *m, const char *name, echo_error *err)
{
    const char *near = nearest(m, name);
    char list[NAMED * (LONGEST + 2) + 32];

    if (!echo_model_voice(m, 0))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.300s: No such file or directory, and this model brings no "
                         "voices of its own",
                         name);
    format(list, sizeof list, m);
    return echo_fail(err, ECHO_ERR_FILE, "%.200s: No such file or directory, and no voice of "
                                         "this model; it has %s%s%.60s%s",
                     name, list,
                     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

json_t *voices_array(const echo_model *m)
{
    json_t *names = json_array();
    const char *name;

    for (int i = 0; (name = echo_model_voice(m, i)); i++)
        json_array_append_new(names, json_string(name));
    return names;
}
