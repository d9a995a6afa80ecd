/* SPDX-License-Identifier: MIT */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"

#define EXACT (JSON_COMPACT | JSON_REAL_PRECISION(17)) /* doubles come back as they were */

struct job {
    char *part, *log; /* names */
    FILE *sound, *lines;
    int voice_frames; /* of the voice that was written last */
    bool has_pieces;  /* there is something to go on behind */
};

/* ---- opening ---- */

static char *name_of(const char *output, const char *ending)
{
    size_t n = strlen(output) + strlen(ending) + 1;
    char *name = malloc(n);

    if (name)
        snprintf(name, n, "%s%s", output, ending);
    return name;
}

void job_close(struct job **job, bool done)
{
    struct job *j = *job;

    if (!j)
        return;
    if (j->sound)
        fclose(j->sound);
    if (j->lines)
        fclose(j->lines);
    if (done) {
        unlink(j->part);
        unlink(j->log);
    }
    free(j->part);
    free(j->log);
    free(j);
    *job = NULL;
}

static echo_status not_opened(const char *name, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be opened: %s", name, strerror(errno));
}

/* Two programs that write one file would spoil it.  Where files cannot be locked, all is as it
 * would be without locks. */
static bool is_busy(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
}

static echo_status busy(const char *name, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: another echotts is writing it", name);
}

static FILE *open_file(const char *name, bool create)
{
    int fd = open(name, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0666);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r+b");

    if (fd >= 0 && !f)
        close(fd);
    return f;
}

static echo_status open_files(struct job **out, const char *output, bool create,
                              echo_error *err)
{
    struct job *j = calloc(1, sizeof *j);

    *out = j;
    if (!j || !(j->part = name_of(output, ".part")) || !(j->log = name_of(output, ".part.log")))
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory");
    if (!(j->sound = open_file(j->part, create)))
        return not_opened(j->part, err);
    if (is_busy(fileno(j->sound)))
        return busy(j->part, err);
    if (!(j->lines = open_file(j->log, create)))
        return not_opened(j->log, err);
    return ECHO_OK;
}

/* To the disk: the next piece may be interrupted by a power cut. */
static echo_status write_line(struct job *j, json_t *line, echo_error *err)
{
    bool good = line && !json_dumpf(line, j->lines, EXACT) && fputc('\n', j->lines) != EOF &&
                !fflush(j->lines) && !fdatasync(fileno(j->lines));

    json_decref(line);
    if (good)
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s", j->log, strerror(errno));
}

/* The files before it go only once it is known that nobody writes them. */
static echo_status empty_files(struct job *j, echo_error *err)
{
    if (!ftruncate(fileno(j->sound), 0) && !ftruncate(fileno(j->lines), 0))
        return ECHO_OK;
    return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s", j->part, strerror(errno));
}

echo_status job_begin(struct job **out, const char *output, uint64_t seed, echo_error *err)
{
    echo_status status = open_files(out, output, true, err);
    bool ours = !status;
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, seed);
    if (!status)
        status = empty_files(*out, err);
    if (!status)
        status = write_line(*out, json_pack("{s:i, s:s}", "echotts_job", 1, "seed", digits),
                            err);
    if (status)
        job_close(out, ours);
    return status;
}

/* ---- writing ---- */

static echo_status failed(const struct job *j, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s", j->part, strerror(errno));
}

echo_status job_write(struct job *j, const float *pcm, size_t n, echo_error *err)
{
    return fwrite(pcm, sizeof *pcm, n, j->sound) == n ? ECHO_OK : failed(j, err);
}

static json_t *pack_voice(const echo_voice *v)
{
    int frames, size;
    const float *latent = echo_voice_latent(v, &frames, &size);
    json_t *numbers = json_array();

    for (int i = 0; i < frames * size; i++)
        json_array_append_new(numbers, json_real(latent[i]));
    return json_pack("{s:i, s:i, s:o}", "frames", frames, "size", size, "latent", numbers);
}

/* Of the roles that were heard: role, pace, how often. */
static json_t *pack_paces(const echo_checkpoint *c)
{
    json_t *paces = json_array();

    for (int i = 0; i < ECHO_MAX_ROLES; i++)
        if (c->cast[i].heard)
            json_array_append_new(paces, json_pack("[i, f, i]", i, c->cast[i].pace,
                                                   c->cast[i].heard));
    return paces;
}

