/* SPDX-License-Identifier: MIT */
/*
 * test_torch.c - archives and pickles by hand, and files that PyTorch made (argv[1],
 * tests/data/pt/make.py): hostile ones each get their line, good ones give their numbers.
 */
#include <stdbool.h>
#include <stdio.h>

#include "archive.h"
#include "base/memory.h"
#include "unit.h"
#include "weights/pickle.h"
#include "weights/torch.h"
#include "weights/zip.h"

#define PATH "a/bad.pt"

/* Bytes with zeros in them, and their number. */
#define B(text) text, sizeof text - 1

static void check_line(const echo_error *e, const char *word, const char *shown)
{
    CHECK_SAY(e->status == ECHO_ERR_FILE, "%s: status %d", shown, e->status);
    CHECK_SAY(!strncmp(e->text, PATH ": ", sizeof PATH + 1), "%s: no path: %s", shown, e->text);
    CHECK_SAY(strstr(e->text, word) != NULL, "%s: no '%s' in: %s", shown, word, e->text);
}

/* ---- archives ---- */

static struct archive good_archive(void)
{
    struct archive a = archive_begin(100);

    archive_add(&a, "n/one", "hello", 5);
    archive_add(&a, "n/two", "", 0);
    archive_add(&a, "n/three", "worlds", 6);
    archive_end(&a);
    return a;
}

static void check_entries(const struct archive *a, const char *shown)
{
    const struct zip_entry *e;
    echo_error err = { 0 };
    struct zip z;

    if (!CHECK_SAY(!echo_zip_open(&z, PATH, a->at, a->bytes, &err), "%s: %s", shown, err.text))
        return;
    CHECK(z.n == 3 && !echo_zip_find(&z, "n/on") && !echo_zip_find(&z, "n/onet"));
    CHECK((e = echo_zip_find(&z, "n/one")) && e->bytes == 5 && !memcmp(e->data, "hello", 5));
    CHECK((e = echo_zip_find(&z, "n/two")) && e->bytes == 0);
    CHECK((e = echo_zip_find(&z, "n/three")) && e->bytes == 6 && !memcmp(e->data, "worlds", 6));
    echo_zip_close(&z);
}

static size_t list_of(const struct archive *a)
{
    return a->bytes - 22 - a->list_bytes;
}

/* A number in the good archive is another: from the list's first entry, or from the end. */
static const struct {
    size_t at;
    bool of_end;
    int bytes;
    uint64_t number;
    const char *word;
} lies[] = {
    { 0, false, 1, 'X', "list of entries is cut" },
    { 8, false, 2, 1, "'n/one' is encrypted" },
    { 10, false, 2, 8, "'n/one' is compressed" },
    { 10, false, 2, 99, "compressed" },
    { 20, false, 4, 4, "two sizes" },
    { 24, false, 4, 1u << 30, "two sizes" },
    { 20, false, 4, 0xffffffff, "64 bits" },
    { 28, false, 2, 0, "no name" },
    { 28, false, 2, 999, "list of entries is cut" },
    { 30, false, 2, 999, "list of entries is cut" },
    { 42, false, 4, 9999, "outside" },
    { 42, false, 4, 1, "headers differ" },
    { 42, false, 4, 0xffffffff, "64 bits" },
    { 46, false, 1, 0, "zero byte" },
    { 46, false, 1, 'm', "headers differ" },
    { 4, true, 2, 1, "volumes" },
    { 10, true, 2, 60000, "too short for so many" },
    { 12, true, 4, 1u << 30, "lies outside" },
    { 16, true, 4, 1u << 30, "lies outside" },
    { 20, true, 2, 7, "no list of its entries" },
};

static void check_lies(void)
{
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct archive a = good_archive();
        size_t from = lies[i].of_end ? a.bytes - 22 : list_of(&a);
        echo_error e = { 0 };
        struct zip z;
        char shown[40];

        snprintf(shown, sizeof shown, "lie %zu", i);
        archive_number(a.at + from + lies[i].at, lies[i].number, lies[i].bytes);
        CHECK_SAY(echo_zip_open(&z, PATH, a.at, a.bytes, &e) && !z.entries, "%s", shown);
        check_line(&e, lies[i].word, shown);
        free(a.at);
    }
}

