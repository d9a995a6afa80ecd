/* SPDX-License-Identifier: MIT */
#include "common/spelling.h"

#include <string.h>

enum { LONGEST = 32 }; /* no option or command is as long */

static int min(int a, int b)
{
    return a < b ? a : b;
}

/* Letters to add, drop, change or swap with their neighbour to make one of the other. */
static int distance(const char *a, const char *b)
{
    int d[LONGEST + 1][LONGEST + 1];
    int rows = (int)strnlen(a, LONGEST + 1), cols = (int)strnlen(b, LONGEST + 1);

    if (rows > LONGEST || cols > LONGEST)
        return LONGEST;
    for (int i = 0; i <= rows; i++)
        d[i][0] = i;
    for (int j = 0; j <= cols; j++)
        d[0][j] = j;
    for (int i = 1; i <= rows; i++)
        for (int j = 1; j <= cols; j++) {
            int change = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            d[i][j] = min(change, 1 + min(d[i - 1][j], d[i][j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[rows][cols];
}

/* The most that is still worth a "did you mean". */
static int limit(const char *word)
{
    int third = (int)(strnlen(word, LONGEST) / 3);

    return third < 1 ? 1 : third;
}

struct spelling spelling_of(const char *wanted)
{
    return (struct spelling){ wanted, limit(wanted) + 1, NULL };
}

void spelling_offer_as(struct spelling *s, const char *known, const char *shown)
{
    int d = distance(s->wanted, known);

    if (d < s->distance) {
        s->distance = d;
        s->nearest = shown;
    }
}

void spelling_offer(struct spelling *s, const char *known)
{
    if (known)
        spelling_offer_as(s, known, known);
}
