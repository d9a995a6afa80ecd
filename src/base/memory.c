/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
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

echo_status echo_map_fd(struct file_map *m, int fd, uint64_t bytes, const char *name,
                        echo_error *err)
{
    void *p;

    *m = (struct file_map){ 0 };
    if (!bytes)
        return ECHO_OK;
    if ((p = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED)
        return echo_fail(err, errno == ENOMEM ? ECHO_ERR_MEMORY : ECHO_ERR_FILE,
                         "%s: cannot be mapped: %s", name, strerror(errno));
    m->data = p;
    m->bytes = (size_t)bytes;
    return ECHO_OK;
}

echo_status echo_map_open(struct file_map *m, const char *path, echo_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    echo_status s;

    *m = (struct file_map){ 0 };
    if (fd < 0)
        return echo_fail(err, ECHO_ERR_FILE, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        s = echo_fail(err, ECHO_ERR_FILE, "%s: not a regular file", path);
    else
        s = echo_map_fd(m, fd, (uint64_t)st.st_size, path, err);
    close(fd);
    return s;
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
