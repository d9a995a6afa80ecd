/* SPDX-License-Identifier: MIT */
/* pull.c - a model from the hub, by name. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "commands.h"
#include "common/clock.h"
#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"
#include "hub/cache.h"
#include "hub/catalog.h"
#include "hub/pull.h"
#include "hub/room.h"
#include "progress.h"
#include "question.h"
#include "runtime.h"
#include "signals.h"

enum { USUAL_CONNECTIONS = 8 };

struct job {
    struct common common;
    bool accept;
    const char *pack, *output;
    int connections;
    /* not options */
    struct hub hub;
    struct runtime terminal;
    struct pull pull;
    char packed[HUB_PATH]; /* the packed file; "": none */
    char name[512];        /* by which -m finds it; "": it does not */
    char path[HUB_PATH];   /* of the model, as -m takes it */
    uint64_t done;         /* bytes that are there */
};

#define AT(field) offsetof(struct job, field)

static const struct option own_options[] = {
    { .name = "accept-license", .kind = OPTION_ON, .at = AT(accept),
      .help = "accept the model's licence, which is remembered" },
    { .name = "pack", .kind = OPTION_STRING, .at = AT(pack), .value = "PRECISION",
      .values = "bf16,int8",
      .help = "and pack it into one file",
      .details = "Then -m NAME-PRECISION opens it at once (see echotts-pack(1))." },
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .at = AT(output),
      .value = "FILE.echo", .once = true,
      .help = "the packed file; default: with the models of echotts models" },
    { .name = "connections", .kind = OPTION_INT, .at = AT(connections), .value = "N",
      .preset = "8", .min = 1, .max = 16,
      .help = "that bring parts of a file at once" },
    { .name = "json", .kind = OPTION_ON, .at = AT(common.json),
      .help = "report to standard output as a JSON object" },
    { 0 },
};

static const struct option_group groups[] = {
    { "Fetching", own_options },
    { "Other", common_options },
    { 0 },
};

/* ---- what the hub tells ---- */

static bool stopped(void *user)
{
    (void)user;
    return signals_stopped();
}

static bool show_progress(void *user, const char *file, uint64_t done, uint64_t total)
{
    struct job *j = user;

    (void)file;
    j->done = done;
    return progress_download(&j->terminal.bar, done, total);
}

static bool show_check(void *user, const char *file, double done)
{
    struct job *j = user;

    (void)file;
    return progress_check(&j->terminal.bar, done);
}

static void show_note(void *user, const char *line)
{
    struct job *j = user;

    runtime_note(&j->terminal, "%s", line);
}

static bool ask(void *user, const struct license *l)
{
    struct job *j = user;

    progress_clear(&j->terminal.bar);
    fprintf(stderr, "%s: its licence is %s: %s\n%s\n", j->common.word, l->name, l->url,
            l->line);
    return question_yes("Do you accept it?");
}

/* ---- packing ---- */

/* "owner/tuned@v/1" packed in int8 is called "owner/tuned@v-1-int8", and its file
 * owner--tuned@v-1-int8.echo. */
static bool name_packed(struct job *j, char file[512])
{
    int n = snprintf(j->name, sizeof j->name, "%s-%s", j->common.word, j->pack);
    char *slash = strchr(j->name, '/');

    if (n >= (int)sizeof j->name - 1)
        return false;
    for (char *p = slash; p && (p = strchr(p + 1, '/'));)
        *p = '-';
    if (slash)
        snprintf(file, 512, "%.*s--%s", (int)(slash - j->name), j->name, slash + 1);
    else
        memcpy(file, j->name, sizeof j->name);
    return true;
}

/* Looked at before gigabytes are fetched for it. */
static echo_status choose_packed(struct job *j, echo_error *err)
{
    char folder[HUB_PATH], file[512];

    if (j->output && !j->pack)
        return echo_fail(err, ECHO_ERR_ARG, "-o names the packed file: give --pack, too");
    if (!j->pack)
        return ECHO_OK;
    if (strcmp(j->pack, "bf16") && strcmp(j->pack, "int8"))
        return echo_fail(err, ECHO_ERR_ARG, "--pack: '%.60s' is not bf16 or int8", j->pack);
    if (j->output) {
        snprintf(j->packed, sizeof j->packed, "%s", j->output);
        if (!strcmp(j->output, "-"))
            return echo_fail(err, ECHO_ERR_ARG,
                             "a model goes to a file, not to standard output");
        return output_check(j->output, err);
    }
    if (!echo_user_place(folder, sizeof folder, ECHO_USER_MODELS))
        return echo_fail(err, ECHO_ERR_ARG, "there is no home directory to keep models in: say "
                                            "where the packed file goes (-o FILE.echo)");
    if (!name_packed(j, file) ||
        snprintf(j->packed, sizeof j->packed, "%s/%s.echo", folder, file) >= HUB_PATH)
        return echo_fail(err, ECHO_ERR_ARG, "%.400s: the path is too long", folder);
    return cache_make_folder(folder, err) ? err->status : output_check(j->packed, err);
}

static echo_status pack(struct job *j, echo_error *err)
{
    echo_model_opts opts = { .device = "cpu", .precision = j->pack,
                             .progress = progress_pack, .user = &j->terminal.bar };
    echo_status status;

    if (!j->pack)
        return ECHO_OK;
    status = echo_model_pack(j->path, j->packed, &opts, err);
    progress_clear(&j->terminal.bar);
    return status;
}

