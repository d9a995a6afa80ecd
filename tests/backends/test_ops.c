/* SPDX-License-Identifier: MIT */
/*
 * test_ops.c - every op on every device, against plain C in double.  test_ops DEVICE...
 *
 * A device is a level of the CPU ("avx2"), all levels that this machine has ("cpu"), or one of
 * the table below.
 */
#include <stdio.h>
#include <string.h>

#include "backend/gpu.h"
#include "base/cpu.h"
#include "trial.h"
#include "unit.h"
#ifdef TEST_VULKAN
#include "backend/vulkan/vulkan.h"
#endif

static echo_status open_vulkan(struct device **out, echo_error *err)
{
    return echo_vulkan_device(out, VULKAN_ANY, NULL, err);
}

#ifdef TEST_VULKAN
/* The same with cooperative matrices, whether they are faster there or not. */
static echo_status open_coop(struct device **out, echo_error *err)
{
    echo_status s = echo_vulkan_device(out, VULKAN_ANY, NULL, err);

    if (s)
        return s;
    to_vulkan(*out)->coop = to_vulkan(*out)->gpu->coop_m != 0;
    if (to_vulkan(*out)->coop)
        return ECHO_OK;
    (*out)->ops->close(*out);
    return echo_fail(err, ECHO_ERR_DEVICE, "it has no cooperative matrices");
}
#endif

/* Devices that are no CPU. */
static const struct {
    const char *name;
    echo_status (*open)(struct device **out, echo_error *err);
} devices[] = {
    { "vulkan", open_vulkan },
#ifdef TEST_VULKAN
    { "coop", open_coop },
#endif
    { NULL, NULL },
};

static void try_device(const char *name, struct device *device)
{
    struct trial t;

    if (trial_open(&t, name, device)) {
        CHECK(device->traits.computes[DT_F32]);
        try_rows(&t);
        try_rounding(&t);
        try_codes(&t);
        try_loading(&t);
        try_products(&t);
        try_attention(&t);
        try_order(&t);
        trial_close(&t);
    }
    device->ops->close(device);
}

/* The levels of that name; false if there is none here. */
static bool try_cpu(const char *name)
{
    bool found = false;

    for (const struct cpu_level *l = echo_cpu_levels; l->name; l++) {
        struct device *device;
        echo_error e = { 0 };

        if ((l->flags & ~echo_cpu_flags()) || (strcmp(name, "cpu") && strcmp(name, l->name)))
            continue;
        found = true;
        if (CHECK_SAY(!echo_cpu_device(&device, l->flags, 2, &e), "%s: %s", l->name, e.text))
            try_device(l->name, device);
    }
    return found;
}

static bool try_other(const char *name)
{
    for (int i = 0; devices[i].name; i++) {
        struct device *device;
        echo_error e = { 0 };

        if (strcmp(name, devices[i].name))
            continue;
        if (CHECK_SAY(!devices[i].open(&device, &e), "%s: %s", name, e.text))
            try_device(name, device);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    for (int i = 1; i < argc; i++)
        if (!try_cpu(argv[i]) && !try_other(argv[i])) {
            fprintf(stderr, "there is no device '%s' here\n", argv[i]);
            return 2;
        }
    return unit_report();
}
