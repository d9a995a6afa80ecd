/* SPDX-License-Identifier: MIT */
/*
 * test_clips.c - several recordings as one reference, through the public header and the shared
 * library alone.  test_clips DATA
 */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "echotts.h"
#include "unit.h"

#define RATE ECHO_SAMPLE_RATE
#define MOST ((size_t)6400 * 2048)

static char scratch[] = "/tmp/echotts-clips-XXXXXX";

/* ---- files ---- */

static const char *at(const char *name)
{
    static char paths[8][600];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

/* A tone with pauses, of so many seconds, between silence of so many. */
static void make(const char *name, double seconds, double before, double behind, float gain)
{
    size_t n = (size_t)((before + seconds + behind) * RATE), from = (size_t)(before * RATE),
           to = from + (size_t)(seconds * RATE);
    float *pcm = calloc(n, sizeof *pcm);

    for (size_t i = from; i < to; i++)
        pcm[i] = (i - from) % 11025 < 9000 ? gain * sinf((float)(i % 44100) * 0.0427f) : 0;
    CHECK(!echo_wav_write(at(name), pcm, n, ECHO_WAV_FLOAT, NULL));
    free(pcm);
}

static void write_text(const char *name)
{
    CHECK(!echo_file_write(at(name), "some words\n", 11, NULL));
}

/* ---- what is read, and told ---- */

struct result {
    echo_status status;
    float *pcm;
    size_t n;
    echo_error err;
    int warnings;
    char lines[4000];
};

static void listen(void *user, echo_log_level level, const char *line)
{
    struct result *r = user;
    size_t used = strlen(r->lines);

    r->warnings += level == ECHO_LOG_WARNING;
    snprintf(r->lines + used, sizeof r->lines - used, "%s\n", line);
}

static void read_clips(struct result *r, echo_clips_opts o, int n, const char *const *paths)
{
    *r = (struct result){ 0 };
    o.log = listen;
    o.user = r;
    r->status = echo_clips_read(&r->pcm, &r->n, paths, n, &o, &r->err);
    if (r->status)
        CHECK(!r->pcm && !r->n && *r->err.text && !strchr(r->err.text, '\n'));
}

#define READ(r, opts, ...)                                                                     \
    read_clips(r, opts, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)),       \
               (const char *[]){ __VA_ARGS__ })

static void refused(const char *name, struct result *r, echo_status status, const char *words)
{
    CHECK_SAY(r->status == status && strstr(r->err.text, words), "%s: %d, %s", name, r->status,
              r->err.text);
    echo_audio_free(&r->pcm);
}

static const echo_clips_opts plain = { 0 }, trimmed = { .trim = true };

/* ---- joined ---- */

/* The samples of the first file, `gap` of silence, those of the second. */
static bool is_joined(const struct result *r, const char *a, size_t gap, const char *b)
{
    float *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    bool same;

    CHECK(!echo_audio_read(&x, &n, a, 0, NULL) && !echo_audio_read(&y, &m, b, 0, NULL));
    same = r->n == n + gap + m && !memcmp(r->pcm, x, n * sizeof *x) &&
           !memcmp(r->pcm + n + gap, y, m * sizeof *y);
    for (size_t i = n; same && i < n + gap; i++)
        same = r->pcm[i] == 0;
    echo_audio_free(&x);
    echo_audio_free(&y);
    return same;
}

static void check_joined(void)
{
    const char *a = at("set/a.wav"), *b = at("set/b.wav");
    struct result r;
    float *alone;
    size_t n;

    READ(&r, plain, a, b);
    CHECK(!r.status && is_joined(&r, a, RATE, b));
    CHECK_SAY(!r.warnings, "%s", r.lines);
    echo_audio_free(&r.pcm);
    READ(&r, ((echo_clips_opts){ .gap_s = 0.25 }), b, a);
    CHECK(!r.status && is_joined(&r, b, 11025, a));
    echo_audio_free(&r.pcm);
    READ(&r, ((echo_clips_opts){ .gap_s = -1 }), a, b);
    CHECK(!r.status && is_joined(&r, a, 0, b));
    echo_audio_free(&r.pcm);
    CHECK(!echo_clips_read(&r.pcm, &r.n, &a, 1, NULL, NULL)); /* one alone passes bit for bit */
    CHECK(!echo_audio_read(&alone, &n, a, 0, NULL));
    CHECK(n == r.n && !memcmp(alone, r.pcm, n * sizeof *alone));
    echo_audio_free(&alone);
    echo_audio_free(&r.pcm);
}