/* ---- the report ---- */

static json_t *file_object(const struct pull_file *f)
{
    json_t *o = json_object();

    report_string(o, "repository", f->file.repository);
    report_string(o, "commit", f->file.commit);
    report_string(o, "file", f->file.name);
    report_string(o, "hash", f->file.hash);
    report_integer(o, "bytes", (json_int_t)f->file.size);
    json_object_set_new(o, "was_there", json_boolean(f->was_there));
    return o;
}

static echo_status report(const struct job *j, double seconds, echo_error *err)
{
    const struct pull *p = &j->pull;
    json_t *o = json_object(), *files = json_array();

    for (int i = 0; i < p->n_files; i++)
        json_array_append_new(files, file_object(&p->files[i]));
    report_string(o, "model", j->common.word);
    report_string(o, "path", j->path);
    report_string(o, "license", p->license.name);
    json_object_set_new(o, "files", files);
    report_integer(o, "bytes", (json_int_t)p->bytes);
    report_integer(o, "fetched_bytes", (json_int_t)p->fetched);
    if (j->pack)
        report_string(o, "packed", j->packed);
    report_real(o, "total_s", seconds);
    return report_print(o, err);
}

static echo_status tell(struct job *j, double seconds, echo_error *err)
{
    const struct pull *p = &j->pull;
    struct stat st;

    if (p->fetched)
        progress_done(&j->terminal.bar, "%s  %.2f GB in %.1f s: -m %s", j->path,
                      (double)p->fetched / 1e9, seconds, j->common.word);
    else
        progress_done(&j->terminal.bar, "%s  all was there: -m %s", j->path, j->common.word);
    if (j->pack && !stat(j->packed, &st))
        progress_done(&j->terminal.bar, "%s  %.2f GB: -m %s", j->packed,
                      (double)st.st_size / 1e9, *j->name ? j->name : j->packed);
    return j->common.json ? report(j, seconds, err) : ECHO_OK;
}

/* ---- all of it ---- */

/* Without the network: is it there already? */
static echo_status find_offline(struct job *j, echo_error *err)
{
    echo_model_opts opts = { .device = "cpu", .describe = true };
    echo_model *m = NULL;
    echo_error why;

    if (echo_model_path(j->path, sizeof j->path, j->common.word, NULL, 0, &why) ||
        echo_model_open(&m, j->path, &opts, &why))
        return echo_fail(err, ECHO_ERR_FILE,
                         "HF_HUB_OFFLINE is set, so nothing is fetched, and not all is here: "
                         "%.700s", why.text);
    echo_model_close(&m);
    runtime_note(&j->terminal, "HF_HUB_OFFLINE is set: the hub was not asked for a newer one");
    return ECHO_OK;
}

static echo_status fetch(struct job *j, echo_error *err)
{
    struct pull_consent consent = { j->accept, question_possible() ? ask : NULL, j };

    if (j->hub.settings.offline)
        return find_offline(j, err);
    progress_note(&j->terminal.bar, "asking the hub");
    if (!pull_run(&j->pull, &j->hub, j->common.word, &consent, err))
        echo_model_path(j->path, sizeof j->path, j->common.word, NULL, 0, err);
    progress_clear(&j->terminal.bar);
    if (err->status && signals_stopped() && j->done)
        runtime_note(&j->terminal, "%.2f GB are kept: the same command goes on from there",
                     (double)j->done / 1e9);
    return err->status;
}

static echo_status run(void *job, echo_error *err)
{
    struct job *j = job;
    const struct hub_watch watch = { j, stopped, show_progress, show_check, show_note };
    double began = clock_now();

    if (!j->common.word)
        return echo_fail(err, ECHO_ERR_ARG, "which model? As in: echotts pull base");
    if (catalog_find(j->common.word)) /* which may be called by its repository */
        j->common.word = catalog_find(j->common.word)->name;
    if (hub_settings_read(&j->hub.settings, err) || choose_packed(j, err))
        return err->status;
    j->hub.watch = &watch;
    j->hub.connections = j->connections ? j->connections : USUAL_CONNECTIONS;
    progress_open(&j->terminal.bar, j->common.quiet || j->hub.settings.no_bars);
    if (!fetch(j, err) && !pack(j, err))
        tell(j, clock_now() - began, err);
    pull_free(&j->pull);
    return err->status;
}

static const struct example examples[] = {
    { "pull base", "the base model, 7.5 GB: then say ... -m base" },
    { "pull base --pack int8", "and in one file that opens at once: -m base-int8" },
    { "pull OWNER/NAME@REVISION", "a fine-tune of it" },
    { 0 },
};

const struct command pull_command = {
    .name = "pull",
    .word = "model",
    .words = "base",
    .synopsis = "base|OWNER/NAME[@REVISION] [options]",
    .summary = "fetch a model from the Hugging Face hub",
    .details = "Files go to the cache that Python's huggingface_hub uses, too. The variables "
               "of that library count here (HF_HOME, HF_TOKEN, ...).\n"
               "After Ctrl-C the same command goes on from where it was. Every file is checked "
               "against the hub's checksum. docs/MODELS.md has the details.",
    .examples = examples,
    .job_size = sizeof(struct job),
    .groups = groups,
    .run = run,
};
