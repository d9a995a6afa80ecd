/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

/* ---- a distribution ---- */

enum { BOUNDS = 14 };

/* Seconds, or seconds per second. */
static const double bounds[BOUNDS] = { 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                       2.5, 5, 10, 30, 60, 300, 1800 };

struct histogram {
    uint64_t counts[BOUNDS + 1];
    double sum;
};

static void observe(struct histogram *h, double value)
{
    int i = 0;

    while (i < BOUNDS && value > bounds[i])
        i++;
    h->counts[i]++;
    h->sum += value;
}

static void print_histogram(const struct histogram *h, const char *name, const char *help,
                            FILE *out)
{
    uint64_t sum = 0;

    fprintf(out, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
    for (int i = 0; i < BOUNDS; i++) {
        sum += h->counts[i];
        fprintf(out, "%s_bucket{le=\"%g\"} %llu\n", name, bounds[i], (unsigned long long)sum);
    }
    sum += h->counts[BOUNDS];
    fprintf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", name,
            (unsigned long long)sum, name, h->sum, name, (unsigned long long)sum);
}

/* ---- what is counted ---- */

enum { ROUTES = 64 };

enum outcome { DONE, SILENT, REFUSED, FAILED, CANCELLED, OUTCOMES };

static const char *const outcomes[OUTCOMES] = { "done", "silent", "refused", "failed",
                                                "cancelled" };

struct metrics {
    pthread_mutex_t lock;
    double began;
    uint64_t tasks[OUTCOMES];
    struct histogram wait, first, work, rtf;
    double sound_s, work_s;
    struct {
        const char *route;
        unsigned status;
        uint64_t n;
    } requests[ROUTES];
    int n_requests;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = calloc(1, sizeof *m);

    if (m) {
        pthread_mutex_init(&m->lock, NULL);
        m->began = clock_now();
    }
    return m;
}

void metrics_free(struct metrics **m)
{
    if (*m)
        pthread_mutex_destroy(&(*m)->lock);
    free(*m);
    *m = NULL;
}

static enum outcome outcome_of(const struct task *j)
{
    switch (j->error.status) {
    case ECHO_OK: return j->silent ? SILENT : DONE;
    case ECHO_ERR_CANCELLED: return CANCELLED;
    case ECHO_ERR_ARG:
    case ECHO_ERR_FILE:
    case ECHO_ERR_SPEECH: return REFUSED;
    default: return FAILED;
    }
}

void metrics_task(struct metrics *m, const struct task *j)
{
    enum outcome outcome = outcome_of(j);
    double work = j->ended - j->began;

    pthread_mutex_lock(&m->lock);
    m->tasks[outcome]++;
    if (j->began > 0)
        observe(&m->wait, j->began - j->submitted);
    if (outcome == DONE) {
        observe(&m->first, j->first - j->submitted);
        observe(&m->work, work);
        m->sound_s += j->sound_s;
        m->work_s += work;
        if (j->sound_s > 0)
            observe(&m->rtf, work / j->sound_s);
    }
    pthread_mutex_unlock(&m->lock);
}

void metrics_request(struct metrics *m, const char *route, unsigned status)
{
    int i = 0;

    pthread_mutex_lock(&m->lock);
    while (i < m->n_requests &&
           (m->requests[i].status != status || strcmp(m->requests[i].route, route)))
        i++;
    if (i == m->n_requests && i < ROUTES) {
        m->requests[i].route = route;
        m->requests[i].status = status;
        m->n_requests++;
    }
    if (i < ROUTES)
        m->requests[i].n++;
    pthread_mutex_unlock(&m->lock);
}

/* ---- printing ---- */

static void print_gauge(FILE *out, const char *name, const char *help, double value)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %.17g\n", name, help, name, name, value);
}

static void print_counter(FILE *out, const char *name, const char *help, double value)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s counter\n%s %.17g\n", name, help, name, name, value);
}

/* As a label's value: quotes, backslashes and line ends would end it. */
static void print_label(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            putc('\\', out);
        putc(*value == '\n' ? ' ' : *value, out);
    }
    putc('"', out);
}

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;

    if (f) {
        if (fscanf(f, "%*u %llu", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void print_counts(const struct metrics *m, FILE *out)
{
    fprintf(out, "# HELP echotts_requests_total Answered requests.\n"
                 "# TYPE echotts_requests_total counter\n");
    for (int i = 0; i < m->n_requests; i++)
        fprintf(out, "echotts_requests_total{route=\"%s\",status=\"%u\"} %llu\n",
                m->requests[i].route, m->requests[i].status,
                (unsigned long long)m->requests[i].n);
    fprintf(out, "# HELP echotts_speeches_total Speeches by how they ended.\n"
                 "# TYPE echotts_speeches_total counter\n");
    for (int i = 0; i < OUTCOMES; i++)
        fprintf(out, "echotts_speeches_total{outcome=\"%s\"} %llu\n", outcomes[i],
                (unsigned long long)m->tasks[i]);
}

void metrics_print(struct metrics *m, const struct gauges *now, FILE *out)
{
    fprintf(out, "# HELP echotts_info The program and its model.\n# TYPE echotts_info gauge\n"
                 "echotts_info{");
    print_label(out, "version", now->version);
    print_label(out, ",model", now->model);
    print_label(out, ",device", now->device);
    print_label(out, ",precision", now->precision);
    fprintf(out, "} 1\n");
    print_gauge(out, "echotts_queue_depth", "Speeches that wait.", now->waiting);
    print_gauge(out, "echotts_running", "Speeches that are worked on.", now->running);
    print_gauge(out, "echotts_connections", "Open connections.", now->connections);
    print_gauge(out, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
    print_gauge(out, "echotts_uptime_seconds", "Since the start.", clock_now() - m->began);
    pthread_mutex_lock(&m->lock);
    print_counts(m, out);
    print_counter(out, "echotts_sound_seconds_total", "Seconds of sound made.", m->sound_s);
    print_counter(out, "echotts_work_seconds_total", "Seconds spent on them.", m->work_s);
    print_histogram(&m->wait, "echotts_queue_wait_seconds", "From request to its beginning.",
                    out);
    print_histogram(&m->first, "echotts_first_sound_seconds",
                    "From request to the first sound sent.", out);
    print_histogram(&m->work, "echotts_speech_seconds", "From beginning to end of the work.",
                    out);
    print_histogram(&m->rtf, "echotts_rtf", "Seconds of work per second of sound.", out);
    pthread_mutex_unlock(&m->lock);
}
