/* SPDX-License-Identifier: MIT */
/* test_helper.c - other programs: what they say, and that they end when they should. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/helper.h"
#include "base/nameless.h"
#include "unit.h"

static struct helper helper(const char *const *words)
{
    const char *folder;
    struct helper h = { .words = words, .seconds = 30, .most = 1 << 20 };

    h.in = echo_nameless_open(&folder);
    h.out = echo_nameless_open(&folder);
    CHECK(h.in >= 0 && h.out >= 0 && echo_write_at(h.in, 0, "some words", 10));
    return h;
}

/* No child is left, nor a file. */
static void end(struct helper *h)
{
    int status;

    CHECK(waitpid(-1, &status, WNOHANG) < 0);
    close(h->in);
    close(h->out);
}

static void check_words(void)
{
    const char *const copy[] = { "cat", NULL }, *const no[] = { "/nowhere/cat", NULL };
    const char *const fails[] = { "sh", "-c", "echo >&2; echo first >&2; echo more >&2; exit 3",
                                  NULL };
    const char *const reads[] = { "cat", "/dev/stdin", NULL };
    struct helper h = helper(copy);
    char back[20] = "";

    CHECK(echo_helper_run(&h) == HELPER_DONE && h.bytes == 10 && !*h.line);
    CHECK(echo_read_at(h.out, 0, back, sizeof back) == 10 && !strcmp(back, "some words"));
    h.words = reads; /* from the beginning again */
    CHECK(echo_helper_run(&h) == HELPER_DONE && h.bytes == 10);
    h.words = no;
    CHECK(echo_helper_run(&h) == HELPER_ABSENT && !h.bytes);
    h.words = fails;
    CHECK(echo_helper_run(&h) == HELPER_FAILED);
    CHECK_SAY(!strcmp(h.line, "first"), "'%s'", h.line);
    end(&h);
}

static void check_ends(void)
{
    const char *const sleeps[] = { "sleep", "60", NULL }, *const yes[] = { "yes", NULL };
    atomic_bool stop = true;
    struct helper h = helper(sleeps);
    double began = echo_clock();

    h.stop = &stop;
    CHECK(echo_helper_run(&h) == HELPER_STOPPED);
    h.stop = NULL;
    h.seconds = 0.2;
    CHECK(echo_helper_run(&h) == HELPER_LATE);
    h.seconds = 30;
    h.words = yes;
    CHECK(echo_helper_run(&h) == HELPER_LARGE && h.bytes > h.most);
    CHECK_SAY(echo_clock() - began < 20, "%.1f s", echo_clock() - began);
    end(&h);
}

int main(void)
{
    check_words();
    check_ends();
    return unit_report();
}
