/* SPDX-License-Identifier: MIT */
#include "text/clean.h"
#include "text/text.h"
echo_status echo_clean(struct script *out, const char *text, const struct clean_opts *opts,
                       echo_error *err)
{
    (void)opts;
    echo_status s = echo_text_valid(text, err);
    if (!s) echo_script_add(out, text, (struct script_part){ .pause_s = -1 });
    return s;
}
