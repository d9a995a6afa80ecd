/* SPDX-License-Identifier: MIT */
/*
 * fuzz_locate.c - any tree of folders: a whole model is found, or a line says what is wrong; a
 * place with a part of a model is not passed over, and what is found is there.
 *
 * The first byte of the input says how the cache is named and what is looked for, every four
 * more an entry: the place, the folder in it, the name, and what it is.
 */
#include <ftw.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/locate.h"
#include "weights/shards.h"

#define MOST_ENTRIES 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[64];

/* In the order in which they are looked through, under the root. */
static const char *const places[] = { ".cache/huggingface/hub", "data/echotts/base",
                                      ".local/share/echotts/base" };

enum { PLACES = sizeof places / sizeof *places };

/* How the cache is named: all mean the first place. */
static const char *const settings[][2] = {
    { "HF_HUB_CACHE", "$HOME/.cache/huggingface/hub" },
    { "HUGGINGFACE_HUB_CACHE", "~/.cache/huggingface/hub" },
    { "HF_HOME", "${HOME}/.cache/huggingface" },
    { "XDG_CACHE_HOME", "~/.cache" },
    { "ECHOTTS_NOTHING", "" },
};

enum { SETTINGS = sizeof settings / sizeof *settings };

enum owner { NOBODY, PLAIN, ECHO_REPOSITORY, DAC_REPOSITORY };

#define CACHED(name) "models--jordand--" name

static const struct {
    const char *name;
    enum owner owner; /* of weights in it */
} folders[] = {
    { "", PLAIN },
    { "echo-tts-base", ECHO_REPOSITORY },
    { "fish-s1-dac-min", DAC_REPOSITORY },
    { "jordand/echo-tts-base", ECHO_REPOSITORY },
    { "jordand/fish-s1-dac-min", DAC_REPOSITORY },
    { "jordand--echo-tts-base", ECHO_REPOSITORY },
    { "jordand_fish-s1-dac-min", DAC_REPOSITORY },
    { CACHED("echo-tts-base") "/snapshots/aaa", ECHO_REPOSITORY },
    { CACHED("echo-tts-base") "/snapshots/bbb", ECHO_REPOSITORY },
    { CACHED("fish-s1-dac-min") "/snapshots/aaa", DAC_REPOSITORY },
    { CACHED("fish-s1-dac-min") "/snapshots/ccc", DAC_REPOSITORY },
    { "hub/" CACHED("echo-tts-base") "/snapshots/aaa", ECHO_REPOSITORY },
    { "hub/" CACHED("fish-s1-dac-min") "/snapshots/aaa", DAC_REPOSITORY },
    { CACHED("echo-tts-base") "/refs", NOBODY },
    { CACHED("fish-s1-dac-min") "/refs", NOBODY },
    { CACHED("echo-tts-base") "/blobs", NOBODY },
    { CACHED("fish-s1-dac-min"), NOBODY },
    { "other", NOBODY },
};

enum { FOLDERS = sizeof folders / sizeof *folders };

#define SUFFIX ".safetensors"

static const struct {
    const char *name;
    bool of_plain, of_echo, of_dac; /* a part of a model there */
} names[] = {
    { "echo" SUFFIX, true, false, false },
    { "dac" SUFFIX, true, false, false },
    { "pca" SUFFIX, true, false, false },
    { "pytorch_model" SUFFIX, false, true, true },
    { "pca_state" SUFFIX, false, true, false },
    { "echo-00001-of-00002" SUFFIX, true, false, false },
    { "echo-00002-of-00002" SUFFIX, true, false, false },
    { "pytorch_model-1-of-1" SUFFIX, false, true, true },
    { "pytorch_model-00001-of-00003" SUFFIX, false, true, true },
    { "pytorch_model-00002-of-00003" SUFFIX, false, true, true },
    { "pytorch_model-00003-of-00003" SUFFIX, false, true, true },
    { "pytorch_model-00000-of-00003" SUFFIX, false, false, false },
    { "pytorch_model-1-of-99999999" SUFFIX, false, false, false },
    { "-1-of-1" SUFFIX, false, false, false },
    { "pytorch_model" SUFFIX ".index.json", false, false, false },
    { "main", false, false, false },
    { "x.incomplete", false, false, false },
    { "slt.wav", false, false, false },
};

enum { NAMES = sizeof names / sizeof *names };

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind;
    return where->level ? remove(path) : 0;
}

static void make_folders(char *path)
{
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            mkdir(path, 0777);
            *p = '/';
        }
}

/* Of what is there already nothing changes. */
static void make_entry(char *path, uint8_t kind)
{
    static const char *const texts[] = { "aaa", "bbb\n", "../aaa", "x", "{}" };
    FILE *f;

    make_folders(path);
    switch (kind % 12) {
    case 0: (void)!symlink("nowhere", path); return;
    case 1: (void)!symlink("/dev/null", path); return;
    case 2: (void)!symlink(strrchr(path, '/') + 1, path); return;
    case 3: (void)!symlink("../../blobs/x.incomplete", path); return;
    case 4: mkdir(path, 0777); return;
    case 5: mkfifo(path, 0666); return;
    }
    if ((f = fopen(path, "wx"))) {
        if (kind % 12 > 6)
            fputs(texts[kind % 12 - 7], f);
        fclose(f);
    }
}

