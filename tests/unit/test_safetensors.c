/* SPDX-License-Identifier: MIT */
/* test_safetensors.c - hostile files each get their line; good ones give their numbers. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"
#include "weights/safetensors.h"

/* A file: 8 bytes of length, `header`, then data_bytes of zeros.  For free(). */
static unsigned char *file_of(const char *header, uint64_t length, size_t data_bytes,
                              size_t *bytes)
{
    size_t n = strlen(header);
    unsigned char *file = calloc(1, 8 + n + data_bytes);

    *bytes = 8 + n + data_bytes;
    for (int i = 0; i < 8; i++)
        file[i] = (unsigned char)(length >> 8 * i);
    memcpy(file + 8, header, n);
    return file;
}

static void check_refused(const unsigned char *file, size_t bytes, const char *word,
                          const char *shown)
{
    struct safetensors *f = (void *)1;
    echo_error e = { 0 };

    CHECK_SAY(echo_safetensors_parse(&f, "a/bad.safetensors", file, bytes, &e) == e.status &&
                  e.status == ECHO_ERR_FILE && !f,
              "accepted: %.100s", shown);
    CHECK_SAY(!strncmp(e.text, "a/bad.safetensors: ", 19), "no path: %s", e.text);
    CHECK_SAY(strstr(e.text, word) != NULL, "no '%s' in: %s", word, e.text);
}

/* One entry of a header, and a header of one entry. */
#define TENSOR(name, type, shape, offsets)                                        \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" \
    offsets "}"
#define ONE(type, shape, offsets) "{" TENSOR("a", type, shape, offsets) "}"

/* Headers of right length, followed by 100 bytes of data. */
static const struct {
    const char *header, *word;
} hostile[] = {
    { "", "not a safetensors file" },
    { " ", "not a safetensors file" },
    { "hello", "not valid JSON" },
    { "{\"a\"", "not valid JSON" },
    { "{} {}", "not valid JSON" },
    { "{\"a\":1,}", "not valid JSON" },
    { "[]", "not a JSON object" },
    { "[1,2]", "not a JSON object" },
    { "\xff\xff\xff", "not valid JSON" },
    { "{\"\xff\":{}}", "not valid JSON" },
    { "{" TENSOR("a\\u0000b", "F32", "[1]", "[0,4]") "}", "not valid JSON" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("a", "F32", "[1]", "[4,8]") "}",
      "duplicate" },
    { "{" TENSOR("", "F32", "[1]", "[0,4]") "}", "name of 0 bytes" },
    { "{\"a\":1}", "not an object" },
    { "{\"a\":null}", "not an object" },
    { "{\"a\":[\"F32\",[1],[0,4]]}", "not an object" },
    { "{\"a\":\"F32\"}", "not an object" },
    { "{\"a\":{}}", "no dtype" },
    { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", "no dtype" },
    { "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", "no dtype" },
    { ONE("F33", "[1]", "[0,4]"), "unknown dtype 'F33'" },
    { ONE("f32", "[1]", "[0,4]"), "unknown dtype" },
    { ONE("", "[1]", "[0,4]"), "unknown dtype" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", "no shape" },
    { ONE("F32", "4", "[0,4]"), "no shape" },
    { ONE("F32", "{}", "[0,4]"), "no shape" },
    { ONE("F32", "[-1]", "[0,4]"), "whole number" },
    { ONE("F32", "[1.0]", "[0,4]"), "whole number" },
    { ONE("F32", "[\"1\"]", "[0,4]"), "whole number" },
    { ONE("F32", "[true]", "[0,4]"), "whole number" },
    { ONE("F32", "[[1]]", "[0,4]"), "whole number" },
    { ONE("F32", "[1e3]", "[0,4]"), "whole number" },
    { ONE("F32", "[99999999999999999999]", "[0,4]"), "too big" },
    { ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), "9 dimensions" },
    { ONE("F32", "[4294967296,4294967296]", "[0,0]"), "overflows" },
    { ONE("F32", "[9223372036854775807]", "[0,4]"), "overflows" },
    { ONE("F32", "[4611686018427387904,4]", "[0,0]"), "overflows" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "data_offsets" },
    { ONE("F32", "[1]", "4"), "data_offsets" },
    { ONE("F32", "[1]", "[]"), "data_offsets" },
    { ONE("F32", "[1]", "[4]"), "data_offsets" },
    { ONE("F32", "[1]", "[0,4,8]"), "data_offsets" },
    { ONE("F32", "[1]", "[0.0,4]"), "data_offsets" },
    { ONE("F32", "[1]", "[-4,0]"), "data_offsets" },
    { ONE("F32", "[1]", "[0,-4]"), "data_offsets" },
    { ONE("F32", "[1]", "[8,4]"), "begin at 8 but end at 4" },
    { ONE("F32", "[1]", "[100,104]"), "truncated" },
    { ONE("F32", "[26]", "[0,104]"), "truncated" },
    { ONE("F32", "[1]", "[9223372036854775803,9223372036854775807]"), "truncated" },
    { ONE("F32", "[2]", "[0,4]"), "2 elements of F32 but 4" },
    { ONE("F32", "[]", "[0,8]"), "1 elements of F32 but 8" },
    { ONE("F32", "[0]", "[0,4]"), "0 elements of F32 but 4" },
    { ONE("BF16", "[3]", "[0,5]"), "3 elements of BF16" },
    { ONE("F4", "[3]", "[0,1]"), "3 elements of F4" },
    { ONE("F64", "[1]", "[0,4]"), "1 elements of F64" },
    { "{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("b", "F32", "[2]", "[4,12]") "}",
      "'a' and 'b' overlap" },
    { "{" TENSOR("b", "U8", "[1]", "[50,51]") "," TENSOR("empty", "U8", "[0]", "[50,50]")
      "," TENSOR("a", "U8", "[100]", "[0,100]") "}",
      "overlap" },
    { "{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[0,4]") "}",
      "overlap" },
    { ONE("F32", "[1]", "[0,4],\"dtype\":\"F32\""), "duplicate" },
};

