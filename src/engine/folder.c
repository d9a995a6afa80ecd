/* SPDX-License-Identifier: MIT */
#include "engine/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "echotts_dev.h"
#include "weights/shards.h"

#define SUFFIX ".safetensors"
#define TORCH  ".pt"

static const struct {
    const char *name;           /* on the hub */
    const char *weights, *pca;  /* the stems of its files */
    const char *const *folders; /* how tools name it, the likeliest first */
} repositories[] = {
    [REPOSITORY_ECHO] = {
        "jordand/echo-tts-base", "pytorch_model", "pca_state",
        (const char *const[]){ "echo-tts-base", "jordand/echo-tts-base",
                               "jordand--echo-tts-base", "jordand_echo-tts-base",
                               "models--jordand--echo-tts-base",
                               "hub/models--jordand--echo-tts-base", NULL } },
    [REPOSITORY_DAC] = {
        "jordand/fish-s1-dac-min", "pytorch_model", NULL,
        (const char *const[]){ "fish-s1-dac-min", "jordand/fish-s1-dac-min",
                               "jordand--fish-s1-dac-min", "jordand_fish-s1-dac-min",
                               "models--jordand--fish-s1-dac-min",
                               "hub/models--jordand--fish-s1-dac-min", NULL } },
};

static const char *const plain_stems[] = { "echo", "dac", "pca" };

/* False if it does not fit: then nothing can lie there. */
__attribute__((format(printf, 2, 3))) static bool put(char out[FOLDER_PATH], const char *fmt,
                                                      ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(out, FOLDER_PATH, fmt, ap);
    va_end(ap);
    return n >= 0 && n < FOLDER_PATH;
}

