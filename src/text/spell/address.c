/* SPDX-License-Identifier: MIT */
/* address.c - addresses of pages and mail, names of people, topics and files. */
#include <string.h>

#include "text/spell/parts.h"

enum { PATH_MOST = 40, PATH_PARTS_MOST = 3 };

static const char endings[] =
    "com org net edu gov mil int io ai co uk de fr es it pl eu us ca au jp cn in ru ch at "
    "nl se no dk fi be info biz dev app me tv xyz ly gg to fm local";
/* Those that are no words, so a name before them is a host without more ado. */
static const char sure[] = "com org net edu gov io ai de uk eu dev app info biz xyz";
static const char file_ends[] =
    "pdf txt doc docx xls xlsx ppt pptx csv json xml html htm css js py c h cpp rs go java "
    "sh md png jpg jpeg gif svg mp3 mp4 wav flac ogg zip tar gz exe dll iso log ini yml "
    "yaml toml tsv";

static bool of_name(char c)
{
    return echo_ascii_letter(c) || echo_digit(c);
}

/* A chunk without the marks of the sentence around it. */
static size_t trimmed(const char *at)
{
    size_t n = echo_chunk(at);

    n = n ? strcspn(at, " \"<>") < n ? strcspn(at, " \"<>") : n : 0;
    while (n && strchr(".,;:!?)]}'*", at[n - 1]) &&
           !(at[n - 1] == ')' && memchr(at, '(', n)))
        n--;
    return n;
}

/* Labels and dots; how many bytes, and where the last label is. */
static size_t host_length(const char *at, size_t most, struct span *last)
{
    size_t n = 0, begin = 0, labels = 0;

    while (n < most && (of_name(at[n]) || at[n] == '-' || at[n] == '.')) {
        if (at[n] == '.') {
            if (n == begin)
                return 0;
            begin = n + 1;
            labels++;
        }
        n++;
    }
    *last = (struct span){ at + begin, n - begin };
    return n == begin ? 0 : labels ? n : 0;
}

/* Words and digits of a name, and its marks by name. */
static void say_name(struct reading *r, const char *at, size_t n)
{
    static const struct {
        char mark;
        const char *word;
    } marks[] = { { '.', "dot" },   { '_', "underscore" }, { '/', "slash" }, { '-', NULL },
                  { '@', "at" },    { '+', "plus" },       { ':', "colon" }, { '~', "tilde" },
                  { '#', "hash" },  { '%', "percent" },    { '&', "and" },   { '=', "equals" },
                  { '\\', "backslash" } };

    for (size_t i = 0, k; i < n; i += k) {
        for (k = 0; i + k < n && echo_ascii_letter(at[i + k]); k++)
            ;
        if (k) {
            echo_say_bytes(r, at + i, k);
        } else if ((k = strspn(at + i, "0123456789"))) {
            k = k < n - i ? k : n - i;
            echo_say_label(r, at + i, k);
        } else {
            k = 1;
            for (size_t m = 0; m < sizeof marks / sizeof *marks; m++)
                if (at[i] == marks[m].mark && marks[m].word)
                    echo_say(r, marks[m].word);
        }
    }
}

/* The path of an address is worth saying if it is short and of words. */
static size_t path_to_say(const char *at, size_t n)
{
    size_t k = 0, parts = 0, figures = 0;

    while (k < n && at[k] != '?' && at[k] != '#') {
        if (!of_name(at[k]) && !strchr("/-_.~", at[k]))
            return 0;
        parts += at[k] == '/';
        figures += echo_digit(at[k]);
        k++;
    }
    while (k && at[k - 1] == '/')
        k--;
    return k <= PATH_MOST && parts <= PATH_PARTS_MOST && figures <= 6 ? k : 0;
}

static void say_path(struct reading *r, const char *at, size_t n)
{
    if (n && *at == ':') { /* a port */
        size_t k = 1 + strspn(at + 1, "0123456789");

        if (k > 1 && k <= n) {
            echo_say(r, "port");
            echo_say_digits(r, at + 1, k - 1);
            at += k;
            n -= k;
        }
    }
    if (n && *at == '/')
        say_name(r, at, path_to_say(at, n));
}

/* mailto: and friends are not said. */
static size_t scheme_length(const char *at)
{
    static const char *const schemes[] = { "https://", "http://", "ftp://", "ftps://",
                                           "sftp://",  "ws://",   "wss://", "git://",
                                           "ssh://",   "file://" };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (echo_starts_lower(at, schemes[i]))
            return strlen(schemes[i]);
    return 0;
}

