/* SPDX-License-Identifier: MIT */
#include "base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789+/";

void base64_encode(char *out, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    for (; n; p += 3) {
        uint32_t three = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) |
                         (n > 2 ? p[2] : 0);

        *out++ = alphabet[three >> 18];
        *out++ = alphabet[three >> 12 & 63];
        *out++ = n > 1 ? alphabet[three >> 6 & 63] : '=';
        *out++ = n > 2 ? alphabet[three & 63] : '=';
        n -= n > 2 ? 3 : n;
    }
}

static int value_of(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool base64_decode(unsigned char *out, size_t *n, const char *text, size_t length)
{
    uint32_t bits = 0;
    int have = 0, padding = 0;
    unsigned digits = 0;

    *n = 0;
    for (size_t i = 0; i < length; i++) {
        int v = value_of((unsigned char)text[i]);

        if (is_blank(text[i]))
            continue;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        if (v < 0 || padding)
            return false;
        digits++;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[(*n)++] = (unsigned char)(bits >> have);
        }
    }
    return digits % 4 != 1 && padding <= 2;
}
