/* SPDX-License-Identifier: MIT */
/* model.h - what the handle of a model is made of. */
#ifndef ECHO_ENGINE_MODEL_H
#define ECHO_ENGINE_MODEL_H

#include <pthread.h>

#include "engine/device.h"
#include "engine/locate.h"
#include "engine/settings.h"
#include "engine/speaker_cache.h"
#include "engine/voices.h"
#include "model/codec.h"
#include "model/dit.h"

#define CHOICE_NAME 64

/* Names as the options gave them; empty: none. */
struct choice {
    char device[CHOICE_NAME], codec_device[CHOICE_NAME], isa[CHOICE_NAME];
    char precision[CHOICE_NAME], codec_precision[CHOICE_NAME];
    int threads;
    bool profile;
};

/* Immutable once open, until a device is lost. */
struct echo_model {
    struct choice choice;
    struct model_files files;
    struct safetensors *echo_file, *dac_file, *pca_file;
    struct loras loras; /* added to what is read of echo_file */
    struct device *device, *codec_device; /* perhaps the same */
    struct retired *retired;              /* lost ones */
    pthread_rwlock_t inside;              /* held by calls that use the devices */
    int revival;                          /* how often they were opened again */
    bool broken; /* opening them again failed: devices and weights may be missing */
    struct owner owner;
    struct dit dit;
    struct codec codec;
    struct speaker_cache speakers; /* changes; its own lock */
    uint64_t echo_parameters, dac_parameters;
    struct settings settings;
    struct voices voices;
    char stripped[300]; /* off the names of tensors: "speech: module., codec: generator." */
    bool packed;  /* the three files are one, made by echo_model_pack() */
    struct precisions precisions;
    char device_reason[300];    /* why it is the one that it is */
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

/* Count the numbers of both parts, by the headers of the files. */
echo_status echo_model_count(echo_model *m, uint64_t *echo, uint64_t *dac, echo_error *err);

/* Open other devices, and load all weights again; nobody may use them meanwhile. */
echo_status echo_model_load_again(echo_model *m, echo_error *err);

/* Return s, but where a file is at fault, say that it is the model's. */
echo_status echo_model_failed(echo_status s, echo_error *err);

#define ECHO_LOG_BYTES 1024 /* of a line; as long as an error's: names of files are in it */

/* To the log that the model was opened with. */
__attribute__((format(printf, 3, 4))) void echo_log(const echo_model *m, echo_log_level level,
                                                    const char *fmt, ...);

#endif
