/* SPDX-License-Identifier: MIT */
#include "subtitles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/failure.h"
#include "common/output.h"

enum { LINE = 42,        /* characters of a line, as players show them well */
       CUE = 2 * LINE }; /* and of a cue */

/* ---- collecting ---- */

/* "[S1] " tells the model who speaks. */
static char *without_tags(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;

    while (out && *text) {
        if (text[0] == '[' && text[1] == 'S' && text[2] >= '1' && text[2] <= '9' &&
            text[3] == ']') {
            text += 4;
            text += strspn(text, " ");
        } else {
            *to++ = *text++;
        }
    }
    if (out)
        *to = '\0';
    return out;
}

void subtitles_add(struct subtitles *s, const struct subtitle *cue)
{
    int capacity = s->capacity ? 2 * s->capacity : 64;
    struct subtitle *grown, copy = *cue;

    if (s->n == s->capacity) {
        if (!(grown = realloc(s->items, (size_t)capacity * sizeof *grown))) {
            s->failed = true;
            return;
        }
        s->items = grown;
        s->capacity = capacity;
    }
    copy.text = without_tags(cue->text);
    copy.role = cue->role ? strdup(cue->role) : NULL;
    if (copy.text && (copy.role || !cue->role)) {
        s->items[s->n++] = copy;
        return;
    }
    free(copy.text);
    free(copy.role);
    s->failed = true;
}

void subtitles_close(struct subtitles *s)
{
    for (int i = 0; i < s->n; i++) {
        free(s->items[i].text);
        free(s->items[i].role);
    }
    free(s->items);
    *s = (struct subtitles){ 0 };
}

/* ---- formats ---- */

enum form { FORM_SRT, FORM_VTT, FORM_OGM, FORM_FFMETA, FORMS };

static const struct {
    const char *ending;
    bool cues, chapters;
} forms[] = {
    [FORM_SRT] = { ".srt", true, false },
    [FORM_VTT] = { ".vtt", true, true },
    [FORM_OGM] = { ".txt", false, true },
    [FORM_FFMETA] = { ".ffmeta", false, true },
};

static enum form form_of(const char *path, bool chapters)
{
    const char *dot = strrchr(path, '.');

    for (int i = 0; i < FORMS; i++)
        if (dot && !strcasecmp(dot, forms[i].ending) &&
            (chapters ? forms[i].chapters : forms[i].cues))
            return (enum form)i;
    return FORMS;
}

echo_status subtitles_check(const char *path, bool chapters, echo_error *err)
{
    if (form_of(path, chapters) == FORMS)
        return echo_fail(err, ECHO_ERR_ARG,
                         chapters ? "%s: chapters are written as .txt, .vtt or .ffmeta"
                                  : "%s: subtitles are written as .srt or .vtt",
                         path);
    return output_check(path, err);
}

/* "00:01:02,345" */
static void print_time(FILE *f, double s, char point)
{
    long long ms = s > 0 ? (long long)(s * 1000 + 0.5) : 0;

    fprintf(f, "%02lld:%02lld:%02lld%c%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
            point, ms % 1000);
}

static void print_span(FILE *f, int n, double begin, double end, char point)
{
    fprintf(f, "%d\n", n);
    print_time(f, begin, point);
    fputs(" --> ", f);
    print_time(f, end, point);
    fputc('\n', f);
}

/* ---- cues ---- */

