/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "signals.h"

#define WIDEST_BAR  40
#define WIDEST_LINE 160
#define REDRAW_S    0.1 /* ten times a second */
#define SETTLE_S    0.5 /* before which a forecast is a guess */

void progress_open(struct progress *p, bool quiet)
{
    *p = (struct progress){ .shown = !quiet && isatty(STDERR_FILENO) };
}

/* One less than there are: a full line would make the terminal scroll. */
static int line_columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
        return 79;
    return size.ws_col - 1 < WIDEST_LINE ? size.ws_col - 1 : WIDEST_LINE;
}

/* Blanks over what was longer work on every terminal, unlike escape sequences. */
static void put_line(struct progress *p, const char *line)
{
    int columns = line_columns();
    int length = (int)strnlen(line, (size_t)columns);
    int before = p->columns < columns ? p->columns : columns;

    fprintf(stderr, "\r%.*s%*s", length, line, before > length ? before - length : 0, "");
    fflush(stderr);
    p->columns = length;
}

static void format_left(char *out, size_t size, double s)
{
    int t = s < 1e6 ? (int)(s + 0.5) : 1000000;

    if (t >= 3600)
        snprintf(out, size, "%d:%02d:%02d left", t / 3600, t / 60 % 60, t % 60);
    else
        snprintf(out, size, "%d:%02d left", t / 60, t % 60);
}

/* "sampling [=====>    ]  12/40 steps  0:05 left" */
static void draw(struct progress *p, const char *stage, double done, double total,
                 const char *count)
{
    double now = clock_now(), part = total > 0 ? done / total : 0;
    int width = line_columns(), filled;
    char line[WIDEST_LINE + 128], bar[WIDEST_BAR + 3] = "", left[32] = "";

    if (p->stage != stage) {
        p->stage = stage;
        p->began = now;
        p->first = done;
    }
    if (p->columns && now - p->drawn < REDRAW_S)
        return;
    if (!p->has_share && done > p->first && now - p->began > SETTLE_S)
        format_left(left, sizeof left, (now - p->began) / (done - p->first) * (total - done));

    width -= (int)(strlen(p->head) + strlen(stage) + strlen(count));
    width -= (int)strlen(" []    0:00:00 left");
    width = width < WIDEST_BAR ? width : WIDEST_BAR;
    if (width >= 5) {
        filled = (int)((part > 1 ? 1 : part) * width);
        memset(bar, ' ', (size_t)width + 2);
        memset(bar + 1, '=', (size_t)filled);
        if (filled < width)
            bar[1 + filled] = '>';
        bar[0] = '[';
        bar[width + 1] = ']';
    }
    snprintf(line, sizeof line, "%s%s %s  %s  %s", p->head, stage, bar, count, left);
    put_line(p, line);
    p->drawn = now;
}

void progress_note(struct progress *p, const char *what)
{
    if (!p->shown)
        return;
    p->stage = NULL;
    put_line(p, what);
    p->drawn = clock_now();
}

void progress_head(struct progress *p, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(p->head, sizeof p->head, fmt, ap);
    va_end(ap);
    p->stage = NULL;
}

void progress_share(struct progress *p, double done, double left_s)
{
    char left[32] = "";

    if (left_s >= 0)
        format_left(left, sizeof left, left_s);
    snprintf(p->head, sizeof p->head, "%3.0f%% %s%s", done * 100, left, *left ? "  " : "");
    p->has_share = true;
}

bool progress_stage(void *user, echo_stage stage, int done, int total)
{
    static const struct {
        const char *name, *unit;
        int decimals;
    } stages[] = {
        [ECHO_STAGE_ENCODE] = { "encoding", "frames", 0 },
        [ECHO_STAGE_SAMPLE] = { "sampling", "steps", 0 },
        [ECHO_STAGE_DECODE] = { "decoding", "s", 1 }, /* of sound, told in frames */
    };
    struct progress *p = user;
    double unit = stage == ECHO_STAGE_DECODE ? p->frame_s : 1;
    int decimals = stages[stage].decimals;
    char count[64], all[24];

    if (p->shown) {
        /* As wide as it will get, so that the bar stands still. */
        int width = snprintf(all, sizeof all, "%.*f", decimals, total * unit);

        snprintf(count, sizeof count, "%*.*f/%s %s", width, decimals, done * unit, all,
                 stages[stage].unit);
        draw(p, stages[stage].name, done, total, count);
    }
    return !signals_stopped();
}

static bool part(struct progress *p, const char *what, double done)
{
    char count[16];

    if (p->shown) {
        snprintf(count, sizeof count, "%.0f%%", done * 100);
        draw(p, what, done, 1, count);
    }
    return !signals_stopped();
}

bool progress_write(void *user, double done)
{
    return part(user, "writing", done);
}

bool progress_pack(void *user, double done)
{
    return part(user, "packing", done);
}

bool progress_load(void *user, double done)
{
    return part(user, "loading", done);
}

bool progress_check(void *user, double done)
{
    return part(user, "checking", done);
}

/* Of the last seconds: what they bring is likelier for those that follow than the mean. */
static void measure_speed(struct progress *p, double done)
{
    double now = clock_now(), dt = now - p->speed_at;

    if (!p->speed_at) {
        p->speed_at = now;
        p->speed_from = done;
    } else if (dt >= 1) {
        double fresh = (done - p->speed_from) / dt;

        p->speed = p->speed ? p->speed + 0.3 * (fresh - p->speed) : fresh;
        p->speed_at = now;
        p->speed_from = done;
    }
}

bool progress_download(struct progress *p, uint64_t done, uint64_t total)
{
    char count[64];

    if (p->shown) {
        measure_speed(p, (double)done);
        snprintf(count, sizeof count, "%.2f/%.2f GB  %5.1f MB/s", (double)done / 1e9,
                 (double)total / 1e9, p->speed / 1e6);
        draw(p, "fetching", (double)done, (double)total, count);
    }
    return !signals_stopped();
}

void progress_clear(struct progress *p)
{
    if (!p->columns)
        return;
    put_line(p, "");
    fputc('\r', stderr);
}

void progress_done(struct progress *p, const char *fmt, ...)
{
    va_list ap;

    if (!p->shown)
        return;
    progress_clear(p);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}
