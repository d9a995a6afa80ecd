/* SPDX-License-Identifier: MIT */
/*
 * test_failures.c - a whole job, again and again, with the first, the second, ... allocation
 * failing.  The linker sends our calls for memory, mappings and threads through here.
 *
 * Each try must end in ECHO_ERR_MEMORY (or ECHO_ERR_FILE where a mapping failed) with a line,
 * and give back all it took.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "echotts.h"
#include "unit.h"

static long until_failure = -1, held;

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
    return fails() ? EAGAIN : __real_pthread_create(t, a, f, arg);
}

static bool ignore(void *user, const float *pcm, size_t n)
{
    (void)user, (void)pcm, (void)n;
    return true;
}

/* A clip in, latents saved and loaded, speech with a continuation in blocks, decoding. */
static echo_status job(const char *dir, const char *clip, const char *saved, const char *wav,
                       echo_error *e)
{
    static const int blocks[] = { 5, 3 };
    static const float silence[4800];
    echo_model_opts o = { .threads = 2 };
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL, *w = NULL, *x = NULL;
    echo_sink sink = { .audio = ignore };
    echo_encode_opts encode = { .codes = true, .all_frames = true };
    echo_status status;

    if ((status = echo_model_open(&m, dir, &o, e)) || (status = echo_session_open(&s, m, e)) ||
        (status = echo_voice_open(&v, s, clip, NULL, e)) ||
        (status = echo_voice_encode(&x, s, silence, 4800, 22050, &encode, e)) ||
        (status = echo_voice_save(v, saved, e)) ||
        (status = echo_voice_open(&w, s, saved, NULL, e)))
        goto end;
    echo_params p = echo_params_default(m);

    p.steps = 2;
    p.blocks = blocks;
    p.n_blocks = 2;
    p.continuation = w;
    if ((status = echo_generate(s, "Words.", v, &p, &sink, e)) ||
        (status = echo_decode(s, w, &sink, e)))
        goto end;
    status = echo_wav_write(wav, silence, 4800, ECHO_WAV_PCM16, e);
end:
    echo_voice_close(&v);
    echo_voice_close(&w);
    echo_voice_close(&x);
    echo_session_close(&s);
    echo_model_close(&m);
    return status;
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/echotts-failures-XXXXXX", dir[500], clip[600], saved[64], wav[64];
    echo_error e;
    long n = 0;
    echo_status s;

    if (argc < 2)
        return 2;
    if (!CHECK(mkdtemp(folder) != NULL))
        return unit_report();
    snprintf(saved, sizeof saved, "%s/v.safetensors", folder);
    snprintf(wav, sizeof wav, "%s/o.wav", folder);
    snprintf(dir, sizeof dir, "%s/odd", argv[1]);
    snprintf(clip, sizeof clip, "%s/short.wav", argv[1]);
    do {
        long before = held;

        e = (echo_error){ 0 };
        until_failure = n;
        s = job(dir, clip, saved, wav, &e);
        bool failed = until_failure < 0;

        until_failure = -1;
        if (!failed) {
            CHECK_SAY(!s, "%s", e.text);
            break;
        }
        CHECK_SAY(held == before, "allocation %ld fails: %ld are not given back", n,
                  held - before);
        CHECK_SAY(s == ECHO_ERR_MEMORY || s == ECHO_ERR_FILE,
                  "allocation %ld fails: status %d (%s)", n, s, e.text);
        CHECK_SAY(e.status == s && e.text[0], "allocation %ld fails: no line", n);
    } while (++n < 100000);
    CHECK_SAY(n > 300, "only %ld allocations", n);
    remove(saved);
    remove(wav);
    remove(folder);
    return unit_report();
}
