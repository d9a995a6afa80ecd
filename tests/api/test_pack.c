/* SPDX-License-Identifier: MIT */
/*
 * test_pack.c - models in one file, through the public header and the shared library alone.
 * test_pack DATA
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "echotts.h"
#include "unit.h"

static char tiny[500], odd[500], scratch[] = "/tmp/echotts-pack-XXXXXX", out[60], other[60];

#define TEXT "Some words to say."

/* ---- helpers ---- */

/* A whole file, for free(); NULL: there is none. */
static char *whole(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;

    *n = 0;
    if (f && !fseek(f, 0, SEEK_END)) {
        *n = (size_t)ftell(f);
        rewind(f);
        data = malloc(*n + 1);
        *n = fread(data, 1, *n, f);
    }
    if (f)
        fclose(f);
    return data;
}

static bool same_files(const char *a, const char *b)
{
    size_t n, m;
    char *x = whole(a, &n), *y = whole(b, &m);
    bool same = x && y && n == m && !memcmp(x, y, n);

    free(x);
    free(y);
    return same;
}

static int files_in_scratch(void)
{
    DIR *d = opendir(scratch);
    struct dirent *e;
    int n = 0;

    while ((e = readdir(d)))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void pack(const char *dir, const char *path, echo_model_opts o)
{
    echo_error e = { 0 };

    CHECK_SAY(!echo_model_pack(dir, path, &o, &e), "%s", e.text);
}

struct sound {
    float pcm[20 * 2048];
    size_t n;
};

static bool collect(void *user, const float *pcm, size_t n)
{
    struct sound *s = user;

    if (s->n + n > sizeof s->pcm / sizeof *pcm)
        return false;
    memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return true;
}

static void speak(echo_session *s, const echo_model *m, int i, struct sound *to)
{
    echo_params p = echo_params_default(m);
    echo_sink sink = { .user = to, .audio = collect };
    echo_error e = { 0 };

    p.num_steps = 2;
    p.sequence_length = 6 + 7 * i;
    p.rng_seed = (uint64_t)i;
    p.trim = false;
    to->n = 0;
    CHECK_SAY(!echo_generate(s, TEXT, NULL, &p, &sink, &e), "%s", e.text);
}

static echo_session *open_session(echo_model **m, const char *path, echo_model_opts o)
{
    echo_session *s = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!echo_model_open(m, path, &o, &e) && !echo_session_open(&s, *m, &e), "%s",
              e.text);
    return s;
}

/* ---- what is packed ---- */

/* Any level, any number of threads, any time: the same file. */
static void same_everywhere(void)
{
    const char *isa;

    pack(odd, out, (echo_model_opts){ .precision = "int8", .codec_precision = "bf16" });
    for (int i = 0; (isa = echo_isa(i)); i++) {
        pack(odd, other, (echo_model_opts){ .precision = "int8", .codec_precision = "bf16",
                                            .isa = isa, .threads = 1 + i % 3 });
        CHECK_SAY(same_files(out, other), "%s packs other bytes", isa);
    }
    /* nothing asked for is bf16, and err may be NULL */
    pack(odd, out, (echo_model_opts){ .precision = "bf16" });
    CHECK(!echo_model_pack(odd, other, NULL, NULL) && same_files(out, other));
    pack(odd, other, (echo_model_opts){ .precision = "auto", .codec_precision = "" });
    CHECK(same_files(out, other));
}

struct other {
    const echo_model *m;
    int i;
    struct sound out;
};

static void *speak_elsewhere(void *arg)
{
    struct other *o = arg;
    echo_session *s = NULL;

    if (CHECK(!echo_session_open(&s, o->m, NULL)))
        for (int i = 0; i < 3; i++)
            speak(s, o->m, o->i, &o->out);
    echo_session_close(&s);
    return NULL;
}

