/* SPDX-License-Identifier: MIT */
#include "voices_show.h"

#include <stdio.h>
#include <string.h>

#include "common/output.h"
#include "common/report.h"

/* Letters, of UTF-8: columns, but for wide ones. */
static int letters(const char *text)
{
    int n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static const char *or_none(const char *text)
{
    return *text ? text : "none noted";
}

static void print_row(const echo_voice_info *v, int width)
{
    printf("%s%*s  ", v->name, width - letters(v->name), "");
    if (*v->trouble) {
        printf("cannot be used: %s\n", v->trouble);
        return;
    }
    printf("%6.1f s  %.10s  %s%s%s%s\n", v->seconds, v->added, v->latents ? "latents  " : "",
           v->license, *v->license ? "  " : "",
           *v->consent ? v->consent : "(no consent noted)");
}

echo_status voices_list(const echo_voice_info *all, int n, const char *folder, echo_error *err)
{
    int width = 0;

    for (int i = 0; i < n; i++)
        if (letters(all[i].name) > width)
            width = letters(all[i].name);
    for (int i = 0; i < n; i++)
        print_row(&all[i], width);
    if (!n)
        printf("no voices yet in %s\n", *folder ? folder : "the library");
    return output_flush(err);
}

static json_t *object_of(const echo_voice_info *v)
{
    json_t *o = json_object();

    report_string(o, "name", v->name);
    report_real(o, "seconds", v->seconds);
    report_string(o, "consent", v->consent);
    report_string(o, "license", v->license);
    report_string(o, "source", v->source);
    report_string(o, "added", v->added);
    report_string(o, "kind", v->latents ? "latents" : "clip");
    report_string(o, "codec", v->codec);
    report_string(o, "checksum", v->checksum);
    report_integer(o, "file_bytes", (json_int_t)v->bytes);
    report_string(o, "trouble", v->trouble);
    return o;
}

echo_status voices_list_json(const echo_voice_info *all, int n, const char *folder,
                             echo_error *err)
{
    json_t *o = json_object(), *list = json_array();

    report_string(o, "folder", folder);
    for (int i = 0; i < n; i++)
        json_array_append_new(list, object_of(&all[i]));
    json_object_set_new(o, "voices", list);
    return report_print(o, err);
}

echo_status voices_show_json(const echo_voice_info *v, echo_error *err)
{
    return report_print(object_of(v), err);
}

echo_status voices_show(const echo_voice_info *v, echo_error *err)
{
    printf("%-10s%s\n", "name", v->name);
    if (*v->trouble)
        printf("%-10s%s\n", "trouble", v->trouble);
    else
        printf("%-10s%s\n%-10s%s\n%-10s%s\n%-10s%s\n%-10s%.2f s, %s%s\n", "consent",
               or_none(v->consent), "license", or_none(v->license), "source", v->source,
               "added", v->added, "length", v->seconds,
               v->latents ? "latents of codec " : "a recording",
               !v->latents ? "" : *v->codec ? v->codec : "unknown");
    printf("%-10s%.2f MB\n", "file", (double)v->bytes / 1e6);
    return output_flush(err);
}