/* The second entry's place is that of the first, or lies in its data. */
static void check_overlaps(void)
{
    struct archive a = good_archive(), inside = archive_begin(200);
    uint8_t *second = a.at + list_of(&a) + 46 + 5;
    uint8_t inner[] = "PK\3\4" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0" "bX";
    echo_error e = { 0 };
    struct zip z;

    archive_number(second + 42, 0, 4);
    memcpy(second + 46, "n/one", 5);
    archive_number(second + 20, 5, 4);
    archive_number(second + 24, 5, 4);
    CHECK(echo_zip_open(&z, PATH, a.at, a.bytes, &e));
    check_line(&e, "overlap", "one place twice");
    free(a.at);

    archive_add(&inside, "a", inner, sizeof inner - 1);
    memcpy(inside.list + 47, "PK\1\2", 4);
    archive_number(inside.list + 47 + 20, 1, 4);
    archive_number(inside.list + 47 + 24, 1, 4);
    archive_number(inside.list + 47 + 28, 1, 2);
    archive_number(inside.list + 47 + 42, 31, 4);
    inside.list[47 + 46] = 'b';
    inside.list_bytes += 47;
    inside.entries = 2;
    archive_end(&inside);
    CHECK(echo_zip_open(&z, PATH, inside.at, inside.bytes, &e));
    check_line(&e, "overlap", "one in the other");
    free(inside.at);

    a = good_archive();
    second = a.at + list_of(&a) + 46 + 5;
    memcpy(second + 46, "n/one", 5);
    memcpy(a.at + 30 + 5 + 5 + 30, "n/one", 5);
    CHECK(echo_zip_open(&z, PATH, a.at, a.bytes, &e));
    check_line(&e, "same name", "one name twice");
    free(a.at);
}

/* The same archive with the record of 64 bits; `field` of it may lie. */
static struct archive wide_archive(size_t field, uint64_t number)
{
    struct archive a = good_archive();
    uint8_t end[22], *p = a.at + a.bytes - 22;
    uint64_t list = list_of(&a), at = a.bytes - 22;

    memcpy(end, p, 22);
    memset(p, 0, 56 + 20);
    memcpy(p, "PK\6\6", 4);
    archive_number(p + 4, 44, 8);
    archive_number(p + 24, 3, 8);
    archive_number(p + 32, 3, 8);
    archive_number(p + 40, a.list_bytes, 8);
    archive_number(p + 48, list, 8);
    memcpy(p + 56, "PK\6\7", 4);
    archive_number(p + 56 + 8, at, 8);
    archive_number(p + 56 + 16, 1, 4);
    if (field)
        archive_number(p + field, number, 8);
    archive_number(end + 10, 0xffff, 2);
    archive_number(end + 12, 0xffffffff, 4);
    archive_number(end + 16, 0xffffffff, 4);
    memcpy(p + 76, end, 22);
    a.bytes += 76;
    return a;
}

static void check_wide(void)
{
    static const struct {
        size_t field;
        uint64_t number;
        const char *word;
    } wrong[] = {
        { 32, 1u << 20, "too short for so many" }, { 32, UINT64_MAX, "too short for so many" },
        { 40, UINT64_MAX, "outside" },   { 48, UINT64_MAX, "outside" },
        { 48, 1u << 20, "outside" },     { 56 + 8, UINT64_MAX, "record of 64 bits" },
        { 56 + 8, 0, "record of 64" },
    };
    struct archive a = wide_archive(0, 0);

    check_entries(&a, "64 bits");
    free(a.at);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        echo_error e = { 0 };
        struct zip z;

        a = wide_archive(wrong[i].field, wrong[i].number);
        CHECK_SAY(echo_zip_open(&z, PATH, a.at, a.bytes, &e), "64 bits, lie %zu", i);
        check_line(&e, wrong[i].word, "64 bits");
        free(a.at);
    }
}

