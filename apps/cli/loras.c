/* SPDX-License-Identifier: MIT */
#include "loras.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/failure.h"

#define MOST_SCALE 8

static bool exists(const char *path)
{
    return !access(path, F_OK);
}

/* The number behind the last colon of an item; NULL if that is none. */
static char *colon_of(const char *item, float *scale)
{
    char *colon = strrchr(item, ':'), *end;

    if (!colon)
        return NULL;
    *scale = strtof(colon + 1, &end);
    return end == colon + 1 || *end ? NULL : colon;
}

/* Cut ":SCALE" off an item; one that is a path as it stands has none. */
static echo_status take_scale(echo_lora *l, char *item, echo_error *err)
{
    char *last = strrchr(item, ':'), *colon;

    *l = (echo_lora){ .path = item, .scale = 1 };
    if (!last || exists(item))
        return ECHO_OK;
    if (!(colon = colon_of(item, &l->scale)))
        return echo_fail(err, ECHO_ERR_ARG, "--lora: '%.40s' in '%.200s' is no scale, and "
                                            "there is no such file", last + 1, item);
    if (!(fabsf(l->scale) <= MOST_SCALE))
        return echo_fail(err, ECHO_ERR_ARG, "--lora: the scale of '%.200s' is '%.40s', "
                                            "expected %d to %d", item, colon + 1, -MOST_SCALE,
                         MOST_SCALE);
    *colon = 0;
    return ECHO_OK;
}

/* Is this a path, with a scale or without? */
static bool is_path(char *item)
{
    float scale;
    char *colon = colon_of(item, &scale);
    bool found = exists(item);

    if (!found && colon) {
        *colon = 0;
        found = exists(item);
        *colon = ':';
    }
    return found;
}

/* Where an item ends: a comma may be part of a path that exists, the longest that does. */
static char *end_of(char *item)
{
    char *first = item + strcspn(item, ","), *end = item + strlen(item);

    for (; end > first; end--) {
        char was = *end;

        if (was && was != ',')
            continue;
        *end = 0;
        bool found = is_path(item);

        *end = was;
        if (found)
            return end;
    }
    return first;
}

echo_status loras_parse(struct loras *l, const char *text, echo_error *err)
{
    char *item, *end;
    echo_status s = ECHO_OK;

    *l = (struct loras){ 0 };
    if (!text || !*text)
        return ECHO_OK;
    if (!(l->text = strdup(text)))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    for (item = l->text; item && !s; item = end) {
        end = end_of(item);
        if (*end)
            *end++ = 0;
        else
            end = NULL;
        if (!*item)
            s = echo_fail(err, ECHO_ERR_ARG, "--lora: a name is missing in '%.200s'", text);
        else if (l->n == LORAS_MOST)
            s = echo_fail(err, ECHO_ERR_ARG, "--lora: at most %d are possible", LORAS_MOST);
        else
            s = take_scale(&l->list[l->n++], item, err);
    }
    return s;
}

void loras_close(struct loras *l)
{
    free(l->text);
    *l = (struct loras){ 0 };
}
