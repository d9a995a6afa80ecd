/* SPDX-License-Identifier: MIT */
/* test_library.c - voices by name: kept, found, moved, damaged, encoded once.
 * test_library DATA */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/flac.h"
#include "audio/audio.h"
#include "engine/library.h"
#include "engine/voice.h"
#include "engine/voice_cache.h"
#include "unit.h"

static char root[] = "/tmp/echotts-library-XXXXXX", folder[PATH_MAX], clip[PATH_MAX];

#define OK(call) CHECK_SAY(!(call), "%s: %s", #call, e.text)

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static char *in_scratch(char path[PATH_MAX], const char *name)
{
    snprintf(path, PATH_MAX, "%s/%s", root, name);
    return path;
}

static echo_library *open_library(void)
{
    echo_library *lib;
    echo_error e = { 0 };

    OK(echo_library_open(&lib, folder, &e));
    return lib;
}

static void add(echo_library *lib, const char *name)
{
    const char *const paths[] = { clip };
    echo_library_opts o = { .consent = "she agreed: \"all\" \xc3\xbc", .license = "CC0-1.0" };
    echo_error e = { 0 };

    OK(echo_library_add(lib, name, paths, 1, &o, NULL, &e));
}

static int count(echo_library *lib)
{
    echo_voice_info *list;
    echo_error e = { 0 };
    int n;

    OK(echo_library_list(lib, &list, &n, &e));
    echo_library_list_free(&list);
    return n;
}

/* ---- names ---- */

static void names(void)
{
    static const struct {
        const char *given, *name, *file; /* file NULL: refused */
    } cases[] = {
        { "anna", "anna", "anna.voice" },
        { "Anna Maria", "Anna Maria", "Anna Maria.voice" },
        { "Zoe\xcc\x88", "Zo\xc3\xab", "Zo\xc3\xab.voice" },
        { "a:b?%", "a:b?%", "a%3ab%3f%25.voice" },
        { "Dr.", "Dr.", "Dr%2e.voice" },
        { "a\\b", "a\\b", "a%5cb.voice" },
        { "--", "--", "--.voice" },
        { "", NULL, NULL },
        { "-", NULL, NULL },
        { ".hidden", NULL, NULL },
        { "..", NULL, NULL },
        { "a/b", NULL, NULL },
        { " a", NULL, NULL },
        { "a\xe2\x80\x83", NULL, NULL }, /* an em space */
        { "a\nb", NULL, NULL },
        { "a\xc2\x9b", NULL, NULL },     /* CSI */
        { "a\xe2\x80\xae""b", NULL, NULL }, /* turns the direction round */
        { "\xff", NULL, NULL },
        { "slt.wav", NULL, NULL },
        { "slt.VOICE", NULL, NULL },
        { "1234567890123456789012345678901234567890123456789012345678901234", "12345678901234"
          "56789012345678901234567890123456789012345678901234", "1234567890123456789012345678"
          "901234567890123456789012345678901234.voice" },
        { "12345678901234567890123456789012345678901234567890123456789012345", NULL, NULL },
    };
    char name[ECHO_VOICE_NAME], file[VOICE_FILE];
    echo_error e;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        echo_status s = echo_voice_name(name, cases[i].given, &e);

        if (!cases[i].file) {
            CHECK_SAY(s == ECHO_ERR_ARG && !strcmp(e.field, "name"), "took case %zu", i);
            continue;
        }
        CHECK_SAY(!s && !strcmp(name, cases[i].name), "case %zu: %s", i, e.text);
        echo_voice_name_file(file, name);
        CHECK_SAY(!strcmp(file, cases[i].file), "%s", file);
        CHECK(echo_voice_name_of_file(name, file) && !strcmp(name, cases[i].name));
    }
    CHECK(!echo_voice_name_of_file(name, "a%00b.voice"));
    CHECK(!echo_voice_name_of_file(name, "a%2fb.voice"));
    CHECK(!echo_voice_name_of_file(name, "%2e.voice"));
    CHECK(!echo_voice_name_of_file(name, "a%3.voice"));
    CHECK(!echo_voice_name_of_file(name, ".voice") && !echo_voice_name_of_file(name, "a.wav"));
}

