/* SPDX-License-Identifier: MIT */
#include "engine/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/pool.h"
#include "engine/placement.h"
#include "model/checkpoint.h"
#include "text/text.h"
#include "weights/shards.h"

void echo_log(const echo_model *m, echo_log_level level, const char *fmt, ...)
{
    char line[ECHO_LOG_BYTES];
    va_list ap;

    if (!m->log)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    m->log(m->log_user, level, line);
}

/* ---- the files ---- */

/* One file is all three; without the right note it is no model of ours. */
static echo_status check_packed(echo_model *m, echo_error *err)
{
    const char *format = echo_safetensors_note(m->echo_file, PACK_FORMAT_NOTE);

    m->packed = format != NULL;
    if (!strcmp(m->files.echo, m->files.dac) && !format)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%.300s: not a packed model (see echotts pack), and no model with "
                         "what lies beside it%s%.500s", m->files.echo, m->files.why ? ": " : "",
                         m->files.why ? m->files.why : "");
    if (format && strcmp(format, PACK_FORMAT))
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: packed in format %.20s, this program reads %s: pack the original "
                         "files again", m->files.echo, format, PACK_FORMAT);
    return ECHO_OK;
}

static size_t file_bytes(const echo_model *m)
{
    if (m->packed)
        return m->echo_file->bytes;
    return m->echo_file->bytes + m->dac_file->bytes + m->pca_file->bytes;
}

/* It is all three, whatever lies beside it. */
static echo_status name_packed(echo_model *m, echo_error *err)
{
    char **others[] = { &m->files.dir, &m->files.dac, &m->files.pca };

    for (int i = 0; i < 3; i++) {
        char *copy = strdup(m->files.echo);

        if (!copy)
            return echo_fail_memory(err, strlen(m->files.echo), "the name of a file");
        free(*others[i]);
        *others[i] = copy;
    }
    return ECHO_OK;
}

/* Of a file that holds more than the model; of one with two, which of them. */
static void tell_taken(const echo_model *m, const struct safetensors *f)
{
    if (f->taken)
        echo_log(m, strstr(f->taken, ", not") ? ECHO_LOG_WARNING : ECHO_LOG_INFO,
                 "%s: its tensors are %s", f->path, f->taken);
}

static echo_status open_files(echo_model *m, const char *path, echo_error *err)
{
    echo_status s;

    if ((s = echo_locate(&m->files, path, err)) ||
        (s = echo_shards_open(&m->echo_file, m->files.echo, err)) ||
        (s = check_packed(m, err)))
        return s;
    if (m->packed) {
        m->dac_file = m->pca_file = m->echo_file;
        return name_packed(m, err);
    }
    if (m->files.note)
        echo_log(m, ECHO_LOG_WARNING, "%s", m->files.note);
    tell_taken(m, m->echo_file);
    s = echo_shards_open(&m->dac_file, m->files.dac, err);
    return s ? s : echo_shards_open(&m->pca_file, m->files.pca, err);
}

/* The names in the files are to be those of the model. */
static echo_status settle_names(echo_model *m, echo_error *err)
{
    char echo[CHECKPOINT_PREFIX], dac[CHECKPOINT_PREFIX];
    echo_status s;

    if (m->packed)
        return ECHO_OK;
    if (!echo_checkpoint_is(m->echo_file, CHECKPOINT_DIT) &&
        echo_checkpoint_is(m->echo_file, CHECKPOINT_CODEC) &&
        echo_checkpoint_is(m->dac_file, CHECKPOINT_DIT))
        return echo_fail(err, ECHO_ERR_FILE, "%.400s is the codec and %.400s the speech model: "
                                             "the two files are swapped",
                         m->files.echo, m->files.dac);
    if ((s = echo_checkpoint_settle(m->echo_file, CHECKPOINT_DIT, echo, err)) ||
        (s = echo_checkpoint_settle(m->dac_file, CHECKPOINT_CODEC, dac, err)))
        return s;
    if (*echo || *dac)
        snprintf(m->stripped, sizeof m->stripped, "%s%s%s%s%s", *echo ? "speech: " : "", echo,
                 *echo && *dac ? ", " : "", *dac ? "codec: " : "", dac);
    if (*m->stripped)
        echo_log(m, ECHO_LOG_INFO, "taken off the names of tensors: %s", m->stripped);
    return ECHO_OK;
}