static bool read_mail(struct reading *r, const char *begin, size_t n)
{
    const char *sign = memchr(begin, '@', n);
    size_t name = sign ? (size_t)(sign - begin) : 0, host;
    struct span last;

    for (size_t i = 0; i < name; i++)
        if (!of_name(begin[i]) && !strchr("._%+-", begin[i]))
            return false;
    if (!name || !(host = host_length(sign + 1, n - name - 1, &last)) || last.n < 2)
        return false;
    say_name(r, begin, name);
    echo_say(r, "at");
    say_name(r, sign + 1, host);
    r->at = sign + 1 + host;
    return true;
}

static bool read_page(struct reading *r, size_t n)
{
    size_t scheme = scheme_length(r->at), host;
    const char *at = r->at + scheme, *user;
    bool www = echo_starts_lower(at, "www.") > 0;
    struct span last;

    n -= scheme < n ? scheme : n;
    if (scheme && (user = memchr(at, '@', n)) && !memchr(at, '/', (size_t)(user - at))) {
        n -= (size_t)(user + 1 - at); /* nobody says a password */
        at = user + 1;
    }
    host = host_length(at, n, &last);
    if (!host && scheme)
        host = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    if (!host || host > n)
        return false;
    if (!scheme && !www && !(echo_is(last, at[host] == '/' ? endings : sure) &&
                             !echo_digit(*at)))
        return false;
    say_name(r, at, host);
    say_path(r, at + host, n - host);
    r->at = at + n;
    return true;
}

bool echo_read_address(struct reading *r)
{
    size_t n, skip = echo_starts_lower(r->at, "mailto:");

    if (!echo_apart(r) || !(n = trimmed(r->at)))
        return false;
    if (!memchr(r->at, '.', n))
        return scheme_length(r->at) && read_page(r, n);
    return (n > skip && read_mail(r, r->at + skip, n - skip)) || read_page(r, n);
}

/* Also camels: MeToo is two words. */
static void say_camel(struct reading *r, const char *at, size_t n)
{
    size_t begin = 0;

    for (size_t i = 1; i <= n; i++) {
        bool hump =
            i < n && at[i] >= 'A' && at[i] <= 'Z' && at[i - 1] >= 'a' && at[i - 1] <= 'z';

        if (i == n || hump) {
            say_name(r, at + begin, i - begin);
            begin = i;
        }
    }
}

static size_t name_length(const char *at)
{
    size_t n = 0;

    while (n < 64 && (of_name(at[n]) || at[n] == '_' || (at[n] == '.' && of_name(at[n + 1]))))
        n++;
    return n;
}

bool echo_read_handle(struct reading *r)
{
    size_t n;

    if (*r->at != '@' || !echo_ascii_letter(r->at[1]) || !echo_apart(r))
        return false;
    n = name_length(r->at + 1);
    if (echo_letter_at(r->at + 1 + n))
        return false;
    echo_say(r, "at");
    say_name(r, r->at + 1, n);
    r->at += 1 + n;
    return true;
}

bool echo_read_tag(struct reading *r)
{
    size_t n = 0;

    if (*r->at != '#' || !echo_apart(r))
        return false;
    if (echo_digit(r->at[1]))
        return echo_read_as(r, r->at + 1, "number");
    while (n < 64 && (of_name(r->at[1 + n]) || r->at[1 + n] == '_'))
        n++;
    if (!echo_ascii_letter(r->at[1]) || echo_letter_at(r->at + 1 + n))
        return false;
    if (n <= 2) { /* order #A-12 */
        echo_say(r, "number");
        r->at++;
        return true;
    }
    echo_say(r, "hashtag");
    say_camel(r, r->at + 1, n);
    r->at += 1 + n;
    return true;
}

/* report.pdf, src/main.c, /usr/local/bin, C:\Users */
bool echo_read_file(struct reading *r)
{
    size_t n = echo_apart(r) ? trimmed(r->at) : 0, dot = n;
    bool path = n > 2 && (echo_starts(r->at, "/") || echo_starts(r->at, "~/") ||
                          echo_starts(r->at, "./") || echo_starts(r->at + 1, ":\\"));

    for (size_t i = 0; i < n; i++) {
        if (!of_name(r->at[i]) && !strchr("._-/~\\:", r->at[i]))
            return false;
        if (r->at[i] == ':' && (i != 1 || r->at[2] != '\\'))
            return false;
    }
    while (dot && r->at[dot - 1] != '.')
        dot--;
    if (!n || (!path && (dot < 2 || !of_name(r->at[dot - 2]) ||
                         !echo_is((struct span){ r->at + dot, n - dot }, file_ends) ||
                         (n - dot == 1 && r->at[dot] < 'a'))))
        return false;
    if (path && !echo_ascii_letter(r->at[1 + !of_name(r->at[1])]))
        return false;
    say_name(r, r->at, n);
    r->at += n;
    return true;
}
