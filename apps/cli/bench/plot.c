/* SPDX-License-Identifier: MIT */
/*
 * plot.c - two panels: how many times slower or faster than real time, by steps, with one
 * voice; and where the time goes, at one number of steps, with all voices.  Arrangements of
 * devices are compared with one text in the first panel, and with one voice in both.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/svg.h"

#define WIDTH  1180.0
#define HEIGHT 620.0
#define LINE   19.0 /* of the caption */

#define GREY "#5f6c7b"
#define GRID "#e4e7eb"
#define RED  "#c0392b"

enum { USUAL_STEPS = 10 }; /* of the second panel, if they were measured */

struct panel {
    double left, top, right, bottom;
};

static const struct panel speed_panel = { 80, 130, 530, 470 };
static const struct panel split_panel = { 756, 130, 1104, 470 };

static const struct svg_font title_font = { .size = 21, .bold = true };
static const struct svg_font panel_font = { .size = 15, .bold = true };
static const struct svg_font legend_font = { .size = 12 };
static const struct svg_font caption_font = { .size = 12, .colour = GREY };
static const struct svg_font tick_font = { .size = 12, .colour = GREY, .anchor = SVG_MIDDLE };
static const struct svg_font left_font = { .size = 12, .colour = GREY, .anchor = SVG_END };

/* Of texts, or of arrangements. */
static const char *const colours[BENCH_PLACES] = { "#2f6fb0", "#e08a1e", "#3a9d6e", "#8e5bb5",
                                                   "#c0565b", "#6b7f8f", "#3aa6b9", "#a8943a" };

static const struct part {
    const char *name, *colour, *ink;
    size_t at;
} parts[] = {
    { "load", "#9aa5b1", "#1f2933", offsetof(struct bench_row, load_s) },
    { "text", "#5bb5a2", "#1f2933", offsetof(struct bench_row, text_s) },
    { "voice", "#b583c9", "#ffffff", offsetof(struct bench_row, voice_s) },
    { "sampling", "#2f5d9b", "#ffffff", offsetof(struct bench_row, sample_s) },
    { "decoding", "#eebc4f", "#1f2933", offsetof(struct bench_row, decode_s) },
};

enum { LOAD, TEXT, VOICE, SAMPLING, DECODING, PARTS };

static_assert(sizeof parts / sizeof *parts == PARTS, "each has a name");

static double part_of(const struct bench_row *row, int part)
{
    return *(const double *)((const char *)row + parts[part].at);
}

static double stack_of(const struct bench_row *row)
{
    double sum = 0;

    for (int i = 0; i < PARTS; i++)
        sum += part_of(row, i);
    return sum - row->overlap_s;
}

static bool is_comparison(const struct bench *b)
{
    return b->n_places > 1;
}

/* Three digits; two of what is small, whose zeros take room, too. */
static void format_number(char *out, size_t size, double v)
{
    static const double limits[] = { 100, 10, 1, 0.01, 0.001 };
    int decimals = 0;

    while (decimals < 5 && v < limits[decimals] * 0.9995)
        decimals++;
    snprintf(out, size, "%.*f", decimals, v);
}

/* The largest of 1, 2, 5, 10, 20, ... that is at most v. */
static double round_down(double v)
{
    double power = pow(10, floor(log10(v) + 1e-9)), digit = v / power * (1 + 1e-9);

    return power * (digit >= 5 ? 5 : digit >= 2 ? 2
                                                : 1);
}

static void draw_legend(struct svg *s, double x, double y, const char *colour, const char *name)
{
    svg_box(s, x, y - 10, 11, 11, colour);
    svg_text(s, x + 16, y, legend_font, "%s", name);
}

/* One text has the most to compare. */
static int longest_text(const struct bench *b)
{
    int best = 0;

    for (int i = 1; i < b->n_texts; i++)
        best = b->texts[i]->length > b->texts[best]->length ? i : best;
    return best;
}

/* "without a voice" is what most people try first; else the first voice there is. */
static int plotted_clip(const struct bench *b)
{
    for (int i = 0; i < b->clips.n; i++)
        if (!b->clips.items[i])
            return i;
    return 0;
}

static int plotted_steps(const struct bench *b)
{
    int best = 0;

    for (int i = 0; i < b->steps.n; i++) {
        if (b->steps.items[i] == USUAL_STEPS)
            return i;
        best = b->steps.items[i] > b->steps.items[best] ? i : best;
    }
    return best;
}

/* The bars of one group: texts, or arrangements with the longest text. */
static int bar_count(const struct bench *b)
{
    return is_comparison(b) ? b->n_places : b->n_texts;
}

static const struct bench_row *bar_row(const struct bench *b, int clip, int step, int bar)
{
    return is_comparison(b) ? bench_row(b, longest_text(b), clip, step, bar)
                            : bench_row(b, bar, clip, step, 0);
}