/* ---- sound ---- */

static void flac(void)
{
    enum { N = 10000 };
    static float pcm[N];
    unsigned char *bytes;
    float *back;
    size_t n, length;
    echo_error e = { 0 };
    uint32_t r = 1;

    for (int i = 0; i < N; i++) {
        r = r * 1664525 + 1013904223;
        pcm[i] = (float)((int32_t)r >> 8) / 8388608;
    }
    pcm[0] = -1;
    OK(echo_flac_make(&bytes, &length, pcm, N, &e));
    OK(echo_audio_load_memory(&back, &n, bytes, length, "it", 0, &e));
    CHECK(n == N && !memcmp(back, pcm, sizeof pcm));
    echo_free(back);
    free(bytes);
}

/* ---- by name ---- */

static void find(echo_library *lib, const char *name, const char *wanted)
{
    echo_voice_info v;
    echo_error e = { 0 };
    echo_status s = echo_library_find(lib, name, &v, &e);

    if (wanted)
        CHECK_SAY(!s && !strcmp(v.name, wanted), "%s: %s", name, s ? e.text : v.name);
    else
        CHECK_SAY(s == ECHO_ERR_ARG && !strcmp(e.field, "voice"), "found %s", name);
}

static void by_name(void)
{
    echo_library *lib = open_library(), *other = open_library();
    const char *const paths[] = { clip, clip };
    echo_voice_info *list, v;
    echo_error e = { 0 };
    struct stat st;
    int n;

    CHECK(count(lib) == 0 && stat(folder, &st)); /* looking makes nothing */
    find(lib, "anna", NULL);
    add(lib, "Zoe\xcc\x88");
    add(lib, "anna");
    OK(echo_library_list(other, &list, &n, &e));
    CHECK(n == 2 && !strcmp(list[0].name, "Zo\xc3\xab") && !strcmp(list[1].name, "anna"));
    CHECK(!strcmp(list[1].consent, "she agreed: \"all\" \xc3\xbc"));
    CHECK(!strcmp(list[1].license, "CC0-1.0") && !strcmp(list[1].source, "voice.wav"));
    CHECK(strlen(list[1].added) == 20 && strlen(list[1].checksum) == 32 && !*list[1].trouble);
    CHECK(list[1].seconds > 0.5 && list[1].bytes > 1000 && !list[1].latents);
    echo_library_list_free(&list);
    find(lib, "anna", "anna");
    find(lib, "ANNA", "anna");
    find(lib, "Anna.voice", "anna");
    find(lib, "zO\xc3\x8b", "Zo\xc3\xab");
    find(lib, "zoe", NULL);
    find(lib, "../anna", NULL);

    /* a taken name: of any case */
    CHECK(echo_library_add(lib, "aNNa", paths, 1, NULL, NULL, &e) == ECHO_ERR_ARG);
    CHECK_SAY(!strcmp(e.field, "replace") && strstr(e.text, "'anna' already"), "%s", e.text);
    CHECK(echo_library_rename(lib, "anna", "ZO\xc3\x8b", &e) == ECHO_ERR_ARG);
    OK(echo_library_add(lib, "aNNa", paths, 2, &(echo_library_opts){ .replace = true }, &v,
                        &e));
    CHECK(!strcmp(v.name, "aNNa") && !strcmp(v.source, "voice.wav, voice.wav"));
    CHECK(count(other) == 2 && !*v.consent);
    find(other, "anna", "aNNa");
    OK(echo_library_rename(lib, "anna", "Anna", &e));
    find(other, "anna", "Anna");
    OK(echo_library_rename(lib, "Anna", "bert", &e));
    find(other, "anna", NULL);
    CHECK(echo_library_rename(lib, "anna", "x", &e) == ECHO_ERR_ARG);
    OK(echo_library_remove(lib, "BERT", &e));
    CHECK(echo_library_remove(lib, "bert", &e) == ECHO_ERR_ARG && count(other) == 1);
    OK(echo_library_remove(lib, "Zo\xc3\xab", &e));
    CHECK(count(lib) == 0);

    /* notes */
    echo_library_opts o = { .consent = "two\nlines" };

    CHECK(echo_library_add(lib, "a", paths, 1, &o, NULL, &e) == ECHO_ERR_ARG);
    CHECK(!strcmp(e.field, "consent") && count(lib) == 0);
    echo_library_close(&lib);
    echo_library_close(&other);
    CHECK(!lib);
    echo_library_close(&lib);
}