static void check_archives(void)
{
    struct archive a = good_archive();

    check_entries(&a, "good");
    archive_number(a.at + 6, 8, 2); /* sizes follow the data: the local header has none */
    archive_number(a.at + 22, 0, 4);
    check_entries(&a, "with a descriptor");
    for (size_t n = 0; n < a.bytes; n++) { /* cut anywhere */
        uint8_t *part = malloc(n + 1);
        echo_error e = { 0 };
        struct zip z;

        memcpy(part, a.at, n);
        CHECK_SAY(echo_zip_open(&z, PATH, part, n, &e), "cut at %zu", n);
        check_line(&e, "no list of its entries", "cut");
        free(part);
    }
    memcpy(a.at + a.bytes, "a comment", 9);
    archive_number(a.at + a.bytes - 2, 9, 2);
    a.bytes += 9;
    check_entries(&a, "with a comment");
    free(a.at);
    check_lies();
    check_overlaps();
    check_wide();
}

/* ---- pickles ---- */

static const struct pickle_name names[] = { { "collections", "OrderedDict", PICKLE_DICT },
                                            { "m", "call", PICKLE_CALL },
                                            { 0 } };

static const struct {
    const char *bytes;
    size_t n;
    const char *word;
} hostile[] = {
    { B(""), "ends too early" },
    { B("\x80\2"), "ends too early" },
    { B("\x80\2."), "stack is empty" },
    { B("\x80\2NN."), "more than one value" },
    { B("\x80\2(N."), "more than one value" },
    { B("\x80\1N."), "protocol 1" },
    { B("\x80\6N."), "protocol 6" },
    { B("\x80\2cos\nsystem\nX\2\0\0\0id\x85R."), "wants to call os.system: it is refused" },
    { B("\x80\2cposix\nsystem\n."), "posix.system" },
    { B("\x80\2" "cbuiltins\neval\nX\1\0\0\0" "1\x85R."), "builtins.eval" },
    { B("\x80\2" "c__builtin__\ngetattr\n."), "__builtin__.getattr" },
    { B("\x80\4\x8c\2os\x8c\6system\x93."), "os.system" },
    { B("\x80\4\x8c\13collections\x8c\24OrderedDict.__init__\x93."), "OrderedDict.__init__" },
    { B("\x80\2" "ccollections.abc\nOrderedDict\n."), "collections.abc.OrderedDict" },
    { B("\x80\2" "c\x1b[31m\n\xff\n."), "?[31m.?:" },
    { B("\x80\2" "cos\nsystem"), "a name does not end" },
    { B("\x80\4NN\x93."), "a name is no text" },
    { B("\x80\4N\x93."), "stack is empty" },
    { B("\x80\2" "cm\ncall\n)R)R."), "a result of its own" },
    { B("\x80\2X\1\0\0\0a)R."), "a result of its own" },
    { B("\x80\2" "cm\ncall\nNR."), "a result of its own" },
    { B("\x80\2)R."), "stack is empty" },
    { B("\x80\2" "ccollections\nOrderedDict\n](K\1K\2e\x85R."), "filled by a call" },
    { B("\x80\2" "cm\ncall\n}b."), "change what is no tensor" },
    { B("\x80\2i__main__\nA\n."), "instruction 0x69" },
    { B("\x80\2I1\n."), "instruction 0x49" },
    { B("\x80\2\x82\1."), "instruction 0x82" },
    { B("\x80\2\x97."), "instruction 0x97" },
    { B("\x80\2h\0."), "memo" },
    { B("\x80\2Nq\0h\1."), "memo" },
    { B("\x80\2Nr\xff\xff\xff\xff."), "memo has a gap" },
    { B("\x80\2q\0."), "stack is empty" },
    { B("\x80\2X\xff\xff\xff\xff" "a."), "length in it is too large" },
    { B("\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a."), "length in it is too large" },
    { B("\x80\4\x8e\0\0\0\0\0\0\0\x80" "a."), "length in it is too large" },
    { B("\x80\2\x8b\xff\xff\xff\x7f" "a."), "length in it is too large" },
    { B("\x80\4\x95\xff\xff\xff\xff\xff\xff\xff\xff."), "ends too early" },
    { B("\x80\2t."), "mark is missing" },
    { B("\x80\2u."), "mark is missing" },
    { B("\x80\2N(K\1u."), "no list or dictionary" },
    { B("\x80\2}(K\1u."), "no list or dictionary" },
    { B("\x80\2](K\1K\2u."), "no list or dictionary" },
    { B("\x80\2}K\1a."), "no list or dictionary" },
    { B("\x80\2(K\1d."), "key has no value" },
    { B("\x80\2\x85."), "stack is empty" },
    { B("\x80\2(\x87."), "stack is empty" },
    { B("\x80\2NQQQ\x80"), "ends too early" },
};

