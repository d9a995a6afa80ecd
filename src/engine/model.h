/* SPDX-License-Identifier: MIT */
/* model.h - what the handle of a model is made of. */
#ifndef ECHO_ENGINE_MODEL_H
#define ECHO_ENGINE_MODEL_H

#include "base/pool.h"
#include "engine/locate.h"
#include "model/codec.h"
#include "model/dit.h"

/* Immutable once open. */
struct echo_model {
    struct model_files files;
    struct safetensors *echo_file, *dac_file, *pca_file;
    struct pool *pool;
    struct backend *be;
    struct keeper keeper;
    struct dit dit;
    struct codec codec;
    uint64_t echo_parameters, dac_parameters;
    echo_params defaults;
    char device[80];
    bool profile; /* be is a trace backend */
    enum dtype precision, codec_precision;
    double load_s;
    void (*log)(void *user, echo_log_level level, const char *line);
    void *log_user;
};

__attribute__((format(printf, 3, 4))) void echo_log(const echo_model *m, echo_log_level level,
                                                    const char *fmt, ...);

/* Large weights are not read at loading.  If one holds numbers that are not finite, say which;
 * else ECHO_OK. */
echo_status echo_model_find_damage(const echo_model *m, echo_error *err);

#endif
