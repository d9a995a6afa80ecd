/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"

#define NAME_BYTES 60 /* of a role, in the name of a file */

/* ---- the folder ---- */

static echo_status open_folder(const char *folder, echo_error *err)
{
    struct stat about;

    if (!*folder)
        return echo_fail(err, ECHO_ERR_ARG, "--split-turns: the name of the folder is empty");
    if (mkdir(folder, 0777) && errno != EEXIST)
        return echo_fail(err, ECHO_ERR_FILE, "%s: the folder cannot be made: %s", folder,
                         strerror(errno));
    if (stat(folder, &about) || !S_ISDIR(about.st_mode))
        return echo_fail(err, ECHO_ERR_FILE, "%s: is no folder, which --split-turns needs",
                         folder);
    if (access(folder, W_OK | X_OK))
        return echo_fail(err, ECHO_ERR_FILE, "%s: nothing can be written there: %s", folder,
                         strerror(errno));
    return ECHO_OK;
}

echo_status turns_open(struct turns *t, const char *folder, const struct sound_opts *sound,
                       const char *output, echo_error *err)
{
    const char *by = output && strcmp(output, "-") ? output : "turn.wav";
    echo_writer_opts opts = sound_options(sound);
    echo_status status = sound->format ? echo_format_named(sound->format, &t->format, err)
                                       : echo_format_of_path(by, &t->format, err);

    t->folder = folder;
    opts.format = t->format.name;
    if (status || (status = echo_writer_check(NULL, &opts, err)))
        return status;
    return open_folder(folder, err);
}

char *turns_path(const struct turns *t, const char *name)
{
    size_t n = strlen(t->folder) + strlen(name) + 2;
    char *path = malloc(n);

    if (path)
        snprintf(path, n, "%s/%s", t->folder, name);
    return path;
}

/* ---- turns ---- */

bool turns_next(const struct subtitles *cues, struct turn *turn)
{
    int first = turn->number ? turn->last + 1 : 0, last = first;

    if (first >= cues->n)
        return false;
    while (last + 1 < cues->n && cues->items[last + 1].turn == cues->items[first].turn)
        last++;
    *turn = (struct turn){ turn->number + 1, cues->items[first].role, first, last };
    return true;
}

char *turns_text(const struct subtitles *cues, const struct turn *turn)
{
    size_t n = 1, used = 0;
    char *text;

    for (int i = turn->first; i <= turn->last; i++)
        n += strlen(cues->items[i].text) + 1;
    if (!(text = malloc(n)))
        return NULL;
    for (int i = turn->first; i <= turn->last; i++)
        used += (size_t)snprintf(text + used, n - used, "%s%s", i > turn->first ? " " : "",
                                 cues->items[i].text);
    return text;
}

/* Letters and digits, in small letters where these are ASCII; all else is one "-". */
static void file_name(char *out, size_t size, const char *role)
{
    size_t n = 0;

    for (; *role && n < size - 1; role++) {
        unsigned char c = (unsigned char)*role;

        if (isalnum(c) || c >= 0x80)
            out[n++] = (char)tolower(c);
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && ((unsigned char)*role & 0xc0) == 0x80 && (out[n - 1] & 0x80)) {
        bool begins = ((unsigned char)out[--n] & 0xc0) == 0xc0; /* no half character */

        if (begins)
            break;
    }
    while (n && out[n - 1] == '-')
        n--;
    out[n] = '\0';
}

char *turns_name(const struct turns *t, const struct turn *turn)
{
    char role[NAME_BYTES], name[NAME_BYTES + 40];

    file_name(role, sizeof role, turn->role ? turn->role : "narrator");
    snprintf(name, sizeof name, "%03d-%s.%s", turn->number, *role ? role : "role",
             t->format.ending ? t->format.ending : "wav");
    return strdup(name);
}

static size_t sample(double seconds)
{
    return (size_t)llround(seconds * ECHO_SAMPLE_RATE);
}

echo_status turns_write(const struct turns *t, const struct subtitles *cues,
                        const struct turn *turn, struct job *job, echo_writer_opts opts,
                        echo_error *err)
{
    char *name = turns_name(t, turn), *path = name ? turns_path(t, name) : NULL;
    echo_writer *w = NULL;
    echo_status status;

    opts.format = t->format.name;
    if (!path)
        status = echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    else
        status = echo_writer_open(&w, path, &opts, err);
    if (!status)
        status = job_copy(job, w, sample(cues->items[turn->first].begin_s),
                          sample(cues->items[turn->last].end_s), err);
    if (!status)
        status = echo_writer_close(&w, err);
    if (w)
        echo_writer_abort(&w);
    free(path);
    free(name);
    return status;
}

json_t *turns_array(const struct subtitles *cues, const struct turns *t)
{
    json_t *turns = json_array();
    struct turn turn = { 0 };

    while (turns_next(cues, &turn)) {
        json_t *o = json_object();
        char *name = t ? turns_name(t, &turn) : NULL;

        json_object_set_new(o, "role", turn.role ? json_string(turn.role) : json_null());
        report_real(o, "begin_s", cues->items[turn.first].begin_s);
        report_real(o, "end_s", cues->items[turn.last].end_s);
        if (name)
            report_string(o, "file", name);
        json_array_append_new(turns, o);
        free(name);
    }
    return turns;
}