static echo_status unpickle(struct pickle **p, const char *bytes, size_t n, echo_error *e)
{
    char *exact = malloc(n + 1); /* a sanitizer sees its end */
    echo_status s;

    memcpy(exact, bytes, n);
    s = echo_pickle_open(p, PATH, exact, n, names, e);
    if (s)
        CHECK(!*p);
    free(exact);
    return s;
}

/* `n` times the same bytes, between others. */
static void check_repeated(const char *before, const char *bytes, size_t each, size_t n,
                           const char *word)
{
    size_t first = strlen(before), all = first + n * each;
    char *long_one = malloc(all + 1);
    struct pickle *p = NULL;
    echo_error e = { 0 };

    memcpy(long_one, before, first);
    for (size_t i = 0; i < n; i++)
        memcpy(long_one + first + i * each, bytes, each);
    CHECK_SAY(unpickle(&p, long_one, all, &e), "%s", word);
    check_line(&e, word, "repeated");
    echo_pickle_close(&p);
    free(long_one);
}

/* [1, 65535, -2, 2^40, -1 in one byte], {"a": None}, a call with a persistent thing. */
static void check_values(void)
{
    static const char bytes[] =
        "\x80\2(](K\1M\xff\xffJ\xfe\xff\xff\xff\x8a\6\0\0\0\0\0\1\x8a\1\xff" "eq\0"
        "ccollections\nOrderedDict\n)Rq\1X\1\0\0\0aNsX\1\0\0\0aK\7s}X\1\0\0\0zNsb"
        "cm\ncall\nX\1\0\0\0kQ\x85R" "h\0G\0\0\0\0\0\0\0\0" "0t.";
    static const int64_t want[] = { 1, 65535, -2, (int64_t)1 << 40, -1 };
    const struct pickle_value *root, *v;
    struct pickle *p = NULL;
    echo_error e = { 0 };

    if (!CHECK_SAY(!echo_pickle_open(&p, PATH, bytes, sizeof bytes - 1, names, &e), "%s",
                   e.text))
        return;
    root = echo_pickle_root(p);
    CHECK(root->kind == PICKLE_TUPLE && root->items == 4);
    v = echo_pickle_item(root, 0);
    CHECK(v == echo_pickle_item(root, 3) && !echo_pickle_item(root, 4));
    CHECK(v->kind == PICKLE_LIST && v->items == 5);
    for (size_t i = 0; i < 5; i++)
        CHECK(echo_pickle_item(v, i)->number == want[i]);
    v = echo_pickle_item(root, 1);
    CHECK(v->kind == PICKLE_DICT && v->items == 2 && echo_pickle_get(v, "a")->number == 7);
    CHECK(!echo_pickle_get(v, "z") && !echo_pickle_get(v, ""));
    v = echo_pickle_item(root, 2);
    CHECK(v->kind == PICKLE_CALL && !strcmp(v->name->name, "call"));
    CHECK((v = echo_pickle_item(v->of, 0))->kind == PICKLE_STORED &&
          v->of->kind == PICKLE_TEXT);
    echo_pickle_close(&p);
}

