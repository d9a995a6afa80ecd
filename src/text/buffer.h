/* SPDX-License-Identifier: MIT */
/* buffer.h - a string that grows.  Where memory runs out it stays as it is and remembers it. */
#ifndef ECHO_TEXT_BUFFER_H
#define ECHO_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty one. */
struct text_buffer {
    char *bytes; /* with a final 0; NULL while nothing was put */
    size_t length, capacity;
    bool failed; /* something did not fit: all that follows is left out */
};

void echo_buffer_put(struct text_buffer *b, const char *bytes, size_t n);
void echo_buffer_string(struct text_buffer *b, const char *string);
/* The character with this code point, in UTF-8. */
void echo_buffer_character(struct text_buffer *b, uint32_t code);
/* Never NULL. */
const char *echo_buffer_text(const struct text_buffer *b);
/* Keep the first n bytes. */
void echo_buffer_cut(struct text_buffer *b, size_t n);
void echo_buffer_free(struct text_buffer *b);

#endif