static void refused_sound(void)
{
    echo_library *lib = open_library();
    const char *const missing[] = { "/nowhere/a.wav" };
    static float silence[20000], tone[20000];
    echo_error e = { 0 };

    CHECK(echo_library_add(lib, "a", missing, 1, NULL, NULL, &e) == ECHO_ERR_FILE);
    CHECK(echo_library_add(lib, "a", missing, 0, NULL, NULL, &e) == ECHO_ERR_ARG);
    CHECK(echo_library_add_pcm(lib, "a", silence, 20000, NULL, NULL, &e) == ECHO_ERR_ARG);
    for (int i = 0; i < 20000; i++)
        tone[i] = (float)(i % 100) / 50 - 1;
    CHECK(echo_library_add_pcm(lib, "a", tone, 8191, NULL, NULL, &e) == ECHO_ERR_ARG);
    tone[5] = 1e30f * 1e30f;
    CHECK(echo_library_add_pcm(lib, "a", tone, 20000, NULL, NULL, &e) == ECHO_ERR_ARG);
    CHECK(count(lib) == 0);
    tone[5] = 2; /* above full scale: the whole is scaled */
    OK(echo_library_add_pcm(lib, "a", tone, 20000, NULL, NULL, &e));

    float *pcm;
    size_t n;

    OK(echo_library_clip(&pcm, &n, lib, "a", &e));
    CHECK(n == 20000 && pcm[5] > 0.999f && fabsf(pcm[6] - tone[6] / 2) < 1e-6f);
    echo_audio_free(&pcm);
    OK(echo_library_remove(lib, "a", &e));
    echo_library_close(&lib);
}

/* ---- files that move, and damaged ones ---- */

static unsigned char *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    unsigned char *data = malloc(1 << 20);

    *n = f ? fread(data, 1, 1 << 20, f) : 0;
    if (f)
        fclose(f);
    return data;
}

static void write_all(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    CHECK(f && fwrite(data, 1, n, f) == n);
    if (f)
        fclose(f);
}

static void check_refused(echo_library *lib, const char *path, const char *what, size_t at)
{
    echo_error e = { 0 };

    CHECK_SAY(echo_library_import(lib, path, "bad", NULL, NULL, &e) == ECHO_ERR_FILE &&
                  strstr(e.text, path),
              "%s %zu: %s", what, at, e.text);
}

