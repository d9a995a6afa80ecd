/* SPDX-License-Identifier: MIT */
/* table.c - rows for people (a table), for programs (JSON) and for spreadsheets (CSV). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"

enum kind {
    WORD,    /* const char * */
    WHOLE,   /* int */
    SECONDS, /* int */
    REAL,    /* double */
    MARK,    /* bool, a star where it is true */
};

#define AT(field) offsetof(struct bench_row, field)

static const struct column {
    const char *key; /* in JSON and CSV */
    enum kind kind;
    size_t at;
    const char *title;   /* in the table; NULL: not there */
    int width, decimals; /* 0: as wide as its longest name */
} columns[] = {
    { "text", WORD, AT(text), "text", -6, 0 },
    { "characters", WHOLE, AT(characters), NULL, 0, 0 },
    { "steps", WHOLE, AT(steps), "steps", 5, 0 },
    { "clip_s", SECONDS, AT(clip_s), "voice", 7, 0 },
    { "devices", WORD, AT(devices), "where", 0, 0 },
    { "frames", WHOLE, AT(frames), "frames", 7, 0 },
    { "kept", WHOLE, AT(kept), NULL, 0, 0 },
    { "audio_s", REAL, AT(audio_s), "audio s", 8, 2 },
    { "estimated", MARK, AT(estimated), "", 1, 0 },
    { "rtf", REAL, AT(rtf), "RTF", 8, 3 },
    { "total_s", REAL, AT(total_s), "total s", 9, 3 },
    { "total_min_s", REAL, AT(total_min_s), NULL, 0, 0 },
    { "total_max_s", REAL, AT(total_max_s), NULL, 0, 0 },
    { "speedup", REAL, AT(speedup), "speedup", 9, 3 },
    { "step_ms", REAL, AT(step_ms), "ms/step", 8, 1 },
    { "load_s", REAL, AT(load_s), "load", 9, 3 },
    { "text_s", REAL, AT(text_s), "text", 7, 3 },
    { "voice_s", REAL, AT(voice_s), "voice", 8, 3 },
    { "sample_s", REAL, AT(sample_s), "sampling", 9, 3 },
    { "decode_s", REAL, AT(decode_s), "decoding", 9, 3 },
    { "overlap_s", REAL, AT(overlap_s), "overlap", 9, 3 },
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static const void *value(const struct bench_row *row, const struct column *c)
{
    return (const char *)row + c->at;
}

static const struct bench_row *last_row(const struct bench *b)
{
    return &b->rows[b->n_rows - 1];
}

void bench_spread(const struct bench *b, double *below, double *above)
{
    *below = *above = 0;
    for (int i = 0; i < b->n_rows; i++) {
        const struct bench_row *row = &b->rows[i];
        double low = row->total_min_s / row->total_s - 1;
        double high = row->total_max_s / row->total_s - 1;

        *below = low < *below ? low : *below;
        *above = high > *above ? high : *above;
    }
}

/* ---- the table ---- */

static void format_cell(char *out, size_t size, const struct column *c, const void *v)
{
    int whole = c->kind == WHOLE || c->kind == SECONDS ? *(const int *)v : 0;

    switch (c->kind) {
    case WORD:
        snprintf(out, size, "%s", *(const char *const *)v);
        break;
    case WHOLE:
        snprintf(out, size, "%d", whole);
        break;
    case SECONDS:
        snprintf(out, size, whole ? "%d s" : "none", whole);
        break;
    case REAL:
        snprintf(out, size, "%.*f", c->decimals, *(const double *)v);
        break;
    case MARK:
        snprintf(out, size, "%s", *(const bool *)v ? "*" : "");
        break;
    }
}

/* Some say something of certain runs only. */
static bool is_shown(const struct bench *b, const struct column *c)
{
    if (c->at == AT(devices) || c->at == AT(speedup))
        return b->n_places > 1;
    return c->title && (c->at != AT(overlap_s) || b->blocks.n);
}

static int width_of(const struct bench *b, const struct column *c)
{
    int width = (int)strlen(c->title);

    if (c->width)
        return c->width;
    for (int i = 0; i < b->n_places; i++)
        if ((int)strlen(b->places[i].name) > width)
            width = (int)strlen(b->places[i].name);
    return width + 2;
}

void bench_table_row(const struct bench *b)
{
    char cell[160];

    if (b->n_rows == 1) {
        for (int i = 0; i < COLUMNS; i++)
            if (is_shown(b, &columns[i]))
                printf("%*s", width_of(b, &columns[i]), columns[i].title);
        putchar('\n');
    }
    for (int i = 0; i < COLUMNS; i++)
        if (is_shown(b, &columns[i])) {
            format_cell(cell, sizeof cell, &columns[i], value(last_row(b), &columns[i]));
            printf("%*s", width_of(b, &columns[i]), cell);
        }
    putchar('\n');
}

static void print_notes(const struct bench *b)
{
    bool estimated = false;

    for (int i = 0; i < b->n_rows; i++)
        estimated |= b->rows[i].estimated;
    puts("RTF: total / audio, 1 is real time.  total: all but loading, the voice too.");
    if (b->n_places > 1)
        printf("speedup: total on %s / total.\n", b->places[0].name);
    if (b->blocks.n)
        puts("overlap: sampling and decoding at once; both have it, total has it once.");
    if (estimated)
        printf("* %s: %d characters are taken for a second, and so much is decoded.\n",
               b->synthetic ? "Random weights make no speech" : "No speech came",
               BENCH_CHARACTERS_A_SECOND);
}

/* A line for each arrangement; a single one has several. */
static void print_places(const struct bench *b)
{
    const struct bench_place *p = b->places;
    const echo_model_info *m = &p->info;
    bool apart = strcmp(m->device, m->codec_device) != 0;
    int longest = 0;
    char line[300];

    if (b->n_places == 1) {
        printf("%-10s %s\n", "device", m->device);
        if (apart)
            printf("%-10s %s\n", "codec on", m->codec_device);
        printf("%-10s %s%s%s\n", "precision", m->precision, apart ? ", the codec in " : "",
               apart ? m->codec_precision : "");
        printf("%-10s %.3f s\n", "loading", m->load_s);
        return;
    }
    for (int i = 0; i < b->n_places; i++)
        longest = (int)strlen(p[i].name) > longest ? (int)strlen(p[i].name) : longest;
    for (int i = 0; i < b->n_places; i++) {
        bench_place_describe(line, sizeof line, &p[i]);
        printf("%-10s %-*s  %s; loaded in %.3f s\n", i ? "" : "devices", longest, p[i].name,
               line, p[i].info.load_s);
    }
}

void bench_table_end(const struct bench *b)
{
    double below, above;

    bench_spread(b, &below, &above);
    putchar('\n');
    print_notes(b);
    putchar('\n');
    printf("%-10s %s, %d core%s\n", "machine", b->machine.cpu, b->machine.cores,
           b->machine.cores == 1 ? "" : "s");
    print_places(b);
    printf("%-10s %d\n", "threads", b->threads);
    printf("%-10s %s\n", "model", b->places[0].info.path);
    printf("%-10s %.2f GB at most\n", "memory", (double)report_peak_bytes() / 1e9);
    printf("%-10s medians of %d after a warm-up; totals within %+.1f %% to %+.1f %% of them\n",
           "runs", b->runs, below * 100, above * 100);
    printf("%-10s %s\n", "echotts", echo_version());
}

/* ---- CSV ---- */

static json_t *json_value(const struct column *c, const void *v)
{
    switch (c->kind) {
    case WORD:
        return json_string(*(const char *const *)v);
    case WHOLE:
    case SECONDS:
        return json_integer(*(const int *)v);
    case REAL:
        return json_real(*(const double *)v);
    case MARK:
        return json_boolean(*(const bool *)v);
    }
    return NULL;
}

static void put_csv_header(FILE *f)
{
    for (int i = 0; i < COLUMNS; i++)
        fprintf(f, "%s%s", i ? "," : "", columns[i].key);
    fputc('\n', f);
}

/* The values of JSON are those of CSV. */
static void put_csv(FILE *f, const struct bench_row *row)
{
    for (int i = 0; i < COLUMNS; i++) {
        json_t *v = json_value(&columns[i], value(row, &columns[i]));

        if (i)
            fputc(',', f);
        json_dumpf(v, f, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        json_decref(v);
    }
    fputc('\n', f);
}

void bench_csv_row(const struct bench *b)
{
    if (b->n_rows == 1)
        put_csv_header(stdout);
    put_csv(stdout, last_row(b));
}

echo_status bench_csv_save(const struct bench *b, const char *path, echo_error *err)
{
    char *text = NULL;
    size_t bytes;
    FILE *f = open_memstream(&text, &bytes);
    echo_status status;

    if (f) {
        put_csv_header(f);
        for (int i = 0; i < b->n_rows; i++)
            put_csv(f, &b->rows[i]);
    }
    if (!f || fclose(f))
        status = echo_fail(err, ECHO_ERR_MEMORY, "%s: out of memory", path);
    else
        status = output_save(path, text, bytes, err);
    free(text);
    return status;
}

/* ---- JSON ---- */

static json_t *row_object(const struct bench_row *row)
{
    json_t *o = json_object();

    for (int i = 0; i < COLUMNS; i++)
        json_object_set_new(o, columns[i].key,
                            json_value(&columns[i], value(row, &columns[i])));
    return o;
}

static json_t *machine_object(const struct bench *b)
{
    json_t *o = json_object();

    report_string(o, "cpu", b->machine.cpu);
    report_integer(o, "cores", b->machine.cores);
    return o;
}

static json_t *numbers(const echo_list *list)
{
    json_t *a = json_array();

    for (int i = 0; i < list->n; i++)
        json_array_append_new(a, json_integer(list->items[i]));
    return a;
}

static json_t *places_array(const struct bench *b)
{
    json_t *a = json_array();

    for (int i = 0; i < b->n_places; i++) {
        const echo_model_info *m = &b->places[i].info;
        json_t *o = json_object();

        report_string(o, "devices", b->places[i].name);
        report_string(o, "device", m->device);
        report_string(o, "codec_device", m->codec_device);
        report_string(o, "precision", m->precision);
        report_string(o, "codec_precision", m->codec_precision);
        report_real(o, "load_s", m->load_s);
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *settings_object(const struct bench *b)
{
    json_t *o = json_object(), *texts = json_array();

    for (int i = 0; i < b->n_texts; i++)
        json_array_append_new(texts, json_string(b->texts[i]->name));
    json_object_set_new(o, "texts", texts);
    json_object_set_new(o, "steps", numbers(&b->steps));
    json_object_set_new(o, "clips_s", numbers(&b->clips));
    report_integer(o, "frames", b->frames);
    json_object_set_new(o, "block_sizes", numbers(&b->blocks));
    report_integer(o, "runs", b->runs);
    report_integer(o, "threads", b->threads);
    json_object_set_new(o, "synthetic",
                        b->synthetic ? json_string(b->synthetic) : json_null());
    return o;
}

echo_status bench_json_print(const struct bench *b, echo_error *err)
{
    json_t *o = json_object(), *rows = json_array();
    double below, above;

    bench_spread(b, &below, &above);
    for (int i = 0; i < b->n_rows; i++)
        json_array_append_new(rows, row_object(&b->rows[i]));
    report_string(o, "version", echo_version());
    json_object_set_new(o, "machine", machine_object(b));
    json_object_set_new(o, "settings", settings_object(b));
    json_object_set_new(o, "arrangements", places_array(b));
    report_model(o, &b->places[0].info);
    report_real(o, "spread_below", below);
    report_real(o, "spread_above", above);
    json_object_set_new(o, "complete", json_boolean(b->n_rows == bench_row_count(b)));
    json_object_set_new(o, "rows", rows);
    return report_print(o, err);
}
