/* SPDX-License-Identifier: MIT */
/* wyoming_info.h - the program and its voices, in the words of the Wyoming protocol. */
#ifndef SERVER_WYOMING_INFO_H
#define SERVER_WYOMING_INFO_H

#include "state.h"

/* The data of an "info" event. */
json_t *wyoming_info(const struct server *s);

#endif