static void copies(void)
{
    echo_library *lib = open_library();
    char out[PATH_MAX], again[PATH_MAX], inside[PATH_MAX];
    unsigned char *a, *b;
    size_t n, m, header;
    echo_voice_info v;
    echo_error e = { 0 };

    in_scratch(out, "out.voice");
    in_scratch(again, "again.voice");
    add(lib, "anna");
    OK(echo_library_export(lib, "anna", out, &e));
    CHECK(echo_library_import(lib, out, NULL, NULL, NULL, &e) == ECHO_ERR_ARG);
    OK(echo_library_remove(lib, "anna", &e));
    OK(echo_library_import(lib, out, NULL, NULL, &v, &e));
    CHECK(!strcmp(v.name, "anna") && !strcmp(v.consent, "she agreed: \"all\" \xc3\xbc"));
    OK(echo_library_import(lib, out, "berta", NULL, &v, &e));
    CHECK(!strcmp(v.name, "berta") && !strcmp(v.license, "CC0-1.0"));
    OK(echo_library_export(lib, "anna", again, &e));
    a = read_all(out, &n);
    b = read_all(again, &m);
    CHECK(n == m && n < 1 << 20 && !memcmp(a, b, n));
    CHECK(!strncmp((char *)a + 8, "{\"__metadata__\"", 15));

    /* every byte of the header, and some of the data; then cut short */
    header = 8 + (a[0] | (size_t)a[1] << 8);
    for (size_t i = 0; i < n; i += i < header ? 1 : 997) {
        a[i] ^= 1 << i % 8;
        write_all(again, a, n);
        check_refused(lib, again, "flipped", i);
        a[i] ^= 1 << i % 8;
    }
    for (size_t i = 0; i < n; i += i < header ? 13 : 5003) {
        write_all(again, a, i);
        check_refused(lib, again, "cut", i);
    }
    check_refused(lib, clip, "sound", 0);

    /* in the folder: listed with what is wrong, refused by name, and still to be removed */
    in_scratch(inside, "data/voices/carl.voice");
    a[n - 1] ^= 1;
    write_all(inside, a, n);
    CHECK(echo_library_export(lib, "carl", again, &e) == ECHO_ERR_FILE &&
          strstr(e.text, "checksum"));
    write_all(inside, a, n / 2);
    OK(echo_library_find(lib, "carl", &v, &e));
    CHECK(!strcmp(v.name, "carl") && *v.trouble && count(lib) == 3);
    CHECK(echo_library_rename(lib, "carl", "dora", &e) == ECHO_ERR_FILE);
    OK(echo_library_remove(lib, "carl", &e));
    /* what another program copies there has the name of its file */
    a[n - 1] ^= 1;
    write_all(inside, a, n);
    find(lib, "carl", "carl");
    OK(echo_library_remove(lib, "carl", &e));
    mkfifo(inside, 0600); /* nobody waits for it */
    CHECK(count(lib) == 2);
    find(lib, "carl", NULL);
    unlink(inside);
    OK(echo_library_remove(lib, "anna", &e));
    OK(echo_library_remove(lib, "berta", &e));
    free(a);
    free(b);
    echo_library_close(&lib);
}

/* Notes that lie, over a header of right form. */
static void hostile(void)
{
#define NOTES(format, name, consent, seconds, sum)                                             \
    "{\"__metadata__\":{\"echotts_voice\":" format ",\"name\":" name ",\"consent\":" consent   \
    ",\"license\":\"\",\"source\":\"\",\"added\":\"\",\"codec\":\"\",\"seconds\":" seconds     \
    ",\"checksum\":" sum "},"
#define SUM "\"00000000000000000000000000000000\""
#define CLIP "\"clip\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}"
#define FINE(name) NOTES("\"1\"", name, "\"\"", "\"1.00\"", SUM)
    static const struct {
        const char *header, *word;
    } cases[] = {
        { FINE("\"a\"") CLIP, "checksum" },
        { "{\"__metadata__\":{\"x\":\"1\"}," CLIP, "another kind" },
        { "{" CLIP, "another kind" },
        { "{\"__metadata__\":[]," CLIP, "another kind" },
        { NOTES("\"2\"", "\"a\"", "\"\"", "\"1\"", SUM) CLIP, "newer" },
        { NOTES("1", "\"a\"", "\"\"", "\"1\"", SUM) CLIP, "format" },
        { FINE("\"../../a\"") CLIP, "name" },
        { FINE("\"a\\u001b[2J\"") CLIP, "'name'" },
        { FINE("\"\"") CLIP, "name" },
        { FINE("7") CLIP, "no text" },
        { NOTES("\"1\"", "\"a\"", "\"b\\nc\"", "\"1\"", SUM) CLIP, "consent" },
        { NOTES("\"1\"", "\"a\"", "\"\"", "\"nan\"", SUM) CLIP, "seconds" },
        { NOTES("\"1\"", "\"a\"", "\"\"", "\"1e99\"", SUM) CLIP, "seconds" },
        { NOTES("\"1\"", "\"a\"", "\"\"", "\"-1\"", SUM) CLIP, "seconds" },
        { NOTES("\"1\"", "\"a\"", "\"\"", "\"\"", SUM) CLIP, "seconds" },
        { NOTES("\"1\"", "\"a\"", "\"\"", "\"1\"", "\"../x\"") CLIP, "checksum" },
        { FINE("\"a\"") "\"x\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}",
          "neither" },
        { FINE("\"a\"") "\"clip\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
          "neither" },
        { FINE("\"a\"") "\"latent\":{\"dtype\":\"F32\",\"shape\":[2,1,1],"
                        "\"data_offsets\":[0,8]}}", "neither" },
        { FINE("\"a\"") "\"clip\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
                        "\"more\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[8,8]}}",
          "2 arrays" },
    };
    echo_library *lib = open_library();
    char path[PATH_MAX];
    unsigned char file[2000];
    echo_error e;

    in_scratch(path, "hostile.voice");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].header);

        memset(file, 0, sizeof file);
        file[0] = n & 255;
        file[1] = n >> 8 & 255;
        memcpy(file + 8, cases[i].header, n);
        write_all(path, file, n + 16);
        check_refused(lib, path, "hostile", i);
        echo_library_import(lib, path, NULL, NULL, NULL, &e);
        CHECK_SAY(strstr(e.text, cases[i].word) != NULL, "%zu: %s", i, e.text);
    }
    echo_library_close(&lib);
}