static json_t *pack_checkpoint(const echo_checkpoint *c)
{
    char job[24];

    snprintf(job, sizeof job, "%016" PRIx64, c->job); /* JSON's integers have a sign */
    return json_pack("{s:s, s:I, s:I, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:o}", "job", job,
                     "byte", (json_int_t)c->byte, "samples", (json_int_t)c->samples, "part",
                     c->part, "speaker", c->speaker, "pieces", c->pieces, "heard", c->heard,
                     "pace", c->pace, "level", c->level, "level_samples", c->level_samples,
                     "cast", pack_paces(c));
}

/* The voice grows with the first pieces, and then no more. */
static void add_voice(struct job *j, json_t *line, const echo_voice *v)
{
    int frames = 0;

    if (v)
        echo_voice_latent(v, &frames, NULL);
    if (frames == j->voice_frames)
        return;
    json_object_set_new(line, "voice", pack_voice(v));
    j->voice_frames = frames;
}

echo_status job_piece(struct job *j, const echo_piece *p, echo_error *err)
{
    json_t *line;

    if (fflush(j->sound) || fdatasync(fileno(j->sound)))
        return failed(j, err);
    line = json_pack("{s:s, s:i, s:f, s:f}", "text", p->text, "level", p->level, "begin_s",
                     p->begin_s, "end_s", p->end_s);
    if (p->role)
        json_object_set_new(line, "role", json_string(p->role));
    json_object_set_new(line, "turn", json_integer(p->turn));
    if (p->resumable)
        json_object_set_new(line, "next", pack_checkpoint(&p->next));
    add_voice(j, line, p->voice);
    j->has_pieces |= p->resumable;
    return write_line(j, line, err);
}

echo_status job_copy(struct job *j, echo_writer *w, size_t from, size_t to, echo_error *err)
{
    float pcm[4096];
    size_t n;
    echo_status status = ECHO_OK;

    if (fflush(j->sound) || fseeko(j->sound, (off_t)(from * sizeof *pcm), SEEK_SET))
        return failed(j, err);
    for (; !status && from < to; from += n) {
        n = to - from < 4096 ? to - from : 4096;
        if (!(n = fread(pcm, sizeof *pcm, n, j->sound)))
            break;
        status = echo_writer_write(w, pcm, n, err);
    }
    if (!status && ferror(j->sound))
        return echo_fail(err, ECHO_ERR_FILE, "%s: cannot be read: %s", j->part,
                         strerror(errno));
    return status;
}

/* ---- going on ---- */

static bool unpack_paces(const json_t *paces, echo_checkpoint *c)
{
    const json_t *one;
    size_t i;

    json_array_foreach(paces, i, one) {
        json_int_t role = json_integer_value(json_array_get(one, 0));

        if (role < 0 || role >= ECHO_MAX_ROLES)
            return false;
        c->cast[role].pace = json_number_value(json_array_get(one, 1));
        c->cast[role].heard = (int)json_integer_value(json_array_get(one, 2));
    }
    return true;
}

static bool unpack_checkpoint(const json_t *o, echo_checkpoint *c)
{
    json_int_t byte, samples;
    const char *job;
    json_error_t why;

    if (json_unpack_ex((json_t *)(uintptr_t)o, &why, 0,
                       "{s:s, s:I, s:I, s:i, s:i, s:i, s:i, s:F, s:F, s:F}", "job", &job,
                       "byte", &byte, "samples", &samples, "part", &c->part, "speaker",
                       &c->speaker, "pieces", &c->pieces, "heard", &c->heard, "pace", &c->pace,
                       "level", &c->level, "level_samples", &c->level_samples))
        return false;
    c->job = strtoull(job, NULL, 16);
    c->byte = (uint64_t)byte;
    c->samples = (uint64_t)samples;
    return byte >= 0 && samples >= 0 && unpack_paces(json_object_get(o, "cast"), c);
}

static echo_voice *unpack_voice(const json_t *o)
{
    const json_t *numbers = json_object_get(o, "latent");
    int frames = (int)json_integer_value(json_object_get(o, "frames"));
    int size = (int)json_integer_value(json_object_get(o, "size"));
    size_t n = json_array_size(numbers);
    echo_voice *v = NULL;
    float *latent;

    if (frames < 1 || size < 1 || n != (size_t)frames * (size_t)size ||
        !(latent = malloc(n * sizeof *latent)))
        return NULL;
    for (size_t i = 0; i < n; i++)
        latent[i] = (float)json_number_value(json_array_get(numbers, i));
    echo_voice_from_latent(&v, latent, frames, size, NULL);
    free(latent);
    return v;
}

/* All lines of a log together. */
struct past {
    bool begun;
    long good; /* bytes of the log that count */
    uint64_t seed;
    echo_checkpoint next;
    echo_voice *own, *pending_own; /* pending: until a line with a checkpoint */
    struct subtitles cues, pending;
};

