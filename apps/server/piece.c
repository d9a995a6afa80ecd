/* SPDX-License-Identifier: MIT */
#include "piece.h"

#include "common/report.h"

json_t *piece_describe(const echo_piece *p)
{
    json_t *o = json_object();

    report_integer(o, "index", p->index);
    report_string(o, "text", p->text);
    if (p->role)
        report_string(o, "role", p->role);
    else
        json_object_set_new(o, "role", json_null());
    report_seconds(o, "expected_s", p->expected_s);
    report_seconds(o, "pause_s", p->pause_s);
    return o;
}