static const char *bar_colour(const struct bench *b, int bar)
{
    return colours[is_comparison(b) ? bar : b->texts[bar] - bench_texts];
}

static void name_bar(char *out, size_t size, const struct bench *b, int bar)
{
    if (is_comparison(b))
        snprintf(out, size, "%.60s", b->places[bar].name);
    else
        snprintf(out, size, "%s, %d characters", b->texts[bar]->name, b->texts[bar]->length);
}

static void name_voice(char *out, size_t size, int clip_s)
{
    snprintf(out, size, clip_s ? "voice of %d s" : "no voice", clip_s);
}

/* ---- speed: bars from 1, up for slower, down for faster than real time ---- */

/* A scale of ratios: as far from 1 to 2 as from 1 to 0.5. */
struct ratio_axis {
    double low, high;
};

static double ratio_y(const struct ratio_axis *a, double v)
{
    const struct panel *p = &speed_panel;

    return p->bottom - log(v / a->low) / log(a->high / a->low) * (p->bottom - p->top);
}

/* All values and 1, and beyond them, on the sides where bars end, room for their labels. */
static struct ratio_axis find_ratios(const struct bench *b, int clip, double label_room)
{
    struct ratio_axis a = { 1, 1 };
    double height = speed_panel.bottom - speed_panel.top, ends, margin;

    for (int k = 0; k < bar_count(b); k++)
        for (int i = 0; i < b->steps.n; i++) {
            double v = bar_row(b, clip, i, k)->rtf;

            a.low = fmin(a.low, v);
            a.high = fmax(a.high, v);
        }
    if (a.high / a.low < 2) /* a bar for hardly anything should look like it */
        *(a.high > 1 / a.low ? &a.high : &a.low) *= a.high > 1 / a.low ? 2 : 0.5;
    ends = (a.low < 1) + (a.high > 1);
    margin = pow(a.high / a.low, label_room / (height - ends * label_room));
    if (a.low < 1)
        a.low /= margin;
    if (a.high > 1)
        a.high *= margin;
    return a;
}

static void draw_ratio_axis(struct svg *s, const struct ratio_axis *a)
{
    const struct panel *p = &speed_panel;
    bool powers = a->high / a->low > 300;
    char number[32];

    for (double v = round_down(a->low); v <= a->high; v = round_down(v * 2.6)) {
        double digit = v / pow(10, floor(log10(v) + 1e-9));

        if (v < a->low * (1 - 1e-9) || (powers && digit > 1.5))
            continue;
        svg_line(s, p->left, ratio_y(a, v), p->right, ratio_y(a, v), GRID, 1, false);
        snprintf(number, sizeof number, "%g", v);
        svg_text(s, p->left - 8, ratio_y(a, v) + 4, left_font, "%s", number);
    }
    svg_text(s, 28, (p->top + p->bottom) / 2,
             (struct svg_font){ .size = 12, .anchor = SVG_MIDDLE, .upwards = true },
             "RTF (logarithmic): computing seconds for a second of sound");
    svg_text(s, (p->left + p->right) / 2, p->bottom + 42,
             (struct svg_font){ .size = 12, .anchor = SVG_MIDDLE }, "steps");
}

static void draw_ratio(struct svg *s, const struct ratio_axis *a, const struct bench_row *row,
                       double x, double width, bool upwards, const char *colour)
{
    double from = ratio_y(a, fmax(row->rtf, 1)), to = ratio_y(a, fmin(row->rtf, 1));
    struct svg_font font = { .size = 10, .anchor = SVG_MIDDLE, .upwards = upwards };
    bool slower = row->rtf >= 1;
    char number[32];

    format_number(number, sizeof number, row->rtf);
    svg_box(s, x, from, width, fmax(to - from, 1), colour);
    if (upwards) {
        font.anchor = slower ? SVG_START : SVG_END;
        svg_text(s, x + width / 2 + 4, slower ? from - 5 : to + 5, font, "%s", number);
    } else {
        svg_text(s, x + width / 2, slower ? from - 5 : to + 13, font, "%s", number);
    }
}

static void draw_real_time(struct svg *s, const struct ratio_axis *a)
{
    const struct panel *p = &speed_panel;
    double y = ratio_y(a, 1);

    svg_line(s, p->left, y, p->right + 6, y, RED, 1.5, true);
    svg_text(s, p->right + 10, y + 4, (struct svg_font){ .size = 12, .colour = RED },
             "real time");
    if (a->high > 1)
        svg_text(s, p->right + 10, y - 14, caption_font, "slower");
    if (a->low < 1)
        svg_text(s, p->right + 10, y + 22, caption_font, "faster");
}

