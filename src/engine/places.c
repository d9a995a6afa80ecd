/* SPDX-License-Identifier: MIT */
#include "engine/places.h"

#include <ctype.h>
#include <dlfcn.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "echotts_dev.h"

#ifndef ECHO_DATADIR
#define ECHO_DATADIR "/usr/local/share/echotts"
#endif

#define PLACE_BYTES 4096

/* The variable, or NULL if it is not set or empty. */
static const char *set(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* The home of a user, NULL: the one who runs this; false if nobody knows it. */
static bool home(char out[PLACE_BYTES], const char *user)
{
    const char *value = user ? NULL : set("HOME");
    struct passwd entry, *found = NULL;
    char buffer[PLACE_BYTES];

    if (!value && user)
        getpwnam_r(user, &entry, buffer, sizeof buffer, &found);
    else if (!value)
        getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found);
    if (found)
        value = found->pw_dir;
    return value && (size_t)snprintf(out, PLACE_BYTES, "%s", value) < PLACE_BYTES;
}

/* False if it does not fit. */
static bool append(char *out, size_t size, const char *text, size_t length)
{
    size_t used = strlen(out);

    if (length >= size - used)
        return false;
    memcpy(out + used, text, length);
    out[used + length] = 0;
    return true;
}

/* A leading "~" or "~user"; *path goes on behind it.  Whom nobody knows stays as he is. */
static bool expand_user(char *out, size_t size, const char **path)
{
    size_t length = strcspn(*path, "/");
    char name[64], folder[PLACE_BYTES];

    if (**path != '~' || length >= sizeof name)
        return true;
    snprintf(name, sizeof name, "%.*s", (int)length - 1, *path + 1);
    if (!home(folder, *name ? name : NULL))
        return true;
    *path += length;
    length = strlen(folder);
    while (length && folder[length - 1] == '/')
        length--;
    return append(out, size, folder, length);
}

/* The bytes of "$NAME" or "${NAME}" at text, 0 if there is none; name is what it names. */
static size_t variable(const char *text, char *name, size_t size)
{
    bool braces = text[1] == '{';
    const char *first = text + 1 + braces;
    size_t length = 0;

    if (braces)
        length = strcspn(first, "}");
    else
        while (isalnum((unsigned char)first[length]) || first[length] == '_')
            length++;
    if (!length || length >= size || (braces && first[length] != '}'))
        return 0;
    memcpy(name, first, length);
    name[length] = 0;
    return 1 + 2 * (size_t)braces + length;
}

/* As huggingface_hub expands its settings: "~", "~user", then $NAME and ${NAME}; what is not
 * set stays as it is. */
static bool expand(char *out, size_t size, const char *path)
{
    char name[128];
    const char *value;

    out[0] = 0;
    if (!expand_user(out, size, &path))
        return false;
    while (*path) {
        size_t length = *path == '$' ? variable(path, name, sizeof name) : 0;

        if (length && (value = getenv(name))) {
            if (!append(out, size, value, strlen(value)))
                return false;
            path += length;
        } else if (!append(out, size, path++, 1)) {
            return false;
        }
    }
    return true;
}

/* Where huggingface_hub keeps what it loads: the first of these that is set decides. */
static bool hub_cache(char *out, size_t size)
{
    static const struct {
        const char *variable, *below;
    } ways[] = {
        { "HF_HUB_CACHE", "" },
        { "HUGGINGFACE_HUB_CACHE", "" }, /* its older name */
        { "HF_HOME", "/hub" },
        { "XDG_CACHE_HOME", "/huggingface/hub" },
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (set(ways[i].variable))
            return expand(out, size, set(ways[i].variable)) &&
                   append(out, size, ways[i].below, strlen(ways[i].below));
    return expand(out, size, "~/.cache/huggingface/hub");
}

/* As huggingface_hub calls it: tokens are there. */
static bool hub_home(char *out, size_t size)
{
    if (set("HF_HOME"))
        return expand(out, size, set("HF_HOME"));
    if (set("XDG_CACHE_HOME"))
        return expand(out, size, set("XDG_CACHE_HOME")) &&
               append(out, size, "/huggingface", 12);
    return expand(out, size, "~/.cache/huggingface");
}

static bool hub_token(char *out, size_t size)
{
    if (set("HF_TOKEN_PATH"))
        return expand(out, size, set("HF_TOKEN_PATH"));
    return hub_home(out, size) && append(out, size, "/token", 6);
}

static bool data_home(char *out, size_t size)
{
    const char *given = set("XDG_DATA_HOME");

    return expand(out, size, given ? given : "~/.local/share") &&
           append(out, size, "/echotts", 8);
}

bool echo_user_place(char *out, size_t size, echo_user_kind kind)
{
    bool known = false;

    switch (kind) {
    case ECHO_USER_DATA: known = data_home(out, size); break;
    case ECHO_USER_MODELS:
        known = data_home(out, size) && append(out, size, "/models", 7);
        break;
    case ECHO_USER_HUB_CACHE: known = hub_cache(out, size); break;
    case ECHO_USER_HUB_TOKEN: known = hub_token(out, size); break;
    }
    /* "~" of somebody without a home stays, and is no place. */
    if (!known || *out == '~')
        out[0] = 0;
    return out[0] != 0;
}

/* The folder of the running program, cut to its parent: what "bin" or "build" lies in. */
static const char *program_parent(char out[PLACE_BYTES])
{
    ssize_t n = readlink("/proc/self/exe", out, PLACE_BYTES - 1);

    if (n <= 0)
        return NULL;
    out[n] = 0;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(out, '/');

        if (!slash)
            return NULL;
        *slash = 0;
    }
    return out;
}

/* The folder of the file that this code is in: the shared library, or the program.  A package
 * that brings both the library and a model has them there. */
static const char *library_folder(char out[PLACE_BYTES])
{
    Dl_info found;
    char *slash;

    if (!dladdr((void *)(uintptr_t)echo_place, &found) || !found.dli_fname ||
        (size_t)snprintf(out, PLACE_BYTES, "%s", found.dli_fname) >= PLACE_BYTES ||
        !(slash = strrchr(out, '/')))
        return NULL;
    *slash = 0;
    return out;
}

bool echo_place(char *out, size_t size, int i)
{
    enum where { DATA_HOME, HOME, PARENT, DATADIR, LIBRARY };
    static const struct {
        enum where where;
        const char *below;
    } rest[] = {
        { DATA_HOME, "/echotts/base" }, { HOME, "/.local/share/echotts/base" },
        { PARENT, "/share/echotts/base" }, { DATADIR, "/base" },
        { LIBRARY, "/small" }, { PARENT, "/models/small" },
        { PARENT, "/share/echotts/small" }, { DATADIR, "/small" },
    };
    char folder[PLACE_BYTES];
    const char *start = NULL;

    out[0] = 0;
    if (i == 0) {
        if (!hub_cache(out, size))
            out[0] = 0;
        return true;
    }
    if ((size_t)--i >= sizeof rest / sizeof *rest)
        return false;
    switch (rest[i].where) {
    case DATA_HOME: start = set("XDG_DATA_HOME"); break;
    case HOME: start = home(folder, NULL) ? folder : NULL; break;
    case PARENT: start = program_parent(folder); break;
    case DATADIR: start = ECHO_DATADIR; break;
    case LIBRARY: start = library_folder(folder); break;
    }
    if (start && (size_t)snprintf(out, size, "%s%s", start, rest[i].below) >= size)
        out[0] = 0;
    return true;
}