static void take_cue(struct subtitles *to, const json_t *line)
{
    const struct subtitle cue = {
        .text = (char *)(uintptr_t)json_string_value(json_object_get(line, "text")),
        .role = (char *)(uintptr_t)json_string_value(json_object_get(line, "role")),
        .turn = (int)json_integer_value(json_object_get(line, "turn")),
        .level = (int)json_integer_value(json_object_get(line, "level")),
        .begin_s = json_number_value(json_object_get(line, "begin_s")),
        .end_s = json_number_value(json_object_get(line, "end_s")),
    };

    subtitles_add(to, &cue);
}

static void settle(struct past *p, long at)
{
    for (int i = 0; i < p->pending.n; i++)
        subtitles_add(&p->cues, &p->pending.items[i]);
    subtitles_close(&p->pending);
    if (p->pending_own) {
        echo_voice_close(&p->own);
        p->own = p->pending_own;
        p->pending_own = NULL;
    }
    p->good = at;
}

static void take_line(struct past *p, const json_t *line, long at)
{
    const json_t *voice = json_object_get(line, "voice");
    const char *seed = json_string_value(json_object_get(line, "seed"));

    if (seed) {
        p->begun = true;
        p->seed = strtoull(seed, NULL, 10);
        p->good = at;
    }
    if (!json_is_string(json_object_get(line, "text")))
        return;
    take_cue(&p->pending, line);
    if (voice) {
        echo_voice_close(&p->pending_own);
        p->pending_own = unpack_voice(voice);
    }
    if (unpack_checkpoint(json_object_get(line, "next"), &p->next))
        settle(p, at);
}

/* The last line may be cut short. */
static void read_log(struct past *p, FILE *f)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t n;
    long at = 0;

    while ((n = getline(&text, &room, f)) > 0 && text[n - 1] == '\n') {
        json_t *line = json_loads(text, 0, NULL);

        at += n;
        if (line)
            take_line(p, line, at);
        json_decref(line);
    }
    free(text);
    subtitles_close(&p->pending);
    echo_voice_close(&p->pending_own);
}

static echo_status cut(struct job *j, const struct past *p, echo_error *err)
{
    off_t bytes = (off_t)(p->next.samples * sizeof(float));

    fflush(j->sound);
    fflush(j->lines);
    if (fseeko(j->sound, 0, SEEK_END) || ftello(j->sound) < bytes)
        return echo_fail(err, ECHO_ERR_FILE, "%s: shorter than its log says: --no-resume "
                                             "starts over", j->part);
    if (ftruncate(fileno(j->sound), bytes) || ftruncate(fileno(j->lines), p->good) ||
        fseeko(j->sound, 0, SEEK_END) || fseek(j->lines, 0, SEEK_END))
        return failed(j, err);
    return ECHO_OK;
}

echo_status job_resume(struct job **out, const char *output, echo_checkpoint *next,
                       uint64_t *seed, echo_voice **own, struct subtitles *s, echo_error *err)
{
    struct past past = { 0 };
    echo_status status = open_files(out, output, false, err);

    if (!status)
        read_log(&past, (*out)->lines);
    if (!status && !past.begun)
        status = echo_fail(err, ECHO_ERR_FILE, "%s: no job of echotts: --no-resume starts over",
                           (*out)->log);
    if (!status)
        status = cut(*out, &past, err);
    if (status) {
        echo_voice_close(&past.own);
        subtitles_close(&past.cues);
        job_close(out, false);
        return status;
    }
    if (past.own)
        echo_voice_latent(past.own, &(*out)->voice_frames, NULL);
    (*out)->has_pieces = past.next.pieces > 0;
    *next = past.next;
    *seed = past.seed;
    *own = past.own;
    *s = past.cues;
    return ECHO_OK;
}

bool job_is_possible(const char *output)
{
    struct stat about;

    return strcmp(output, "-") && (stat(output, &about) || S_ISREG(about.st_mode));
}

echo_status job_find(const char *output, bool *exists, double *seconds, echo_error *err)
{
    char *part = name_of(output, ".part"), *log = name_of(output, ".part.log");
    FILE *f = part && log && !access(log, F_OK) ? fopen(part, "rb") : NULL;
    echo_status status = ECHO_OK;

    *exists = f != NULL;
    *seconds = 0;
    if (f && is_busy(fileno(f)))
        status = busy(part, err);
    else if (f && !fseeko(f, 0, SEEK_END))
        *seconds = (double)ftello(f) / sizeof(float) / ECHO_SAMPLE_RATE;
    if (f)
        fclose(f);
    free(part);
    free(log);
    return status;
}

bool job_has_pieces(const struct job *j)
{
    return j->has_pieces;
}