static void check_pickles(void)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct pickle *p = NULL;
        echo_error e = { 0 };

        CHECK_SAY(unpickle(&p, hostile[i].bytes, hostile[i].n, &e), "accepted: %zu, %s", i,
                  hostile[i].word);
        check_line(&e, hostile[i].word, "pickle");
        echo_pickle_close(&p);
    }
    check_repeated("\x80\2", "(", 1, 100000, "nested more than 1000 times");
    check_repeated("\x80\2N", "2", 1, 2000000, "values at once");
    check_repeated("\x80\2N", "\x85", 1, 4000000, "256 MB of memory");
    check_repeated("\x80\2N", ")0", 2, 4000000, "256 MB of memory");
    check_repeated("\x80\2", "N0", 2, 9000000, "no checkpoint's has");
    check_values();
}

/* ---- tensors by hand ---- */

#define TENSOR(type, key, numbers, offset, size, stride)                             \
    "\x80\2}X\1\0\0\0w" "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storage"      \
    "ctorch\n" type "\nX\1\0\0\0" key "X\3\0\0\0cpu" numbers "tQ" offset size stride \
    "\x89}tRs."

static const struct {
    const char *pickle;
    size_t n;
    const char *word; /* NULL: it is read */
} tensors[] = {
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "K\2K\2\x86", "K\2K\1\x86")), NULL },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "K\2K\2\x86", "K\1K\2\x86")), NULL },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\3", ")", ")")), NULL },
    { B(TENSOR("FloatStorage", "0", "K\0", "K\0", "K\0\x85", "K\1\x85")), NULL },
    { B(TENSOR("FloatStorage", "0", "K\5", "K\0", "K\2\x85", "K\1\x85")), "which has 16" },
    { B(TENSOR("DoubleStorage", "0", "K\4", "K\0", "K\2\x85", "K\1\x85")), "has 16 bytes" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\1", "K\4\x85", "K\1\x85")), "number 4 of 4" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\4", ")", ")")), "number 4 of 4" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "K\2\x85", "K\4\x85")), "number 4 of 4" },
    { B(TENSOR("FloatStorage", "0", "K\2", "K\0", "K\3\x85", "K\1\x85")), "number 2 of 2" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "M\xff\xff\x85", "K\0\x85")), "repeats" },
    { B(TENSOR("FloatStorage", "0", "K\4", "J\xff\xff\xff\xff", "K\1\x85", "K\1\x85")),
      "whole numbers from 0" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "J\xff\xff\xff\xff\x85", "K\1\x85")),
      "whole numbers from 0" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "K\2\x85", ")")), "whole numbers from 0" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "K\1\x85", "\x8a\10\1\1\1\1\1\1\1\xff\x85")),
      "whole numbers from 0" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f"
               "K\4\x86", "K\1K\1\x86")), "overflows" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "K\4\x85",
               "\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f\x85")), "overflows" },
    { B(TENSOR("FloatStorage", "0", "K\4", "K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t",
               "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t")), "up to 8" },
    { B(TENSOR("FloatStorage", "7", "K\4", "K\0", "K\1\x85", "K\1\x85")), "'n/data/7'" },
    { B(TENSOR("FloatStorage", "/", "K\4", "K\0", "K\1\x85", "K\1\x85")), "missing" },
    { B(TENSOR("FloatStorage", "0", "J\xff\xff\xff\xff", "K\0", "K\1\x85", "K\1\x85")),
      "no storage" },
    { B(TENSOR("QInt8Storage", "0", "K\4", "K\0", "K\1\x85", "K\1\x85")), "QInt8Storage" },
    { B(TENSOR("float32", "0", "K\4", "K\0", "K\1\x85", "K\1\x85")), "type that is not known" },
    { B("\x80\2}X\1\0\0\0w" "ctorch._utils\n_rebuild_tensor_v2\n)Rs."), "no storage" },
    { B("\x80\2}X\1\0\0\0wNs."), "no tensors by name" },
    { B("\x80\2}X\5\0\0\0modelNs."), "'model')" },
    { B("\x80\2}."), "keys: none" },
    { B("\x80\2]."), "no dictionary of tensors" },
    { B("\x80\2N."), "no dictionary of tensors" },
};

