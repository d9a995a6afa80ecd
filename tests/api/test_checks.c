/* SPDX-License-Identifier: MIT */
/* test_checks.c - what a caller can refuse before any work: no model is needed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "echotts.h"
#include "unit.h"

/* ---- parameters ---- */

static void set(echo_params *p, const echo_param *row, double value)
{
    void *at = (char *)p + row->offset;

    switch (row->kind) {
    case ECHO_PARAM_INT: *(int *)at = (int)value; break;
    case ECHO_PARAM_FLOAT: *(float *)at = (float)value; break;
    case ECHO_PARAM_LIST: *(echo_list *)at = (echo_list){ 1, { (int)value } }; break;
    default: break; /* any value is right */
    }
}

static void try(const echo_param *row, double value, bool good)
{
    echo_params p = echo_params_default(NULL);
    echo_error e = { 0 };
    echo_status s;

    p.rescale_k = p.rescale_sigma = 1;
    set(&p, row, value);
    if (!strncmp(row->name, "rescale_", 8) && value == 0)
        p.rescale_k = p.rescale_sigma = 0; /* both or none */
    s = echo_params_check(&p, &e);
    CHECK_SAY(good ? !s : s == ECHO_ERR_ARG && e.status == s && !strcmp(e.field, row->name),
              "%s = %g: status %d, field '%s', %s", row->name, value, s, e.field, e.text);
}

/* Each row at its ends and just outside. */
static void parameters(void)
{
    const echo_param *row;
    echo_params p = echo_params_default(NULL);
    echo_error e = { 0 };
    int rows = 0;

    CHECK(!echo_params_check(&p, &e) && !echo_params_check(&p, NULL));
    for (int i = 0; (row = echo_param_at(i)); i++) {
        if (row->kind == ECHO_PARAM_SEED || row->kind == ECHO_PARAM_BOOL)
            continue;
        rows++;
        try(row, row->min, true);
        try(row, row->max, true);
        try(row, row->min - 1, false);
        try(row, row->max + 1, false);
        if (row->kind == ECHO_PARAM_FLOAT)
            try(row, NAN, false);
    }
    CHECK(rows >= 13);
    p.rescale_k = 1;
    CHECK(echo_params_check(&p, &e) == ECHO_ERR_ARG && !strcmp(e.field, "rescale_sigma"));
    p = echo_params_default(NULL);
    p.block_sizes = (echo_list){ 2, { 600, 41 } };
    CHECK(echo_params_check(&p, NULL) == ECHO_ERR_ARG);
}

/* ---- options of long texts ---- */

static void try_option(const echo_param *row, double value, bool good)
{
    echo_speak_opts o = echo_speak_opts_default();
    echo_error e = { 0 };
    echo_status s;

    if (row->kind == ECHO_PARAM_INT)
        *(int *)(void *)((char *)&o + row->offset) = (int)value;
    else
        *(float *)(void *)((char *)&o + row->offset) = (float)value;
    s = echo_speak_opts_check(&o, &e);
    CHECK_SAY(good ? !s : s == ECHO_ERR_ARG && e.status == s && !strcmp(e.field, row->name),
              "%s = %g: status %d, field '%s', %s", row->name, value, s, e.field, e.text);
}

static void options_by_row(void)
{
    const echo_param *row;
    int numbers = 0, rows = 0;

    for (; (row = echo_speak_param_at(rows)); rows++) {
        CHECK(*row->help && row->offset < sizeof(echo_speak_opts));
        if (row->kind == ECHO_PARAM_BOOL)
            continue;
        numbers++;
        try_option(row, row->min, true);
        try_option(row, row->max, true);
        try_option(row, row->min - 1, false);
        try_option(row, row->max + 1, false);
    }
    CHECK(numbers == 6 && rows == 8 && !echo_speak_param_at(-1));
}

static void options(void)
{
    static const echo_role twice[] = { { .name = "Anna" }, { .name = "ANNA" } };
    static const echo_role colon[] = { { .name = "Anna: B" } };
    static const echo_role good[] = { { .name = "Anna" }, { .name = "Ben" } };
    echo_speak_opts o = echo_speak_opts_default();
    echo_error e = { 0 };

    CHECK(!echo_speak_opts_check(&o, &e));
#define TRY(member, value, want)                                                              \
    do {                                                                                      \
        o = echo_speak_opts_default();                                                        \
        o.member = value;                                                                     \
        e = (echo_error){ 0 };                                                                \
        CHECK_SAY(echo_speak_opts_check(&o, &e) == (want) && e.status == (want) &&            \
                      !strcmp(e.field, (want) ? #member : ""), "%s: %d, field '%s', %s",      \
                  #member, e.status, e.field, e.text);                                        \
    } while (0)
#define GOOD(member, value) TRY(member, value, ECHO_OK)
#define BAD(member, value)  TRY(member, value, ECHO_ERR_ARG)
    GOOD(pause_sentence, 60);
    BAD(pause_sentence, 60.5f);
    BAD(pause_paragraph, -0.1f);
    GOOD(pause_turn, -2);
    BAD(pause_turn, -2.1f);
    BAD(crossfade, NAN);
    GOOD(retakes, 10);
    BAD(retakes, 11);
    BAD(first_block, 15);
    BAD(roles, ECHO_MAX_ROLES + 1);
    GOOD(markup, "ssml");
    BAD(markup, "troff");
    GOOD(language, "de-AT");
    BAD(language, "klingonish");
    BAD(language, "");
#undef TRY
#undef GOOD
#undef BAD
    o = echo_speak_opts_default();
    o.roles = 2;
    CHECK(echo_speak_opts_check(&o, &e) == ECHO_ERR_ARG && !strcmp(e.field, "cast"));
    o.cast = good;
    CHECK_SAY(!echo_speak_opts_check(&o, &e), "%s", e.text);
    o.cast = twice;
    CHECK(echo_speak_opts_check(&o, &e) == ECHO_ERR_ARG && !strcmp(e.field, "cast"));
    o.cast = colon;
    o.roles = 1;
    CHECK(echo_speak_opts_check(&o, &e) == ECHO_ERR_ARG && strstr(e.text, "colon"));
}

int main(void)
{
    parameters();
    options_by_row();
    options();
    return unit_report();
}