/* Beside each other, in as many lines as that takes. */
static void draw_bar_names(struct svg *s, const struct bench *b)
{
    double left = speed_panel.left, right = speed_panel.right + 90, x = left, y = 102;
    char name[64];

    if (is_comparison(b)) /* room for a second line */
        y = 97;
    for (int i = 0; i < bar_count(b); i++) {
        name_bar(name, sizeof name, b, i);
        double width = fmax(svg_text_width(name, legend_font.size) + 32,
                            is_comparison(b) ? 0 : 176);

        if (x > left && x + width > right) {
            x = left;
            y += 16;
        }
        draw_legend(s, x, y, bar_colour(b, i), name);
        x += width;
    }
}

static void draw_speed(struct svg *s, const struct bench *b)
{
    const struct panel *p = &speed_panel;
    int clip = plotted_clip(b), n = bar_count(b);
    double group = (p->right - p->left) / b->steps.n;
    double bar = fmin(group * 0.88 / n, 44);
    bool upwards = bar < svg_text_width("0.123", 10);
    struct ratio_axis a =
        find_ratios(b, clip, upwards ? svg_text_width("0.123", 10) + 10 : 20);
    char voice[32];

    name_voice(voice, sizeof voice, b->clips.items[clip]);
    svg_text(s, p->left, 76, panel_font, "RTF by steps, %s%s%s", voice,
             is_comparison(b) ? ", text " : "",
             is_comparison(b) ? b->texts[longest_text(b)]->name : "");
    draw_bar_names(s, b);
    draw_ratio_axis(s, &a);
    for (int i = 0; i < b->steps.n; i++) {
        double middle = p->left + group * (i + 0.5);

        for (int k = 0; k < n; k++)
            draw_ratio(s, &a, bar_row(b, clip, i, k), middle + bar * (k - n / 2.0), bar - 2,
                       upwards, bar_colour(b, k));
        svg_text(s, middle, p->bottom + 20, tick_font, "%d", b->steps.items[i]);
    }
    draw_real_time(s, &a);
}

/* ---- the split: a bar for each text and voice, or arrangement ---- */

static int stack_count(const struct bench *b)
{
    return b->n_texts * (is_comparison(b) ? b->n_places : b->clips.n);
}

static const struct bench_row *stack_row(const struct bench *b, int step, int i)
{
    return is_comparison(b)
               ? bench_row(b, i / b->n_places, plotted_clip(b), step, i % b->n_places)
               : bench_row(b, i / b->clips.n, i % b->clips.n, step, 0);
}

/* The decoding that ran beside the sampling: a strip at the end of that. */
static void draw_overlap(struct svg *s, const struct bench_row *row, double end, double y,
                         double thick, double scale)
{
    double width = fmin(row->overlap_s, row->sample_s) * scale;

    if (width >= 0.05)
        svg_box(s, end - width, y + thick * 0.7, width, thick * 0.3, parts[DECODING].colour);
}

static void draw_stack(struct svg *s, const struct bench_row *row, double y, double thick,
                       double scale)
{
    struct svg_font font = { .size = fmin(11, thick * 0.8), .anchor = SVG_MIDDLE };
    double x = split_panel.left, base = y + thick / 2 + font.size * 0.36;
    char number[32];

    for (int i = 0; i < PARTS; i++) {
        double seconds = part_of(row, i) - (i == DECODING ? row->overlap_s : 0);
        double width = seconds * scale;

        if (width < 0.05)
            continue;
        svg_box(s, x, y, width, thick, parts[i].colour);
        if (i == SAMPLING)
            draw_overlap(s, row, x + width, y, thick, scale);
        format_number(number, sizeof number, seconds);
        font.colour = parts[i].ink;
        if (width > svg_text_width(number, font.size) + 8)
            svg_text(s, x + width / 2, base, font, "%s", number);
        x += width;
    }
    format_number(number, sizeof number, stack_of(row));
    svg_text(s, x + 6, base, (struct svg_font){ .size = font.size, .bold = true }, "%s s",
             number);
}

static void draw_seconds(struct svg *s, double most, double scale)
{
    const struct panel *p = &split_panel;
    double tick = round_down(most / 3);

    for (int i = 0; i * tick <= most * (1 + 1e-9); i++) {
        double x = p->left + i * tick * scale;

        svg_line(s, x, p->top, x, p->bottom, GRID, 1, false);
        svg_text(s, x, p->bottom + 20, tick_font, "%g", i * tick);
    }
    svg_text(s, (p->left + p->right) / 2, p->bottom + 42,
             (struct svg_font){ .size = 12, .anchor = SVG_MIDDLE },
             "seconds, loading included");
}