static echo_status open_loras(echo_model *m, const echo_model_opts *o, echo_error *err)
{
    echo_status s = echo_loras_open(&m->loras, o->loras, o->n_loras, m->echo_file, err);

    for (int i = 0; i < m->loras.n && !s; i++) {
        const struct lora *l = &m->loras.list[i];

        if (l->without_alpha && l->peft)
            echo_log(m, ECHO_LOG_WARNING, "%.600s: no adapter_config.json beside it says "
                     "lora_alpha: it is taken to be the rank, so that B A is added as it is",
                     l->file->path);
    }
    return s;
}

static echo_status read_settings(echo_model *m, echo_error *err)
{
    const char *noted = echo_safetensors_note(m->echo_file, "settings");

    if (m->packed && noted)
        return echo_settings_parse(&m->settings, m->files.echo, noted, err);
    if (!m->files.settings)
        return ECHO_OK;
    return echo_settings_read(&m->settings, m->files.settings, err);
}

static echo_status list_voices(echo_model *m, echo_error *err)
{
    return m->packed ? echo_voices_packed(&m->voices, m->echo_file, err)
                     : echo_voices_beside(&m->voices, m->files.echo, err);
}

static struct binder binder(echo_model *m, struct device *device, struct queue *queue,
                            const struct safetensors *file, echo_error *err)
{
    return (struct binder){ .owner = &m->owner, .device = device, .queue = queue, .file = file,
                            .err = err, .precisions = m->precisions };
}

/* pool is to add the adapters with; it may be NULL if nothing is read or there are none. */
static echo_status bind(echo_model *m, struct queue *queue, struct queue *codec_queue,
                        struct pool *pool, echo_error *err)
{
    struct binder echo = binder(m, m->device, queue, m->echo_file, err);
    struct binder dac = binder(m, m->codec_device, codec_queue, m->dac_file, err);
    struct binder pca = binder(m, m->codec_device, codec_queue, m->pca_file, err);

    m->owner.total = file_bytes(m);
    echo.loras = &m->loras;
    echo.pool = pool;
    echo_bind_dit(&echo, &m->dit);
    if (!echo.status)
        echo.status = echo_loras_all_bound(&m->loras, err);
    if (echo.status)
        return echo.status;
    echo_bind_codec(&dac, &m->codec);
    if (dac.status)
        return dac.status;
    echo_bind_pca(&pca, &m->codec);
    if (!pca.status && m->codec.latent != m->dit.latent)
        echo_bind_fail(&pca,
                       "'pca_components' has %d rows, but the latents of %s have size %d",
                       m->codec.latent, m->echo_file->path, m->dit.latent);
    m->echo_parameters = echo.parameters;
    m->dac_parameters = dac.parameters;
    return pca.status;
}

echo_status echo_model_count(echo_model *m, uint64_t *echo, uint64_t *dac, echo_error *err)
{
    struct owner owner = m->owner;
    echo_status s;

    m->owner = (struct owner){ .headers_only = true };
    s = bind(m, NULL, NULL, NULL, err);
    echo_owner_clear(&m->owner);
    m->owner = owner;
    *echo = m->echo_parameters;
    *dac = m->dac_parameters;
    m->dit = (struct dit){ 0 };
    m->codec = (struct codec){ 0 };
    return s;
}

/* Bind through queues of the devices, and wait until everything is there. */
static echo_status load(echo_model *m, echo_error *err)
{
    struct queue *queue = NULL, *codec_queue = NULL;
    int threads = m->choice.threads ? m->choice.threads : echo_cpu_count();
    struct pool *pool = NULL;
    echo_status s;

    if (m->loras.n && (s = echo_pool_open(&pool, threads, err)))
        return s;
    if (!(s = m->device->ops->open_queue(m->device, &queue, err)) &&
        !(s = m->codec_device->ops->open_queue(m->codec_device, &codec_queue, err)) &&
        !(s = bind(m, queue, codec_queue, pool, err)) && !(s = queue->ops->sync(queue, err)))
        s = codec_queue->ops->sync(codec_queue, err);
    if (queue)
        queue->ops->close(queue);
    if (codec_queue)
        codec_queue->ops->close(codec_queue);
    echo_pool_close(&pool);
    return s;
}

echo_status echo_model_failed(echo_status s, echo_error *err)
{
    if (s != ECHO_ERR_FILE)
        return s;
    if (err)
        err->status = ECHO_ERR_MODEL;
    return ECHO_ERR_MODEL;
}

/* ---- opening ---- */

/* Devices are opened beside the files: a GPU's driver takes a tenth of a second to load. */
struct opening {
    echo_model *m;
    echo_status status;
    echo_error err;
    pthread_t thread;
    bool beside;
};

