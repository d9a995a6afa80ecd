/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what the files of the benchmark share: its job, and who does what with it.
 *
 * A row is one text, said by one voice in one number of steps on one arrangement of devices;
 * its times are medians.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include <stddef.h>

#include "runtime.h"
#include "bench/machine.h"

enum {
    BENCH_TEXTS = 3,
    BENCH_LISTED = 8, /* steps and voices that one table takes */
    BENCH_PLACES = 8, /* and arrangements of devices */
    BENCH_ROWS = BENCH_TEXTS * BENCH_LISTED * BENCH_LISTED * BENCH_PLACES,
    BENCH_RUNS = 100,
    BENCH_CHARACTERS_A_SECOND = 15, /* of speech, where none is heard */
};

struct bench_text {
    const char *name;
    int length; /* in characters, which are bytes here */
    const char *words;
};

struct bench_row {
    const char *text;
    int characters, steps;
    int clip_s;          /* seconds of the voice's clip, 0: no voice */
    const char *devices; /* the name of the arrangement */
    int frames, kept;    /* made, and of them decoded */
    double audio_s;
    bool estimated; /* nobody knows where speech ends: audio_s is what the text would take */
    double rtf;     /* total_s for a second of audio */
    double total_s; /* all but loading ... */
    double total_min_s, total_max_s;
    double speedup; /* total_s of the first arrangement for the same, over this one */
    double step_ms;
    double load_s, text_s, voice_s, sample_s, decode_s; /* ... which is the rest of these ... */

    double overlap_s; /* ... but for this, which is both sampling and decoding */
};

/* A made voice, and how long its encoding took, run by run. */
struct bench_clip {
    echo_voice *voice; /* NULL: none is asked for */
    double encode_s[BENCH_RUNS];
};

/* An arrangement of devices, with the model on them. */
struct bench_place {
    const char *device, *codec_device; /* as echo_model_opts takes them */
    char given[2][64];                 /* those of a list */
    char name[132];                    /* "vulkan:0+cpu" */
    struct runtime runtime;
    echo_model_info info;
    struct bench_clip voices[BENCH_LISTED];
};

struct bench {
    struct common common;
    const char *text_names, *devices; /* as given */
    echo_list steps, clips, blocks;
    int frames, runs;
    bool kernels;          /* those alone, without a model */
    const char *synthetic; /* size of a random model; NULL: a real one */
    const char *csv, *plot;

    /* Had while running. */
    const struct bench_text *texts[BENCH_TEXTS];
    int n_texts;
    struct bench_place places[BENCH_PLACES];
    int n_places;
    struct machine machine;
    int threads;
    struct bench_row rows[BENCH_ROWS]; /* texts; in them voices; in them steps, places */
    int n_rows;                        /* finished */
};

/* All rows, finished or not. */
static inline int bench_row_count(const struct bench *b)
{
    return b->n_texts * b->clips.n * b->steps.n * b->n_places;
}

static inline const struct bench_row *bench_row(const struct bench *b, int text, int clip,
                                                int step, int place)
{
    int cell = (text * b->clips.n + clip) * b->steps.n + step;

    return &b->rows[cell * b->n_places + place];
}

/* ---- texts.c ---- */

extern const struct bench_text bench_texts[BENCH_TEXTS];

/* Find the texts of "short,long"; NULL is all of them. */
echo_status bench_texts_find(struct bench *b, const char *names, echo_error *err);

/* ---- voice.c: the same speech-like sound everywhere, *n samples, for free() ---- */

float *bench_voice_sound(int seconds, size_t *n);

/* ---- places.c ---- */

/* Find the arrangements of "cpu,vulkan+cpu"; NULL is the one of --device, --codec-device. */
echo_status bench_places_find(struct bench *b, const char *list, echo_error *err);

/* Where it computes, and in which precisions. */
void bench_place_describe(char *out, size_t size, const struct bench_place *p);

/* ---- model.c ---- */

/* The model that the job names, or a random one, in every place; and what the job says of it.
 * On failure, too, the places are for bench_models_close(). */
echo_status bench_models_open(struct bench *b, echo_error *err);
void bench_models_close(struct bench *b);

/* ---- measure.c ---- */

/* Told after every row, the last one of b->rows. */
typedef echo_status bench_show(const struct bench *b, echo_error *err);

echo_status bench_measure(struct bench *b, bench_show *show, echo_error *err);

/* ---- table.c: rows as they are finished, and whole ---- */

/* How far runs were from their medians, as the worst of all rows: -0.01 to 0.02. */
void bench_spread(const struct bench *b, double *below, double *above);

/* The last finished row, under a header if it is the first, and what belongs below. */
void bench_table_row(const struct bench *b);
void bench_table_end(const struct bench *b);

/* The same in lines of CSV: the last row, or a file of all. */
void bench_csv_row(const struct bench *b);
echo_status bench_csv_save(const struct bench *b, const char *path, echo_error *err);

echo_status bench_json_print(const struct bench *b, echo_error *err);

/* ---- kernels.c: the whole of bench --kernels ---- */

echo_status bench_kernels(const struct bench *b, echo_error *err);

/* ---- plot.c: two panels of SVG over all rows ---- */

echo_status bench_plot_save(const struct bench *b, const char *path, echo_error *err);

#endif