/* A right checksum over what is no FLAC: it is not given to a decoder. */
static void no_flac(void)
{
    char bytes[] = "#EXTM3U\nhttp://localhost/\n", path[PATH_MAX];
    struct voice_file v = { .about = { .name = "a" },
                            .array = { .name = "clip", .type = ARRAY_U8, .dims = 1,
                                       .shape = { sizeof bytes }, .data = bytes,
                                       .bytes = sizeof bytes } };
    echo_library *lib = open_library();
    echo_error e = { 0 };

    OK(echo_voice_file_write(in_scratch(path, "no.voice"), &v, &e));
    CHECK(echo_library_import(lib, path, NULL, NULL, NULL, &e) == ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "not FLAC") != NULL, "%s", e.text);
    echo_library_close(&lib);
}

/* ---- at once ---- */

enum { WRITERS = 4, EACH = 4 };

static int write_beside(int i)
{
    echo_library *lib = open_library();
    const char *const paths[] = { clip };
    char name[32];
    int won = 0;

    unit_failed = 0;
    for (int k = 0; k < EACH; k++) {
        snprintf(name, sizeof name, "voice %d %d", i, k);
        add(lib, name);
        snprintf(name, sizeof name, "same %d", k);
        won += !echo_library_add(lib, name, paths, 1, NULL, NULL, NULL);
    }
    echo_library_close(&lib);
    return unit_failed ? 99 : won;
}

static void at_once(void)
{
    echo_library *lib = open_library();
    pid_t pids[WRITERS];
    int status, won = 0, lock, n;
    echo_voice_info *list;
    echo_error e = { 0 };
    char path[PATH_MAX];
    struct stat st;

    for (int i = 0; i < WRITERS; i++)
        if (!(pids[i] = fork()))
            _exit(write_beside(i));
    for (int i = 0; i < WRITERS; i++) {
        waitpid(pids[i], &status, 0);
        won += WEXITSTATUS(status);
    }
    CHECK_SAY(won == EACH, "%d writers were told that a name was theirs", won);
    CHECK(count(lib) == WRITERS * EACH + EACH);

    /* whoever does not get the lock says so; what was left behind goes */
    in_scratch(path, "data/voices/x.voice.1-0.part");
    write_all(path, "x", 1);
    utimensat(AT_FDCWD, path, (struct timespec[2]){ { .tv_sec = 1 }, { .tv_sec = 1 } }, 0);
    OK(echo_shelf_lock(&lock, folder, 1, &e));
    CHECK(stat(path, &st));
    CHECK(echo_shelf_lock(&n, folder, 0.02, &e) == ECHO_ERR_FILE && n < 0);
    CHECK(strstr(e.text, "another program") != NULL);
    CHECK(count(lib) == WRITERS * EACH + EACH); /* readers do not wait */
    echo_shelf_unlock(lock);
    OK(echo_library_list(lib, &list, &n, &e));
    for (int i = 0; i < n; i++)
        OK(echo_library_remove(lib, list[i].name, &e));
    echo_library_list_free(&list);
    echo_library_close(&lib);
}

