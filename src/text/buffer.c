/* SPDX-License-Identifier: MIT */
#include "text/buffer.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct text_buffer *b, size_t n)
{
    size_t capacity = b->capacity ? b->capacity : 64;
    char *bytes;

    if (b->failed || n >= SIZE_MAX / 4 - b->length)
        return false;
    while (capacity < b->length + n + 1)
        capacity *= 2;
    if (capacity == b->capacity)
        return true;
    if (!(bytes = realloc(b->bytes, capacity)))
        return false;
    b->bytes = bytes;
    b->capacity = capacity;
    return true;
}

void echo_buffer_put(struct text_buffer *b, const char *bytes, size_t n)
{
    if (!n)
        return;
    if (!grow(b, n)) {
        b->failed = true;
        return;
    }
    memcpy(b->bytes + b->length, bytes, n);
    b->length += n;
    b->bytes[b->length] = '\0';
}

void echo_buffer_string(struct text_buffer *b, const char *string)
{
    echo_buffer_put(b, string, strlen(string));
}

void echo_buffer_character(struct text_buffer *b, uint32_t code)
{
    char c[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = n; --i;) {
        c[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    c[0] = (char)(first[n] | code);
    echo_buffer_put(b, c, n);
}

const char *echo_buffer_text(const struct text_buffer *b)
{
    return b->bytes ? b->bytes : "";
}

void echo_buffer_cut(struct text_buffer *b, size_t n)
{
    if (n >= b->length)
        return;
    b->length = n;
    b->bytes[n] = '\0';
}

void echo_buffer_free(struct text_buffer *b)
{
    free(b->bytes);
    *b = (struct text_buffer){ 0 };
}
