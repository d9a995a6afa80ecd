/* SPDX-License-Identifier: MIT */
#include "engine/placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/precision.h"

/* ---- precisions ---- */

static const char *const precision_names[] = { [DT_F32] = "f32", [DT_BF16] = "bf16",
                                               [DT_I8] = "int8", [DT_F16] = "f16" };

const char *echo_precision_name(enum dtype t)
{
    return precision_names[t];
}

static bool find_precision(enum dtype *out, const char *name)
{
    for (enum dtype t = DT_F32; t < DTYPES; t++)
        if (!strcmp(name, precision_names[t])) {
            *out = t;
            return true;
        }
    return false;
}

/* That of a name, if the device computes in it; without a name float32.  The codec is never of
 * int8. */
static echo_status choose_precision(enum dtype *out, const char *name,
                                    const struct device *device, bool codec, echo_error *err)
{
    const char *field = codec ? "codec_precision" : "precision";
    const char *title = codec ? "codec precision" : "precision";
    enum dtype can[DTYPES];
    char list[60] = "auto";
    int n = 0;

    for (enum dtype t = DT_F32; t < DTYPES; t++)
        if (device->traits.computes[t] && !(codec && t == DT_I8))
            can[n++] = t;
    *out = DT_F32;
    if (echo_is_auto(name))
        return ECHO_OK;
    bool known = find_precision(out, name);

    for (int i = 0; i < n; i++) {
        if (known && can[i] == *out)
            return ECHO_OK;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                 i + 1 < n ? ", " : " or ", precision_names[can[i]]);
    }
    if (known)
        return echo_fail_field(err, field, "%s '%s': this device takes %s", title, name, list);
    return echo_fail_field(err, field, "unknown %s '%.40s': expected %s", title, name, list);
}

/* Take what a packed file was packed for, or what can be made of that.  `any`: what is `faster`
 * of it on the device. */
static echo_status fit_packed(const echo_model *m, enum dtype *precision, const char *note,
                              const struct device *device, bool any, enum dtype faster,
                              echo_error *err)
{
    const char *name = echo_safetensors_note(m->echo_file, note);
    enum dtype packed = DTYPES;

    if (!name || !find_precision(&packed, name) || packed == DT_F16)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s is missing in its header: the file is "
                                             "damaged", m->files.echo, note);
    bool rounds = device->traits.rounding == ROUNDING_ALWAYS_PAYS;

    if (any)
        *precision = packed == DT_BF16 || rounds ? faster : packed;
    if (echo_panels_serve(packed, *precision))
        return ECHO_OK;
    return echo_fail_field(err, note,
                           "%s: its %s is %s, not %s: pack the original files again, or leave "
                           "the option out",
                           m->files.echo, note, name, precision_names[*precision]);
}

static void explain_precision(echo_model *m, bool any, const struct fast_float *fast)
{
    bool packed = m->packed && m->device->traits.rounding != ROUNDING_ALWAYS_PAYS;
    const char *how = !any ? "as asked" : packed ? "as packed" : "chosen by speed";
    const char *fine = m->precisions.layers == DT_I8 ? "; encoders and attention in " : "";

    snprintf(m->precision_reason, sizeof m->precision_reason, "%s%s%s%s%s", how, fine,
             *fine ? precision_names[m->precisions.fine] : "", *fast->why ? ": " : "",
             fast->why);
}

/* The faster float of the codec's device, where it is asked for. */
static enum dtype fast_for_codec(const echo_model *m, const struct fast_float *fast)
{
    const struct device *device = m->codec_device;

    if (device == m->device || m->owner.observer)
        return fast->dtype;
    return echo_fast_float(m->codec_device).dtype;
}

static echo_status choose_precisions(echo_model *m, echo_error *err)
{
    const struct choice *o = &m->choice;
    bool any = echo_is_auto(o->precision), any_codec = echo_is_auto(o->codec_precision);
    bool codec_rounds = m->codec_device->traits.rounding == ROUNDING_ALWAYS_PAYS;
    bool ask_codec = any_codec && (m->packed || codec_rounds);
    struct precisions *p = &m->precisions;
    struct fast_float fast = { 0 };
    enum dtype codec = DT_F32;
    echo_status s;

    if ((s = choose_precision(&p->layers, o->precision, m->device, false, err)) ||
        (s = choose_precision(&p->codec, o->codec_precision, m->codec_device, true, err)))
        return s;
    if (m->owner.observer)
        fast.dtype = DT_BF16; /* a packed file is the same wherever it is made */
    else if (any || p->layers == DT_I8 || (ask_codec && m->codec_device == m->device))
        fast = echo_fast_float(m->device);
    if (ask_codec)
        codec = fast_for_codec(m, &fast);
    p->fine = fast.dtype;
    if (any)
        p->layers = echo_auto_precision(&fast);
    if (any_codec && codec_rounds)
        p->codec = codec;
    if (m->packed &&
        ((s = fit_packed(m, &p->layers, "precision", m->device, any, fast.dtype, err)) ||
         (s = fit_packed(m, &p->codec, "codec_precision", m->codec_device, any_codec, codec,
                         err))))
        return s;
    explain_precision(m, any, &fast);
    return ECHO_OK;
}

/* ---- devices ---- */