static void draw_split(struct svg *s, const struct bench *b)
{
    const struct panel *p = &split_panel;
    struct svg_font font = left_font;
    int step = plotted_steps(b), n = stack_count(b);
    double pitch = (p->bottom - p->top) / n, thick = fmin(pitch * 0.74, 40), most = 0, scale;
    double x = p->left - 126;
    char voice[32];

    for (int i = 0; i < n; i++)
        most = fmax(most, stack_of(stack_row(b, step, i)));
    scale = (p->right - p->left) / most;
    font.size = fmin(font.size, pitch * 0.75);
    name_voice(voice, sizeof voice, b->clips.items[plotted_clip(b)]);
    svg_text(s, x, 76, panel_font, "Where the time goes, %d steps%s%s", b->steps.items[step],
             is_comparison(b) ? ", " : "", is_comparison(b) ? voice : "");
    for (int i = 0; i < PARTS; i++, x += 92)
        draw_legend(s, x, 102, parts[i].colour, parts[i].name);
    draw_seconds(s, most, scale);
    for (int i = 0; i < n; i++) {
        const struct bench_row *row = stack_row(b, step, i);
        double y = p->top + pitch * i + (pitch - thick) / 2;

        snprintf(voice, sizeof voice, row->clip_s ? "%d s voice" : "no voice", row->clip_s);
        svg_text(s, p->left - 8, y + thick / 2 + font.size * 0.35, font, "%s, %s", row->text,
                 is_comparison(b) ? row->devices : voice);
        draw_stack(s, row, y, thick, scale);
    }
    svg_line(s, p->left, p->top, p->left, p->bottom, GREY, 1, false);
}

/* ---- the page ---- */

/* Names of devices: in the line of the machine, or a line for each arrangement. */
static double draw_devices(struct svg *s, const struct bench *b, double y)
{
    const struct bench_place *p = b->places;
    char line[300];

    if (!is_comparison(b)) {
        bool apart = strcmp(p->info.device, p->info.codec_device) != 0;

        svg_text(s, 28, y, caption_font,
                 "%.100s, %d core%s.  Device %.60s%s%.60s; precision %.40s.", b->machine.cpu,
                 b->machine.cores, b->machine.cores == 1 ? "" : "s", p->info.device,
                 apart ? ", codec on " : "", apart ? p->info.codec_device : "",
                 p->info.precision);
        return y + LINE;
    }
    svg_text(s, 28, y, caption_font, "%.100s, %d core%s.", b->machine.cpu, b->machine.cores,
             b->machine.cores == 1 ? "" : "s");
    for (int i = 0; i < b->n_places; i++) {
        bench_place_describe(line, sizeof line, &p[i]);
        svg_text(s, 28, y += LINE, caption_font, "%s - %.150s.", p[i].name, line);
    }
    return y + LINE;
}

static void draw_caption(struct svg *s, const struct bench *b)
{
    const echo_model_info *info = &b->places[0].info;
    double below, above, frame_s = (double)info->frame_samples / ECHO_SAMPLE_RATE;
    double y = draw_devices(s, b, 540);
    char passes[64] = "windows that fit the text";
    bool estimated = false;

    for (int i = 0; i < b->n_rows; i++)
        estimated |= b->rows[i].estimated;
    bench_spread(b, &below, &above);
    if (b->frames)
        snprintf(passes, sizeof passes, "passes of %d frames (%.1f s)", b->frames,
                 b->frames * frame_s);
    if (b->blocks.n)
        snprintf(passes, sizeof passes, "%d block%s, %d frames (%.1f s)", b->blocks.n,
                 b->blocks.n == 1 ? "" : "s", b->rows[0].frames, b->rows[0].frames * frame_s);
    svg_text(s, 28, y, caption_font, "Model %.150s%s, %s.", info->path,
             strlen(info->path) > 150 ? "..." : "", passes);
    svg_text(s, 28, y += LINE, caption_font,
             "Medians of %d after a warm-up, totals within %+.1f %% to %+.1f %% of them.%s",
             b->runs, below * 100, above * 100,
             b->blocks.n ? "  A strip in the sampling: decoding at the same time." : "");
    svg_text(s, 28, y + LINE, caption_font, "RTF: all but loading, a voice's encoding too.%s",
             !estimated     ? ""
             : b->synthetic ? "  Random weights make no speech: a second for 15 characters."
                            : "  Where no speech came: a second for 15 characters.");
}

echo_status bench_plot_save(const struct bench *b, const char *path, echo_error *err)
{
    double more = is_comparison(b) ? LINE * b->n_places : 0;
    char title[96];
    struct svg *s;

    snprintf(title, sizeof title, "echotts %s: speed of text to speech", echo_version());
    s = svg_open(WIDTH, HEIGHT + more, title);
    svg_text(s, 28, 38, title_font, "%s", title);
    draw_speed(s, b);
    draw_split(s, b);
    draw_caption(s, b);
    return svg_save(s, path, err);
}