/* The one of 2 x 2: by columns it is copied. */
static void check_numbers(const struct safetensors *f, size_t i)
{
    static const float rows[] = { 0, 1, 2, 3 }, columns[] = { 0, 2, 1, 3 };
    float x[4];

    if (i < 2) {
        echo_array_floats(f->arrays, 0, 4, x);
        CHECK(!memcmp(x, i ? columns : rows, sizeof x) && !f->copies == !i);
    } else if (i == 2) {
        echo_array_floats(f->arrays, 0, 1, x);
        CHECK(x[0] == 3 && f->arrays->dims == 0 && f->arrays->count == 1);
    } else {
        CHECK(f->arrays->count == 0 && f->arrays->dims == 1);
    }
}

static void check_tensors(void)
{
    static const float numbers[] = { 0, 1, 2, 3 };

    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        struct archive a = archive_begin(tensors[i].n);
        struct safetensors *f = NULL;
        echo_error e = { 0 };
        char shown[40];
        echo_status s;

        snprintf(shown, sizeof shown, "tensor %zu", i);
        archive_add(&a, "n/data.pkl", tensors[i].pickle, tensors[i].n);
        archive_add(&a, "n/data/0", numbers, sizeof numbers);
        archive_end(&a);
        s = echo_torch_parse(&f, PATH, a.at, a.bytes, &e);
        CHECK_SAY(!s == !tensors[i].word && !s == (f != NULL), "%s: %s", shown, e.text);
        if (s)
            check_line(&e, tensors[i].word ? tensors[i].word : "?", shown);
        else
            check_numbers(f, i);
        echo_safetensors_close(&f);
        free(a.at);
    }
}

/* Archives, but not of tensors. */
static void check_archive_kinds(void)
{
    static const struct {
        const char *names[3], *data, *word;
    } kinds[] = {
        { { "x.txt" }, "", "not by torch.save()" },
        { { "data.pkl" }, "", "not by torch.save()" },
        { { "a/b/data.pkl" }, "", "not by torch.save()" },
        { { "a/data.pkl", "b/data.pkl" }, "", "more than one data.pkl" },
        { { "a/data.pkl", "a/constants.pkl" }, "", "TorchScript" },
        { { "a/data.pkl", "a/byteorder" }, "big", "big-endian" },
        { { "a/data.pkl", "a/byteorder" }, "", "big-endian" },
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct archive a = archive_begin(100);
        struct safetensors *f = NULL;
        echo_error e = { 0 };

        for (int j = 0; j < 3 && kinds[i].names[j]; j++)
            archive_add(&a, kinds[i].names[j], kinds[i].data, strlen(kinds[i].data));
        archive_end(&a);
        CHECK(echo_torch_claims(a.at, a.bytes));
        CHECK(echo_torch_parse(&f, PATH, a.at, a.bytes, &e) && !f);
        check_line(&e, kinds[i].word, kinds[i].names[0]);
        free(a.at);
    }
}

/* ---- files by PyTorch ---- */

static struct file_map map_of(const char *folder, const char *name)
{
    char path[600];
    struct file_map map = { 0 };
    echo_error e = { 0 };

    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_SAY(!echo_map_open(&map, path, &e), "%s", e.text);
    return map;
}

/* The numbers of each tensor are 0, 1, 2, ... */
static bool counts(const struct array *a)
{
    float x[64];

    if (!echo_array_is_float(a))
        return true;
    echo_array_floats(a, 0, a->count, x);
    for (size_t i = 0; i < a->count; i++)
        if (x[i] != (float)i)
            return false;
    return true;
}

