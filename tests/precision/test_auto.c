/* SPDX-License-Identifier: MIT */
/*
 * test_auto.c - "auto" follows the measured speeds, whichever precision is faster; linked over
 * echo_cpu_device() and echo_cpu_peak(), so that the instructions and the speeds are ours.
 */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "echotts.h"
#include "unit.h"

static const double *peaks; /* by dtype; the test is single-threaded where this is read */
static int asked;
static bool by_f32; /* there is no instruction for bfloat16 */
static bool busy;   /* another program halves the speed now and then */

echo_status __real_echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                                   echo_error *err);
echo_status __wrap_echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                                   echo_error *err);
double __wrap_echo_cpu_peak(struct device *d, enum dtype precision, double seconds);

double __wrap_echo_cpu_peak(struct device *d, enum dtype precision, double seconds)
{
    (void)d;
    asked++;
    CHECK(seconds > 0 && seconds < 0.1);
    return busy && asked % 3 == 0 ? peaks[precision] / 2 : peaks[precision];
}

echo_status __wrap_echo_cpu_device(struct device **out, unsigned cpu_flags, int threads,
                                   echo_error *err)
{
    echo_status s = __real_echo_cpu_device(out, cpu_flags, threads, err);

    if (!s)
        (*out)->traits.rounding = by_f32 ? ROUNDING_NEVER_PAYS : ROUNDING_MEASURED;
    return s;
}

static echo_model_info open_and_describe(echo_model **m, const char *path,
                                         const char *precision)
{
    echo_model_opts o = { .precision = precision };
    echo_error e = { 0 };

    CHECK_SAY(!echo_model_open(m, path, &o, &e), "%s", e.text);
    if (!*m)
        return (echo_model_info){ .precision = "", .precision_reason = "" };
    return echo_model_describe(*m);
}

static void check_choice(const char *path, const char *asked_for, const char *want,
                         const char *reason)
{
    echo_model *m = NULL;
    echo_model_info info = open_and_describe(&m, path, asked_for);

    CHECK_SAY(!strcmp(info.precision, want), "%s: %s, not %s", path, info.precision, want);
    CHECK_SAY(strstr(info.precision_reason, reason) != NULL, "'%s' has no '%s'",
              info.precision_reason, reason);
    echo_model_close(&m);
}

int main(int argc, char **argv)
{
    static const struct {
        double peaks[DT_I8 + 1];
        const char *want, *reason;
    } cases[] = {
        { { 340e9, 170e9, 1450e9 }, "f32", "only 0.50 times" }, /* Emerald Rapids */
        { { 230e9, 463e9, 915e9 }, "bf16", "2.01 times" },      /* Zen 4 */
        { { 386e9, 386e9, 1460e9 }, "f32", "only 1.00 times" },
        { { 100e9, 115e9, 100e9 }, "f32", "only 1.15 times" }, /* no clear gain: a tie */
        { { 100e9, 130e9, 100e9 }, "bf16", "1.30 times" },
        { { 3e9, 48e9, 48e9 }, "bf16", "16.00 times" },
        { { 0, 0, 0 }, "f32", "could not be measured" },
        { { 100e9, 0, 0 }, "f32", "could not be measured" },
    };
    const char *model = argc > 1 ? argv[1] : "";
    const char *packed = "auto-test.echo", *packed_i8 = "auto-test-int8.echo";
    echo_model_opts bf16 = { .precision = "bf16" }, int8 = { .precision = "int8" };
    echo_error e = { 0 };

    CHECK_SAY(!echo_model_pack(model, packed, &bf16, &e), "%s", e.text);
    CHECK_SAY(!echo_model_pack(model, packed_i8, &int8, &e), "%s", e.text);
    CHECK(!asked); /* a packed file does not depend on where it is made */
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        char beside[80];
        size_t n = i % (sizeof cases / sizeof *cases);

        busy = i != n;
        peaks = cases[n].peaks;
        asked = 0;
        check_choice(model, NULL, cases[n].want, cases[n].reason);
        /* of each kind; no more is measured once eight of fifteen agree */
        CHECK_SAY(busy ? asked >= 16 && asked <= 30 : asked == 16, "%d measured", asked);
        check_choice(model, "auto", cases[n].want, cases[n].reason);
        check_choice(packed, NULL, cases[n].want, cases[n].reason);
        snprintf(beside, sizeof beside, "encoders and attention in %s", cases[n].want);
        check_choice(model, "int8", "int8", beside);
        check_choice(packed_i8, NULL, "int8", beside);
        asked = 0;
        check_choice(model, "f32", "f32", "as asked");
        check_choice(model, "bf16", "bf16", "as asked");
        CHECK(!asked); /* who decides himself does not wait */
    }
    by_f32 = true; /* no measurement may say that it pays */
    asked = 0;
    check_choice(model, NULL, "f32", "multiplied as f32");
    check_choice(packed, NULL, "f32", "multiplied as f32");
    check_choice(packed_i8, NULL, "int8", "encoders and attention in f32");
    CHECK(!asked);
    remove(packed);
    remove(packed_i8);
    return unit_report();
}