static void *open_devices(void *arg)
{
    struct opening *o = arg;

    o->status = echo_placement_open(o->m, &o->err);
    return NULL;
}

static void begin_opening(struct opening *o, echo_model *m)
{
    *o = (struct opening){ .m = m };
    o->beside = echo_placement_takes_time(&m->choice) &&
                !pthread_create(&o->thread, NULL, open_devices, o);
    if (!o->beside)
        open_devices(o);
}

static echo_status end_opening(struct opening *o, echo_error *err)
{
    if (o->beside)
        pthread_join(o->thread, NULL);
    if (o->status && err)
        *err = o->err;
    return o->status;
}

/* From the devices to the last weight. */
static echo_status make(echo_model *m, echo_error *err)
{
    echo_status s;

    if ((s = echo_placement_choose(m, err)) || (s = load(m, err)))
        return s;
    if (echo_is_auto(m->choice.device) && *m->device_reason)
        echo_log(m, ECHO_LOG_INFO, "device: %s, because %s", m->device->name,
                 m->device_reason);
    return ECHO_OK;
}

echo_status echo_model_load_again(echo_model *m, echo_error *err)
{
    echo_status s;

    echo_speakers_clear(&m->speakers);
    echo_owner_clear(&m->owner);
    m->owner.loaded = 0;
    m->owner.progress = NULL; /* whoever opened it may be gone */
    m->dit = (struct dit){ 0 };
    m->codec = (struct codec){ 0 };
    if (!(s = echo_placement_retire(m, err)) && !(s = echo_placement_open(m, err)))
        s = make(m, err);
    return s;
}

echo_status echo_model_open_observed(echo_model **out, const char *path,
                                     const echo_model_opts *opts,
                                     const struct bind_observer *observer, echo_error *err)
{
    static const echo_model_opts none = { 0 };
    const echo_model_opts *o = opts ? opts : &none;
    echo_model *m = calloc(1, sizeof *m);
    double begin = echo_clock();
    struct opening opening;
    echo_status s = ECHO_OK, opened;

    *out = NULL;
    if (!m)
        return echo_fail_memory(err, sizeof *m, "a model");
    pthread_rwlock_init(&m->inside, NULL);
    echo_speakers_open(&m->speakers);
    m->choice = echo_placement_choice(o);
    m->log = o->log;
    m->log_user = o->user;
    m->settings = echo_settings_reference();
    m->owner = (struct owner){ .observer = observer, .headers_only = o->describe && !observer,
                               .progress = o->progress, .user = o->user };
    begin_opening(&opening, m);
    if (opening.beside || !opening.status)
        (void)((s = open_files(m, path, err)) || (s = settle_names(m, err)) ||
               (s = open_loras(m, o, err)));
    if ((opened = end_opening(&opening, s ? NULL : err)))
        s = s ? s : opened;
    if (!s && !(s = make(m, err)) && !(s = read_settings(m, err)))
        s = list_voices(m, err);
    if (s) {
        echo_model_close(&m);
        return echo_model_failed(s, err);
    }
    m->load_s = echo_clock() - begin;
    *out = m;
    return ECHO_OK;
}

echo_status echo_model_open(echo_model **out, const char *path, const echo_model_opts *opts,
                            echo_error *err)
{
    return echo_model_open_observed(out, path, opts, NULL, err);
}

static void log_line(void *user, const char *text)
{
    echo_log(user, ECHO_LOG_INFO, "%s", text);
}

void echo_model_close(echo_model **model)
{
    echo_model *m = *model;

    if (!m)
        return;
    if (m->choice.profile && m->device)
        echo_trace_report(m->device, log_line, m);
    if (m->choice.profile && m->codec_device && m->codec_device != m->device)
        echo_trace_report(m->codec_device, log_line, m);
    echo_speakers_close(&m->speakers);
    echo_owner_clear(&m->owner);
    if (m->packed)
        m->dac_file = m->pca_file = NULL;
    echo_loras_close(&m->loras);
    echo_safetensors_close(&m->echo_file);
    echo_safetensors_close(&m->dac_file);
    echo_safetensors_close(&m->pca_file);
    echo_locate_free(&m->files);
    echo_settings_free(&m->settings);
    echo_voices_free(&m->voices);
    echo_placement_close(m);
    pthread_rwlock_destroy(&m->inside);
    free(m);
    *model = NULL;
}

/* ---- questions ---- */

