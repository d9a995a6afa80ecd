/* SPDX-License-Identifier: MIT */
#include "engine/device.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/pool.h"
#include "echotts_dev.h"
#include "engine/known.h"

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
            return echo_fail_at(err, ECHO_ERR_DEVICE, "isa",
                                "this CPU has no %s (it has up to %s)", isa,
                                echo_cpu_level(have)->name);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                 *names ? ", " : "", l->name);
    }
    return echo_fail_field(err, "isa", "unknown instruction set '%s': expected auto, %s", isa,
                           names);
}

static echo_status open_cpu(struct device **out, const echo_model_opts *o, echo_error *err)
{
    int threads = o->threads ? o->threads : echo_cpu_count();
    unsigned flags;
    echo_status s;

    if (o->threads < 0 || o->threads > POOL_MOST_THREADS)
        return echo_fail_field(err, "threads",
                               "%d threads: expected 1 to %d, or 0 for all cores", o->threads,
                               POOL_MOST_THREADS);
    if (threads > POOL_MOST_THREADS)
        threads = POOL_MOST_THREADS;
    s = choose_isa(&flags, o->isa, err);
    return s ? s : echo_cpu_device(out, flags, threads, err);
}

/* ---- names ---- */

/* "auto" is what the environment says, where that says something. */
static const char *resolve(const char *name)
{
    const char *preset = getenv("ECHOTTS_DEVICE");

    return echo_is_auto(name) && preset ? preset : name;
}

enum kind { KIND_AUTO, KIND_CPU, KIND_VULKAN, KIND_UNKNOWN };

static const char *const kinds[] = { "auto", "cpu", "vulkan" };

/* The kind that a name begins with; *index: what stands behind its colon. */
static enum kind kind_of(const char *name, const char **index)
{
    size_t length;

    *index = "";
    if (echo_is_auto(name))
        return KIND_AUTO;
    length = strcspn(name, ":");
    for (enum kind k = KIND_CPU; k < KIND_UNKNOWN; k++)
        if (strlen(kinds[k]) == length && !strncmp(name, kinds[k], length)) {
            *index = name[length] ? name + length + 1 : "";
            return name[length] && k == KIND_CPU ? KIND_UNKNOWN : k;
        }
    return KIND_UNKNOWN;
}

bool echo_device_same(const char *codec, const char *rest)
{
    const char *a, *b;

    return echo_is_auto(codec) ||
           (kind_of(codec, &a) == kind_of(resolve(rest), &b) && !strcmp(a, b));
}

bool echo_device_is_slow(const char *name)
{
    const char *index;
    enum kind kind = kind_of(resolve(name), &index);

    return kind == KIND_VULKAN || (kind == KIND_AUTO && echo_vulkan_is_likely());
}

/* ---- opening ---- */

/* "vulkan" is the first that can be used, "vulkan:1" the second that Vulkan counts. */
static echo_status read_index(int *out, const char *option, const char *index, echo_error *err)
{
    char *end;
    long i = strtol(*index ? index : "0", &end, 10);

    if (*index && (*end || *index < '0' || *index > '9' || i > 99))
        return echo_fail_field(err, option,
                               "'vulkan:%.40s': expected a number behind the colon", index);
    *out = *index ? (int)i : VULKAN_ANY;
    return ECHO_OK;
}

static echo_status open_vulkan(struct device **out, const char *option, const char *index,
                               echo_error *err)
{
    int i = VULKAN_ANY;
    echo_status s = read_index(&i, option, index, err);

    return s ? s : echo_vulkan_device(out, i, echo_known(), err);
}

/* Open what multiplies fastest of all GPUs that pass; NULL and why. */
static struct device *fastest_gpu(char *why, size_t size)
{
    struct device *best = NULL, *d;
    struct vulkan_facts facts;
    const char *none;

    for (int i = 0; echo_vulkan_describe(i, &facts, &none); i++) {
        echo_error e = { 0 };

        if (facts.software || !facts.usable)
            snprintf(why, size, "%s %s", facts.name,
                     facts.software ? "computes on the CPU itself" : "cannot be used");
        else if (echo_vulkan_device(&d, i, echo_known(), &e))
            snprintf(why, size, "%.200s", e.text);
        else if (best && best->rate >= d->rate)
            echo_device_close(&d);
        else {
            echo_device_close(&best);
            best = d;
        }
    }
    if (!best && !*why)
        snprintf(why, size, "%s", none);
    return best;
}

