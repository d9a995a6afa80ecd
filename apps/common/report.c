/* SPDX-License-Identifier: MIT */
#include "common/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/failure.h"
#include "common/output.h"

void report_plain(char *out, size_t size, const char *text)
{
    json_t *string;

    snprintf(out, size, "%s", text);
    string = json_string(out);
    if (!string)
        for (char *p = out; *p; p++)
            if (*p & 0x80)
                *p = '?';
    json_decref(string);
}

void report_string(json_t *object, const char *key, const char *value)
{
    json_t *string = json_string(value ? value : "");
    char plain[1024];

    if (!string) {
        report_plain(plain, sizeof plain, value);
        string = json_string(plain);
    }
    json_object_set_new(object, key, string);
}

void report_integer(json_t *object, const char *key, json_int_t value)
{
    json_object_set_new(object, key, json_integer(value));
}

void report_real(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, json_real(value));
}

void report_seconds(json_t *object, const char *key, double value)
{
    report_real(object, key, round(value * 1000) / 1000);
}

void report_seed(json_t *object, const char *key, uint64_t value)
{
    char digits[24];

    if (value <= INT64_MAX) {
        report_integer(object, key, (json_int_t)value);
    } else {
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
        report_string(object, key, digits);
    }
}

void report_speed(json_t *object, double audio_s, double work_s)
{
    report_real(object, "total_s", work_s);
    report_real(object, "audio_s", audio_s);
    json_object_set_new(object, "rtf", audio_s > 0 ? json_real(work_s / audio_s) : json_null());
}

/* Of this program alone: what getrusage() tells counts what ran before exec(), too. */
json_int_t report_peak_bytes(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    struct rusage usage;
    char line[128];
    long long kilobytes = 0;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lld kB", &kilobytes) == 1)
            break;
    if (f)
        fclose(f);
    if (!kilobytes && !getrusage(RUSAGE_SELF, &usage))
        kilobytes = usage.ru_maxrss;
    return (json_int_t)kilobytes * 1024;
}

void report_model(json_t *object, const echo_model_info *info)
{
    report_string(object, "model", info->path);
    report_string(object, "device", info->device);
    report_string(object, "codec_device", info->codec_device);
    report_string(object, "precision", info->precision);
    report_string(object, "codec_precision", info->codec_precision);
    report_real(object, "load_s", info->load_s);
    report_integer(object, "peak_bytes", report_peak_bytes());
}

echo_status report_print(json_t *object, echo_error *err)
{
    if (!object)
        return echo_fail(err, ECHO_ERR_MEMORY, "out of memory for the report");
    json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return output_flush(err);
}
