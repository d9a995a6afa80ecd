/* SPDX-License-Identifier: MIT */
/* voices_show.h - voices of a library, on standard output. */
#ifndef CLI_VOICES_SHOW_H
#define CLI_VOICES_SHOW_H

#include "echotts.h"

echo_status voices_list(const echo_voice_info *all, int n, const char *folder, echo_error *err);
echo_status voices_list_json(const echo_voice_info *all, int n, const char *folder,
                             echo_error *err);

echo_status voices_show(const echo_voice_info *v, echo_error *err);
echo_status voices_show_json(const echo_voice_info *v, echo_error *err);

#endif
