/* SPDX-License-Identifier: MIT */
/* test_fair.c - who is next, without threads: shares come out even, and nobody starves. */
#include <string.h>

#include "base64.h"
#include "fair.h"
#include "unit.h"

enum { MOST = 8 };

struct waiting {
    struct fair_place place;
    double had;
    bool here;
};

/* Give the device for so many turns of a second to whoever is next. */
static void run(struct waiting *w, int n, int turns)
{
    while (turns--) {
        struct waiting *best = NULL;

        for (int i = 0; i < n; i++)
            if (w[i].here && (!best || fair_before(&w[i].place, &best->place, 0)))
                best = &w[i];
        fair_charge(&best->place, 1);
        best->had++;
    }
}

static void join(struct fair *f, struct waiting *w, const char *client, bool is_short)
{
    *w = (struct waiting){ .here = true };
    CHECK(fair_join(f, &w->place, client, is_short));
}

static void leave(struct fair *f, struct waiting *w, int n)
{
    for (int i = 0; i < n; i++)
        fair_leave(f, &w[i].place);
    CHECK(!f->clients);
}

/* Five books of one client have as much as one of another. */
static void test_clients(void)
{
    struct fair f = { 0 };
    struct waiting w[6];
    double five = 0;

    for (int i = 0; i < 6; i++)
        join(&f, &w[i], i < 5 ? "a" : "b", false);
    run(w, 6, 100);
    for (int i = 0; i < 5; i++) {
        CHECK(w[i].had == 10);
        five += w[i].had;
    }
    CHECK(five == 50 && w[5].had == 50);
    leave(&f, w, 6);
}

/* A short text is next, however long a book has run; all of them together do not hold up the
 * book for ever. */
static void test_short_ones(void)
{
    struct fair f = { 0 };
    struct waiting book, w[MOST];

    join(&f, &book, "a", false);
    run(&book, 1, 1000);
    join(&f, &w[0], "a", true);
    CHECK(fair_before(&book.place, &w[0].place, 0)); /* of equals the first */
    run(&book, 1, 1);
    CHECK(fair_before(&w[0].place, &book.place, 0.5));
    CHECK(!fair_before(&w[0].place, &book.place, 2));
    w[1] = (struct waiting){ .place = book.place, .here = true };
    for (int i = 2; i < MOST; i++)
        join(&f, &w[i], "a", true);
    run(w, MOST, 100);
    CHECK(w[1].had >= 49 && w[1].had <= 51);
    leave(&f, w, MOST);
}

/* Of equals the first comes first. */
static void test_order(void)
{
    struct fair f = { 0 };
    struct waiting w[3];

    for (int i = 0; i < 3; i++)
        join(&f, &w[i], "a", true);
    CHECK(fair_before(&w[0].place, &w[1].place, 0) && fair_before(&w[1].place, &w[2].place, 0));
    CHECK(!fair_before(&w[1].place, &w[0].place, 0));
    leave(&f, w, 3);
}

static void test_base64(void)
{
    static const char *const bad[] = { "A", "AB=C", "AAA\x80", "AA===", "%%%%" };
    char text[64];
    unsigned char bytes[64], back[64];
    size_t n;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 200);
    for (size_t length = 0; length <= 45; length++) {
        base64_encode(text, bytes, length);
        CHECK(base64_decode(back, &n, text, BASE64_LENGTH(length)) && n == length);
        CHECK(!memcmp(back, bytes, n));
    }
    CHECK(base64_decode(back, &n, "-_ -\n_", 6) && n == 3 && back[0] == 0xfb);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!base64_decode(back, &n, bad[i], strlen(bad[i])));
}

int main(void)
{
    test_clients();
    test_short_ones();
    test_order();
    test_base64();
    return unit_report();
}