struct choice echo_placement_choice(const echo_model_opts *o)
{
    struct choice c = { .threads = o->threads, .profile = o->profile };
    const struct {
        char *to;
        const char *from;
    } names[] = {
        { c.device, o->device },       { c.codec_device, o->codec_device },
        { c.isa, o->isa },             { c.precision, o->precision },
        { c.codec_precision, o->codec_precision },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(names[i].to, CHOICE_NAME, "%s", names[i].from ? names[i].from : "");
    return c;
}

bool echo_placement_takes_time(const struct choice *c)
{
    return echo_device_is_slow(c->device) ||
           (!echo_is_auto(c->codec_device) && echo_device_is_slow(c->codec_device));
}

/* The device, or a trace of it that closes it. */
static echo_status open_device(struct device **out, const struct choice *c, const char *option,
                               const char *name, char *why, size_t size, echo_error *err)
{
    echo_model_opts o = { .isa = c->isa, .threads = c->threads };
    struct device *inner, *trace;
    echo_status s = echo_device_open(&inner, option, name, &o, why, size, err);

    *out = inner;
    if (s || !c->profile)
        return s;
    if (!(trace = echo_trace_device(inner)))
        return echo_fail_memory(err, 1, "the profile");
    *out = trace;
    return ECHO_OK;
}

echo_status echo_placement_open(echo_model *m, echo_error *err)
{
    const struct choice *c = &m->choice;
    bool apart = !echo_device_same(c->codec_device, c->device);
    char why[300];
    echo_status s = open_device(&m->device, c, "device", c->device, m->device_reason,
                                sizeof m->device_reason, err);

    m->codec_device = m->device;
    if (!s && apart)
        s = open_device(&m->codec_device, c, "codec_device", c->codec_device, why, sizeof why,
                        err);
    return s;
}

/* ---- memory ---- */

#define WORKING_BYTES ((uint64_t)192 << 20) /* for a window of 640 frames, about */

/* The CPU instead, for the codec or for all. */
static echo_status move_to_cpu(echo_model *m, bool all, echo_error *err)
{
    char why[300];
    echo_status s;

    if (all && m->codec_device != m->device)
        echo_device_close(&m->codec_device);
    if (all)
        echo_device_close(&m->device);
    s = open_device(&m->codec_device, &m->choice, "codec_device", "cpu", why, sizeof why, err);
    if (all)
        m->device = m->codec_device;
    return s;
}

/* Whether what the model wants is there, before it is loaded; where the choice is free, it is
 * moved to the CPU. */
static echo_status fit(echo_model *m, echo_error *err)
{
    uint64_t left = device_available(m->device);
    uint64_t codec_left = device_available(m->codec_device);
    bool together = m->codec_device == m->device, any = echo_is_auto(m->choice.device);
    uint64_t layers, codec;
    echo_status s;

    if (m->owner.headers_only || (left == UINT64_MAX && codec_left == UINT64_MAX))
        return ECHO_OK;
    if ((s = echo_model_count(m, &layers, &codec, err)))
        return s;
    layers = layers * dtype_size(m->precisions.layers) + WORKING_BYTES;
    codec = codec * dtype_size(m->precisions.codec) + WORKING_BYTES;
    if (layers > left) {
        snprintf(m->device_reason, sizeof m->device_reason,
                 "%s has %.1f GB of memory left, and the model takes %.1f", m->device->name,
                 (double)left * 1e-9, (double)layers * 1e-9);
        if (!any)
            return echo_fail(err, ECHO_ERR_DEVICE,
                             "%s: close other programs, or compute on the CPU",
                             m->device_reason);
        if ((s = move_to_cpu(m, true, err)))
            return s;
    } else if (together ? layers + codec > left : codec > codec_left) {
        if (!together)
            return echo_fail(err, ECHO_ERR_DEVICE,
                             "%s has %.1f GB of memory left, and the codec takes %.1f: let it "
                             "compute on the CPU", m->codec_device->name,
                             (double)codec_left * 1e-9, (double)codec * 1e-9);
        echo_log(m, ECHO_LOG_INFO, "the codec computes on the CPU: there is no room for it "
                                   "beside the transformer on %s", m->device->name);
        if ((s = move_to_cpu(m, false, err)))
            return s;
    } else {
        return ECHO_OK;
    }
    return choose_precisions(m, err);
}

echo_status echo_placement_choose(echo_model *m, echo_error *err)
{
    echo_status s = choose_precisions(m, err);

    return s ? s : fit(m, err);
}

/* ---- the end ---- */

struct retired {
    struct retired *next;
    struct device *device;
};

static echo_status retire(echo_model *m, struct device *device, echo_error *err)
{
    struct retired *r = calloc(1, sizeof *r);

    if (!r)
        return echo_fail_memory(err, sizeof *r, "the lost device");
    *r = (struct retired){ m->retired, device };
    m->retired = r;
    return ECHO_OK;
}

echo_status echo_placement_retire(echo_model *m, echo_error *err)
{
    bool apart = m->codec_device != m->device;
    echo_status s = m->device ? retire(m, m->device, err) : ECHO_OK;

    if (s)
        return s;
    m->device = NULL;
    if (apart && m->codec_device)
        s = retire(m, m->codec_device, err);
    if (!s)
        m->codec_device = NULL;
    return s;
}

void echo_placement_close(echo_model *m)
{
    if (m->codec_device != m->device)
        echo_device_close(&m->codec_device);
    echo_device_close(&m->device);
    for (struct retired *r = m->retired, *next; r; r = next) {
        next = r->next;
        echo_device_close(&r->device);
        free(r);
    }
}
