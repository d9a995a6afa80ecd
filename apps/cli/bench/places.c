/* SPDX-License-Identifier: MIT */
/* places.c - arrangements of devices: the names in a list, and the words about them. */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "echotts_dev.h"
#include "common/failure.h"

#define EXAMPLE "cpu,vulkan,vulkan+cpu"

/* Its name, from those of its devices; one is enough where the codec is beside the rest. */
static void name_place(struct bench_place *p)
{
    const char *device = p->device && *p->device ? p->device : "auto", *codec = p->codec_device;
    bool apart = codec && *codec && strcmp(codec, "auto") && strcmp(codec, device);

    snprintf(p->name, sizeof p->name, "%.64s%s%.64s", device, apart ? "+" : "",
             apart ? codec : "");
}

/* One more of these devices, unless it is there. */
static echo_status add(struct bench *b, const char *device, const char *codec, echo_error *err)
{
    struct bench_place *p = &b->places[b->n_places];

    if (b->n_places == BENCH_PLACES)
        return echo_fail(err, ECHO_ERR_ARG, "--devices: too many, at most %d", BENCH_PLACES);
    snprintf(p->given[0], sizeof p->given[0], "%s", device);
    snprintf(p->given[1], sizeof p->given[1], "%s", codec);
    p->device = p->given[0];
    p->codec_device = p->given[1];
    name_place(p);
    for (int i = 0; i < b->n_places; i++)
        if (!strcmp(b->places[i].name, p->name))
            return echo_fail(err, ECHO_ERR_ARG, "--devices: %s is given twice", p->name);
    b->n_places++;
    return ECHO_OK;
}

static echo_status check_name(const char *name, echo_error *err)
{
    echo_error why = { 0 };

    if (!*name)
        return echo_fail(err, ECHO_ERR_ARG, "--devices: a name is empty: expected a list like "
                                            EXAMPLE);
    if (!echo_device_check(name, &why))
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_ARG, "--devices: %s", why.text);
}

/* "vulkan", or "vulkan+cpu": the transformer on the first, the codec on the second. */
static echo_status add_named(struct bench *b, const char *name, size_t length, echo_error *err)
{
    char text[64];
    char *codec;

    if (length >= sizeof text)
        return echo_fail(err, ECHO_ERR_ARG, "--devices: unknown device '%.60s...': expected a "
                                            "list like " EXAMPLE, name);
    memcpy(text, name, length);
    text[length] = '\0';
    codec = strchr(text, '+');
    if (codec)
        *codec++ = '\0';
    if (check_name(text, err) || (codec && check_name(codec, err)))
        return err->status;
    return add(b, text, codec ? codec : "", err);
}

/* The CPU, each GPU that works, and each with the codec on the CPU. */
static echo_status add_all(struct bench *b, echo_error *err)
{
    echo_device_info d;

    if (add(b, "cpu", "", err))
        return err->status;
    for (int i = 0; echo_device_at(i, &d); i++)
        if (d.usable && !d.software && strcmp(d.name, "cpu") &&
            (add(b, d.name, "", err) || add(b, d.name, "cpu", err)))
            return err->status;
    return ECHO_OK;
}

echo_status bench_places_find(struct bench *b, const char *list, echo_error *err)
{
    if (!list) {
        b->places[0].device = b->common.device;
        b->places[0].codec_device = b->common.codec_device;
        name_place(&b->places[b->n_places++]);
        return ECHO_OK;
    }
    for (;; list++) {
        size_t length = strcspn(list, ",");
        bool all = length == strlen("all") && !memcmp(list, "all", length);

        if (all ? add_all(b, err) : add_named(b, list, length, err))
            return err->status;
        list += length;
        if (!*list)
            return ECHO_OK;
    }
}

void bench_place_describe(char *out, size_t size, const struct bench_place *p)
{
    const echo_model_info *m = &p->info;
    bool apart = strcmp(m->device, m->codec_device) != 0;

    snprintf(out, size, "%.80s%s%.80s; %s, the codec in %s", m->device,
             apart ? ", the codec on " : "", apart ? m->codec_device : "", m->precision,
             m->codec_precision);
}
