/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

static void write_time(char *out, size_t size)
{
    struct timeval now;
    struct tm utc;
    char day[32];

    gettimeofday(&now, NULL);
    gmtime_r(&now.tv_sec, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, size, "%s.%03dZ", day, (int)(now.tv_usec / 1000));
}

/* Quotes only where there is a blank: a reader wants to see the value. */
static void print_value(FILE *out, const json_t *v)
{
    const char *text = json_string_value(v);
    char *dumped;

    if (text && *text && !strpbrk(text, " \"\\\n\t") && strlen(text) < 512) {
        fputs(text, out);
        return;
    }
    dumped = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputs(dumped ? dumped : "?", out);
    free(dumped);
}

void log_draw_id(char *out, size_t size)
{
    uint64_t number = 0;

    if (getentropy(&number, sizeof number))
        number = (uint64_t)(clock_now() * 1e9);
    snprintf(out, size, "req_%016llx", (unsigned long long)number);
}

void log_event(const struct log *l, const char *event, json_t *facts)
{
    char now[64], *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    const char *name;
    json_t *v;

    write_time(now, sizeof now);
    if (out && l->json) {
        json_object_set_new(facts, "time", json_string(now));
        json_object_set_new(facts, "event", json_string(event));
        print_value(out, facts);
    } else if (out) {
        fprintf(out, "%s %s", now, event);
        json_object_foreach(facts, name, v) {
            fprintf(out, " %s=", name);
            print_value(out, v);
        }
    }
    if (out) {
        putc('\n', out);
        if (!fclose(out) && line)
            fwrite(line, 1, strlen(line), stderr); /* at once: lines do not mix */
    }
    free(line);
    json_decref(facts);
}
