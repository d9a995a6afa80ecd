/* SPDX-License-Identifier: MIT */
#include "audio/convert.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/container.h"
#include "base/error.h"
#include "audio/ffmpeg.h"
#include "base/helper.h"
#include "base/nameless.h"

#define INPUT   "file:/dev/stdin" /* opened anew, so that it can be read at any place */
#define SECONDS 300.0 /* for the helper; clips take it a few */

/* AAC is told by two bytes, which MPEG frames may begin with, too. */
static bool is_wanted(struct source *s, struct signature *kind)
{
    char head[SIGNATURE_BYTES];
    struct container c;

    *kind = echo_signature(head, echo_source_read(s, 0, head, sizeof head));
    return kind->kind == SIGNATURE_MEDIA && !echo_container_find(&c, s);
}

static echo_status cannot_keep(const struct source *s, const char *folder, echo_error *err)
{
    return echo_fail(err, ECHO_ERR_FILE,
                     "%s: cannot be kept in %s: %s; TMPDIR can name another folder", s->name,
                     folder, strerror(errno));
}

/* A source that is no file, or not from its beginning on, as one; *fd is for close(). */
static echo_status as_file(struct source *s, int *fd, echo_error *err)
{
    static const size_t size = 1 << 16;
    char *block = malloc(size);
    const char *folder;
    uint64_t done = 0;
    size_t got;
    echo_status status = ECHO_OK;

    if (!block)
        return echo_fail_memory(err, size, s->name);
    if ((*fd = echo_nameless_open(&folder)) < 0)
        status = cannot_keep(s, folder, err);
    while (!status && (got = echo_source_read(s, done, block, size))) {
        if (!echo_write_at(*fd, done, block, got))
            status = cannot_keep(s, folder, err);
        done += got;
    }
    free(block);
    return status;
}

/* "[mov,mp4 @ 0x55d0] moov atom not found": without who says so, of what, and where it lies. */
static const char *words_of(const char *line)
{
    static const char input[] = INPUT ": ";
    const char *end = *line == '[' ? strstr(line, "] ") : NULL;

    if (!strncmp(line, input, sizeof input - 1))
        return line + sizeof input - 1;
    return end ? words_of(end + 2) : line;
}

static echo_status report(const struct helper *h, enum helper_end how, const char *name,
                          const char *what, echo_error *err)
{
    int why = errno;

    if (how == HELPER_STOPPED)
        return echo_fail(err, ECHO_ERR_CANCELLED, "stopped while reading %s", name);
    if (how == HELPER_FAILED)
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s, and ffmpeg cannot read it: %s",
                         name, what, *h->line ? words_of(h->line) : "it does not say why");
    if (how == HELPER_LATE)
        return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s, and ffmpeg did not end within "
                                             "%.0f s",
                         name, what, h->seconds);
    if (how == HELPER_LARGE)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: this is %s of more than %d MiB of sound: save the part that is "
                         "wanted to a file",
                         name, what, (int)(h->most >> 20));
    return echo_fail(err, ECHO_ERR_FILE, "%s: this is %s, and ffmpeg cannot be asked to read "
                                         "it: %s",
                     name, what, strerror(why));
}

/* In floats, since a decoder may pass 1.  A second more than is wanted shows that there is
 * more. */
static enum helper_end run(struct helper *h, double seconds)
{
    char limit[32];
    const char *words[] = { echo_ffmpeg(), "-nostdin", "-v", "error",
                            "-protocol_whitelist", "file,pipe", "-i", INPUT,
                            "-vn", "-sn", "-dn", "-t", limit, "-c:a", "pcm_f32le", "-f", "wav",
                            "pipe:1", NULL };

    snprintf(limit, sizeof limit, "%.0f", ceil(seconds) + 1);
    h->words = words;
    return echo_helper_run(h);
}

echo_status echo_convert(struct source *to, struct source *from, double seconds,
                         echo_error *err)
{
    struct helper h = { .out = -1, .seconds = SECONDS, .most = SOURCE_SPOOL,
                        .stop = from->stop };
    struct signature kind;
    enum helper_end how;
    const char *folder;
    int own = -1;
    echo_status s;

    *to = (struct source){ .name = from->name, .fd = -1, .stop = from->stop };
    if (!*echo_ffmpeg() || !is_wanted(from, &kind))
        return ECHO_OK;
    if ((s = echo_source_spool(from, err)))
        return s;
    if ((from->fd < 0 || from->data || from->start) && (s = as_file(from, &own, err)))
        goto done;
    if ((h.out = echo_nameless_open(&folder)) < 0) {
        s = cannot_keep(from, folder, err);
        goto done;
    }
    h.in = own >= 0 ? own : from->fd;
    how = run(&h, seconds);
    if (how == HELPER_DONE) {
        to->fd = h.out;
        to->bytes = h.bytes;
        h.out = -1;
    } else if (how != HELPER_ABSENT) {
        s = report(&h, how, from->name, kind.what, err);
    }
done:
    if (own >= 0)
        close(own);
    if (h.out >= 0)
        close(h.out);
    return s;
}
