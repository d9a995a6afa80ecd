/* SPDX-License-Identifier: MIT */
/* named.c - models by name: where they may be, and which one a name means. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "echotts_dev.h"
#include "engine/folder.h"
#include "engine/places.h"

#define ENDING ".echo"
#define CACHED "models--"

enum { NAME_BYTES = 512, MOST_LISTED = 8 };

typedef bool each_model(void *user, const echo_named *model);

/* ---- names and files ---- */

/* "owner--tuned" as "owner/tuned": the first of such marks, as the hub's cache has them. */
static void to_name(char out[NAME_BYTES], const char *file, size_t length)
{
    char *mark;

    snprintf(out, NAME_BYTES, "%.*s", (int)(length < NAME_BYTES ? length : NAME_BYTES - 1),
             file);
    if ((mark = strstr(out, "--")) && mark > out) {
        *mark = '/';
        memmove(mark + 1, mark + 2, strlen(mark + 2) + 1);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && !strcmp(text + n - m, end);
}

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls one() with every entry of a folder, sorted; false: it ended that. */
static bool each_entry(const char *folder,
                       bool (*one)(void *user, const char *folder, const char *name),
                       void *user)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, no_dots, alphasort);
    bool go = true;

    for (int i = 0; i < n; i++) {
        go = go && one(user, folder, entries[i]->d_name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return go;
}

/* ---- all of them ---- */

struct walk {
    each_model *each;
    void *user;
};

static bool own(void *user, const char *folder, const char *file)
{
    struct walk *w = user;
    char path[FOLDER_PATH], name[NAME_BYTES];
    bool packed = ends_with(file, ENDING);
    struct found_model m = { .state = FOUND_WHOLE };

    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, file) >= sizeof path)
        return true;
    if (packed && !echo_is_file(path))
        return true;
    if (!packed)
        echo_find_model(&m, path);
    if (m.state == FOUND_NOTHING)
        return true;
    to_name(name, file, strlen(file) - (packed ? strlen(ENDING) : 0));
    return w->each(w->user, &(echo_named){ ECHO_NAMED_OWN, name, path,
                                           m.state == FOUND_WHOLE ? "" : m.why });
}

/* The base model or the small one, by the places from `first` until before `end`; a part of one
 * if there is no whole one. */
static bool usual(struct walk *w, echo_named_kind kind, const char *name, int first, int end)
{
    char place[FOLDER_PATH], part[FOLDER_PATH] = "";
    struct found_model m, pieces = { 0 };

    for (int i = first; i < end && echo_place(place, sizeof place, i); i++) {
        if (!*place)
            continue;
        echo_find_model(&m, place);
        if (m.state == FOUND_WHOLE)
            return w->each(w->user, &(echo_named){ kind, name, place, "" });
        if (m.state == FOUND_PIECES && !*part) {
            pieces = m;
            memcpy(part, place, sizeof part);
        }
    }
    return !*part || w->each(w->user, &(echo_named){ kind, name, part, pieces.why });
}

static bool cached(void *user, const char *folder, const char *entry)
{
    struct walk *w = user;
    char path[FOLDER_PATH], dir[FOLDER_PATH], name[NAME_BYTES];
    struct found_model m;

    if (strncmp(entry, CACHED, strlen(CACHED)) ||
        !strcmp(entry, CACHED "jordand--echo-tts-base") ||
        !strcmp(entry, CACHED "jordand--fish-s1-dac-min") ||
        (size_t)snprintf(path, sizeof path, "%s/%s", folder, entry) >= sizeof path ||
        !echo_find_tuned(&m, dir, path))
        return true;
    to_name(name, entry + strlen(CACHED), strlen(entry) - strlen(CACHED));
    return w->each(w->user, &(echo_named){ ECHO_NAMED_HUB, name, dir,
                                           m.state == FOUND_WHOLE ? "" : m.why });
}

void echo_models_named(each_model *each, void *user)
{
    struct walk w = { each, user };
    char folder[FOLDER_PATH];

    if (echo_user_place(folder, sizeof folder, ECHO_USER_MODELS) &&
        !each_entry(folder, own, &w))
        return;
    if (!usual(&w, ECHO_NAMED_BASE, "base", 0, PLACES_OF_BASE))
        return;
    if (echo_user_place(folder, sizeof folder, ECHO_USER_HUB_CACHE) &&
        !each_entry(folder, cached, &w))
        return;
    usual(&w, ECHO_NAMED_SMALL, "small", PLACES_OF_BASE, 1000);
}

/* ---- one of them ---- */

struct search {
    const char *name;
    char exact[FOLDER_PATH], tail[FOLDER_PATH], packed[FOLDER_PATH]; /* "": none */
    char packed_name[NAME_BYTES];
    bool exact_whole;
    int tails;
    char list[512];
    int listed;
};

