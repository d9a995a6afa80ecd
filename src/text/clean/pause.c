/* SPDX-License-Identifier: MIT */
#include "text/clean/pause.h"

#include <string.h>
#include <strings.h>

#define TAG_BYTES 40     /* longer ones are none */
#define PAUSE_BARE_S 1.0 /* of "[pause]" */

static const struct unit {
    const char *name;
    double seconds;
} units[] = {
    { "", 1 },    { "s", 1 },      { "ms", 1e-3 }, { "sec", 1 },
    { "secs", 1 }, { "second", 1 }, { "seconds", 1 },
};

static const struct unit *find_unit(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == n && !strncasecmp(units[i].name, s, n))
            return &units[i];
    return NULL;
}

/* Bytes of the number, with point or comma, or 0.  strtod() would ask the locale. */
static size_t number(const char *s, size_t n, double *value)
{
    double place = 0;
    size_t i, digits = 0;

    *value = 0;
    for (i = 0; i < n; i++) {
        if ((s[i] == '.' || s[i] == ',') && !place) {
            place = 1;
        } else if (s[i] >= '0' && s[i] <= '9') {
            int digit = s[i] - '0';

            if (place)
                *value += digit * (place /= 10);
            else if (*value < 1e9)
                *value = *value * 10 + digit;
            digits++;
        } else {
            break;
        }
    }
    return digits ? i : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

bool echo_pause_duration(const char *text, size_t n, double *seconds)
{
    const struct unit *unit;
    double value;
    size_t used;

    while (n && is_blank(text[n - 1]))
        n--;
    while (n && (is_blank(*text) || *text == '+'))
        text++, n--;
    if (!(used = number(text, n, &value)))
        return false;
    while (used < n && is_blank(text[used]))
        used++;
    if (!(unit = find_unit(text + used, n - used)))
        return false;
    value *= unit->seconds;
    *seconds = value < PAUSE_MOST_S ? value : PAUSE_MOST_S;
    return true;
}

size_t echo_pause_tag(const char *s, double *seconds)
{
    const size_t head = strlen("[pause");
    size_t n;

    if (strncasecmp(s, "[pause", head))
        return 0;
    for (n = head; s[n] != ']'; n++)
        if (!s[n] || n > TAG_BYTES)
            return 0;
    if (n == head) {
        *seconds = PAUSE_BARE_S;
        return n + 1;
    }
    if (!strchr(": =", s[head]))
        return 0;
    return echo_pause_duration(s + head + 1, n - head - 1, seconds) ? n + 1 : 0;
}
