/* SPDX-License-Identifier: MIT */
/* model.h - what the handle of a model is made of. */
#ifndef ECHO_ENGINE_MODEL_H
#define ECHO_ENGINE_MODEL_H

#include "engine/device.h"
#include "engine/locate.h"
#include "engine/settings.h"
#include "engine/voices.h"
#include "model/codec.h"
#include "model/dit.h"

/* Immutable once open. */
struct echo_model {
    struct model_files files;
    struct safetensors *echo_file, *dac_file, *pca_file;
    struct device *device, *codec_device; /* perhaps the same */
    bool profile;                         /* they are traces of others */
    struct owner owner;
    struct dit dit;
    struct codec codec;
    uint64_t echo_parameters, dac_parameters;
    struct settings settings;
    struct voices voices;
    char stripped[300]; /* off the names of tensors: "speech: module., codec: generator." */
    bool packed;  /* the three files are one, made by echo_model_pack() */
    struct precisions precisions;
    char precision_reason[160]; /* why that of the layers is what it is */
    double load_s;
    echo_logger *log;
    void *log_user;
};

/* How packed files call their format; docs/FORMAT.md. */
#define PACK_FORMAT_NOTE "echotts_packed"
#define PACK_FORMAT      "1"

/* Open a model, and tell observer what is bound; NULL: nobody. */
echo_status echo_model_open_observed(echo_model **out, const char *path,
                                     const echo_model_opts *opts,
                                     const struct bind_observer *observer, echo_error *err);

/* Return s, but where a file is at fault, say that it is the model's. */
echo_status echo_model_failed(echo_status s, echo_error *err);

#define ECHO_LOG_BYTES 1024 /* of a line; as long as an error's: names of files are in it */

/* To the log that the model was opened with. */
__attribute__((format(printf, 3, 4))) void echo_log(const echo_model *m, echo_log_level level,
                                                    const char *fmt, ...);

#endif
