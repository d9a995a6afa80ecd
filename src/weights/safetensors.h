/* SPDX-License-Identifier: MIT */
/*
 * safetensors.h - named arrays in a file.
 *
 * A file is 8 bytes (little endian) of header length, a JSON header, and data.
 * It may come from anywhere: every number in the header is checked before use.
 *
 * Packed models (docs/FORMAT.md) are such files with three types more, panels
 * of a matrix n x k (base/panels.h), with notes, and with a checksum for each array.
 */
#ifndef ECHO_SAFETENSORS_H
#define ECHO_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file_out.h"
#include "base/memory.h"
#include "echotts.h"

enum array_type { ARRAY_F32, ARRAY_BF16, ARRAY_F16, ARRAY_I32, ARRAY_I64, ARRAY_U8,
                  ARRAY_BOOL, ARRAY_PANELS_F32, ARRAY_PANELS_BF16, ARRAY_PANELS_I8,
                  ARRAY_OTHER };

#define ARRAY_MAX_DIMS 8
#define ARRAY_MAX_NAME 512 /* bytes */

/* One array, borrowed from its file's mapping.  data may be unaligned. */
struct array {
    const char *name;
    enum array_type type;
    int dims;
    int64_t shape[ARRAY_MAX_DIMS];
    const void *data;
    size_t count, bytes; /* numbers; bytes */
    uint64_t checksum;   /* XXH3 of the data, or 0: not known */
    size_t place;        /* counts the arrays as the file lists them */
};

struct safetensors {
    char *path;
    struct file_map map;
    size_t bytes;         /* of the file, or of all its shards */
    struct array *arrays; /* sorted by name */
    size_t n;
    struct json_t *notes;       /* the header's __metadata__, or NULL */
    char *taken;                /* of a PyTorch file: which of its tensors these are, or NULL */
    void *copies;               /* of arrays that do not lie in the file as they are read */
    struct safetensors **shard; /* the files that it is made of, if it is several */
    int shards;
};

/* "F32"; "?" for ARRAY_OTHER */
const char *echo_array_type_name(enum array_type type);
/* bytes of one number; 0 for ARRAY_OTHER */
size_t echo_array_type_size(enum array_type type);
bool echo_array_is_panels(const struct array *a);

/* Reads the header only.  ECHO_ERR_FILE: one line, naming the file and what is wrong. */
echo_status echo_safetensors_open(struct safetensors **out, const char *path, echo_error *err);
/* The same over bytes in memory, which must outlive it; `path` names them in errors. */
echo_status echo_safetensors_parse(struct safetensors **out, const char *path,
                                   const void *data, size_t bytes, echo_error *err);
void echo_safetensors_close(struct safetensors **f);

/* A name for a message: at most size - 1 bytes, not cut inside a character. */
void echo_array_show_name(char *out, size_t size, const char *name);

/* Names were changed: sort them again.  ECHO_ERR_FILE if two are the same. */
echo_status echo_safetensors_sort(struct safetensors *f, echo_error *err);
/* Give an array another name, no longer than its own, which it may be a part of; then sort. */
void echo_safetensors_rename(struct array *a, const char *name);

/* NULL if there is none. */
const struct array *echo_safetensors_find(const struct safetensors *f, const char *name);

/* The note of this name in the header's __metadata__, or NULL. */
const char *echo_safetensors_note(const struct safetensors *f, const char *name);

/* Compare the data with its checksums, if there are any.  ECHO_ERR_FILE names the array. */
echo_status echo_safetensors_verify(const struct safetensors *f, echo_error *err);

/* Expand count numbers from number `first` on to float32 (F32, BF16 and F16 only). */
void echo_array_floats(const struct array *a, size_t first, size_t count, float *out);

/* Is it one of these three? */
bool echo_array_is_float(const struct array *a);

/* Place of the first number that is not finite (of a float array; of panels just 0), or its
 * count. */
size_t echo_array_not_finite(const struct array *a);

/* ---- writing ---- */

/* Of arrays to write name, type, dims, shape and checksum are read; data may be NULL if fill is
 * given. */
typedef bool safetensors_fill(void *user, size_t index, struct file_out *out);

/* Writes arrays in the order given, each from its data, or by fill(user, index, out), which
 * writes exactly the array's bytes and returns false to stop (ECHO_ERR_CANCELLED).  notes is a
 * JSON object of strings, or NULL.  Data begins at a multiple of 64 bytes. */
echo_status echo_safetensors_write(const char *path, const struct array *arrays, size_t n,
                                   struct json_t *notes, safetensors_fill *fill, void *user,
                                   echo_error *err);
/* Bytes that an array of this type and shape takes. */
size_t echo_array_bytes(const struct array *a);

#endif