static size_t characters(const char *text, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Bytes up to where a line of so many characters is best ended: at a stop in its second half,
 * else at the last blank, else at the last character. */
static size_t break_at(const char *text, size_t most)
{
    size_t at = 0, n = 0, blank = 0, stop = 0;

    for (; text[at] && n <= most; n++) {
        if (text[at] == ' ' && at) {
            blank = at;
            if (strchr(".,;:!?", text[at - 1]) && n > most / 2)
                stop = at;
        }
        do
            at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80);
    }
    if (!text[at] && n <= most)
        return at;
    if (stop || blank)
        return stop ? stop : blank;
    do
        at--;
    while (((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

/* Text that players would take for markup stands as it is. */
static void print_text(FILE *f, const char *text, size_t n, bool vtt)
{
    for (size_t i = 0; i < n; i++) {
        if (vtt && text[i] == '<')
            fputs("&lt;", f);
        else if (vtt && text[i] == '&')
            fputs("&amp;", f);
        else
            fputc(text[i], f);
    }
}

/* The tag of who speaks. */
static void print_voice(FILE *f, const char *role)
{
    fputs("<v ", f);
    for (; *role; role++) {
        if (*role == '>')
            fputs("&gt;", f);
        else
            print_text(f, role, 1, true);
    }
    fputc('>', f);
}

/* Two lines where one is too long. */
static void print_lines(FILE *f, const char *text, size_t n, bool vtt)
{
    size_t all = characters(text, n), middle = 0, best = all;

    for (size_t i = 0; i < n && all > LINE; i++) {
        size_t before = text[i] == ' ' ? characters(text, i) : 0;
        size_t off = before > all / 2 ? before - all / 2 : all / 2 - before;

        if (before && off < best) {
            best = off;
            middle = i;
        }
    }
    print_text(f, text, middle, vtt);
    if (middle)
        fputc('\n', f);
    print_text(f, text + middle + (middle > 0), n - middle - (middle > 0), vtt);
}

static void print_cues(FILE *f, const struct subtitle *s, const char *text, double speed,
                       bool vtt, int *count)
{
    size_t all = strlen(text), at = 0;

    while (at < all) {
        size_t n = break_at(text + at, CUE);
        double length = s->end_s - s->begin_s;
        double begin = s->begin_s + length * (double)at / (double)all;
        double end = s->begin_s + length * (double)(at + n) / (double)all;

        print_span(f, ++*count, begin / speed, end / speed, vtt ? '.' : ',');
        if (vtt && s->role)
            print_voice(f, s->role);
        print_lines(f, text + at, n, vtt);
        fputs(vtt && s->role ? "</v>\n\n" : "\n\n", f);
        at += n;
        at += strspn(text + at, " ");
    }
}

/* named: it begins with who speaks.  False: no memory. */
static bool print_piece(FILE *f, const struct subtitle *s, double speed, bool vtt, bool named,
                        int *count)
{
    size_t n = strlen(s->text) + (s->role ? strlen(s->role) : 0) + 3;
    char *text = malloc(n);

    if (!text)
        return false;
    snprintf(text, n, "%s%s%s", named ? s->role : "", named ? ": " : "", s->text);
    print_cues(f, s, text, speed, vtt, count);
    free(text);
    return true;
}

/* Does a turn of a role begin with piece i? */
static bool begins_turn(const struct subtitles *s, int i)
{
    return s->items[i].role && (!i || s->items[i].turn != s->items[i - 1].turn);
}

/* ---- chapters ---- */

static void print_title(FILE *f, const char *title, bool escape)
{
    for (; *title; title++) {
        if (escape && strchr("=;#\\", *title))
            fputc('\\', f);
        fputc(*title, f);
    }
    fputc('\n', f);
}

static void print_chapter(FILE *f, enum form form, int n, double begin, double end,
                          const char *title)
{
    switch (form) {
    case FORM_VTT:
        print_span(f, n, begin, end, '.');
        print_text(f, title, strlen(title), true);
        fputs("\n\n", f);
        break;
    case FORM_OGM:
        fprintf(f, "CHAPTER%02d=", n);
        print_time(f, begin, '.');
        fprintf(f, "\nCHAPTER%02dNAME=", n);
        print_title(f, title, false);
        break;
    default:
        fprintf(f, "[CHAPTER]\nTIMEBASE=1/1000\nSTART=%lld\nEND=%lld\ntitle=",
                (long long)(begin * 1000 + 0.5), (long long)(end * 1000 + 0.5));
        print_title(f, title, true);
    }
}

static void print_chapters(FILE *f, const struct subtitles *s, enum form form, double speed,
                           double end_s)
{
    const char *title = "Beginning";
    double begin = 0;
    int n = 0;

    for (int i = 0; i < s->n; i++) {
        if (!s->items[i].level)
            continue;
        if (i)
            print_chapter(f, form, ++n, begin, s->items[i].begin_s / speed, title);
        title = s->items[i].text;
        begin = i ? s->items[i].begin_s / speed : 0;
    }
    print_chapter(f, form, ++n, begin, end_s, title);
}

/* ---- saving ---- */

/* In memory first: a file appears whole or not at all. */
static echo_status save(const struct subtitles *s, const char *path, bool chapters,
                        double speed, double end_s, echo_error *err)
{
    enum form form = form_of(path, chapters);
    char *bytes = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&bytes, &n);
    echo_status status;
    bool good = true;
    int count = 0;

    if (!f || s->failed)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the subtitles");
    if (form == FORM_VTT)
        fputs("WEBVTT\n\n", f);
    if (form == FORM_FFMETA)
        fputs(";FFMETADATA1\n", f);
    for (int i = 0; i < s->n && !chapters; i++)
        good &= print_piece(f, &s->items[i], speed, form == FORM_VTT,
                            form == FORM_SRT && begins_turn(s, i), &count);
    if (chapters)
        print_chapters(f, s, form, speed, end_s);
    if (fclose(f) || !good)
        status = echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the subtitles");
    else
        status = echo_file_write(path, bytes, n, err);
    free(bytes);
    return status;
}

echo_status subtitles_save(const struct subtitles *s, const char *path, double speed,
                           echo_error *err)
{
    return save(s, path, false, speed, 0, err);
}

echo_status subtitles_save_chapters(const struct subtitles *s, const char *path, double speed,
                                    double end_s, echo_error *err)
{
    return save(s, path, true, speed, end_s, err);
}