/* ---- encoded once ---- */

static bool counting(void *user, echo_stage stage, int done, int total)
{
    (void)stage, (void)done, (void)total;
    ++*(int *)user;
    return true;
}

static echo_voice *encoded(echo_library *lib, echo_session *s, bool lift, bool fresh)
{
    int calls = 0;
    echo_encode_opts o = { .lift = lift, .progress = counting, .user = &calls };
    echo_voice *v = NULL;
    echo_error e = { 0 };

    OK(echo_library_voice(&v, lib, s, "anna", &o, &e));
    CHECK_SAY(fresh == (calls > 0), "%s", fresh ? "not encoded" : "encoded again");
    return v;
}

static bool same(const echo_voice *a, const echo_voice *b)
{
    return a && b && a->frames == b->frames && a->size == b->size &&
           !memcmp(a->latent, b->latent, (size_t)a->frames * (size_t)a->size * sizeof(float));
}

static char cached[PATH_MAX];

static int remember(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)where;
    if (kind == FTW_F && st->st_size && strstr(path, ".safetensors"))
        snprintf(cached, sizeof cached, "%s", path);
    return 0;
}

static const char *cache_file(void)
{
    char path[PATH_MAX];

    *cached = 0;
    nftw(in_scratch(path, "cache"), remember, 8, FTW_PHYS);
    return cached;
}

static void check_damage(echo_library *lib, echo_session *s, const echo_voice *first)
{
    size_t n;
    unsigned char *bytes = read_all(cache_file(), &n);
    echo_voice *v;

    for (int kind = 0; kind < 4; kind++) {
        if (kind < 2)
            bytes[kind ? n - 3 : 30] ^= 1;
        write_all(cached, bytes, kind == 2 ? n / 2 : kind == 3 ? 0 : n);
        if (kind < 2)
            bytes[kind ? n - 3 : 30] ^= 1;
        v = encoded(lib, s, false, true);
        CHECK(same(v, first));
        echo_voice_close(&v);
    }
    v = encoded(lib, s, false, false);
    CHECK(same(v, first));
    echo_voice_close(&v);
    free(bytes);
}

static void once(echo_session *s, echo_session *other)
{
    echo_library *lib = open_library();
    echo_voice *direct = NULL, *first, *v;
    const char *const paths[] = { clip };
    float *pcm;
    size_t n;
    echo_error e = { 0 };

    add(lib, "anna");
    OK(echo_voice_open(&direct, s, clip, NULL, &e));
    first = encoded(lib, s, false, true);
    CHECK(same(first, direct)); /* 16 bits are kept */
    v = encoded(lib, s, false, false);
    CHECK(same(first, v));
    echo_voice_close(&v);
    check_damage(lib, s, first);
    v = encoded(lib, other, false, true);
    echo_voice_close(&v);
    v = encoded(lib, s, true, true);
    echo_voice_close(&v);

    /* another clip under this name */
    OK(echo_audio_read(&pcm, &n, clip, 0, &e));
    for (size_t i = 0; i < n; i++)
        pcm[i] *= 0.5f;
    OK(echo_library_add_pcm(lib, "anna", pcm, n, &(echo_library_opts){ .replace = true }, NULL,
                            &e));
    echo_audio_free(&pcm);
    CHECK(!*cache_file()); /* what was made of the old one has gone */
    v = encoded(lib, s, false, true);
    CHECK(!same(v, first));
    echo_voice_close(&v);
    /* and by another program, which replaces the file */
    OK(echo_library_add(lib, "b", paths, 1, NULL, NULL, &e));
    char from[PATH_MAX], to[PATH_MAX];

    in_scratch(from, "data/voices/b.voice");
    in_scratch(to, "data/voices/anna.voice");
    CHECK(!rename(from, to));
    v = encoded(lib, s, false, true);
    CHECK(same(v, first));
    echo_voice_close(&v);

    /* a name is one way to it, its path another */
    OK(echo_voice_open(&v, s, to, NULL, &e));
    CHECK(same(v, first));
    echo_voice_close(&v);
    CHECK(echo_voice_load(&v, s, to, &e) == ECHO_ERR_FILE && strstr(e.text, "recording"));
    CHECK(echo_library_voice(&v, lib, s, "anna", &(echo_encode_opts){ .max_frames = 2 }, &e) ==
          ECHO_ERR_FILE && !v);
    OK(echo_library_remove(lib, "anna", &e));
    CHECK(echo_library_voice(&v, lib, s, "anna", NULL, &e) == ECHO_ERR_ARG && !v);
    echo_voice_close(&first);
    echo_voice_close(&direct);
    echo_library_close(&lib);
}

