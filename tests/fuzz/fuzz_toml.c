/* SPDX-License-Identifier: MIT */
/*
 * fuzz_toml.c - any file of settings: it is read, or one line says why not; what was read has
 * names, texts and lines, and nothing is there twice.
 */
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "common/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_text(const char *s)
{
    json_t *string = s ? json_string(s) : NULL;
    bool good = string != NULL;

    json_decref(string);
    return good;
}

static void check_entry(const struct toml_entry *e, int lines)
{
    ECHO_ASSERT(e->depth >= 1 && e->depth <= TOML_DEPTH && e->line >= 1 && e->line <= lines);
    for (int i = 0; i < e->depth; i++)
        ECHO_ASSERT(is_text(e->path[i]));
    switch (e->kind) {
    case TOML_TABLE: ECHO_ASSERT(!e->text); break;
    case TOML_STRING: ECHO_ASSERT(is_text(e->text)); break;
    case TOML_BOOLEAN:
        ECHO_ASSERT(!strcmp(e->text, "true") || !strcmp(e->text, "false"));
        break;
    case TOML_INTEGER: ECHO_ASSERT(e->text[strspn(e->text, "-0123456789")] == '\0'); break;
    case TOML_FLOAT: ECHO_ASSERT(e->text[strspn(e->text, "-.e0123456789")] == '\0'); break;
    case TOML_ARRAY: ECHO_ASSERT(e->text[strspn(e->text, "-,0123456789")] == '\0'); break;
    }
}

static bool is_same(const struct toml_entry *a, const struct toml_entry *b)
{
    bool same = a->depth == b->depth;

    for (int i = 0; same && i < a->depth; i++)
        same = !strcmp(a->path[i], b->path[i]);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toml *t = NULL;
    const struct toml_entry *e;
    echo_error err = { 0 };
    int lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    if (toml_parse(&t, (const char *)data, size, "x", &err)) {
        ECHO_ASSERT(!t && err.status == ECHO_ERR_ARG && !strncmp(err.text, "x:", 2));
        ECHO_ASSERT(!strpbrk(err.text, "\n\r"));
        return 0;
    }
    for (int i = 0; (e = toml_at(t, i)); i++) {
        check_entry(e, lines);
        for (int k = 0; k < i; k++)
            ECHO_ASSERT(!is_same(e, toml_at(t, k)));
    }
    toml_close(&t);
    return 0;
}
