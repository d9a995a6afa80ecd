/* SPDX-License-Identifier: MIT */
#include "engine/name.h"

#include <string.h>
#include <strings.h>

/* Of several clips of one name the first of these is taken. */
static const char *const endings[] = { ".wav", ".flac", ".ogg", ".opus", ".mp3" };

enum { ENDINGS = sizeof endings / sizeof *endings };

size_t echo_name_stem(const char *file, int *rank)
{
    size_t length = strlen(file);

    for (*rank = 0; *rank < ENDINGS; (*rank)++) {
        size_t ending = strlen(endings[*rank]);

        if (length > ending && !strcasecmp(file + length - ending, endings[*rank]))
            return length - ending;
    }
    return 0;
}

bool echo_name_is_printable(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == 127)
            return false;
    return true;
}
