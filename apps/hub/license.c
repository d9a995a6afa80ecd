/* SPDX-License-Identifier: MIT */
#include "hub/license.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "hub/cache.h"

enum { MOST_BYTES = 1 << 20 };

static bool place(char path[HUB_PATH], const char *file)
{
    char folder[HUB_PATH];

    return echo_user_place(folder, sizeof folder, ECHO_USER_DATA) &&
           snprintf(path, HUB_PATH, "%s%s", folder, file) < HUB_PATH;
}

/* All lines, by malloc(), with room for `more` bytes behind them. */
static char *read_lines(size_t more)
{
    char path[HUB_PATH], *text = calloc(1, MOST_BYTES + more + 1);
    FILE *f = text && place(path, "/licenses") ? fopen(path, "r") : NULL;

    if (f) {
        if (fread(text, 1, MOST_BYTES, f) == 0)
            *text = 0;
        fclose(f);
    }
    return text;
}

static void to_line(char *out, size_t size, const struct license *l)
{
    snprintf(out, size, "%s %s\n", l->model, l->name);
}

bool license_is_accepted(const struct license *l)
{
    char line[400], *text = read_lines(0);
    bool found = false;

    to_line(line, sizeof line, l);
    for (const char *at = text; at && *at && !found;) {
        found = !strncmp(at, line, strlen(line));
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    free(text);
    return found;
}

echo_status license_accept(const struct license *l, echo_error *err)
{
    char line[400], path[HUB_PATH], *text;

    if (license_is_accepted(l))
        return ECHO_OK;
    to_line(line, sizeof line, l);
    if (!place(path, "") || !(text = read_lines(sizeof line)))
        return ECHO_OK; /* there is nowhere to remember it */
    if (!cache_make_folder(path, err) && place(path, "/licenses")) {
        strcat(text, line);
        echo_file_write(path, text, strlen(text), err);
    }
    free(text);
    return err->status;
}