static const struct {
    const char *name;
    enum array_type type;
    int dims;
    int64_t shape[3];
} kinds[] = {
    { "f32", ARRAY_F32, 2, { 2, 3 } },        { "bf16", ARRAY_BF16, 1, { 5 } },
    { "f16", ARRAY_F16, 3, { 3, 1, 2 } },     { "i64", ARRAY_I64, 1, { 4 } },
    { "i32", ARRAY_I32, 1, { 4 } },           { "u8", ARRAY_U8, 1, { 6 } },
    { "bool", ARRAY_BOOL, 1, { 2 } },         { "f64", ARRAY_OTHER, 1, { 2 } },
    { "scalar", ARRAY_F32, 0, { 0 } },        { "empty", ARRAY_F32, 3, { 3, 0, 2 } },
    { "i16", ARRAY_OTHER, 1, { 2 } },         { "u16", ARRAY_OTHER, 1, { 3 } },
    { "transposed", ARRAY_F32, 2, { 4, 3 } }, { "permuted", ARRAY_F32, 3, { 2, 3, 4 } },
    { "view", ARRAY_F32, 2, { 2, 3 } },       { "columns", ARRAY_F32, 1, { 3 } },
    { "parameter", ARRAY_F32, 2, { 2, 2 } },  { "one", ARRAY_F32, 2, { 1, 2 } },
    { "tied", ARRAY_F32, 2, { 2, 3 } },
};

static void check_kinds(const char *folder, const char *name, const char *taken)
{
    struct file_map map = map_of(folder, name);
    size_t n = sizeof kinds / sizeof *kinds;
    struct safetensors *f = NULL;
    echo_error e = { 0 };

    if (!CHECK_SAY(!echo_torch_parse(&f, PATH, map.data, map.bytes, &e), "%s", e.text))
        return;
    CHECK_SAY(f->n == n, "%zu tensors", f->n);
    CHECK(taken ? f->taken && !strcmp(f->taken, taken) : !f->taken);
    for (size_t i = 0; i < n; i++) {
        const struct array *a = echo_safetensors_find(f, kinds[i].name);

        CHECK_SAY(a && a->type == kinds[i].type && a->dims == kinds[i].dims && a->place == i,
                  "%s of %s", kinds[i].name, name);
        if (a)
            CHECK_SAY(!memcmp(a->shape, kinds[i].shape, sizeof *a->shape * (size_t)a->dims) &&
                          counts(a), "numbers of %s in %s", kinds[i].name, name);
    }
    echo_safetensors_close(&f);
    echo_map_close(&map);
}

static void check_files(const char *folder)
{
    static const struct {
        const char *name, *word; /* NULL: it is read */
    } files[] = {
        { "trained.pt", NULL },
        { "old.pt", "old PyTorch file" },
        { "module.pt", "wants to call torch.nn.modules.container.Sequential" },
    };

    check_kinds(folder, "bare.pt", NULL);
    check_kinds(folder, "protocol4.pt", "those under 'model'");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct file_map map = map_of(folder, files[i].name);
        struct safetensors *f = NULL;
        echo_error e = { 0 };
        echo_status s = echo_torch_parse(&f, PATH, map.data, map.bytes, &e);

        CHECK(echo_torch_claims(map.data, map.bytes));
        CHECK_SAY(!s == !files[i].word, "%s: %s", files[i].name, e.text);
        if (files[i].word)
            check_line(&e, files[i].word, files[i].name);
        else if (!s)
            CHECK(f->n == 4 && !strcmp(f->taken, "those under 'model', not under 'ema'") &&
                  counts(&f->arrays[0]) && counts(&f->arrays[1]) &&
                  !strcmp(f->arrays[0].name, "0.bias"));
        echo_safetensors_close(&f);
        echo_map_close(&map);
    }
}

int main(int argc, char **argv)
{
    check_archives();
    check_pickles();
    check_tensors();
    check_archive_kinds();
    if (argc > 1)
        check_files(argv[1]);
    CHECK(!echo_torch_claims("\x80\2\1\0\0\0\0\0{", 9)); /* a header of 66,176 bytes */
    return unit_report();
}
