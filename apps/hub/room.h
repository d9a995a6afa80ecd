/* SPDX-License-Identifier: MIT */
/* room.h - free space on a disk. */
#ifndef HUB_ROOM_H
#define HUB_ROOM_H

#include "echotts.h"

/* Do so many bytes fit where the folder is, or will be?  ECHO_ERR_FILE says how many are
 * missing. */
echo_status room_check(const char *folder, uint64_t bytes, echo_error *err);

#endif
