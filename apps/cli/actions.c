/* SPDX-License-Identifier: MIT */
#include "actions.h"

#include <stdio.h>
#include <string.h>

#include "common/failure.h"
#include "common/spelling.h"

/* "add, list, show" */
static void list(char *out, size_t size, const struct command *c)
{
    size_t used = 0;

    *out = '\0';
    for (const struct action *a = c->actions; a->name && used < size; a++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", a->name);
}

static const struct action *find(const struct command *c, const char *name, echo_error *err)
{
    struct spelling meant = spelling_of(name ? name : "");
    char names[256];

    for (const struct action *a = c->actions; a->name; a++) {
        spelling_offer(&meant, a->name);
        if (!meant.distance)
            return a;
    }
    list(names, sizeof names, c);
    if (!name)
        echo_fail(err, ECHO_ERR_ARG, "%s: what is to be done? One of: %s", c->name, names);
    else if (meant.nearest)
        echo_fail(err, ECHO_ERR_ARG, "%s '%.60s': unknown; did you mean %s?", c->name, name,
                  meant.nearest);
    else
        echo_fail(err, ECHO_ERR_ARG, "%s '%.60s': unknown; it is one of: %s", c->name, name,
                  names);
    return NULL;
}

/* Is the name in "lift,trim"? */
static bool is_in(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (; names && *names; names += strspn(names, ",")) {
        size_t n = strcspn(names, ",");

        if (n == length && !memcmp(names, name, n))
            return true;
        names += n;
    }
    return false;
}

/* An option that an action does not know would be ignored in silence. */
static echo_status check_options(const struct command *c, const struct action *a,
                                 const void *job, echo_error *err)
{
    for (const struct option_group *g = c->groups; g->title; g++) {
        if (g->rows == common_options || g->rows == common_model_options)
            continue;
        for (const struct option *o = options_rows(g); o->name; o++)
            if (options_typed(c, job, o->name) && !is_in(a->options, o->name))
                return echo_fail(err, ECHO_ERR_ARG, "--%s: %s %s does not take it", o->name,
                                 c->name, a->name);
    }
    return ECHO_OK;
}

echo_status actions_run(const struct command *c, void *job, echo_error *err)
{
    struct common *common = job;
    const struct action *a = find(c, common->word, err);
    int n = common->n_words - 1;
    echo_status status;

    if (!a)
        return err->status;
    if (n < a->least || n > a->most)
        return echo_fail(err, ECHO_ERR_ARG, "usage: echotts %s %s%s%s (put quotes around "
                         "spaces)", c->name, a->name, *a->words ? " " : "", a->words);
    if ((status = check_options(c, a, job, err)))
        return status;
    common->words++;
    common->n_words--;
    common->word = common->n_words ? common->words[0] : NULL;
    return a->run(job, err);
}