static void check_headers(void)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        size_t bytes;
        const char *header = hostile[i].header;
        unsigned char *file = file_of(header, strlen(header), 100, &bytes);

        check_refused(file, bytes, hostile[i].word, header);
        free(file);
    }
}

/* Faults before the header can be read. */
static void check_starts(void)
{
    static const uint64_t lengths[] = { 3, 100000001, 1ull << 40, 1ull << 63, UINT64_MAX };
    static const char *const words[] = { "truncated", "not a safetensors", "not a safetensors",
                                         "not a safetensors", "not a safetensors" };
    static const struct {
        const char *start, *word;
    } lookalikes[] = {
        { "version https://git-lfs.github.com/spec/v1\n", "LFS" },
        { "PK\003\004abcdefghijkl", "ZIP" },
        { "<!DOCTYPE html><html>", "web page" },
        { "GGUF\003...", "GGUF" },
        { "{\"error\":\"no such file\"}", "JSON" },
        { "RIFF....WAVEfmt ", "a WAV file, not safetensors" },
    };
    unsigned char *file;
    size_t bytes;

    check_refused(NULL, 0, "empty", "nothing");
    check_refused((const unsigned char *)"\2\0\0\0\0\0\0", 7, "too short", "7 bytes");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        file = file_of("{}", lengths[i], 0, &bytes);
        check_refused(file, bytes, words[i], "a length");
        free(file);
    }
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++)
        check_refused((const unsigned char *)lookalikes[i].start, strlen(lookalikes[i].start),
                      lookalikes[i].word, lookalikes[i].start);
}

/* Every shorter part of a good file is refused: by its header or by the last byte of data. */
static void check_cuts(void)
{
    size_t bytes;
    static const char header[] = ONE("F32", "[2]", "[0,8]");
    unsigned char *file = file_of(header, strlen(header), 8, &bytes);

    for (size_t n = 0; n < bytes; n++) {
        unsigned char *cut = malloc(n ? n : 1); /* exact, for the sanitizer to watch its end */

        memcpy(cut, file, n);
        check_refused(cut, n, n < 8 ? "" : "truncated", "cut");
        free(cut);
    }
    free(file);
}

static void check_long_names(void)
{
    char header[1200], name[600];
    unsigned char *file;
    size_t bytes;
    struct safetensors *f = NULL;
    echo_error e;

    for (int n = 512; n <= 513; n++) {
        memset(name, 'n', sizeof name);
        name[n] = 0;
        snprintf(header, sizeof header, "{" TENSOR("%s", "U8", "[]", "[0,1]") "}", name);
        file = file_of(header, strlen(header), 1, &bytes);
        if (n == 512)
            CHECK(!echo_safetensors_parse(&f, "x", file, bytes, &e) && f->arrays[0].count == 1);
        else
            check_refused(file, bytes, "513 bytes", "a long name");
        echo_safetensors_close(&f);
        free(file);
    }
}