/* To a list that may be empty yet; what does not fit is cut. */
static void add(char *text, size_t size, const char *separator, const char *more)
{
    size_t used = strlen(text);

    if (*more)
        snprintf(text + used, size - used, "%s%s", used ? separator : "", more);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool echo_is_file(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISREG(st.st_mode);
}

static bool is_folder(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* ---- a file ---- */

/* Look at f->path. */
static void look_at(struct found_file *f)
{
    const char *what = NULL, *name = last_part(f->path);
    struct stat st, link;

    f->state = FOUND_NOTHING;
    if (lstat(f->path, &link))
        return;
    if (stat(f->path, &st))
        what = errno == ENOENT ? "is a link to a file that is not there" : "cannot be reached";
    else if (!S_ISREG(st.st_mode))
        what = "is not a regular file";
    else if (!st.st_size)
        what = "is empty";
    f->state = what ? FOUND_PIECES : FOUND_WHOLE;
    if (what)
        snprintf(f->why, sizeof f->why, "%.300s %s", name, what);
    else
        f->changed = (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* All shards of the set that the one at path belongs to, whose parts are s. */
static void look_at_shards(struct found_file *f, const char *path, const struct shard_name *s)
{
    struct found_file part = { .state = FOUND_WHOLE };

    *f = part;
    for (int i = s->count; i >= 1 && part.state == FOUND_WHOLE; i--) {
        if (echo_shard_path(part.path, sizeof part.path, path, s, i) >= FOLDER_PATH)
            part.path[0] = 0;
        look_at(&part);
        if (i == s->count || part.changed > f->changed)
            f->changed = part.changed;
    }
    memcpy(f->path, part.path, sizeof f->path);
    if (part.state == FOUND_WHOLE)
        return;
    f->state = FOUND_PIECES;
    if (part.state == FOUND_PIECES)
        memcpy(f->why, part.why, sizeof f->why);
    else
        snprintf(f->why, sizeof f->why, "%.300s is missing", last_part(part.path));
}

/* STEM-00001-of-00002.safetensors and its like: the best set there is. */
static void find_shards(struct found_file *f, const char *folder, const char *stem)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    struct found_file set;
    struct shard_name s;
    char path[FOLDER_PATH];
    int count = 0;

    while (d && (entry = readdir(d))) {
        if (!echo_shard_parse(&s, entry->d_name) || s.stem != strlen(stem) ||
            memcmp(entry->d_name, stem, s.stem) || s.count == count ||
            !put(path, "%s/%s", folder, entry->d_name))
            continue;
        look_at_shards(&set, path, &s);
        if (set.state < f->state || (set.state == f->state && s.count < count))
            continue;
        *f = set;
        count = s.count;
    }
    if (d)
        closedir(d);
}

static void find_file(struct found_file *f, const char *folder, const char *stem)
{
    char path[FOLDER_PATH];

    *f = (struct found_file){ 0 };
    if (!put(f->path, "%s/%s" SUFFIX, folder, stem))
        return;
    look_at(f);
    if (f->state == FOUND_WHOLE)
        return;
    struct found_file shards = { 0 };

    find_shards(&shards, folder, stem);
    if (shards.state > f->state) {
        *f = shards;
    } else if (f->state == FOUND_NOTHING &&
               put(path, "%s/%s" SUFFIX ".index.json", folder, stem) && echo_is_file(path)) {
        f->state = FOUND_PIECES;
        snprintf(f->why, sizeof f->why, "the shards that %.300s lists are missing",
                 last_part(path));
    }
    if (f->state == FOUND_NOTHING && put(f->path, "%s/%s" TORCH, folder, stem))
        look_at(f);
}

/* ---- a repository ---- */

/* Has a tool begun to load a file into this folder, and not ended? */
static bool has_incomplete(const char *folder, const char *below)
{
    char path[FOLDER_PATH];
    DIR *d = put(path, "%s/%s", folder, below) ? opendir(path) : NULL;
    struct dirent *entry;
    bool found = false;

    while (d && !found && (entry = readdir(d))) {
        const char *dot = strrchr(entry->d_name, '.');

        found = dot && !strcmp(dot, ".incomplete");
    }
    if (d)
        closedir(d);
    return found;
}

/* The two states make one; the line says of what is not whole where it is. */
static void sum_up(struct found_repository *r, enum repository which, const char *folder)
{
    const struct found_file *files[] = { &r->weights, &r->pca };
    const char *stems[] = { repositories[which].weights, repositories[which].pca };
    int n = repositories[which].pca ? 2 : 1, whole = 0, nothing = 0;

    for (int i = 0; i < n; i++) {
        whole += files[i]->state == FOUND_WHOLE;
        nothing += files[i]->state == FOUND_NOTHING;
    }
    r->state = whole == n ? FOUND_WHOLE : nothing == n ? FOUND_NOTHING : FOUND_PIECES;
    for (int i = 0; i < n && r->state == FOUND_PIECES; i++) {
        char missing[100];

        if (files[i]->state == FOUND_WHOLE)
            continue;
        snprintf(missing, sizeof missing, "%s" SUFFIX " is missing", stems[i]);
        add(r->why, sizeof r->why, ", ", files[i]->state ? files[i]->why : missing);
    }
    if (r->state == FOUND_PIECES)
        add(r->why, sizeof r->why, ", in ", folder);
}

/* The files as they lie in a folder, or in one snapshot of a cache. */
static void look_flat(struct found_repository *r, const char *folder, enum repository which)
{
    *r = (struct found_repository){ 0 };
    find_file(&r->weights, folder, repositories[which].weights);
    if (repositories[which].pca)
        find_file(&r->pca, folder, repositories[which].pca);
    sum_up(r, which, folder);
}

void echo_cached_commit(char *out, size_t size, const char *folder, const char *revision)
{
    char path[FOLDER_PATH];

    if (put(path, "%s/snapshots/%s", folder, revision) && is_folder(path)) {
        snprintf(out, size, "%s", revision);
        return;
    }
    FILE *f = put(path, "%s/refs/%s", folder, revision) ? fopen(path, "r") : NULL;
    size_t n = f ? fread(out, 1, size - 1, f) : 0;

    if (f)
        fclose(f);
    out[n] = 0;
    out[strcspn(out, " \t\r\n")] = 0;
    if (strchr(out, '/') || out[0] == '.')
        out[0] = 0;
}

/* The snapshot of a cache to be used: a whole one before pieces, then the one that refs/main
 * names, then the newest. */
static void look_cached(struct found_repository *r, const char *folder, enum repository which)
{
    char snapshots[FOLDER_PATH], path[FOLDER_PATH], named[128], best[256] = "";
    struct found_repository now;
    struct dirent *entry;
    DIR *d = put(snapshots, "%s/snapshots", folder) ? opendir(snapshots) : NULL;

    *r = (struct found_repository){ 0 };
    echo_cached_commit(named, sizeof named, folder, "main");
    while (d && (entry = readdir(d))) {
        const char *name = entry->d_name;

        if (name[0] == '.' || !put(path, "%s/%s", snapshots, name))
            continue;
        look_flat(&now, path, which);
        int better = (int)now.state - (int)r->state;

        if (!better && now.state)
            better = !strcmp(name, named) - !strcmp(best, named);
        if (!better && now.state)
            better = (now.weights.changed > r->weights.changed) -
                     (now.weights.changed < r->weights.changed);
        if (better > 0 || (!better && now.state && strcmp(name, best) > 0)) {
            *r = now;
            snprintf(best, sizeof best, "%s", name);
        }
    }
    if (d)
        closedir(d);
    if (r->state == FOUND_WHOLE && named[0] && strcmp(named, best))
        snprintf(r->note, sizeof r->note,
                 "%.200s: refs/main names a snapshot that is not whole (%.60s): the whole one "
                 "%.60s is used", folder, named, best);
}

/* A folder that is a repository, either flat or in a cache. */
static void look(struct found_repository *r, const char *folder, enum repository which)
{
    char path[FOLDER_PATH];
    bool cached = put(path, "%s/snapshots", folder) && is_folder(path);
    bool loading = has_incomplete(folder, "blobs") ||
                   has_incomplete(folder, ".cache/huggingface/download");

    if (cached)
        look_cached(r, folder, which);
    else
        look_flat(r, folder, which);
    if (r->state == FOUND_NOTHING && loading) {
        r->state = FOUND_PIECES;
        snprintf(r->why, sizeof r->why, "its download was begun and not ended (%.500s)",
                 folder);
    } else if (r->state == FOUND_PIECES && loading) {
        add(r->why, sizeof r->why, ", ", "a download was begun and not ended");
    }
}

/* The best of a repository under `folder`, whatever its own folder is called. */
static void find_repository(struct found_repository *r, const char *folder,
                            enum repository which)
{
    const char *const *names = repositories[which].folders;
    struct found_repository now;
    char path[FOLDER_PATH];

    *r = (struct found_repository){ 0 };
    for (int i = 0; names[i] && r->state != FOUND_WHOLE; i++) {
        if (!put(path, "%s/%s", folder, names[i]) || !is_folder(path))
            continue;
        look(&now, path, which);
        if (now.state > r->state)
            *r = now;
    }
}

/* ---- a model ---- */

static void join(struct found_model *m, const struct found_repository *echo,
                 const struct found_repository *dac)
{
    const struct found_repository *both[] = { echo, dac };

    *m = (struct found_model){ 0 };
    if (echo->state == FOUND_WHOLE && dac->state == FOUND_WHOLE)
        m->state = FOUND_WHOLE;
    else if (echo->state != FOUND_NOTHING || dac->state != FOUND_NOTHING)
        m->state = FOUND_PIECES;
    memcpy(m->echo, echo->weights.path, sizeof m->echo);
    memcpy(m->pca, echo->pca.path, sizeof m->pca);
    memcpy(m->dac, dac->weights.path, sizeof m->dac);
    for (int i = 0; i < 2; i++) {
        char line[1200];

        add(m->note, sizeof m->note, "; ", both[i]->note);
        if (m->state != FOUND_PIECES || both[i]->state == FOUND_WHOLE)
            continue;
        snprintf(line, sizeof line, "%s is %s%s", repositories[i].name,
                 both[i]->state ? "not whole: " : "missing",
                 both[i]->state ? both[i]->why : "");
        add(m->why, sizeof m->why, "; ", line);
    }
}

/* Does a name end so? */
static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), length = strlen(ending);

    return n > length && !strcmp(name + n - length, ending);
}

/* The transformer of a folder that has the rest: the only .pt there that is not of the rest. */
static void find_lonely(struct found_file *f, const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (d && (entry = readdir(d))) {
        if (!ends_in(entry->d_name, TORCH) || !strcmp(entry->d_name, "dac" TORCH) ||
            !strcmp(entry->d_name, "pca" TORCH) || n++ ||
            !put(f->path, "%s/%s", folder, entry->d_name))
            continue;
        look_at(f);
    }
    if (d)
        closedir(d);
    if (n > 1) {
        f->state = FOUND_PIECES;
        snprintf(f->why, sizeof f->why, "echo" SUFFIX " is missing, and of %d files *" TORCH
                                        " one must be named (-m FILE" TORCH ")", n);
    }
}

/* The two other files by their plain names; false if one is missing. */
static bool find_rest(struct found_model *m, const char *folder)
{
    struct found_file dac, pca;

    find_file(&dac, folder, plain_stems[1]);
    find_file(&pca, folder, plain_stems[2]);
    *m = (struct found_model){ .state = FOUND_WHOLE };
    memcpy(m->dac, dac.path, sizeof m->dac);
    memcpy(m->pca, pca.path, sizeof m->pca);
    return dac.state == FOUND_WHOLE && pca.state == FOUND_WHOLE;
}

bool echo_find_torch(char path[FOLDER_PATH], const char *folder)
{
    struct found_file f = { 0 };

    find_lonely(&f, folder);
    memcpy(path, f.path, FOLDER_PATH);
    return f.state == FOUND_WHOLE;
}

static void find_plain(struct found_model *m, const char *folder)
{
    char *paths[] = { m->echo, m->dac, m->pca };
    bool rest = find_rest(m, folder);
    struct found_file f;
    int whole = 0, nothing = 0;

    *m = (struct found_model){ 0 };
    for (int i = 0; i < 3; i++) {
        char missing[40];

        find_file(&f, folder, plain_stems[i]);
        if (i == 0 && f.state == FOUND_NOTHING && rest) {
            f = (struct found_file){ 0 };
            find_lonely(&f, folder);
        }
        memcpy(paths[i], f.path, sizeof f.path);
        whole += f.state == FOUND_WHOLE;
        nothing += f.state == FOUND_NOTHING;
        snprintf(missing, sizeof missing, "%s" SUFFIX " is missing", plain_stems[i]);
        if (f.state != FOUND_WHOLE)
            add(m->why, sizeof m->why, ", ", f.state ? f.why : missing);
    }
    m->state = whole == 3 ? FOUND_WHOLE : nothing == 3 ? FOUND_NOTHING : FOUND_PIECES;
}

void echo_find_model(struct found_model *m, const char *folder)
{
    struct found_repository echo, dac;
    struct found_model plain;

    find_plain(m, folder);
    if (m->state == FOUND_WHOLE)
        return;
    plain = *m;
    find_repository(&echo, folder, REPOSITORY_ECHO);
    find_repository(&dac, folder, REPOSITORY_DAC);
    join(m, &echo, &dac);
    if (m->state < plain.state || (m->state == plain.state && plain.state))
        *m = plain;
}

void echo_find_codec(struct found_model *m, const char *folder)
{
    if (!find_rest(m, folder))
        echo_find_model(m, folder);
}

/* Where a text has another for the last time, or NULL. */
static const char *find_last(const char *text, const char *what)
{
    const char *found = NULL;

    for (const char *at = text; (at = strstr(at, what)); at++)
        found = at;
    return found;
}

/* Which of the two a folder is, by what comes last in its path. */
static enum repository kind_of(const char *path)
{
    const char *echo = find_last(path, "echo-tts-base"), *dac = find_last(path, "fish-s1-dac");

    return dac && (!echo || dac > echo) ? REPOSITORY_DAC : REPOSITORY_ECHO;
}

/* The folder in which the repository at `folder`, really at `real`, lies. */
static bool surroundings(char out[FOLDER_PATH], const char *folder, const char *real)
{
    const char *slash = strrchr(real, '/');

    if (slash - real >= 10 && !memcmp(slash - 10, "/snapshots", 10)) /* of a cache */
        return put(out, "%s/../../..", real);
    if ((slash = strrchr(folder, '/')) && strcmp(slash, "/..") && strcmp(slash, "/."))
        return put(out, "%.*s", (int)(slash - folder) + !(slash - folder), folder);
    return put(out, "%s/..", real);
}

void echo_find_model_around(struct found_model *m, const char *folder)
{
    char *real = realpath(folder, NULL), beside[FOLDER_PATH];
    struct found_repository self, other;

    *m = (struct found_model){ 0 };
    if (real && surroundings(beside, folder, real)) {
        enum repository which = kind_of(real);
        bool is_echo = which == REPOSITORY_ECHO;

        look(&self, folder, which);
        find_repository(&other, beside, is_echo ? REPOSITORY_DAC : REPOSITORY_ECHO);
        if (self.state != FOUND_NOTHING && strcmp(self.weights.path, other.weights.path))
            join(m, is_echo ? &self : &other, is_echo ? &other : &self);
    }
    free(real);
}

/* A snapshot with all files under their plain names. */
static bool find_plain_snapshot(struct found_model *m, char dir[FOLDER_PATH],
                                const char *folder)
{
    char commit[128], snapshots[FOLDER_PATH];
    struct dirent *entry;
    DIR *d;

    echo_cached_commit(commit, sizeof commit, folder, "main");
    if (*commit && put(dir, "%s/snapshots/%s", folder, commit)) {
        find_plain(m, dir);
        if (m->state == FOUND_WHOLE)
            return true;
    }
    d = put(snapshots, "%s/snapshots", folder) ? opendir(snapshots) : NULL;
    m->state = FOUND_NOTHING;
    while (d && m->state != FOUND_WHOLE && (entry = readdir(d)))
        if (entry->d_name[0] != '.' && put(dir, "%s/%s", snapshots, entry->d_name))
            find_plain(m, dir);
    if (d)
        closedir(d);
    return m->state == FOUND_WHOLE;
}

bool echo_find_tuned(struct found_model *m, char dir[FOLDER_PATH], const char *folder)
{
    struct found_repository self;

    if (find_plain_snapshot(m, dir, folder))
        return true;
    look_cached(&self, folder, REPOSITORY_ECHO);
    if (self.pca.state == FOUND_NOTHING || !put(dir, "%s", folder))
        return false; /* many repositories have a file called pytorch_model */
    echo_find_model_around(m, folder);
    return m->state != FOUND_NOTHING;
}

bool echo_is_model_file(const char *name)
{
    const char *const stems[] = { "echo", "dac", "pca", "pytorch_model", "pca_state" };
    struct shard_name s;

    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        size_t length = strlen(stems[i]);

        if (strncmp(name, stems[i], length))
            continue;
        if (!strcmp(name + length, SUFFIX) || !strcmp(name + length, TORCH) ||
            (echo_shard_parse(&s, name) && s.stem == length))
            return true;
    }
    return false;
}