static void heard(void *user, echo_log_level level, const char *line)
{
    (void)level;
    *(bool *)user |= strstr(line, "not kept") != NULL;
}

/* The cache cannot be written: a line, and the voice. */
static void no_cache(echo_session *s)
{
    echo_library *lib = open_library();
    char path[PATH_MAX];
    bool told = false;
    echo_encode_opts o = { .log = heard, .user = &told };
    echo_voice *v;
    echo_error e = { 0 };

    write_all(in_scratch(path, "nothing"), "", 0);
    setenv("XDG_CACHE_HOME", path, 1);
    add(lib, "anna");
    OK(echo_library_voice(&v, lib, s, "anna", &o, &e));
    CHECK(v && told);
    echo_voice_close(&v);
    setenv("XDG_CACHE_HOME", in_scratch(path, "cache"), 1);
    OK(echo_library_remove(lib, "anna", &e));
    echo_library_close(&lib);
}

static void bounded(void)
{
    char path[PATH_MAX], dir[PATH_MAX];
    struct stat st;

    mkdir(in_scratch(dir, "b"), 0700);
    for (int i = 0; i < 4; i++) {
        struct timespec used = { .tv_sec = 100 + i * 7 % 4 };
        struct timespec at[2] = { used, used };

        in_scratch(path, (char[]){ 'b', '/', (char)('0' + i), 0 });
        write_all(path, "1234567890", 10);
        utimensat(AT_FDCWD, path, at, 0);
    }
    echo_voice_cache_trim(dir, 25); /* used in the order 0, 3, 2, 1 */
    for (int i = 0; i < 4; i++) {
        in_scratch(path, (char[]){ 'b', '/', (char)('0' + i), 0 });
        CHECK(!stat(path, &st) == (i == 1 || i == 2));
    }
}

/* ---- latents ---- */

