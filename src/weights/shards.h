/* SPDX-License-Identifier: MIT */
/*
 * shards.h - arrays that were saved in several files: NAME-00001-of-00003.safetensors.
 */
#ifndef ECHO_SHARDS_H
#define ECHO_SHARDS_H

#include "weights/safetensors.h"

#define SHARDS_MOST 999

/* Does a file's name (without folders) end in "-I-of-N.safetensors", with I from 1 to N? */
struct shard_name {
    size_t stem; /* bytes before "-I-of-N" */
    int width;   /* digits of I */
    int index, count;
};

bool echo_shard_parse(struct shard_name *s, const char *file);

/* The name of shard `index` beside the one at path, whose parts are s: as snprintf(). */
int echo_shard_path(char *out, size_t size, const char *path, const struct shard_name *s,
                    int index);

/*
 * As echo_safetensors_open(), also for a file by torch.save(); where path is the name of a
 * shard, all of them as one file.  An index beside them (NAME.safetensors.index.json) must name
 * no other file, and put no tensor elsewhere than it is.
 */
echo_status echo_shards_open(struct safetensors **out, const char *path, echo_error *err);

#endif
