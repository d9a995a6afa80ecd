/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include "common/report.h"

static const struct row {
    echo_status status;
    unsigned http;
    const char *code;
} rows[] = {
    { ECHO_ERR_ARG, 400, "invalid_value" },
    { ECHO_ERR_NOTHING, 400, "nothing_to_speak" },
    { ECHO_ERR_FILE, 400, "invalid_audio" },
    { ECHO_ERR_SPEECH, 422, "speech_incomplete" },
    { ECHO_ERR_CANCELLED, 503, "cancelled" },
    { ECHO_ERR_MEMORY, 503, "out_of_memory" },
    { ECHO_ERR_DEVICE, 503, "device_failed" },
    { ECHO_ERR_MODEL, 500, "model_failed" },
};

static const struct row *row_of(const echo_error *err)
{
    static const struct row unknown = { ECHO_OK, 500, "failed" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == err->status)
            return &rows[i];
    return &unknown;
}

unsigned refusal_status(const echo_error *err)
{
    return row_of(err)->http;
}

static const char *type_of(unsigned status)
{
    switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    default: return status < 500 ? "invalid_request_error" : "server_error";
    }
}

json_t *refusal_object(unsigned status, const char *code, const char *param,
                       const char *message)
{
    json_t *o = json_object();

    report_string(o, "message", message);
    report_string(o, "type", type_of(status));
    if (param && *param)
        report_string(o, "param", param);
    else
        json_object_set_new(o, "param", json_null());
    report_string(o, "code", code);
    return o;
}

json_t *refusal_of(const echo_error *err)
{
    const struct row *row = row_of(err);

    return refusal_object(row->http, row->code, err->field, err->text);
}
