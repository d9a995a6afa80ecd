/* SPDX-License-Identifier: MIT */
/* settings.h - how to reach the hub, by the environment variables of its Python library. */
#ifndef HUB_SETTINGS_H
#define HUB_SETTINGS_H

#include "echotts.h"

enum { HUB_PATH = 4096 };

struct hub_settings {
    char endpoint[512]; /* without a slash at its end */
    char token[512];    /* "": none */
    const char *token_from; /* "HF_TOKEN", "the file of HF_TOKEN_PATH"; NULL: none */
    bool token_off;     /* HF_HUB_DISABLE_IMPLICIT_TOKEN */
    bool offline, no_bars, no_links;
    const char *certificates; /* whom to trust, instead of the system's; NULL */
    double answer_s;   /* waits for an answer about a file */
    double download_s; /* and for bytes of one */
    double backoff_s;  /* before the first try again */
    char cache[HUB_PATH];
};

/* ECHO_ERR_ARG names a variable whose value cannot be meant. */
echo_status hub_settings_read(struct hub_settings *s, echo_error *err);

#endif