static void check_good(void)
{
    /* one byte in front makes everything after it unaligned */
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"}," TENSOR("z.pad", "U8", "[1]", "[0,1]") ","
        TENSOR("f", "F32", "[1,3]", "[1,13],\"more\":[]") ","
        TENSOR("b", "BF16", "[2]", "[13,17]") "," TENSOR("h", "F16", "[6]", "[17,29]") ","
        TENSOR("none", "F32", "[9223372036854775807,9223372036854775807,0]", "[5,5]") ","
        TENSOR("d", "F64", "[1]", "[30,38]") "," TENSOR("e", "F8_E4M3", "[2]", "[38,40]") ","
        TENSOR("q", "F4", "[3,2]", "[40,43]") "," TENSOR("s", "F32", "[]", "[43,47]") "}   ";
    static const float floats[3] = { 1.5f, -2, 3e-20f };
    static const uint16_t brain[2] = { 0x3fc0, 0xc040 }; /* 1.5, -3 */
    static const uint16_t half[6] = { 0x3c00, 0xc100, 0x7bff, 0x0001, 0xfc00, 0x8000 };
    static const float half_is[6] = { 1, -2.5f, 65504, 0x1p-24f, -INFINITY, -0.0f };
    const struct array *a;
    struct safetensors *f = NULL;
    size_t bytes;
    unsigned char *file = file_of(header, strlen(header), 50, &bytes);
    unsigned char *data = file + bytes - 50;
    float x[6];
    echo_error e;

    memcpy(data + 1, floats, sizeof floats);
    memcpy(data + 13, brain, sizeof brain);
    memcpy(data + 17, half, sizeof half);
    if (!CHECK_SAY(!echo_safetensors_parse(&f, "good", file, bytes, &e), "%s", e.text))
        return;
    CHECK(f->n == 9 && !strcmp(f->path, "good"));
    for (size_t i = 0; i + 1 < f->n; i++)
        CHECK(strcmp(f->arrays[i].name, f->arrays[i + 1].name) < 0);
    CHECK(!echo_safetensors_find(f, "__metadata__") && !echo_safetensors_find(f, ""));
    a = echo_safetensors_find(f, "f");
    CHECK(a && a->type == ARRAY_F32 && a->dims == 2 && a->shape[0] == 1 && a->shape[1] == 3 &&
          a->count == 3 && a->bytes == 12 && a->data == data + 1);
    echo_array_floats(a, 0, 3, x);
    CHECK(!memcmp(x, floats, sizeof floats));
    echo_array_floats(a, 2, 1, x);
    CHECK(x[0] == floats[2]);
    echo_array_floats(a, 3, 0, x);
    a = echo_safetensors_find(f, "b");
    echo_array_floats(a, 0, 2, x);
    CHECK(x[0] == 1.5f && x[1] == -3);
    a = echo_safetensors_find(f, "h");
    echo_array_floats(a, 0, 6, x);
    CHECK(!memcmp(x, half_is, sizeof half_is));
    a = echo_safetensors_find(f, "none");
    CHECK(a && !a->count && !a->bytes && a->dims == 3);
    echo_array_floats(a, 0, 0, NULL);
    a = echo_safetensors_find(f, "d");
    CHECK(a && a->type == ARRAY_OTHER && a->count == 1 && a->bytes == 8);
    CHECK(echo_safetensors_find(f, "e")->type == ARRAY_OTHER);
    CHECK(echo_safetensors_find(f, "q")->count == 6);
    CHECK(echo_safetensors_find(f, "s")->count == 1 && !echo_safetensors_find(f, "s")->dims);
    echo_safetensors_close(&f);
    CHECK(!f);
    echo_safetensors_close(&f);
    free(file);
    file = file_of("{}", 2, 0, &bytes);
    CHECK(!echo_safetensors_parse(&f, "none", file, bytes, &e) && !f->n);
    CHECK(!echo_safetensors_find(f, "x"));
    echo_safetensors_close(&f);
    free(file);
}

