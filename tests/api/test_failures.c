/* SPDX-License-Identifier: MIT */
/*
 * test_failures.c - a whole job, again and again, with the first, the second, ... allocation
 * failing.  The linker sends our calls for memory, mappings and threads through here.
 *
 * Each try must end in ECHO_ERR_MEMORY (or a file's status where a mapping failed) with a line,
 * and give back all it took.
 */
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "echotts_dev.h"
#include "unit.h"

static atomic_long until_failure = -1;
static atomic_long held; /* a piece may be decoded by another thread */
static bool threads_may_fail = true;

static int fails(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}

static void *counted(void *p)
{
    held += p != NULL;
    return p;
}

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
int __real_posix_memalign(void **, size_t, size_t);
char *__real_strdup(const char *);
char *__real_strndup(const char *, size_t);
void __real_free(void *);
int __real_vasprintf(char **, const char *, va_list);
void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_munmap(void *, size_t);
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t a, size_t b);
void *__wrap_realloc(void *p, size_t n);
int __wrap_posix_memalign(void **p, size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
void __wrap_free(void *p);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
int __wrap_munmap(void *p, size_t n);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t a, size_t b)
{
    return fails() ? NULL : counted(__real_calloc(a, b));
}

void *__wrap_realloc(void *p, size_t n)
{
    if (fails())
        return NULL;
    void *q = __real_realloc(p, n);

    held += !p && q;
    return q;
}

int __wrap_posix_memalign(void **p, size_t align, size_t n)
{
    if (fails())
        return ENOMEM;
    int why = __real_posix_memalign(p, align, n);

    held += !why;
    return why;
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : counted(__real_strdup(s));
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : counted(__real_strndup(s, n));
}

void __wrap_free(void *p)
{
    held -= p != NULL;
    __real_free(p);
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
    if (fails())
        return -1;
    int n = __real_vasprintf(out, fmt, ap);

    held += n >= 0;
    return n;
}

void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
    if (fails()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    held++;
    return __real_mmap(at, n, prot, flags, fd, off);
}

int __wrap_munmap(void *p, size_t n)
{
    held--;
    return __real_munmap(p, n);
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *arg)
{
    return threads_may_fail && fails() ? EAGAIN : __real_pthread_create(t, a, f, arg);
}

