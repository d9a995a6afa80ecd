/* SPDX-License-Identifier: MIT */
/* gpu.h - finding, describing and opening a Vulkan device. */
#ifndef ECHO_BACKEND_GPU_H
#define ECHO_BACKEND_GPU_H

#include "backend/backend.h"

/* Facts that earlier runs found, by name. */
struct memo {
    bool (*recall)(const struct memo *, const char *name, char *fact, size_t size);
    void (*remember)(const struct memo *, const char *name, const char *fact);
};

/*
 * The one that Vulkan counts as `index`, or the first that can be used.  It has shown that it
 * computes right, in this run or, by memo (may be NULL), in an earlier one.  ECHO_ERR_DEVICE
 * where there is none, or it does not.
 */
#define VULKAN_ANY -1
echo_status echo_vulkan_device(struct device **out, int index, const struct memo *memo,
                               echo_error *err);

/* A device that Vulkan counts, as its driver describes it. */
struct vulkan_facts {
    const char *name, *driver;
    uint64_t memory, available; /* bytes */
    int subgroup;
    int coop_m, coop_n, coop_k; /* a cooperative matrix of halves; 0: there is none */
    bool unified;               /* its memory is the system's */
    bool software;              /* its driver computes on the CPU */
    bool usable;
};

/* False past the last; then `why`, if not NULL, says why there are none. */
bool echo_vulkan_describe(int index, struct vulkan_facts *out, const char **why);

/* Whether the system has a GPU at all: asking Vulkan loads every driver, which takes longer. */
bool echo_vulkan_is_likely(void);

#endif
