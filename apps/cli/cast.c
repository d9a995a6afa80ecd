/* SPDX-License-Identifier: MIT */
#include "cast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "common/voices.h"

#define BLANKS " \t\r\n"

/* ---- reading ---- */

/* Of a span without the blanks around it; NULL: no memory. */
static char *trimmed(const char *s, const char *end)
{
    while (s < end && strchr(BLANKS, *s))
        s++;
    while (end > s && strchr(BLANKS, end[-1]))
        end--;
    return strndup(s, (size_t)(end - s));
}

/* where: what the line of an error begins with. */
static echo_status add(struct cast *c, const char *where, const char *item, const char *sign,
                       const char *end, echo_error *err)
{
    int i = c->n;

    if (i == ECHO_MAX_ROLES)
        return echo_fail(err, ECHO_ERR_ARG, "%s: more than %d roles", where, ECHO_MAX_ROLES);
    c->n++;
    c->names[i] = trimmed(item, sign);
    c->voices[i] = trimmed(sign + 1, end);
    if (!c->names[i] || !c->voices[i])
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    if (!*c->names[i])
        return echo_fail(err, ECHO_ERR_ARG, "%s: the voice %.60s has no name before it", where,
                         c->voices[i]);
    if (!strcmp(c->voices[i], "-"))
        return echo_fail(err, ECHO_ERR_ARG,
                         "%s: the voice of %.60s cannot come from standard input", where,
                         c->names[i]);
    for (int k = 0; k < i; k++)
        if (!strcmp(c->names[k], c->names[i]))
            return echo_fail(err, ECHO_ERR_ARG, "%s: %.60s is there twice", where, c->names[i]);
    c->roles[i].name = c->names[i];
    return ECHO_OK;
}

static echo_status read_list(struct cast *c, const char *s, echo_error *err)
{
    echo_status status = ECHO_OK;

    while (*s && !status) {
        const char *end = s + strcspn(s, ","), *sign = memchr(s, '=', (size_t)(end - s));

        if (!sign)
            return echo_fail(err, ECHO_ERR_ARG,
                             "--cast: '%.*s' has no voice: expected NAME=VOICE,NAME=VOICE",
                             (int)(end - s < 60 ? end - s : 60), s);
        status = add(c, "--cast", s, sign, end, err);
        s = end + (*end == ',');
    }
    return status;
}

/* A tabulator parts name and voice, else the first "=". */
static echo_status read_line(struct cast *c, const char *where, const char *line,
                             echo_error *err)
{
    const char *s = line + strspn(line, BLANKS), *end = s + strlen(s), *sign;

    if (!*s || *s == '#')
        return ECHO_OK;
    if (!(sign = strchr(s, '\t')))
        sign = strchr(s, '=');
    if (!sign || memchr(s, '\0', (size_t)(end - s)))
        return echo_fail(err, ECHO_ERR_ARG, "%s: expected NAME = VOICE", where);
    return add(c, where, s, sign, end, err);
}

static echo_status read_file(struct cast *c, const char *path, echo_error *err)
{
    FILE *f = fopen(path, "r");
    char *line = NULL, where[300];
    size_t room = 0;
    echo_status status = ECHO_OK;

    if (!f)
        return echo_fail(err, ECHO_ERR_FILE,
                         "--cast: %.200s: %s (a cast is a file, or NAME=VOICE,NAME=VOICE)",
                         path, strerror(errno));
    for (int n = 1; !status && getline(&line, &room, f) > 0; n++) {
        bool mark = n == 1 && !strncmp(line, "\xef\xbb\xbf", 3); /* of byte order */

        snprintf(where, sizeof where, "%.200s, line %d", path, n);
        status = read_line(c, where, line + (mark ? 3 : 0), err);
    }
    if (!status && ferror(f))
        status = echo_fail(err, ECHO_ERR_FILE, "--cast: %.200s: cannot be read: %s", path,
                           strerror(errno));
    free(line);
    fclose(f);
    return status;
}

echo_status cast_read(struct cast *c, const char *given, echo_error *err)
{
    echo_status status;

    *c = (struct cast){ 0 };
    if (!given)
        return ECHO_OK;
    status = strchr(given, '=') ? read_list(c, given, err) : read_file(c, given, err);
    if (!status && !c->n)
        status = echo_fail(err, ECHO_ERR_ARG, "--cast %.200s: there is nobody in it", given);
    return status;
}

/* ---- voices ---- */

static echo_status fault_of(const struct cast *c, int i, echo_error *err)
{
    echo_error why = *err;

    return echo_fail(err, why.status, "the voice of %.100s: %.800s", c->names[i], why.text);
}

/* One that is missing is told of before others are read. */
static echo_status check(const struct cast *c, const struct runtime *e, echo_error *err)
{
    struct voice_choice choice;

    for (int i = 0; i < c->n; i++) {
        if (!*c->voices[i])
            continue;
        if (voices_choose(&choice, e->model, e->library, c->voices[i], err))
            return fault_of(c, i, err);
        if (choice.source == VOICE_UNKNOWN) {
            voices_unknown(e->model, e->library, c->voices[i], err);
            return fault_of(c, i, err);
        }
    }
    return ECHO_OK;
}

/* The first role with the voice of role i. */
static int first_with(const struct cast *c, int i)
{
    int k = 0;

    while (strcmp(c->voices[k], c->voices[i]))
        k++;
    return k;
}

echo_status cast_load(struct cast *c, struct runtime *e, echo_encode_opts opts, double *seconds,
                      echo_error *err)
{
    double some;

    if (check(c, e, err))
        return err->status;
    for (int i = 0; i < c->n; i++) {
        int first = first_with(c, i);

        if (first == i && *c->voices[i]) {
            if (runtime_voice(e, &c->own[i], c->voices[i], opts, &some, err))
                return fault_of(c, i, err);
            *seconds += some;
        }
        c->roles[i].voice = c->own[first];
    }
    return ECHO_OK;
}

const char *cast_voice(const struct cast *c, const char *role)
{
    for (int i = 0; role && i < c->n; i++)
        if (!strcmp(c->names[i], role))
            return *c->voices[i] ? c->voices[i] : NULL;
    return NULL;
}

void cast_list_voices(const struct cast *c, const char *narrator, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", narrator ? narrator : "");

    for (int i = 0; i < c->n && used < size; i++)
        if (*c->voices[i] && first_with(c, i) == i &&
            (!narrator || strcmp(narrator, c->voices[i])))
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
                                     c->voices[i]);
}

void cast_close(struct cast *c)
{
    for (int i = 0; i < c->n; i++) {
        free(c->names[i]);
        free(c->voices[i]);
        echo_voice_close(&c->own[i]);
    }
    *c = (struct cast){ 0 };
}