static void check_folder(void)
{
    struct result r;

    READ(&r, plain, at("set"));
    CHECK(!r.status && is_joined(&r, at("set/a.wav"), RATE, at("set/b.wav")));
    echo_audio_free(&r.pcm);
    READ(&r, plain, at("set/")); /* and by another way to write it */
    CHECK(!r.status && r.n > 0);
    echo_audio_free(&r.pcm);
    READ(&r, plain, at("words"));
    refused("no sound in it", &r, ECHO_ERR_FILE, "words: there are no sound files");
    READ(&r, plain, at("set/a.wav"), at("broken"));
    refused("a damaged file", &r, ECHO_ERR_FILE, "broken/x.wav: ");
}

/* Silence goes, but for a tenth of a second. */
static void check_trim(void)
{
    struct result r;

    READ(&r, trimmed, at("padded.wav"));
    CHECK_SAY(!r.status && !r.warnings && strstr(r.lines, "it is cut"), "%s", r.lines);
    CHECK_SAY(fabs((double)r.n / RATE - 4.2) < 0.1, "%zu samples", r.n);
    CHECK(fabsf(r.pcm[0]) == 0);
    echo_audio_free(&r.pcm);
    READ(&r, plain, at("padded.wav"));
    CHECK_SAY(!r.status && r.warnings == 1 &&
              strstr(r.lines, "padded.wav: silence at its ends"), "%s", r.lines);
    CHECK(r.n == 8 * RATE);
    echo_audio_free(&r.pcm);
}

static float peak_of(const float *pcm, size_t n)
{
    float peak = 0;

    for (size_t i = 0; i < n; i++)
        peak = fmaxf(peak, fabsf(pcm[i]));
    return peak;
}

static void check_levels(void)
{
    struct result r;

    READ(&r, plain, at("set/a.wav"), at("quiet.wav"));
    CHECK_SAY(!r.status && r.warnings == 2 && strstr(r.lines, "quiet.wav: very quiet, ") &&
              strstr(r.lines, "LU quieter than "), "%s", r.lines);
    echo_audio_free(&r.pcm);
    READ(&r, ((echo_clips_opts){ .lift = true }), at("set/a.wav"), at("quiet.wav"));
    CHECK_SAY(!r.status && !r.warnings, "%s", r.lines);
    CHECK(peak_of(r.pcm + 5 * RATE, r.n - 5 * RATE) > 0.05f);
    echo_audio_free(&r.pcm);
    READ(&r, plain, at("unscaled.wav"), at("set/a.wav")); /* does not drown the other one */
    CHECK(!r.status && fabsf(peak_of(r.pcm, 4 * RATE) - 1) < 1e-6f);
    CHECK(fabsf(peak_of(r.pcm + 5 * RATE, r.n - 5 * RATE) - 0.2f) < 1e-3f);
    echo_audio_free(&r.pcm);
}

/* ---- limits ---- */

static void check_limits(void)
{
    struct result r;

    READ(&r, plain, at("long.wav"), at("long.wav"), at("set"), at("quiet.wav"));
    CHECK_SAY(!r.status && r.n == MOST && r.warnings == 2, "%zu samples: %s", r.n, r.lines);
    CHECK(!!strstr(r.lines, "long.wav: 160.0 s long, the first 136.2 s of it are used\n"));
    CHECK(strstr(r.lines, "a.wav, ") && strstr(r.lines, "quiet.wav: left out, "));
    echo_audio_free(&r.pcm);
    READ(&r, plain, at("crumb.wav"));
    refused("too little", &r, ECHO_ERR_FILE, "crumb.wav: the audio is too short: 0.10 s");
    READ(&r, ((echo_clips_opts){ .gap_s = -1 }), at("crumb.wav"));
    refused("too little", &r, ECHO_ERR_FILE, "too short");
    READ(&r, ((echo_clips_opts){ .gap_s = 0.01 }), at("crumb.wav"), at("set/a.wav"));
    CHECK(!r.status && r.n == 4410 + 441 + 4 * RATE);
    CHECK_SAY(!r.warnings, "%s", r.lines); /* all together are long enough */
    echo_audio_free(&r.pcm);
    READ(&r, ((echo_clips_opts){ .gap_s = 0.01 }), at("crumb.wav"), at("crumb.wav"),
         at("crumb.wav"));
    CHECK_SAY(!r.status && r.warnings == 1 && strstr(r.lines, "3 files together: only 0.30 s"),
              "%s", r.lines);
    echo_audio_free(&r.pcm);
    READ(&r, ((echo_clips_opts){ .gap_s = 11 }), at("set/a.wav"));
    refused("gap", &r, ECHO_ERR_ARG, "11 s");
    CHECK(!strcmp(r.err.field, "gap_s"));
    READ(&r, ((echo_clips_opts){ .gap_s = NAN }), at("set/a.wav"));
    refused("gap", &r, ECHO_ERR_ARG, "gap");
}

