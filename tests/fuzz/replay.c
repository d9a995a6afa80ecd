/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target over the files of the folders given, without a fuzzer: what
 * once failed does not fail again.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a small file; for free(). */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    long n;

    if (f && !fseek(f, 0, SEEK_END) && (n = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET) &&
        (data = malloc((size_t)n + !n)) && fread(data, 1, (size_t)n, f) != (size_t)n) {
        free(data);
        data = NULL;
    }
    if (data)
        *size = (size_t)n;
    if (f)
        fclose(f);
    return data;
}

/* How many files were run; -1 if one could not be. */
static int run_folder(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *entry;
    char path[4096];
    int count = 0;

    if (!d)
        return -1;
    while (count >= 0 && (entry = readdir(d))) {
        uint8_t *data;
        size_t size;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if ((data = read_file(path, &size))) {
            LLVMFuzzerTestOneInput(data, size); /* a failure aborts */
            count++;
        } else {
            count = -1;
        }
        free(data);
    }
    closedir(d);
    return count;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = argc < 2;

    for (int i = 1; i < argc; i++) {
        int count = run_folder(argv[i]);

        if (count <= 0) {
            printf("%s: nothing could be read\n", argv[i]);
            failed++;
        } else {
            passed += count;
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
