/* SPDX-License-Identifier: MIT */
/* kernels.c - the heavy operations by themselves, beside the peak of the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "echotts_dev.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "signals.h"

struct timing {
    const struct bench *b;
    json_t *rows; /* NULL: nobody wants them */
    FILE *csv;    /* likewise */
    bool table;
    int n;
    char device[128];
};

static void print_row(const echo_kernel_speed *s)
{
    printf("%-30s%-32s%-20s%9.*f", s->name, s->shape, s->precision, s->rate < 1e9 ? 3 : 1,
           s->rate * 1e-9);
    if (s->peak > 0)
        printf("%6.0f %% of %.*f", 100 * s->rate / s->peak, s->peak < 1e10 ? 1 : 0,
               s->peak * 1e-9);
    putchar('\n');
    fflush(stdout);
}

static json_t *row_object(const echo_kernel_speed *s)
{
    json_t *o = json_object();

    report_string(o, "kernel", s->name);
    report_string(o, "shape", s->shape);
    report_string(o, "precision", s->precision);
    report_integer(o, "threads", s->threads);
    report_real(o, "rate", s->rate);
    json_object_set_new(o, "peak", s->peak > 0 ? json_real(s->peak) : json_null());
    return o;
}

static bool take_row(void *user, const echo_kernel_speed *s)
{
    struct timing *t = user;

    if (!t->n++ && t->table)
        printf("%s\n\n%-30s%-32s%-20s%9s\n", s->device, "kernel", "shape", "precision",
               "G/s");
    snprintf(t->device, sizeof t->device, "%s", s->device);
    if (t->table)
        print_row(s);
    if (t->rows)
        json_array_append_new(t->rows, row_object(s));
    if (t->csv)
        fprintf(t->csv, "\"%s\",\"%s\",\"%s\",%d,%.4g,%.4g,\"%s\"\n", s->name, s->shape,
                s->precision, s->threads, s->rate, s->peak, s->device);
    return !signals_stopped();
}

static echo_status print_report(const struct timing *t, echo_error *err)
{
    json_t *o = json_object(), *machine = json_object();

    report_string(machine, "cpu", t->b->machine.cpu);
    report_integer(machine, "cores", t->b->machine.cores);
    report_string(o, "version", echo_version());
    report_string(o, "device", t->device);
    json_object_set_new(o, "machine", machine);
    json_object_set(o, "rows", t->rows);
    return report_print(o, err);
}

echo_status bench_kernels(const struct bench *b, echo_error *err)
{
    const struct common *common = &b->common;
    const echo_model_opts opts = { .device = common->device, .isa = common->isa,
                                   .threads = common->threads };
    bool csv_only = b->csv && !strcmp(b->csv, "-");
    struct timing t = { .b = b, .table = !common->json && !csv_only };
    char *text = NULL;
    size_t bytes;
    echo_status status;

    t.rows = common->json ? json_array() : NULL;
    t.csv = b->csv ? open_memstream(&text, &bytes) : NULL;
    if (b->csv && !t.csv)
        return echo_fail(err, ECHO_ERR_MEMORY, "%s: out of memory", b->csv);
    if (t.csv)
        fputs("kernel,shape,precision,threads,rate,peak,device\n", t.csv);
    status = echo_kernels_time(&opts, take_row, &t, err);
    if (t.csv)
        fclose(t.csv);
    if (t.table && !status)
        printf("\nG/s: 10^9 operations a second, the median; of Snake, numbers; of copies, "
               "bytes.\nPeak: of matmuls for which nothing has to be fetched, in the same "
               "run.  %s, %d cores\n",
               b->machine.cpu, b->machine.cores);
    if (!status && b->csv)
        status = output_save(b->csv, text, bytes, err);
    if (!status && t.rows)
        status = print_report(&t, err);
    json_decref(t.rows);
    free(text);
    return status ? status : output_flush(err);
}