/* Sessions share a packed model, and it says what the unpacked one says. */
static void sessions(const char *precision)
{
    static struct sound alone[3], plain;
    static struct other others[3];
    echo_model *m = NULL, *unpacked = NULL;
    echo_model_opts o = { .precision = precision, .threads = 2 };
    pthread_t t[3];

    pack(tiny, out, o);
    echo_session *s = open_session(&m, out, o), *u = open_session(&unpacked, tiny, o);
    echo_model_info info = echo_model_describe(m), was = echo_model_describe(unpacked);

    CHECK(info.packed && !was.packed && !strcmp(info.path, out));
    CHECK(!strcmp(info.precision, precision) && !strcmp(info.codec_precision, "f32"));
    CHECK(!strcmp(info.echo_dtype, was.echo_dtype) && !strcmp(info.dac_dtype, was.dac_dtype));
    CHECK(info.echo_parameters == was.echo_parameters && info.layers == was.layers &&
          info.heads == was.heads && info.frame_samples == was.frame_samples);
    CHECK(!echo_model_verify(m, NULL) && !echo_model_verify(unpacked, NULL));
    for (int i = 0; i < 3; i++) {
        speak(s, m, i, &alone[i]);
        speak(u, unpacked, i, &plain);
        CHECK_SAY(plain.n == alone[i].n &&
                      !memcmp(plain.pcm, alone[i].pcm, plain.n * sizeof *plain.pcm),
                  "%s: packed it says something else (%d)", precision, i);
        others[i] = (struct other){ .m = m, .i = i };
        pthread_create(&t[i], NULL, speak_elsewhere, &others[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
        CHECK_SAY(others[i].out.n == alone[i].n &&
                      !memcmp(others[i].out.pcm, alone[i].pcm, alone[i].n * sizeof(float)),
                  "%s: session %d was disturbed", precision, i);
    }
    echo_session_close(&s);
    echo_session_close(&u);
    echo_model_close(&m);
    echo_model_close(&unpacked);
    /* the file may go, or be replaced, while it is used */
    s = open_session(&m, out, o);
    pack(odd, out, o);
    speak(s, m, 1, &plain);
    CHECK(!memcmp(plain.pcm, alone[1].pcm, plain.n * sizeof *plain.pcm));
    CHECK(!remove(out));
    speak(s, m, 1, &plain);
    CHECK(!memcmp(plain.pcm, alone[1].pcm, plain.n * sizeof *plain.pcm));
    echo_session_close(&s);
    echo_model_close(&m);
}

/* The odd model once more, in dir, with an echotts.json. */
static void make_model(const char *dir, const char *settings)
{
    static const char *const files[] = { "echo", "dac", "pca" };
    char from[5000], to[100], *whole_odd = realpath(odd, NULL);
    FILE *f;

    CHECK(whole_odd && !mkdir(dir, 0777));
    for (int i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "%s/%s.safetensors", whole_odd, files[i]);
        snprintf(to, sizeof to, "%s/%s.safetensors", dir, files[i]);
        CHECK(!symlink(from, to));
    }
    free(whole_odd);
    snprintf(to, sizeof to, "%s/echotts.json", dir);
    if (CHECK((f = fopen(to, "w")) != NULL))
        CHECK(fputs(settings, f) >= 0 && !fclose(f));
}

/* The words that a model knows, and how they are asked for; packed or not. */
static void vocabulary(void)
{
    static const char *const known[] = { "a", "don't", "five", "hello", "twenty" };
    static const char *const unknown[] = { "Pizza", "six", "7" };
    echo_model *m = NULL, *open = NULL;
    char dir[60], command[80];
    const char *text;
    size_t n = 99;

    snprintf(dir, sizeof dir, "%s/worded", scratch);
    make_model(dir, "{\"vocabulary\": [\"hello\", \"a\", \"twenty\", \"five\", \"don't\"]}");
    pack(dir, out, (echo_model_opts){ .precision = "int8" });
    for (int i = 0; i < 2; i++) {
        echo_error e = { 0 };

        if (!CHECK_SAY(!echo_model_open(&m, i ? out : dir, NULL, &e), "%s", e.text))
            continue;
        CHECK(echo_model_describe(m).words == 5);
        for (int w = 0; w < 5; w++)
            CHECK(!strcmp(echo_model_word(m, w), known[w]));
        CHECK(!echo_model_word(m, 5) && !echo_model_word(m, -1) && !echo_model_word(m, 99));
        CHECK(!echo_model_unknown(m, "", &n) && !echo_model_unknown(m, "[S1] ...", &n));
        CHECK(!echo_model_unknown(m, "[S1] Hello. Don’t! A TWENTY-five?", &n));
        text = "[S1] Hello, Pizza twenty-six, 7.";
        for (int w = 0; w < 3; w++, text += n)
            CHECK((text = echo_model_unknown(m, text, &n)) && n == strlen(unknown[w]) &&
                  !memcmp(text, unknown[w], n));
        CHECK(!strcmp(text, ".") && !echo_model_unknown(m, text, &n));
        echo_model_close(&m);
    }
    CHECK(!echo_model_open(&open, odd, NULL, NULL)); /* knows of no words, and so any */
    CHECK(echo_model_describe(open).words == 0 && !echo_model_word(open, 0));
    CHECK(!echo_model_unknown(open, "Pizza", &n));
    echo_model_close(&open);
    snprintf(command, sizeof command, "rm -r %s", dir);
    CHECK(!system(command));
}

/* ---- stopping ---- */

struct progress {
    int calls, stop_at;  /* 0: never */
    int restarts, wrong; /* where it falls back; out of order or out of 0 to 1 */
    double last;
};

static bool go_on(void *user, double done)
{
    struct progress *p = user;

    p->wrong += !(done >= 0 && done <= 1 + 1e-9);
    p->restarts += done < p->last;
    p->last = done;
    return ++p->calls != p->stop_at;
}

/* Stopped while loading, making checksums, or writing: cancelled, no file, no part of one. */
static void stopping(void)
{
    struct progress all = { 0 };
    echo_model_opts o = { .precision = "int8", .progress = go_on, .user = &all };
    echo_error e;
    int before = files_in_scratch();

    remove(out);
    pack(odd, out, o);
    CHECK_SAY(all.calls > 100 && !all.wrong && all.restarts <= 1,
              "%d calls, %d wrong, %d restarts", all.calls, all.wrong, all.restarts);
    CHECK_SAY(all.last > 1 - 1e-9, "ends at %g", all.last);
    remove(out);
    before = files_in_scratch();
    for (int i = 1; i <= all.calls; i += i < 5 || i > all.calls - 5 ? 1 : all.calls / 40) {
        struct progress p = { .stop_at = i };

        o.user = &p;
        e = (echo_error){ 0 };
        echo_status s = echo_model_pack(odd, out, &o, &e);

        CHECK_SAY(s == ECHO_ERR_CANCELLED && e.status == s && e.text[0],
                  "stopped at %d of %d: status %d (%s)", i, all.calls, s, e.text);
        CHECK_SAY(p.calls == i, "stopped at %d, called %d times", i, p.calls);
        CHECK_SAY(access(out, F_OK) && files_in_scratch() == before,
                  "stopped at %d: something is left", i);
    }
    /* what was there before stays as it was */
    pack(odd, out, (echo_model_opts){ .precision = "bf16" });
    pack(odd, other, (echo_model_opts){ .precision = "bf16" });
    for (int i = 1; i <= all.calls; i += all.calls - 1) {
        struct progress p = { .stop_at = i };

        o.user = &p;
        CHECK(echo_model_pack(odd, out, &o, NULL) == ECHO_ERR_CANCELLED);
        CHECK(same_files(out, other));
    }
    /* opening: a packed file can be stopped, too */
    struct progress p = { .stop_at = 1 };
    echo_model *m = NULL;

    o = (echo_model_opts){ .progress = go_on, .user = &p };
    CHECK(echo_model_open(&m, out, &o, &e) == ECHO_ERR_CANCELLED && !m);
}

/* ---- refusing ---- */

static void refusing(void)
{
    echo_model_opts o = { .precision = "f32" };
    echo_model *m = NULL;
    echo_error e;

    remove(other);
    CHECK(echo_model_pack(odd, other, &o, &e) == ECHO_ERR_ARG && strstr(e.text, "int8"));
    CHECK(!strcmp(e.field, "precision"));
    o.precision = "fp8";
    CHECK(echo_model_pack(odd, other, &o, &e) == ECHO_ERR_ARG && strstr(e.text, "fp8"));
    CHECK(echo_model_open(&m, odd, &o, &e) == ECHO_ERR_ARG && !m && strstr(e.text, "fp8"));
    o = (echo_model_opts){ .codec_precision = "int8" };
    CHECK(echo_model_pack(odd, other, &o, &e) == ECHO_ERR_ARG && strstr(e.text, "codec"));
    CHECK(echo_model_open(&m, odd, &o, &e) == ECHO_ERR_ARG && !m && strstr(e.text, "codec"));
    o = (echo_model_opts){ .device = "cpu", .codec_device = "vulkan:1" };
    CHECK(echo_model_pack(odd, other, &o, &e) == ECHO_ERR_DEVICE &&
          !strcmp(e.field, "codec_device"));
    o = (echo_model_opts){ .threads = -1 };
    CHECK(echo_model_pack(odd, other, &o, &e) == ECHO_ERR_ARG);
    CHECK(echo_model_pack("/nowhere", other, NULL, &e) == ECHO_ERR_MODEL &&
          strstr(e.text, "/nowhere"));
    CHECK(echo_model_pack(odd, "/nowhere/m.echo", NULL, &e) == ECHO_ERR_FILE &&
          strstr(e.text, "/nowhere/m.echo"));
    CHECK(echo_model_pack(odd, scratch, NULL, &e) == ECHO_ERR_FILE && strstr(e.text, scratch));
    pack(odd, out, (echo_model_opts){ .precision = "int8" });
    o = (echo_model_opts){ .precision = "int8" };
    CHECK(echo_model_pack(out, other, &o, &e) == ECHO_ERR_ARG && strstr(e.text, "packed"));
    o.precision = "bf16";
    CHECK(echo_model_open(&m, out, &o, &e) == ECHO_ERR_ARG && !m &&
          strstr(e.text, "its precision is int8, not bf16") && !strcmp(e.field, "precision"));
    CHECK(access(other, F_OK));
}

/* A bit anywhere in the data is found; each try opens the file anew. */
static void verifying(void)
{
    size_t n = 0, begin;
    int fd = -1;

    pack(odd, out, (echo_model_opts){ .precision = "int8", .codec_precision = "bf16" });
    char *file = whole(out, &n);

    begin = 8 + (((size_t)(unsigned char)file[0]) | (size_t)(unsigned char)file[1] << 8 |
                 (size_t)(unsigned char)file[2] << 16);
    CHECK(begin % 64 == 0 && begin < n && (fd = open(out, O_WRONLY)) >= 0);
    for (size_t at = begin; at < n; at += (n - begin - 1) / 30) {
        char flipped = (char)(file[at] ^ 1 << at % 8);
        echo_error e = { 0 };
        echo_model *m = NULL;

        CHECK(pwrite(fd, &flipped, 1, (off_t)at) == 1);
        echo_status s = echo_model_open(&m, out, NULL, &e);

        if (!s)
            s = echo_model_verify(m, &e);
        CHECK_SAY(s == ECHO_ERR_MODEL && strstr(e.text, out), "byte %zu of %zu: %d (%s)", at, n,
                  s, e.text);
        echo_model_close(&m);
        CHECK(pwrite(fd, file + at, 1, (off_t)at) == 1);
    }
    close(fd);
    free(file);
}

int main(int argc, char **argv)
{
    char command[60];

    if (argc < 2)
        return 2;
    snprintf(tiny, sizeof tiny, "%s/tiny", argv[1]);
    snprintf(odd, sizeof odd, "%s/odd", argv[1]);
    if (!CHECK(mkdtemp(scratch) != NULL))
        return unit_report();
    snprintf(out, sizeof out, "%s/m.echo", scratch);
    snprintf(other, sizeof other, "%s/n.echo", scratch);
    same_everywhere();
    sessions("bf16");
    sessions("int8");
    vocabulary();
    stopping();
    refusing();
    verifying();
    snprintf(command, sizeof command, "rm -r %s", scratch);
    CHECK(!system(command));
    return unit_report();
}
