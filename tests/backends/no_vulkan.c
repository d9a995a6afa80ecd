/* SPDX-License-Identifier: MIT */
/* no_vulkan.c - loaded before others, it makes a machine without a Vulkan library. */
#include <dlfcn.h>
#include <string.h>

__attribute__((visibility("default"))) void *dlopen(const char *name, int flags)
{
    void *(*real)(const char *, int);

    if (name && strstr(name, "vulkan"))
        return NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    return real(name, flags);
}