/* The best that the CPU does. */
static double cpu_rate(struct device *cpu)
{
    double best = 0;

    for (enum dtype t = DT_F32; t <= DT_BF16; t++) {
        double rate = cpu->ops->peak(cpu, t, 5e-3);

        best = rate > best ? rate : best;
    }
    return best;
}

/* The GPU, if there is one that passes and is faster than the CPU; why: in a line. */
static echo_status open_best(struct device **out, const echo_model_opts *o, char *why,
                             size_t size, echo_error *err)
{
    echo_status s = open_cpu(out, o, err);
    struct device *gpu;

    *why = '\0';
    if (s || !echo_vulkan_is_likely())
        return s;
    if (!(gpu = fastest_gpu(why, size)))
        return ECHO_OK;
    double cpu = cpu_rate(*out);
    bool faster = gpu->rate > cpu;

    snprintf(why, size, "%.60s does %.2f trillion operations a second, the CPU %.2f",
             gpu->name, gpu->rate * 1e-12, cpu * 1e-12);
    if (!faster) {
        echo_device_close(&gpu);
        return ECHO_OK;
    }
    echo_device_close(out);
    *out = gpu;
    return ECHO_OK;
}

static echo_status unknown(const char *option, const char *name, echo_error *err)
{
    return echo_fail_at(err, ECHO_ERR_DEVICE, option,
                        "unknown %s '%s': expected auto, cpu or vulkan", option, name);
}

echo_status echo_device_open(struct device **out, const char *option, const char *name,
                             const echo_model_opts *o, char *why, size_t size, echo_error *err)
{
    const char *asked = name, *index;

    name = resolve(asked);
    *out = NULL;
    snprintf(why, size, "%s", name == asked ? "as asked" : "");
    switch (kind_of(name, &index)) {
    case KIND_AUTO: return open_best(out, o, why, size, err);
    case KIND_CPU: return open_cpu(out, o, err);
    case KIND_VULKAN: return open_vulkan(out, option, index, err);
    case KIND_UNKNOWN: break;
    }
    return unknown(option, name, err);
}

echo_status echo_device_check(const char *name, echo_error *err)
{
    const char *index;
    enum kind kind = kind_of(name, &index);
    int i;

    if (kind == KIND_UNKNOWN)
        return unknown("device", name, err);
    return kind == KIND_VULKAN ? read_index(&i, "device", index, err) : ECHO_OK;
}

void echo_device_close(struct device **d)
{
    if (*d)
        (*d)->ops->close(*d);
    *d = NULL;
}

/* ---- describing ---- */

#define MOST_DEVICES 17

static struct described {
    echo_device_info info;
    char name[24], state[300];
} described[MOST_DEVICES];
static int devices;

static void describe_cpu(struct described *d)
{
    snprintf(d->name, sizeof d->name, "cpu");
    d->info = (echo_device_info){ .title = echo_cpu_level(echo_cpu_flags())->name,
                                  .driver = "", .usable = true };
}

/* Opening it is its self-test. */
static void describe_vulkan(struct described *d, int i, const struct vulkan_facts *f)
{
    struct device *device;
    echo_error e = { 0 };

    snprintf(d->name, sizeof d->name, "vulkan:%d", i);
    d->info = (echo_device_info){
        .title = f->name, .driver = f->driver, .memory = f->memory,
        .available = f->available, .unified = f->unified, .software = f->software,
        .half = f->usable, .subgroup = f->subgroup, .coop_m = f->coop_m,
        .coop_n = f->coop_n, .coop_k = f->coop_k,
    };
    if (echo_vulkan_device(&device, i, echo_known(), &e)) {
        snprintf(d->state, sizeof d->state, "%.290s", e.text);
        return;
    }
    d->info.usable = true;
    d->info.rate = device->rate;
    echo_device_close(&device);
}

static void describe_all(void)
{
    struct vulkan_facts facts;

    describe_cpu(&described[devices++]);
    for (int i = 0; devices < MOST_DEVICES && echo_vulkan_describe(i, &facts, NULL); i++)
        describe_vulkan(&described[devices++], i, &facts);
    for (int i = 0; i < devices; i++) {
        described[i].info.name = described[i].name;
        described[i].info.state = described[i].state;
    }
}

bool echo_device_at(int i, echo_device_info *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, describe_all);
    if (i < 0 || i >= devices)
        return false;
    *out = described[i].info;
    return true;
}