static void check_names(void)
{
    static const char *const names[] = { "F32", "BF16", "F16", "I32",
                                         "I64", "U8", "BOOL", "PANELS_F32",
                                         "PANELS_BF16", "PANELS_I8", "?" };
    static const size_t sizes[] = { 4, 2, 2, 4, 8, 1, 1, 4, 2, 1, 0 };

    for (int t = ARRAY_F32; t <= ARRAY_OTHER; t++) {
        CHECK(!strcmp(echo_array_type_name(t), names[t]));
        CHECK(echo_array_type_size(t) == sizes[t]);
    }
}

static bool fill_ramp(void *user, size_t index, struct file_out *out)
{
    int32_t *calls = user;

    for (int32_t i = 0; i < 5; i++)
        echo_out_write(out, &i, sizeof i);
    return (*calls)-- > 0 && index == 1;
}

static void check_round_trip(const char *folder)
{
    static const float floats[6] = { 1, 2, 3, -4, 5e-9f, 6 };
    static const uint16_t brain[1] = { 0x4000 };
    const struct array arrays[] = {
        { .name = "second \"quoted\" é", .type = ARRAY_F32, .dims = 2, .shape = { 2, 3 },
          .data = floats },
        { .name = "filled", .type = ARRAY_I32, .dims = 1, .shape = { 5 } },
        { .name = "a", .type = ARRAY_BF16, .dims = 0, .data = brain },
        { .name = "nothing", .type = ARRAY_F32, .dims = 1, .shape = { 0 }, .data = floats },
    };
    int32_t calls = 1, ramp[5];
    const struct array *a;
    struct safetensors *f = NULL;
    char path[1024];
    echo_error e;

    snprintf(path, sizeof path, "%s/round.safetensors", folder);
    CHECK_SAY(!echo_safetensors_write(path, arrays, 4, NULL, fill_ramp, &calls, &e), "%s",
              e.text);
    if (!CHECK_SAY(!echo_safetensors_open(&f, path, &e), "%s", e.text))
        return;
    CHECK(f->n == 4 && (uintptr_t)f->arrays[0].data % 2 == 0);
    a = echo_safetensors_find(f, arrays[0].name);
    CHECK(a && a->bytes == sizeof floats && !memcmp(a->data, floats, sizeof floats));
    CHECK(a && (uintptr_t)a->data % 8 == 0); /* the first one: the header is padded */
    a = echo_safetensors_find(f, "filled");
    CHECK(a && a->bytes == sizeof ramp);
    memcpy(ramp, a->data, sizeof ramp);
    CHECK(ramp[0] == 0 && ramp[4] == 4);
    CHECK(echo_safetensors_find(f, "a")->count == 1);
    CHECK(!echo_safetensors_find(f, "nothing")->count);
    echo_safetensors_close(&f);
    unlink(path);
    CHECK(echo_safetensors_write(path, arrays, 4, NULL, fill_ramp, &calls, &e) ==
          ECHO_ERR_CANCELLED);
    CHECK(access(path, F_OK));
    CHECK(echo_safetensors_write("/nowhere/x", arrays, 1, NULL, NULL, NULL, &e) ==
          ECHO_ERR_FILE);
    CHECK_SAY(strstr(e.text, "/nowhere/x") != NULL, "%s", e.text);
    CHECK(echo_safetensors_open(&f, "/nowhere/x", &e) == ECHO_ERR_FILE && !f);
    CHECK(echo_safetensors_open(&f, folder, &e) == ECHO_ERR_FILE && !f);
}

/* A file without data is one long row of headers: the list's limit. */
static void check_many(void)
{
    size_t capacity = 100u << 20, n = 1, bytes;
    char *header = malloc(capacity);
    unsigned char *file;

    header[0] = '{';
    for (int i = 0; i <= 1000000; i++)
        n += (size_t)sprintf(header + n, "%s\"%d\":{}", i ? "," : "", i);
    strcpy(header + n, "}");
    file = file_of(header, n + 1, 0, &bytes);
    check_refused(file, bytes, "more than 1000000", "many");
    free(file);
    free(header);
}

int main(void)
{
    char folder[] = "/tmp/echotts-test-XXXXXX";

    check_names();
    check_starts();
    check_headers();
    check_cuts();
    check_long_names();
    check_good();
    check_many();
    if (CHECK(mkdtemp(folder) != NULL)) {
        check_round_trip(folder);
        CHECK(!rmdir(folder)); /* nothing was left behind */
    }
    return unit_report();
}
