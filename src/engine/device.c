/* SPDX-License-Identifier: MIT */
#include "engine/device.h"

#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/pool.h"

bool echo_is_auto(const char *name)
{
    return !name || !*name || !strcmp(name, "auto");
}

static echo_status choose_isa(unsigned *flags, const char *isa, echo_error *err)
{
    unsigned have = echo_cpu_flags();
    char names[120] = "";

    *flags = have;
    if (echo_is_auto(isa))
        return ECHO_OK;
    for (const struct cpu_level *l = echo_cpu_levels; l->name; l++) {
        bool can = !(l->flags & ~have);

        if (!strcmp(isa, l->name) && can) {
            *flags = l->flags;
            return ECHO_OK;
        }
        if (!strcmp(isa, l->name))
            return echo_fail(err, ECHO_ERR_DEVICE, "this CPU has no %s (it has up to %s)", isa,
                             echo_cpu_level(have)->name);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                 *names ? ", " : "", l->name);
    }
    return echo_fail(err, ECHO_ERR_ARG, "unknown instruction set '%s': expected auto, %s", isa,
                     names);
}

static echo_status open_cpu(struct device **out, const echo_model_opts *o, echo_error *err)
{
    int threads = o->threads ? o->threads : echo_cpu_count();
    unsigned flags;
    echo_status s;

    if (o->threads < 0 || o->threads > POOL_MOST_THREADS)
        return echo_fail(err, ECHO_ERR_ARG, "%d threads: expected 1 to %d, or 0 for all cores",
                         o->threads, POOL_MOST_THREADS);
    if (threads > POOL_MOST_THREADS)
        threads = POOL_MOST_THREADS;
    s = choose_isa(&flags, o->isa, err);
    return s ? s : echo_cpu_device(out, flags, threads, err);
}

/* Best first: "auto" is the first. */
static const struct kind {
    const char *name;
    echo_status (*open)(struct device **out, const echo_model_opts *o, echo_error *err);
} kinds[] = {
    { "cpu", open_cpu },
};

#define KINDS (sizeof kinds / sizeof *kinds)

const char *echo_device(int i)
{
    return i >= 0 && (size_t)i < KINDS ? kinds[i].name : NULL;
}

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (echo_is_auto(name) || !strcmp(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

echo_status echo_device_open(struct device **out, const char *option, const char *name,
                             const echo_model_opts *o, echo_error *err)
{
    const struct kind *kind = find(name);
    char names[120] = "auto";

    *out = NULL;
    if (kind)
        return kind->open(out, o, err);
    for (size_t i = 0; i < KINDS; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                 i + 1 < KINDS ? ", " : " or ", kinds[i].name);
    return echo_fail(err, ECHO_ERR_DEVICE, "unknown %s '%s': expected %s", option, name, names);
}

bool echo_device_same(const char *codec, const char *rest)
{
    return echo_is_auto(codec) || find(codec) == find(rest);
}

void echo_device_close(struct device **d)
{
    if (*d)
        (*d)->ops->close(*d);
    *d = NULL;
}