/* "base-int8" is a packed "base". */
static bool is_packed_of(const char *name, const char *original)
{
    size_t n = strlen(original);

    return !strncmp(name, original, n) &&
           (!strcmp(name + n, "-bf16") || !strcmp(name + n, "-int8"));
}

static void list_name(struct search *s, const char *name)
{
    size_t used = strlen(s->list);

    if (s->listed++ < MOST_LISTED)
        snprintf(s->list + used, sizeof s->list - used, "%s%.60s", used ? ", " : "", name);
}

static bool compare(void *user, const echo_named *m)
{
    struct search *s = user;
    const char *slash = strchr(m->name, '/');

    list_name(s, m->name);
    if (!strcmp(m->name, s->name) && !s->exact_whole) {
        snprintf(s->exact, sizeof s->exact, "%s", m->path);
        s->exact_whole = !*m->why;
    } else if (slash && !strcmp(slash + 1, s->name)) {
        s->tails++;
        snprintf(s->tail, sizeof s->tail, "%s", m->path);
    }
    if (m->kind == ECHO_NAMED_OWN && is_packed_of(m->name, s->name) && !*s->packed) {
        snprintf(s->packed, sizeof s->packed, "%s", m->path);
        snprintf(s->packed_name, sizeof s->packed_name, "%s", m->name);
    }
    return true;
}

/* OWNER/NAME@REVISION, if its snapshot is in the cache. */
static bool find_revision(char *out, size_t size, const char *name)
{
    const char *at = strchr(name, '@'), *slash = strchr(name, '/');
    char cache[FOLDER_PATH], folder[FOLDER_PATH], commit[128];
    struct stat st;

    if (!at || !slash || slash > at || memchr(slash + 1, '/', (size_t)(at - slash - 1)) ||
        strstr(name, "..") ||
        !echo_user_place(cache, sizeof cache, ECHO_USER_HUB_CACHE) ||
        (size_t)snprintf(folder, sizeof folder, "%s/" CACHED "%.*s--%.*s", cache,
                         (int)(slash - name), name, (int)(at - slash - 1), slash + 1) >=
            sizeof folder)
        return false;
    echo_cached_commit(commit, sizeof commit, folder, at + 1);
    return *commit &&
           (size_t)snprintf(out, size, "%s/snapshots/%s", folder, commit) < size &&
           !stat(out, &st);
}

/* Nothing that begins like this is a name. */
static bool is_plainly_path(const char *name)
{
    const char *slash = strchr(name, '/');

    return strchr("./~", name[0]) || (slash && strchr(slash + 1, '/'));
}

static echo_status fail_unknown(const struct search *s, echo_error *err)
{
    char more[32] = "";

    if (s->tails > 1)
        return echo_fail(err, ECHO_ERR_FILE, "%.200s: %d models end so: say whose, as in "
                         "OWNER/%.200s (there are: %s)", s->name, s->tails, s->name, s->list);
    if (s->listed > MOST_LISTED)
        snprintf(more, sizeof more, " and %d more", s->listed - MOST_LISTED);
    if (!strcmp(s->name, "base"))
        return echo_fail(err, ECHO_ERR_FILE,
                         "base: the base model is not here: echotts pull base fetches it");
    return echo_fail(err, ECHO_ERR_FILE,
                     "%.400s: no such model directory, and no model of this name%s%s%s",
                     s->name, *s->list ? "; there are: " : "", s->list, more);
}

echo_status echo_model_path(char *out, size_t size, const char *name, char *note,
                            size_t note_size, echo_error *err)
{
    struct search s = { .name = name };
    struct stat st;
    const char *found = name;

    if (note)
        *note = 0;
    *out = 0;
    if (!stat(name, &st) || find_revision(out, size, name))
        goto done;
    if (is_plainly_path(name))
        return echo_fail(err, ECHO_ERR_FILE, "%s: no such model directory", name);
    echo_models_named(compare, &s);
    if (*s.exact && (s.exact_whole || !*s.packed)) {
        found = s.exact;
    } else if (*s.packed) {
        found = s.packed;
        if (note)
            snprintf(note, note_size, "%.200s: its original files are not here, or not all of "
                     "them: the packed %.200s is used", name, s.packed_name);
    } else if (s.tails == 1) {
        found = s.tail;
    } else {
        return fail_unknown(&s, err);
    }
done:
    if (!*out && (size_t)snprintf(out, size, "%s", found) >= size)
        return echo_fail(err, ECHO_ERR_FILE, "%.400s: the path is too long", name);
    return ECHO_OK;
}
