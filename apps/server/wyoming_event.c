/* SPDX-License-Identifier: MIT */
#include "wyoming_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/report.h"

/* Of a header's length; false: it is none. */
static bool read_length(const json_t *header, const char *key, uint64_t most, uint64_t *out)
{
    const json_t *v = json_object_get(header, key);

    *out = 0;
    if (!v || json_is_null(v))
        return true;
    if (!json_is_integer(v) || json_integer_value(v) < 0 ||
        (uint64_t)json_integer_value(v) > most)
        return false;
    *out = (uint64_t)json_integer_value(v);
    return true;
}

/* "data" of the line, and the bytes behind it. */
static json_t *gather(const json_t *header, const char *bytes, size_t n)
{
    json_t *inside = json_object_get(header, "data"), *data = json_object(), *behind;

    if (json_is_object(inside))
        json_object_update(data, inside);
    if (!n)
        return data;
    behind = json_loadb(bytes, n, 0, NULL);
    if (json_is_object(behind)) {
        json_object_update(data, behind);
    } else {
        json_decref(data);
        data = NULL;
    }
    json_decref(behind);
    return data;
}

static enum arrival malformed(echo_error *err, const char *why)
{
    echo_fail(err, ECHO_ERR_ARG, "this is no event of the Wyoming protocol: %s", why);
    return EVENT_MALFORMED;
}

static enum arrival take(struct wyoming_inbox *in, const json_t *header, size_t line,
                         struct wyoming_event *out, echo_error *err)
{
    const char *type = json_string_value(json_object_get(header, "type"));
    uint64_t n_data, n_payload;

    if (!type || strlen(type) >= sizeof out->type)
        return malformed(err, "its line has no \"type\"");
    if (!read_length(header, "data_length", in->most, &n_data) ||
        !read_length(header, "payload_length", UINT32_MAX, &n_payload))
        return malformed(err, "a length is negative or too large");
    if (in->bytes.n < line + n_data)
        return EVENT_UNFINISHED;
    if (!(out->data = gather(header, in->bytes.at + line, (size_t)n_data)))
        return malformed(err, "its data are no JSON object");
    snprintf(out->type, sizeof out->type, "%s", type);
    bytes_drop(&in->bytes, line + (size_t)n_data);
    in->skips = n_payload;
    return EVENT_THERE;
}

static void skip(struct wyoming_inbox *in)
{
    size_t n = in->skips < in->bytes.n ? (size_t)in->skips : in->bytes.n;

    bytes_drop(&in->bytes, n);
    in->skips -= n;
}

enum arrival wyoming_take(struct wyoming_inbox *in, struct wyoming_event *out, echo_error *err)
{
    enum arrival arrival;
    const char *end;
    json_t *header;
    size_t line;

    skip(in);
    end = in->bytes.n ? memchr(in->bytes.at, '\n', in->bytes.n) : NULL;
    if (!end)
        return in->bytes.n > in->most ? malformed(err, "its line does not end")
                                      : EVENT_UNFINISHED;
    line = (size_t)(end + 1 - in->bytes.at);
    header = json_loadb(in->bytes.at, line, 0, NULL);
    arrival = json_is_object(header) ? take(in, header, line, out, err)
                                     : malformed(err, "its line is no JSON object");
    json_decref(header);
    return arrival;
}

bool wyoming_put(struct bytes *out, const char *type, json_t *data, const void *payload,
                 size_t n)
{
    json_t *header = json_object();
    char *line, *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    bool put;

    report_string(header, "type", type);
    report_string(header, "version", echo_version());
    if (text)
        report_integer(header, "data_length", (json_int_t)strlen(text));
    if (n)
        report_integer(header, "payload_length", (json_int_t)n);
    line = json_dumps(header, JSON_COMPACT);
    put = line && (text || !data) && bytes_add(out, line, strlen(line)) &&
          bytes_add(out, "\n", 1) && (!text || bytes_add(out, text, strlen(text))) &&
          (!n || bytes_add(out, payload, n));
    free(line);
    free(text);
    json_decref(header);
    json_decref(data);
    return put;
}
