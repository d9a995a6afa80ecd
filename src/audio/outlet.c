/* SPDX-License-Identifier: MIT */
#include "audio/outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/nameless.h"

#define BLOCK ((size_t)1 << 16)

echo_status echo_outlet_open(struct outlet *o, echo_error *err)
{
    o->kept = -1;
    if (o->stream || (o->out && echo_out_can_change(o->out)))
        return ECHO_OK;
    if ((o->kept = echo_nameless_open(&o->folder)) < 0) {
        o->error = errno;
        return echo_outlet_status(o, err);
    }
    return ECHO_OK;
}

/* To where it cannot be taken back from. */
static void send(struct outlet *o, const void *data, size_t n)
{
    if (o->out)
        echo_out_write(o->out, data, n);
    else if (n && !o->refused)
        o->refused = !o->write(o->user, data, n);
}

void echo_outlet_write(struct outlet *o, const void *data, size_t n)
{
    uint64_t gone = o->bytes - o->at; /* of a stream: written over, too late */

    if (o->error || o->refused)
        return;
    if (o->kept >= 0) {
        if (!echo_write_at(o->kept, o->at, data, n))
            o->error = errno;
    } else if (!o->stream) {
        echo_out_write_at(o->out, o->at, data, n);
    } else if (n > gone) {
        send(o, (const char *)data + gone, n - (size_t)gone);
    }
    o->at += n;
    if (o->bytes < o->at)
        o->bytes = o->at;
}

size_t echo_outlet_read(struct outlet *o, void *data, size_t n)
{
    size_t got = 0;

    if (o->kept >= 0)
        got = echo_read_at(o->kept, o->at, data, n);
    else if (!o->stream)
        got = echo_out_read_at(o->out, o->at, data, n);
    o->at += got;
    return got;
}

/* Block by block, the last one first. */
void echo_outlet_shift(struct outlet *o, size_t n)
{
    unsigned char block[4096];
    uint64_t left = o->bytes;

    ECHO_ASSERT(!o->stream);
    while (left) {
        size_t some = left < sizeof block ? (size_t)left : sizeof block;

        left -= some;
        o->at = left;
        if (echo_outlet_read(o, block, some) < some && !o->error)
            o->error = EIO;
        o->at = left + n;
        echo_outlet_write(o, block, some);
    }
}

echo_status echo_outlet_status(const struct outlet *o, echo_error *err)
{
    if (o->error)
        return echo_fail(err, ECHO_ERR_FILE,
                         "%s: cannot be kept in %s: %s; TMPDIR can name another folder",
                         o->name, o->folder, strerror(o->error));
    if (o->refused)
        return echo_fail(err, ECHO_ERR_FILE, "%s: no more is taken", o->name);
    return o->out ? echo_out_status(o->out, err) : ECHO_OK;
}

static echo_status send_kept(struct outlet *o, echo_error *err)
{
    char *block = malloc(BLOCK);
    uint64_t done = 0;

    if (!block)
        return echo_fail_memory(err, BLOCK, o->name);
    while (done < o->bytes && !o->error && !o->refused) {
        size_t want = o->bytes - done < BLOCK ? (size_t)(o->bytes - done) : BLOCK;
        size_t got = echo_read_at(o->kept, done, block, want);

        if (got < want)
            o->error = EIO;
        send(o, block, got);
        done += got;
    }
    free(block);
    return ECHO_OK;
}

echo_status echo_outlet_commit(struct outlet *o, echo_error *err)
{
    echo_status s = echo_outlet_status(o, err);

    if (!s && o->kept >= 0 && !(s = send_kept(o, err)))
        s = echo_outlet_status(o, err);
    if (!s && o->out)
        s = echo_out_commit(&o->out, err);
    echo_outlet_close(o);
    return s;
}

void echo_outlet_close(struct outlet *o)
{
    echo_out_abort(&o->out);
    if (o->kept >= 0)
        close(o->kept);
    o->kept = -1;
}