/* The type most of the numbers are stored in, or were before they were packed. */
static const char *main_type(const struct safetensors *f, const char *note)
{
    const char *noted = echo_safetensors_note(f, note);
    uint64_t count[ARRAY_OTHER + 1] = { 0 };
    enum array_type best = ARRAY_F32;

    if (noted)
        return noted;
    for (size_t i = 0; i < f->n; i++)
        count[f->arrays[i].type] += f->arrays[i].count;
    for (enum array_type t = ARRAY_F32; t <= ARRAY_F16; t++)
        if (count[t] > count[best])
            best = t;
    return echo_array_type_name(best);
}

echo_model_info echo_model_describe(const echo_model *m)
{
    const struct dit *d = &m->dit;

    return (echo_model_info){
        .path = m->files.dir,
        .echo_file = m->files.echo,
        .dac_file = m->files.dac,
        .pca_file = m->files.pca,
        .echo_dtype = main_type(m->echo_file, "echo_dtype"),
        .dac_dtype = main_type(m->dac_file, "dac_dtype"),
        .device = m->device ? m->device->name : "",
        .codec_device = m->codec_device ? m->codec_device->name : "",
        .device_reason = m->device_reason,
        .precision = echo_precision_name(m->precisions.layers),
        .codec_precision = echo_precision_name(m->precisions.codec),
        .precision_reason = m->precision_reason,
        .stripped = m->stripped,
        .absent = d->has_prefix ? "" : "the blockwise part: no blocks, no continuation",
        .echo_parameters = m->echo_parameters,
        .dac_parameters = m->dac_parameters,
        .packed = m->packed,
        .loras = m->loras.n,
        .file_bytes = file_bytes(m),
        .latent_size = d->latent,
        .patch_size = d->encoder[CONTEXT_SPEAKER].patch,
        .codec_dim = m->codec.dim,
        .frame_samples = m->codec.frame_samples,
        .layers = d->layers,
        .model_size = d->dim,
        .heads = d->heads,
        .text_layers = d->encoder[CONTEXT_TEXT].layers,
        .text_size = d->encoder[CONTEXT_TEXT].dim,
        .speaker_layers = d->encoder[CONTEXT_SPEAKER].layers,
        .speaker_size = d->encoder[CONTEXT_SPEAKER].dim,
        .license = m->settings.license,
        .words = m->settings.vocabulary.n,
        .blockwise = d->has_prefix,
        .load_s = m->load_s,
    };
}

bool echo_model_lora(const echo_model *m, int i, echo_lora_info *out)
{
    if (i < 0 || i >= m->loras.n)
        return false;
    const struct lora *l = &m->loras.list[i];

    *out = (echo_lora_info){ .path = l->file->path, .scale = l->scale, .weights = (int)l->n,
                             .rank_least = l->rank_least, .rank_most = l->rank_most,
                             .layout = l->peft ? "PEFT" : "kohya" };
    return true;
}

const char *echo_model_word(const echo_model *m, int i)
{
    return i >= 0 && i < m->settings.vocabulary.n ? m->settings.vocabulary.words[i] : NULL;
}

const char *echo_model_unknown(const echo_model *m, const char *text, size_t *length)
{
    if (!m->settings.vocabulary.n)
        return NULL;
    for (; (text = echo_text_word(text, length)); text += *length)
        if (!echo_vocabulary_has(&m->settings.vocabulary, text, *length))
            return text;
    return NULL;
}

static echo_status find_damage_in(const struct safetensors *f, echo_error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct array *a = &f->arrays[i];
        bool panels = echo_array_is_panels(a);
        size_t bad = panels || echo_array_is_float(a) ? echo_array_not_finite(a) : a->count;

        if (panels && bad < a->count)
            return echo_fail(err, ECHO_ERR_FILE,
                             "%s: tensor '%s' has a number that is not finite: the file is "
                             "damaged", f->path, a->name);
        if (bad < a->count)
            return echo_fail(err, ECHO_ERR_FILE,
                             "%s: tensor '%s' has a number that is not finite (number %zu): "
                             "the file is damaged", f->path, a->name, bad);
    }
    return ECHO_OK;
}

echo_status echo_model_verify(const echo_model *m, echo_error *err)
{
    echo_status s = echo_safetensors_verify(m->echo_file, err);

    if (!s)
        s = find_damage_in(m->echo_file, err);
    if (!s && !m->packed)
        s = find_damage_in(m->dac_file, err);
    return echo_model_failed(s, err);
}
