/* SPDX-License-Identifier: MIT */
/* none.c - in place of the others, where the library is built without Vulkan. */
#include "backend/gpu.h"
#include "echotts_dev.h"

static const char why_none[] = "this program was built without Vulkan";

echo_status echo_vulkan_device(struct device **out, int index, const struct memo *memo,
                               echo_error *err)
{
    (void)index, (void)memo;
    *out = NULL;
    return echo_fail(err, ECHO_ERR_DEVICE, "%s", why_none);
}

bool echo_vulkan_describe(int index, struct vulkan_facts *out, const char **why)
{
    (void)index, (void)out;
    if (why)
        *why = why_none;
    return false;
}

bool echo_vulkan_is_likely(void)
{
    return false;
}
