/* SPDX-License-Identifier: MIT */
#include "common/voices.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/failure.h"
#include "common/spelling.h"

enum { NAMED = 12,     /* at most in a message, half of them where there are two lists */
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

static bool is_voice_file(const char *name)
{
    size_t n = strlen(name);

    return n > 6 && !strcasecmp(name + n - 6, ".voice");
}

echo_status voices_choose(struct voice_choice *out, const echo_model *m, echo_library *lib,
                          const char *name, echo_error *err)
{
    struct stat st;
    bool here = !stat(name, &st), hides = here && !S_ISDIR(st.st_mode);
    int i = echo_model_find_voice(m, name);
    echo_status status;

    *out = (struct voice_choice){ .source = VOICE_FILE };
    if (strchr(name, '/') || !strcmp(name, "-") || (here && is_voice_file(name)))
        return ECHO_OK;
    status = echo_library_find(lib, name, NULL, err);
    if (!status) {
        *out = (struct voice_choice){ VOICE_OF_LIBRARY, hides, i >= 0 };
        return ECHO_OK;
    }
    if (i >= 0 && !(here && has_ending(m, name, i)))
        *out = (struct voice_choice){ .source = VOICE_OF_MODEL, .hidden = hides };
    else if (!here)
        out->source = VOICE_UNKNOWN;
    /* only for what is in it the library is needed */
    return status == ECHO_ERR_ARG || out->source != VOICE_UNKNOWN ? ECHO_OK : status;
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

/* The names to choose from. */
struct names {
    const char *wanted;
    json_t *of_model, *of_library;
};

static void offer_all(struct spelling *s, const json_t *names)
{
    const json_t *have;
    char known[64];
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)names, i, have) {
        const char *name = json_string_value(have);

        simplify(known, sizeof known, name, strlen(name));
        spelling_offer_as(s, known, name);
    }
}

/* The voice whose name is nearest, NULL if none is near. */
static const char *nearest(const struct names *n)
{
    const char *dot = strrchr(n->wanted, '.');
    struct spelling meant;
    char wanted[64];

    simplify(wanted, sizeof wanted, n->wanted,
             dot && dot != n->wanted ? (size_t)(dot - n->wanted) : strlen(n->wanted));
    meant = spelling_of(wanted);
    offer_all(&meant, n->of_library);
    offer_all(&meant, n->of_model);
    return meant.nearest;
}

/* "awb, ked and 3 more", of at most `most` names */
static void format(char *out, size_t size, const json_t *names, size_t most)
{
    size_t n = json_array_size(names), used = 0;

    out[0] = 0;
    for (size_t i = 0; i < n && i < most; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", i ? ", " : "", LONGEST,
                                 json_string_value(json_array_get(names, i)));
    if (n > most)
        snprintf(out + used, size - used, " and %zu more", n - most);
}

static echo_status say_unknown(const struct names *n, echo_error *err)
{
    const char *near = nearest(n), *name = n->wanted;
    char list[NAMED * (LONGEST + 2) + 32], kept[NAMED * (LONGEST + 2) + 32];
    bool both = json_array_size(n->of_model) > 0;

    format(list, sizeof list, n->of_model, json_array_size(n->of_library) ? NAMED / 2 : NAMED);
    format(kept, sizeof kept, n->of_library, both ? NAMED / 2 : NAMED);
    if (!*list && !*kept)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.300s: No such file or directory, and this model brings no "
                         "voices of its own",
                         name);
    if (*kept)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: No such file or directory, and no voice"
                                             "%s%.60s%s; the library has %.400s%s%.300s",
                         name, near ? " (did you mean " : "", near ? near : "",
                         near ? "?)" : "", kept, *list ? ", the model " : "", list);
    return echo_fail(err, ECHO_ERR_FILE, "%.200s: No such file or directory, and no voice of "
                                         "this model; it has %s%s%.60s%s",
                     name, list,
                     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

echo_status voices_unknown(const echo_model *m, echo_library *lib, const char *name,
                           echo_error *err)
{
    struct names n = { name, voices_array(m), voices_of_library(lib) };

    say_unknown(&n, err);
    json_decref(n.of_model);
    json_decref(n.of_library);
    return err->status;
}

echo_status voices_unknown_name(const echo_model *m, echo_library *lib, const char *name,
                                echo_error *err)
{
    struct names n = { name, voices_array(m), voices_of_library(lib) };
    const char *near = nearest(&n);
    char list[NAMED * (LONGEST + 2) + 32];

    json_array_extend(n.of_library, n.of_model);
    format(list, sizeof list, n.of_library, NAMED);
    echo_fail_field(err, "voice", "'%.100s' is no voice here%s%.60s%s: there %s %s", name,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
                    *list ? "are" : "is none", list);
    json_decref(n.of_model);
    json_decref(n.of_library);
    return err->status;
}

echo_status voices_unknown_there(echo_library *lib, const char *name, echo_error *err)
{
    struct names n = { .wanted = name };
    const char *near, *folder = echo_library_folder(lib);

    if (strcmp(err->field, "voice"))
        return err->status;
    n.of_library = voices_of_library(lib);
    near = nearest(&n);
    if (!json_array_size(n.of_library))
        echo_fail(err, ECHO_ERR_ARG, "'%.200s': there are no voices in the library %.600s",
                  name, folder);
    else
        echo_fail(err, ECHO_ERR_ARG, "'%.200s' is no voice of the library%s%.260s%s (echotts "
                                     "voices list)", name, near ? "; did you mean " : "",
                  near ? near : "", near ? "?" : "");
    json_decref(n.of_library);
    return err->status;
}

json_t *voices_of_library(echo_library *lib)
{
    json_t *names = json_array();
    echo_voice_info *list;
    int n;

    if (echo_library_list(lib, &list, &n, NULL))
        return names;
    for (int i = 0; i < n; i++)
        if (!*list[i].trouble)
            json_array_append_new(names, json_string(list[i].name));
    echo_library_list_free(&list);
    return names;
}

json_t *voices_array(const echo_model *m)
{
    json_t *names = json_array();
    const char *name;

    for (int i = 0; (name = echo_model_voice(m, i)); i++)
        json_array_append_new(names, json_string(name));
    return names;
}