static bool ignore(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

/* The files that the jobs read and write. */
static struct {
    char folder[40], lora[600], odd[500], clip[600], saved[64], wav[64], model[64], packed[64];
} at;

/* A clip in, latents saved and loaded, speech with a continuation in blocks, decoding. */
static echo_status speaking(echo_error *e)
{
    static const float click[4800] = { 0.5f };
    echo_model_opts o = { .threads = 2, .precision = "f32" };
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL, *w = NULL, *x = NULL;
    echo_sink sink = { .audio = ignore };
    echo_encode_opts encode = { .codes = true, .all_frames = true };
    echo_status status;

    if ((status = echo_model_open(&m, at.model, &o, e)) ||
        (status = echo_session_open(&s, m, e)) ||
        (status = echo_voice_open(&v, s, at.clip, NULL, e)) ||
        (status = echo_voice_encode(&x, s, click, 4800, 22050, &encode, e)) ||
        (status = echo_voice_save(v, at.saved, e)) ||
        (status = echo_voice_open(&w, s, at.saved, NULL, e)))
        goto end;
    echo_params p = echo_params_default(m);

    p.num_steps = 2;
    p.block_sizes = (echo_list){ 2, { 5, 3 } };
    if ((status = echo_continue(s, w, "Words.", v, &p, &sink, e)) ||
        (status = echo_decode(s, w, &sink, e)))
        goto end;
    status = echo_wav_write(at.wav, click, 4800, ECHO_WAV_PCM16, e);
end:
    echo_voice_close(&v);
    echo_voice_close(&w);
    echo_voice_close(&x);
    echo_session_close(&s);
    echo_model_close(&m);
    return status;
}

/* Two recordings as one. */
static echo_status joining(echo_error *e)
{
    const char *const clips[] = { at.clip, at.clip };
    echo_clips_opts o = { .trim = true, .lift = true };
    float *pcm = NULL;
    size_t n = 0;
    echo_status status = echo_clips_read(&pcm, &n, clips, 2, &o, e);

    CHECK(!status == (pcm && n));
    echo_audio_free(&pcm);
    return status;
}

static bool next_piece(void *user, const echo_piece *piece)
{
    *(int *)user += piece->index >= 0;
    return true;
}

/* A text of two pieces, the second in the voice of the first; each decoded beside the next. */
static echo_status speaking_pieces(echo_error *e)
{
    echo_model_opts o = { .threads = 2, .precision = "f32" };
    echo_speak_opts speak = echo_speak_opts_default();
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_status status;
    int pieces = 0;
    echo_speak_sink sink = { .user = &pieces, .audio = ignore, .piece = next_piece };

    if ((status = echo_model_open(&m, at.model, &o, e)) ||
        (status = echo_session_open(&s, m, e)))
        goto end;
    echo_params p = echo_params_default(m);

    p.num_steps = 1;
    p.sequence_length = 4;
    speak.retakes = 0;
    speak.crossfade = 0.01f;
    echo_session_overlap(s, true);
    threads_may_fail = false; /* without one it is decoded here */
    status = echo_speak(s, "The first sentence. And a second one.", NULL, &p, &speak, &sink, e);
    threads_may_fail = true;
    CHECK_SAY(status || pieces == 2, "%d pieces", pieces);
end:
    echo_session_close(&s);
    echo_model_close(&m);
    return status;
}

/* JSON's memory: while a file is read jansson 2.14 itself does not survive its end, later it
 * does, and what we write must be whole. */
static bool json_may_fail, json_fails;

static void *json_memory(size_t n)
{
    return json_may_fail ? __wrap_malloc(n) : counted(__real_malloc(n));
}

static bool has_read(void *user, double done)
{
    (void)user, (void)done;
    json_may_fail = json_fails;
    return true;
}

/* Packing that fails leaves nothing. */
static echo_status packing(echo_error *e)
{
    echo_lora lora = { at.lora, 1 };
    echo_model_opts o = { .threads = 1, .precision = "int8", .codec_precision = "bf16",
                          .loras = &lora, .n_loras = 1, .progress = has_read };
    echo_status status;

    remove(at.packed);
    json_may_fail = false;
    status = echo_model_pack(at.model, at.packed, &o, e);
    CHECK_SAY(!status == !access(at.packed, F_OK), "%s, and the file is %s", e->text,
              status ? "there" : "not there");
    return status;
}

/* So does converting. */
static echo_status converting(echo_error *e)
{
    char from[600];
    echo_status status;

    snprintf(from, sizeof from, "%s/echo.safetensors", at.odd);
    remove(at.packed);
    json_may_fail = false;
    status = echo_model_convert(from, at.packed, &(echo_convert_opts){ .dtype = "f32" }, e);
    CHECK_SAY(!status == !access(at.packed, F_OK), "%s, and the file is %s", e->text,
              status ? "there" : "not there");
    return status;
}

/* So does merging. */
static echo_status merging(echo_error *e)
{
    echo_lora lora = { at.lora, 1 };
    echo_model_opts o = { .threads = 2, .loras = &lora, .n_loras = 1 };
    echo_status status;

    remove(at.saved);
    json_may_fail = false;
    status = echo_model_merge(at.model, at.saved, "bf16", &o, e);
    CHECK_SAY(!status == !access(at.saved, F_OK), "%s, and the file is %s", e->text,
              status ? "there" : "not there");
    return status;
}

/* A packed model, read through, with what it brings of its own, and a few frames of it. */
static echo_status using_packed(echo_error *e)
{
    echo_model_opts o = { .threads = 1 };
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL;
    echo_status status;

    json_may_fail = false;
    if ((status = echo_model_open(&m, at.packed, &o, e)) ||
        (status = echo_model_verify(m, e)) || (status = echo_session_open(&s, m, e)))
        goto end;
    echo_params p = echo_params_default(m);

    CHECK_SAY(p.num_steps == 2 && p.sequence_length == 4, "%d steps, %d frames",
              p.num_steps, p.sequence_length);
    CHECK(echo_model_describe(m).words == 1 && !strcmp(echo_model_word(m, 0), "words"));
    p.trim = false;
    if (!(status = echo_voice_named(&v, s, "anna", NULL, e)))
        status = echo_generate(s, "Words.", v, &p, &(echo_sink){ .audio = ignore }, e);
end:
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
    return status;
}

/* Voices by name. */
static echo_status keeping(echo_error *e)
{
    static float click[9000] = { 0.5f };
    echo_library *lib = NULL;
    echo_voice_info *list = NULL;
    char folder[64], path[96], copy[64];
    int n;
    echo_status status;

    snprintf(folder, sizeof folder, "%s/voices", at.folder);
    snprintf(copy, sizeof copy, "%s/copy.voice", at.folder);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%c.voice", folder, "abc"[i]);
        remove(path);
    }
    if ((status = echo_library_open(&lib, folder, e)) ||
        (status = echo_library_add_pcm(lib, "a", click, 9000, NULL, NULL, e)) ||
        (status = echo_library_rename(lib, "a", "b", e)) ||
        (status = echo_library_export(lib, "b", copy, e)) ||
        (status = echo_library_import(lib, copy, "c", NULL, NULL, e)))
        goto end;
    if (!(status = echo_library_list(lib, &list, &n, e)))
        CHECK(n == 2 && !*list[0].trouble && !*list[1].trouble);
end:
    echo_library_list_free(&list);
    echo_library_close(&lib);
    return status;
}

