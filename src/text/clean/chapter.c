/* SPDX-License-Identifier: MIT */
#include "text/clean/chapter.h"

#include <string.h>
#include <strings.h>

#define CHAPTER_BYTES 80 /* a longer line is a sentence */

/* They stand before a number, */
static const char *const numbered[] = {
    "chapter", "book", "part", "volume", "act", "scene", "canto", "letter", "section", "stave",
};
/* or alone. */
static const char *const alone[] = {
    "prologue",   "epilogue",     "preface",   "foreword", "afterword",
    "appendix",   "introduction", "contents",  "dedication", "acknowledgements",
    "acknowledgments", "the end", "postscript", "interlude", "table of contents",
};
static const char *const numbers[] = {
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty", "thirty", "forty", "fifty", "first", "second", "third", "fourth", "fifth",
    "sixth", "seventh", "last",
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static size_t word_length(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && ((s[i] | 0x20) >= 'a') && ((s[i] | 0x20) <= 'z'))
        i++;
    return i;
}

static bool is_word(const char *s, size_t n, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == n && !strncasecmp(words[i], s, n))
            return true;
    return false;
}

/* Bytes of "7", "IV", "Seven", "the First" or "Twenty-One", or 0. */
static size_t number(const char *s, size_t n)
{
    size_t length = 0, word;

    while (length < n && s[length] >= '0' && s[length] <= '9')
        length++;
    if (length)
        return length;
    word = word_length(s, n);
    if (word == 3 && !strncasecmp(s, "the", 3) && n > 4 && s[3] == ' ')
        return number(s + 4, n - 4) ? 4 + number(s + 4, n - 4) : 0;
    while (length < word && strchr("IVXLC", s[length]))
        length++;
    if (word && length == word)
        return length;
    if (!is_word(s, word, numbers, COUNT(numbers)))
        return 0;
    if (word < n && s[word] == '-')
        word += 1 + word_length(s + word + 1, n - word - 1);
    return word;
}

bool echo_chapter(const char *line, size_t n, bool *whole)
{
    size_t word = word_length(line, n), at;

    while (n && strchr(" .:", line[n - 1]))
        n--;
    if (n > CHAPTER_BYTES)
        return false;
    *whole = true;
    if (is_word(line, n, alone, COUNT(alone)))
        return true;
    if (!is_word(line, word, numbered, COUNT(numbered)) || word + 1 >= n || line[word] != ' ')
        return false;
    at = word + 1 + number(line + word + 1, n - word - 1);
    if (at == word + 1)
        return false;
    *whole = at == n;
    return at == n || strchr(".:-", line[at]) || !strncmp(line + at, "\xe2\x80\x94", 3) ||
           !strncmp(line + at, " -", 2) || !strncmp(line + at, " \xe2\x80\x94", 4) ||
           !strncmp(line + at, " \xe2\x80\x93", 4);
}
