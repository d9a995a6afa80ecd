/* SPDX-License-Identifier: MIT */
/*
 * echotts_dev.h - calls for the project's own programs: errors in one form, random models of
 * real shapes, the speed of kernels.  It is not installed, and promises nothing.
 */
#ifndef ECHOTTS_DEV_H
#define ECHOTTS_DEV_H

#include "echotts.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#define ECHO_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define ECHO_PRINTF(fmt, first)
#endif

/* Fill *err (which may be NULL) and return status: `return echo_fail(err, ...)`.  Line breaks
 * and control characters, which may come from a file, become '?'. */
ECHO_API echo_status echo_fail(echo_error *err, echo_status status, const char *fmt, ...)
    ECHO_PRINTF(3, 4);
/* The same with ECHO_ERR_ARG and the parameter that is at fault. */
ECHO_API echo_status echo_fail_field(echo_error *err, const char *field, const char *fmt, ...)
    ECHO_PRINTF(3, 4);

/*
 * Write a complete random model of the given size ("base", "small", or a
 * directory whose tensors' names, shapes and types are taken) into directory
 * dir, which is made.  Deterministic in seed; statistics like the trained
 * weights' (docs/MODEL.md); for tests and benchmarks: it makes no speech.
 */
ECHO_API echo_status echo_model_synthesize(const char *size, const char *dir, uint64_t seed,
                                           bool (*progress)(void *user, double done),
                                           void *user, echo_error *err);

/* Decode a block while the next one is sampled, on or off, whatever the devices are.  A session
 * does so by itself where the codec has a device of its own. */
ECHO_API void echo_session_overlap(echo_session *s, bool on);

/* Whether a device can have this name, as echo_model_opts takes it.  Whether there is one, only
 * opening it tells. */
ECHO_API echo_status echo_device_check(const char *name, echo_error *err);

/* ---- models by name ---- */

/* Where things are kept for the one who runs this. */
typedef enum {
    ECHO_USER_DATA,      /* $XDG_DATA_HOME/echotts */
    ECHO_USER_MODELS,    /* models/ in it: NAME.echo, or a directory NAME */
    ECHO_USER_HUB_CACHE, /* Hugging Face's cache */
    ECHO_USER_HUB_TOKEN, /* the file of a token for its hub */
} echo_user_kind;

/* False, and "": it cannot be said, as without $HOME. */
ECHO_API bool echo_user_place(char *out, size_t size, echo_user_kind kind);

typedef enum {
    ECHO_NAMED_OWN,   /* in ECHO_USER_MODELS */
    ECHO_NAMED_BASE,  /* in the hub's cache, or installed */
    ECHO_NAMED_HUB,   /* a fine-tune in the hub's cache */
    ECHO_NAMED_SMALL, /* what ships */
} echo_named_kind;

/* A model that has a name: -m NAME. */
typedef struct {
    echo_named_kind kind;
    const char *name; /* "base", "base-int8", "owner/tuned" */
    const char *path; /* as echo_model_open() takes it */
    const char *why;  /* what is missing of it: "" if it is whole */
} echo_named;

/* Tell of every model that has a name, in the order of looking; each() returns false to end. */
ECHO_API void echo_models_named(bool (*each)(void *user, const echo_named *model), void *user);

/*
 * The path of the model that `name` means, as -m does: a path that exists, else a name as
 * above, else the end of one ("tuned"), OWNER/NAME@REVISION, or, for a model of which only
 * packed files are left, one of those.  ECHO_ERR_FILE lists the names that there are.
 * note, unless NULL, says what the user should know of the choice.
 */
ECHO_API echo_status echo_model_path(char *out, size_t size, const char *name, char *note,
                                     size_t note_size, echo_error *err);

/* Is this the name of a file of a model, in one of the ways that tools call them? */
ECHO_API bool echo_is_model_file(const char *name);

/* ---- speed ---- */

typedef struct {
    const char *name, *shape, *precision; /* "w2", "640 x 2048 x 5888", "int8" */
    const char *device;                   /* "cpu: avx512, 2 threads" */
    int threads;                          /* 0: they are not for us to count */
    double rate; /* operations a second, the median; of Snake: elements; of copies: bytes */
    double peak; /* of matmuls in this precision, in the same run, where nothing has to be
                    fetched; 0: it is not a matmul */
} echo_kernel_speed;

/*
 * Measure the heavy operations at the base model's shapes, without a model: row() is called
 * after each, and returns false to stop (ECHO_ERR_CANCELLED); all take half a minute.  They are
 * in the precisions that the device computes.  One that is no CPU copies, too.  Only device,
 * isa and threads of opts are used.  Needs 0.7 GB.
 */
ECHO_API echo_status echo_kernels_time(const echo_model_opts *opts,
                                       bool (*row)(void *user, const echo_kernel_speed *speed),
                                       void *user, echo_error *err);

#ifdef __cplusplus
}
#endif

#endif /* ECHOTTS_DEV_H */
