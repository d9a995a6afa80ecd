/* SPDX-License-Identifier: MIT */
/* loras.h - what --lora names: "a.safetensors:0.8,folder". */
#ifndef CLI_LORAS_H
#define CLI_LORAS_H

#include "echotts.h"

#define LORAS_MOST 16

struct loras {
    echo_lora list[LORAS_MOST];
    int n;
    char *text; /* where the paths are */
};

/* text NULL or "": none.  Close them in any case. */
echo_status loras_parse(struct loras *l, const char *text, echo_error *err);
void loras_close(struct loras *l);

#endif
