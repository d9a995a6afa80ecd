/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define HUGE_PAGE ((size_t)2 << 20)

void *echo_alloc(size_t bytes)
{
    size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : ECHO_ALIGN;
    void *p;

    if (bytes > PTRDIFF_MAX || posix_memalign(&p, align, bytes ? bytes : 1))
        return NULL;
    if (align == HUGE_PAGE)
        madvise(p, bytes, MADV_HUGEPAGE); /* only advice: nothing to check */
    return p;
}

void echo_free(void *p)
{
    free(p);
}

size_t echo_product(size_t count, size_t size)
{
    return size && count > PTRDIFF_MAX / size ? SIZE_MAX : count * size;
}

echo_status echo_map_open(struct file_map *m, const char *path, echo_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *m = (struct file_map){ 0 };
    if (fd < 0)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return echo_fail(err, ECHO_ERR_FILE, "%s: not a regular file", path);
    }
    if (st.st_size) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

        if (p == MAP_FAILED) {
            int why = errno;

            close(fd);
            return echo_fail(err, why == ENOMEM ? ECHO_ERR_MEMORY : ECHO_ERR_FILE,
                             "%s: cannot be mapped: %s", path, strerror(why));
        }
        m->data = p;
        m->bytes = (size_t)st.st_size;
    }
    close(fd);
    return ECHO_OK;
}

void echo_map_close(struct file_map *m)
{
    if (m->data)
        munmap((void *)(uintptr_t)m->data, m->bytes);
    *m = (struct file_map){ 0 };
}

void echo_map_forget(const void *data, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)data + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)data + bytes) / page * page;

    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED); /* only advice */
}

struct file_out {
    int fd;
    int error; /* errno of the first failure */
    char *path, *beside; /* beside is NULL for standard output */
};

static void out_free(struct file_out **out)
{
    free((*out)->path);
    free((*out)->beside);
    free(*out);
    *out = NULL;
}

/* Devices and pipes cannot be renamed onto: those are written directly. */
static bool is_special(const char *path)
{
    struct stat st;

    return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int open_beside(struct file_out *o, mode_t mode)
{
    for (unsigned i = 0; i < 100; i++) {
        sprintf(o->beside, "%s.%ld-%u.part", o->path, (long)getpid(), i);
        int fd = open(o->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

echo_status echo_out_open(struct file_out **out, const char *path, echo_error *err)
{
    struct file_out *o = calloc(1, sizeof *o);
    struct stat st;

    *out = NULL;
    if (!o || !(o->path = strdup(path)) || !(o->beside = malloc(strlen(path) + 48))) {
        if (o)
            out_free(&o);
        return echo_fail_memory(err, sizeof *o, path);
    }
    if (!strcmp(path, "-") || is_special(path)) {
        free(o->beside);
        o->beside = NULL;
        o->fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CLOEXEC) : dup(STDOUT_FILENO);
    } else if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        o->fd = -1;
    } else {
        o->fd = open_beside(o, 0666);
    }
    if (o->fd < 0) {
        echo_status s = echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s", path,
                                  strerror(errno));

        out_free(&o);
        return s;
    }
    *out = o;
    return ECHO_OK;
}

void echo_out_write(struct file_out *o, const void *data, size_t bytes)
{
    const char *p = data;

    while (bytes && !o->error) {
        ssize_t n = write(o->fd, p, bytes > (1u << 30) ? 1u << 30 : bytes);

        if (n < 0 && errno != EINTR)
            o->error = errno;
        else if (n > 0) {
            p += n;
            bytes -= (size_t)n;
        }
    }
}

bool echo_out_failed(const struct file_out *o)
{
    return o->error != 0;
}

echo_status echo_out_commit(struct file_out **out, echo_error *err)
{
    struct file_out *o = *out;
    echo_status s = ECHO_OK;

    if (close(o->fd) && !o->error)
        o->error = errno;
    if (!o->error && o->beside && rename(o->beside, o->path))
        o->error = errno;
    if (o->error) {
        s = echo_fail(err, ECHO_ERR_FILE, "%s: cannot be written: %s", o->path,
                      strerror(o->error));
        if (o->beside)
            unlink(o->beside);
    }
    out_free(out);
    return s;
}

void echo_out_abort(struct file_out **out)
{
    if (!*out)
        return;
    close((*out)->fd);
    if ((*out)->beside)
        unlink((*out)->beside);
    out_free(out);
}
