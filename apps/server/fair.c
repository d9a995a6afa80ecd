/* SPDX-License-Identifier: MIT */
#include "fair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fair_client *find_client(struct fair *f, const char *name)
{
    struct fair_client *c = f->clients;

    while (c && strcmp(c->name, name))
        c = c->next;
    return c;
}

static double least_client(const struct fair *f)
{
    double least = f->clients ? f->clients->used : 0;

    for (const struct fair_client *c = f->clients; c; c = c->next)
        if (c->used < least)
            least = c->used;
    return least;
}

static double least_flow(const struct fair_client *c)
{
    double least = c->flows ? c->flows->used : 0;

    for (const struct fair_flow *w = c->flows; w; w = w->next)
        if (w->used < least)
            least = w->used;
    return least;
}

static struct fair_client *join_client(struct fair *f, const char *name)
{
    struct fair_client *c = find_client(f, name);

    if (c || !(c = calloc(1, sizeof *c)))
        return c;
    snprintf(c->name, sizeof c->name, "%s", name);
    c->used = least_client(f);
    c->next = f->clients;
    f->clients = c;
    return c;
}

static void drop_client(struct fair *f, struct fair_client *c)
{
    struct fair_client **at = &f->clients;

    if (c->flows)
        return;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    free(c);
}

bool fair_join(struct fair *f, struct fair_place *p, const char *client, bool is_short)
{
    char name[sizeof ((struct fair_client *)0)->name];
    struct fair_client *c;
    struct fair_flow *w = NULL;

    snprintf(name, sizeof name, "%s", client);
    if (!(c = join_client(f, name)))
        return false;
    if (is_short)
        for (w = c->flows; w && !w->shorts; w = w->next)
            ;
    if (!w && (w = calloc(1, sizeof *w))) {
        w->client = c;
        w->shorts = is_short;
        w->used = least_flow(c);
        w->next = c->flows;
        c->flows = w;
    }
    if (!w) {
        drop_client(f, c);
        return false;
    }
    w->members++;
    *p = (struct fair_place){ .flow = w, .order = f->order++ };
    return true;
}

void fair_leave(struct fair *f, struct fair_place *p)
{
    struct fair_flow *w = p->flow, **at;

    p->flow = NULL;
    if (!w || --w->members)
        return;
    for (at = &w->client->flows; *at != w; at = &(*at)->next)
        ;
    *at = w->next;
    drop_client(f, w->client);
    free(w);
}

void fair_charge(struct fair_place *p, double seconds)
{
    p->flow->used += seconds;
    p->flow->client->used += seconds;
}

bool fair_before(const struct fair_place *a, const struct fair_place *b, double slack)
{
    const struct fair_flow *fa = a->flow, *fb = b->flow;

    if (fa->client != fb->client && fa->client->used != fb->client->used)
        return fa->client->used + slack < fb->client->used;
    if (fa != fb && fa->client == fb->client && fa->used != fb->used)
        return fa->used + slack < fb->used;
    return slack <= 0 && a->order < b->order;
}