static void latents(echo_session *s, echo_session *other)
{
    echo_library *lib = open_library();
    char path[PATH_MAX], out[PATH_MAX];
    const char *const paths[] = { in_scratch(path, "latents.safetensors") };
    float *pcm, some[4 * 80] = { 1 };
    size_t n;
    int size;
    echo_voice *v, *back;
    echo_voice_info info;
    echo_error e = { 0 };

    OK(echo_voice_open(&v, s, clip, NULL, &e));
    OK(echo_voice_save(v, path, &e));
    OK(echo_library_add(lib, "l", paths, 1, NULL, &info, &e));
    CHECK(info.latents && strlen(info.codec) == 16 && info.seconds > 0.5);
    OK(echo_library_voice(&back, lib, s, "L", NULL, &e));
    CHECK(same(v, back));
    echo_voice_close(&back);
    CHECK(echo_library_voice(&back, lib, other, "l", NULL, &e) == ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "another") != NULL, "%s", e.text);
    CHECK(echo_library_clip(&pcm, &n, lib, "l", &e) == ECHO_ERR_ARG &&
          !strcmp(e.field, "latents"));
    OK(echo_library_export(lib, "l", in_scratch(out, "l.voice"), &e));
    CHECK(echo_library_add(lib, "m", (const char *const[]){ out }, 1, NULL, NULL, &e) ==
              ECHO_ERR_FILE && strstr(e.text, "import"));
    OK(echo_library_import(lib, out, "m", NULL, NULL, &e));
    OK(echo_voice_load(&back, s, out, &e));
    CHECK(same(v, back));
    echo_voice_close(&back);

    /* of the same size, and another codec */
    echo_voice_latent(v, NULL, &size);
    v->codec = 1;
    OK(echo_voice_save(v, path, &e));
    CHECK(echo_voice_open(&back, s, path, NULL, &e) == ECHO_ERR_FILE &&
          strstr(e.text, "another codec"));
    OK(echo_library_add(lib, "n", paths, 1, NULL, NULL, &e));
    CHECK(echo_library_voice(&back, lib, s, "n", NULL, &e) == ECHO_ERR_FILE &&
          strstr(e.text, "another codec"));
    echo_voice_close(&v);
    /* and what says nothing of it */
    OK(echo_voice_from_latent(&v, some, 4, size, &e));
    OK(echo_voice_save(v, path, &e));
    OK(echo_library_add(lib, "n", paths, 1, &(echo_library_opts){ .replace = true }, &info,
                        &e));
    CHECK(!*info.codec);
    OK(echo_library_voice(&back, lib, s, "n", NULL, &e));
    CHECK(same(v, back));
    echo_voice_close(&back);
    echo_voice_close(&v);
    for (const char *name = "lmn"; *name; name++)
        OK(echo_library_remove(lib, (char[]){ *name, 0 }, &e));
    echo_library_close(&lib);
}

/* ---- places ---- */

static void places(void)
{
    echo_library *lib;
    char path[PATH_MAX];
    const char *const paths[] = { clip };
    echo_error e = { 0 };

    setenv("ECHOTTS_VOICES", "/somewhere", 1);
    OK(echo_library_open(&lib, NULL, &e));
    CHECK(!strcmp(echo_library_folder(lib), "/somewhere") && count(lib) == 0);
    echo_library_close(&lib);
    setenv("ECHOTTS_VOICES", "", 1);
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", root, 1);
    OK(echo_library_open(&lib, NULL, &e));
    CHECK(!strcmp(echo_library_folder(lib), in_scratch(path, ".local/share/echotts/voices")));
    echo_library_close(&lib);
    unsetenv("HOME");
    OK(echo_library_open(&lib, NULL, &e));
    CHECK(!*echo_library_folder(lib) && count(lib) == 0);
    find(lib, "a", NULL);
    CHECK(echo_library_add(lib, "a", paths, 1, NULL, NULL, &e) == ECHO_ERR_FILE &&
          strstr(e.text, "ECHOTTS_VOICES"));
    echo_library_close(&lib);
    OK(echo_library_open(&lib, clip, &e)); /* a file */
    CHECK(echo_library_find(lib, "a", NULL, &e) == ECHO_ERR_FILE);
    CHECK(echo_library_add(lib, "a", paths, 1, NULL, NULL, &e) == ECHO_ERR_FILE);
    echo_library_close(&lib);
}

int main(int argc, char **argv)
{
    echo_model *m[2] = { NULL };
    echo_session *s[2] = { NULL };
    char path[PATH_MAX];
    echo_error e = { 0 };

    CHECK(argc > 1 && mkdtemp(root) != NULL);
    in_scratch(folder, "data/voices");
    setenv("XDG_CACHE_HOME", in_scratch(path, "cache"), 1);
    snprintf(clip, sizeof clip, "%s/tiny/voice.wav", argv[1]);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], i ? "odd" : "tiny");
        OK(echo_model_open(&m[i], path, NULL, &e));
        OK(echo_session_open(&s[i], m[i], &e));
    }
    names();
    flac();
    by_name();
    refused_sound();
    copies();
    hostile();
    no_flac();
    once(s[0], s[1]);
    no_cache(s[0]);
    latents(s[0], s[1]);
    at_once();
    bounded();
    places();
    for (int i = 0; i < 2; i++) {
        echo_session_close(&s[i]);
        echo_model_close(&m[i]);
    }
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return unit_report();
}