static void check_refusals(void)
{
    struct result r;

    read_clips(&r, plain, 0, NULL);
    refused("nothing", &r, ECHO_ERR_ARG, "no recordings");
    READ(&r, plain, at("set/a.wav"), at("none.wav"));
    refused("not there", &r, ECHO_ERR_FILE, "none.wav: No such file");
    READ(&r, plain, at("words/x.txt"));
    refused("text", &r, ECHO_ERR_FILE, "x.txt: this is plain text");
    READ(&r, plain, at("silent.wav"), at("set/a.wav"));
    refused("silent", &r, ECHO_ERR_FILE, "silent.wav: the audio is silent");
    READ(&r, plain, "-", "-");
    refused("standard input twice", &r, ECHO_ERR_ARG, "only once");
    CHECK(!strcmp(r.err.field, "paths"));
    CHECK(!mkdir(at("many"), 0700));
    for (int i = 0; i <= ECHO_CLIPS; i++) {
        char name[60];

        snprintf(name, sizeof name, "many/%d.wav", i);
        CHECK(!link(at("set/a.wav"), at(name)));
    }
    READ(&r, plain, at("many"));
    refused("many", &r, ECHO_ERR_FILE, "more than 1000 recordings");
}

static void check_stdin(void)
{
    int fd = open(at("set/a.wav"), O_RDONLY), own = dup(STDIN_FILENO);
    struct result r;

    CHECK(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    READ(&r, plain, "-", at("set/b.wav"));
    CHECK(!r.status && is_joined(&r, at("set/a.wav"), RATE, at("set/b.wav")));
    echo_audio_free(&r.pcm);
    dup2(own, STDIN_FILENO);
    close(own);
    close(fd);
}

/* Told once: not again when it is encoded. */
static void check_encoded(const char *data)
{
    struct result r, again = { 0 };
    echo_encode_opts o = { .log = listen, .user = &again, .examined = true };
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL;
    char path[600];

    READ(&r, plain, at("quiet.wav"));
    CHECK(!r.status && r.warnings == 1);
    snprintf(path, sizeof path, "%s/tiny", data);
    CHECK(!echo_model_open(&m, path, NULL, NULL) && !echo_session_open(&s, m, NULL));
    CHECK(!echo_voice_encode(&v, s, r.pcm, r.n, RATE, &o, NULL) && !*again.lines);
    echo_voice_close(&v);
    o.examined = false;
    CHECK(!echo_voice_encode(&v, s, r.pcm, r.n, RATE, &o, NULL));
    CHECK_SAY(again.warnings == 1 && strstr(again.lines, "the audio: very quiet"), "%s",
              again.lines);
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
    echo_audio_free(&r.pcm);
}

static void make_all(void)
{
    const char *const folders[] = { "set", "set/deeper", "words", "words/folder.wav",
                                    "broken" };

    for (int i = 0; i < 5; i++)
        CHECK(!mkdir(at(folders[i]), 0700));
    make("set/b.wav", 3, 0, 0, 0.3f); /* made first, read second */
    make("set/a.wav", 4, 0, 0, 0.2f);
    make("set/.hidden.wav", 1, 0, 0, 0.3f);
    make("set/deeper/c.wav", 1, 0, 0, 0.3f);
    write_text("set/notes.txt");
    write_text("words/x.txt");
    write_text("broken/x.wav");
    make("padded.wav", 4, 2, 2, 0.3f);
    make("quiet.wav", 4, 0, 0, 0.01f);
    make("unscaled.wav", 4, 0, 0, 30000);
    make("silent.wav", 1, 0, 0, 0);
    make("crumb.wav", 0.1, 0, 0, 0.3f);
    make("long.wav", 160, 0, 0, 0.3f);
}

int main(int argc, char **argv)
{
    char command[100];

    if (!CHECK(argc > 1 && mkdtemp(scratch) != NULL))
        return unit_report();
    make_all();
    check_joined();
    check_folder();
    check_trim();
    check_levels();
    check_limits();
    check_refusals();
    check_stdin();
    check_encoded(argv[1]);
    snprintf(command, sizeof command, "rm -r %s", scratch);
    CHECK(!system(command));
    return unit_report();
}
