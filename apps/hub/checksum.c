/* SPDX-License-Identifier: MIT */
#include "hub/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/failure.h"

#define STEP ((size_t)1 << 20)

bool checksum_is_name(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef");

    return !name[n] && (n == 64 || n == 40);
}

static bool begin(EVP_MD_CTX *c, const char *hash, uint64_t size)
{
    char head[40];
    bool git = strlen(hash) == 40;
    int n = snprintf(head, sizeof head, "blob %llu", (unsigned long long)size) + 1;

    return c && EVP_DigestInit_ex(c, git ? EVP_sha1() : EVP_sha256(), NULL) &&
           (!git || EVP_DigestUpdate(c, head, (size_t)n));
}

static bool is_same(EVP_MD_CTX *c, const char *hash)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned n = 0;

    if (!EVP_DigestFinal_ex(c, bytes, &n))
        return false;
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return !strcasecmp(hex, hash);
}

echo_status checksum_file(bool *good, const char *path, const char *hash,
                          bool (*progress)(void *user, double done), void *user,
                          echo_error *err)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    char *buffer = malloc(STEP);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = { 0 };
    uint64_t done = 0;
    ssize_t n = -1;

    *good = false;
    if (fd < 0 || fstat(fd, &st))
        echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be read: %s", path, strerror(errno));
    else if (!buffer || !begin(c, hash, (uint64_t)st.st_size))
        echo_fail(err, ECHO_ERR_MEMORY, "out of memory for a checksum");
    else
        while ((n = read(fd, buffer, STEP)) > 0) {
            EVP_DigestUpdate(c, buffer, (size_t)n);
            done += (uint64_t)n;
            if (progress && !progress(user, (double)done / (double)st.st_size)) {
                echo_fail(err, ECHO_ERR_CANCELLED, "stopped");
                break;
            }
        }
    if (n < 0 && fd >= 0 && buffer)
        echo_fail(err, ECHO_ERR_FILE, "%.600s: cannot be read: %s", path, strerror(errno));
    if (!n)
        *good = is_same(c, hash);
    EVP_MD_CTX_free(c);
    free(buffer);
    if (fd >= 0)
        close(fd);
    return n ? err->status : ECHO_OK;
}
