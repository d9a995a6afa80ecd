/* SPDX-License-Identifier: MIT */
#include "bench/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The value of the first line "model name : value". */
static void find_name(char *out, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[512];

    snprintf(out, size, "unknown processor");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        const char *value = strchr(line, ':');

        if (strncmp(line, "model name", strlen("model name")) || !value)
            continue;
        value += 1 + strspn(value + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    fclose(f);
}

static int count_cores(void)
{
    cpu_set_t set;
    long n;

    if (!sched_getaffinity(0, sizeof set, &set))
        return CPU_COUNT(&set);
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

struct machine machine_find(void)
{
    struct machine m = { .cores = count_cores() };

    find_name(m.cpu, sizeof m.cpu);
    return m;
}
