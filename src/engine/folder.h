/* SPDX-License-Identifier: MIT */
/*
 * folder.h - what lies in a folder of a model: all of it, pieces, or nothing.
 *
 * A model is two repositories: the transformer with the PCA of its latents, and the codec.
 */
#ifndef ECHO_FOLDER_H
#define ECHO_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define FOLDER_PATH 4096

enum found { FOUND_NOTHING, FOUND_PIECES, FOUND_WHOLE };

/* A file, or the first shard of one. */
struct found_file {
    enum found state;
    char path[FOLDER_PATH];
    long long changed; /* when, in ns */
    char why[512];     /* of pieces: what is wrong with them */
};

enum repository { REPOSITORY_ECHO, REPOSITORY_DAC };

struct found_repository {
    enum found state;
    struct found_file weights, pca; /* the codec has no PCA */
    char why[1024];
    char note[512]; /* what is odd though all is there, or "" */
};

/* All three files, of which pca and weights of echo belong together. */
struct found_model {
    enum found state;
    char echo[FOLDER_PATH], dac[FOLDER_PATH], pca[FOLDER_PATH];
    char why[2048]; /* of pieces: what is missing, and what to do */
    char note[1024];
};

/*
 * Find echo.safetensors, dac.safetensors and pca.safetensors in `folder`, or else the two
 * repositories, in one of the ways that tools lay them out.  PyTorch's files (echo.pt) count
 * where there are no others; beside a codec also one of any name, if it is the only one.
 */
void echo_find_model(struct found_model *m, const char *folder);

/*
 * `folder` is one of the repositories itself, a snapshot of it, or its folder in a cache: take
 * it, and the other repository from beside it.
 */
void echo_find_model_around(struct found_model *m, const char *folder);

/*
 * Of a model whose transformer lies elsewhere: dac.safetensors and pca.safetensors in
 * `folder`, or those of the whole model there.  echo is not set.
 */
void echo_find_codec(struct found_model *m, const char *folder);

/* The only *.pt in a folder that is not of the codec; false if there is none, or several. */
bool echo_find_torch(char path[FOLDER_PATH], const char *folder);

/*
 * `folder` is a repository in a cache, with the transformer of a fine-tune and perhaps more.
 * The codec may be that of the base model, beside it.  dir gets the folder to name for it.
 * False: it is something else, as most that lies in a cache is.
 */
bool echo_find_tuned(struct found_model *m, char dir[FOLDER_PATH], const char *folder);

/* The commit that a repository in a cache knows by the name of a revision: a branch, a tag, or
 * itself; "" if it has none. */
void echo_cached_commit(char *out, size_t size, const char *folder, const char *revision);

/* A regular file (through links)? */
bool echo_is_file(const char *path);

#endif