/* Makes the tree and says in which places there are parts of models for certain. */
static void make_tree(const uint8_t *data, size_t size, bool parts[PLACES])
{
    char path[PATH_MAX];
    struct stat st;

    for (int i = 0; i < MOST_ENTRIES && size >= 4; i++, data += 4, size -= 4) {
        int place = data[0] % PLACES, folder = data[1] % FOLDERS, name = data[2] % NAMES;

        snprintf(path, sizeof path, "%s/%s/%s%s%s", root, places[place], folders[folder].name,
                 *folders[folder].name ? "/" : "", names[name].name);
        make_entry(path, data[3]);
        if (lstat(path, &st)) /* it did not go */
            continue;
        parts[place] |= folders[folder].owner == PLAIN             ? names[name].of_plain
                        : folders[folder].owner == ECHO_REPOSITORY ? names[name].of_echo
                        : folders[folder].owner == DAC_REPOSITORY  ? names[name].of_dac
                                                                   : false;
    }
}

static void check_file(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    struct shard_name s;
    struct stat st;
    char part[PATH_MAX];

    ECHO_ASSERT(!stat(path, &st) && S_ISREG(st.st_mode) && st.st_size > 0);
    if (!echo_shard_parse(&s, name))
        return;
    ECHO_ASSERT(s.index == 1);
    for (int i = 1; i <= s.count; i++) {
        echo_shard_path(part, sizeof part, path, &s, i);
        ECHO_ASSERT(!stat(part, &st) && S_ISREG(st.st_mode) && st.st_size > 0);
    }
}

/* The transformer and the PCA are of one folder. */
static void check_found(const struct model_files *f)
{
    const char *slash = strrchr(f->echo, '/');

    check_file(f->echo);
    check_file(f->dac);
    check_file(f->pca);
    ECHO_ASSERT(strrchr(f->pca, '/') - f->pca == slash - f->echo);
    ECHO_ASSERT(!memcmp(f->pca, f->echo, (size_t)(slash - f->echo)));
}

/* Searching without a name: parts of a model must not be passed over. */
static void check_usual(const bool parts[PLACES])
{
    struct model_files f;
    echo_error e = { 0 };
    char place[PATH_MAX];
    int first = 0;
    echo_status s = echo_locate(&f, NULL, &e);

    while (first < PLACES && !parts[first])
        first++;
    ECHO_ASSERT(!s == !e.text[0]);
    if (!s)
        check_found(&f);
    if (first < PLACES) {
        snprintf(place, sizeof place, "%s/%s", root, places[first]);
        /* an unfinished download before it may have ended the search already */
        if (s)
            ECHO_ASSERT(!strncmp(e.text, root, strlen(root)));
        else
            ECHO_ASSERT(!strcmp(f.dir, place));
    }
    echo_locate_free(&f);
}

static void check_named(const char *path)
{
    struct model_files f;
    echo_error e = { 0 };
    struct stat st;

    if (echo_locate(&f, path, &e)) {
        ECHO_ASSERT(e.status && e.text[0] && !f.dir && !f.echo);
        return;
    }
    ECHO_ASSERT(!e.text[0] && !stat(path, &st));
    if (!strcmp(f.echo, f.dac)) /* a packed one, perhaps */
        ECHO_ASSERT(S_ISREG(st.st_mode) && !strcmp(f.echo, path));
    else
        check_found(&f);
    echo_locate_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool parts[PLACES] = { false };
    char path[PATH_MAX], value[PATH_MAX];
    const char *place, *folder;

    if (!size)
        return 0;
    place = places[data[0] % PLACES];
    folder = folders[data[0] % FOLDERS].name;
    if (!root[0]) {
        snprintf(root, sizeof root, "%s/echotts-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
        ECHO_ASSERT(mkdtemp(root));
    } else {
        mkdir(root, 0777);
    }
    unsetenv("ECHOTTS_MODEL");
    for (int i = 0; i < SETTINGS; i++)
        unsetenv(settings[i][0]);
    setenv("HOME", root, 1);
    snprintf(value, sizeof value, "%s/data", root);
    setenv("XDG_DATA_HOME", value, 1);
    setenv(settings[data[0] % SETTINGS][0], settings[data[0] % SETTINGS][1], 1);

    make_tree(data + 1, size - 1, parts);
    check_usual(parts);
    snprintf(path, sizeof path, "%s/%s/%s", root, place, folder);
    check_named(path);
    snprintf(path, sizeof path, "%s/%s/%s/..", root, place, folder);
    check_named(path);
    snprintf(path, sizeof path, "%s/%s/%s/%s", root, place, folder,
             names[data[0] % NAMES].name);
    check_named(path);
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    rmdir(root);
    return 0;
}
