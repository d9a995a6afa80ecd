/* SPDX-License-Identifier: MIT */
/* answer_convert.c - sound that a client has, in another format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"
#include "upload.h"

/* A field with a number; 0 if it is not there.  False: it is none, and the answer says so. */
static bool read_number(struct request *r, const char *name, double *out)
{
    const char *text = request_field(r, name);
    char *end = NULL;

    *out = text && *text ? strtod(text, &end) : 0;
    if (!end || !*end)
        return true;
    reply_refusal(r, 400, "invalid_value", name, "%s must be a number", name);
    return false;
}

static bool keep(void *user, const void *bytes, size_t n)
{
    return bytes_add(user, bytes, n);
}

static const struct part *file_of(const struct request *r)
{
    for (int i = 0; i < r->n_parts; i++)
        if (r->parts[i].is_file)
            return &r->parts[i];
    return NULL;
}

static void convert(struct request *r, const struct part *file, const echo_writer_opts *opts,
                    const echo_format *format)
{
    echo_clips_opts reading = { 0 };
    struct bytes made = { 0 };
    echo_writer *w = NULL;
    echo_error err = { 0 };
    float *pcm = NULL;
    size_t n = 0;
    char rate[16];
    echo_status status;

    status = upload_read_bytes(&pcm, &n, file->bytes.at, file->bytes.n, &reading, &err);
    if (!status)
        status = echo_writer_open_callback(&w, keep, &made, opts, &err);
    if (!status)
        status = echo_writer_write(w, pcm, n, &err);
    if (!status)
        status = echo_writer_close(&w, &err);
    echo_writer_abort(&w);
    echo_audio_free(&pcm);
    if (!status) {
        reply_bytes(r, reply_type(format), made.at, made.n);
        snprintf(rate, sizeof rate, "%d", opts->rate ? opts->rate : ECHO_SAMPLE_RATE);
        if (strcmp(format->name, "opus"))
            reply_header(r, "X-Audio-Sample-Rate", rate);
        return;
    }
    bytes_free(&made);
    reply_error(r, &err);
}

void answer_convert(struct request *r)
{
    const char *name = request_field(r, "response_format");
    const struct part *file = file_of(r);
    double rate, bitrate, quality;
    echo_writer_opts opts = { 0 };
    echo_format format;
    echo_error err = { 0 };

    if (!file) {
        reply_refusal(r, 400, "missing_field", "file", "file is missing: a part of the form "
                                                       "with a file of sound");
        return;
    }
    if (!read_number(r, "sample_rate", &rate) || !read_number(r, "bitrate", &bitrate) ||
        !read_number(r, "quality", &quality))
        return;
    if (echo_format_named(name && *name ? name : "mp3", &format, &err)) {
        snprintf(err.field, sizeof err.field, "response_format");
    } else {
        if (!rate && !strcmp(format.name, "pcm"))
            rate = 24000;
        opts = (echo_writer_opts){ .format = format.name, .rate = (int)rate,
                                   .bitrate = (int)bitrate, .quality = (float)quality };
        echo_writer_check(NULL, &opts, &err);
    }
    if (err.status)
        reply_error(r, &err);
    else
        convert(r, file, &opts, &format);
}
