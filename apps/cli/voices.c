/* SPDX-License-Identifier: MIT */
#include "voices.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const endings[] = { ".wav", ".flac", ".ogg", ".mp3" };

enum { ENDINGS = sizeof endings / sizeof *endings };

static void folder_of(char *out, size_t size, const echo_model_info *m)
{
    const char *slash = strrchr(m->echo_file, '/');

    if (slash)
        snprintf(out, size, "%.*s", (int)(slash - m->echo_file), m->echo_file);
    else
        snprintf(out, size, ".");
}

const char *voices_find(char *out, size_t size, const echo_model_info *m, const char *name)
{
    char folder[1024];

    if (strchr(name, '/') || !access(name, F_OK))
        return name;
    folder_of(folder, sizeof folder, m);
    for (int i = 0; i < ENDINGS; i++) {
        int length = snprintf(out, size, "%s/%s%s", folder, name, endings[i]);

        if (length > 0 && (size_t)length < size && !access(out, R_OK))
            return out;
    }
    return name;
}

/* The bytes of a file's name before its ending, 0 if it is no clip. */
static size_t stem(const char *file)
{
    size_t length = strlen(file);

    for (int i = 0; i < ENDINGS; i++) {
        size_t ending = strlen(endings[i]);

        if (length > ending && !strcmp(file + length - ending, endings[i]))
            return length - ending;
    }
    return 0;
}

static int is_clip(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && stem(entry->d_name) > 0;
}

json_t *voices_array(const echo_model_info *m)
{
    json_t *names = json_array();
    char folder[1024];
    struct dirent **files;
    int n;

    folder_of(folder, sizeof folder, m);
    n = scandir(folder, &files, is_clip, alphasort);
    for (int i = 0; i < n; i++) {
        json_array_append_new(names, json_stringn(files[i]->d_name, stem(files[i]->d_name)));
        free(files[i]);
    }
    if (n >= 0)
        free(files);
    return names;
}