/* The job with every `step`th allocation failing, until none fails any more. */
static void fail_in_turn(const char *name, echo_status (*job)(echo_error *e), long step,
                         long least)
{
    long n = 0;

    do {
        long before = held;
        echo_error e = { 0 };

        until_failure = n;
        echo_status s = job(&e);
        bool failed = until_failure < 0;

        until_failure = -1;
        if (!failed) {
            CHECK_SAY(!s, "%s: %s", name, e.text);
            break;
        }
        CHECK_SAY(held == before, "%s: allocation %ld fails: %ld are not given back", name, n,
                  held - before);
        CHECK_SAY(s == ECHO_ERR_MEMORY || s == ECHO_ERR_FILE || s == ECHO_ERR_MODEL,
                  "%s: allocation %ld fails: status %d (%s)", name, n, s, e.text);
        CHECK_SAY(e.status == s && e.text[0], "%s: allocation %ld fails: no line", name, n);
    } while ((n += step) < 100000);
    CHECK_SAY(n > least, "%s: only %ld allocations", name, n);
}

/* The odd model once more, with an echotts.json. */
static bool make_model(void)
{
    static const char *const files[] = { "echo", "dac", "pca" };
    char from[600], to[120];
    FILE *f;

    for (int i = 0; i < 3; i++) {
        snprintf(from, sizeof from, "%s/%s.safetensors", at.odd, files[i]);
        snprintf(to, sizeof to, "%s/%s%s.safetensors", at.model, files[i],
                 i == 2 ? "-1-of-1" : ""); /* a shard */
        if (symlink(from, to))
            return false;
    }
    snprintf(to, sizeof to, "%s/anna.wav", at.model);
    if (symlink(at.clip, to))
        return false;
    snprintf(to, sizeof to, "%s/echotts.json", at.model);
    if (!(f = fopen(to, "w")))
        return false;
    fputs("{\"steps\": 2, \"frames\": 4, \"vocabulary\": [\"words\"]}\n", f);
    return !fclose(f);
}

int main(int argc, char **argv)
{
    char command[120], *whole;

    if (argc < 2 || !(whole = realpath(argv[1], NULL)))
        return 2;
    strcpy(at.folder, "/tmp/echotts-failures-XXXXXX");
    if (!CHECK(mkdtemp(at.folder) != NULL))
        return unit_report();
    snprintf(at.saved, sizeof at.saved, "%s/v.safetensors", at.folder);
    snprintf(at.wav, sizeof at.wav, "%s/o.wav", at.folder);
    snprintf(at.packed, sizeof at.packed, "%s/m.echo", at.folder);
    snprintf(at.model, sizeof at.model, "%s", at.folder);
    snprintf(at.odd, sizeof at.odd, "%s/odd", whole);
    snprintf(at.lora, sizeof at.lora, "%s/lora/peft", whole);
    snprintf(at.clip, sizeof at.clip, "%s/short.wav", whole);
    free(whole);
    if (CHECK(make_model())) {
        fail_in_turn("speaking", speaking, 1, 300);
        fail_in_turn("speaking pieces", speaking_pieces, 1, 200);
        fail_in_turn("joining", joining, 1, 10);
        json_set_alloc_funcs(json_memory, __wrap_free);
        fail_in_turn("converting", converting, 1, 10);
        fail_in_turn("keeping voices", keeping, 1, 50);
        fail_in_turn("packing", packing, 7, 300);
        fail_in_turn("merging", merging, 11, 200);
        json_fails = true; /* thousands of times, much the same */
        fail_in_turn("packing, with JSON", packing, 131, 10000);
        fail_in_turn("using a packed model", using_packed, 5, 300);
        json_set_alloc_funcs(__real_malloc, __real_free);
    }
    snprintf(command, sizeof command, "rm -r %s", at.folder);
    CHECK(!system(command));
    return unit_report();
}
