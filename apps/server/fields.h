/* SPDX-License-Identifier: MIT */
/*
 * fields.h - the JSON of a request, as a speech.
 *
 * Fields are OpenAI's, the library's parameters by name or alias, and those of fields_at().
 * They may be in the object itself, and in its "extra_body".  null means: not given.
 */
#ifndef SERVER_FIELDS_H
#define SERVER_FIELDS_H

#include <jansson.h>

#include "speech.h"
#include "voice_shelf.h"

struct fields {
    const echo_params *defaults;
    bool keep_seed; /* that of the defaults; else one is drawn where none is given */
    size_t max_text; /* bytes */
    size_t max_clip;
    struct voice_shelf *voices;
};

/* Field i beside the parameters; its offset is in struct speech.  NULL past the last. */
const echo_param *fields_at(int i);

/* One of their defaults. */
double fields_default(const echo_param *p);

/*
 * Read the bytes of a request.  ECHO_ERR_ARG names the field at fault.  Close the speech in any
 * case.
 */
echo_status fields_read(struct speech *out, const struct fields *f, const char *bytes, size_t n,
                        echo_error *err);
/* The same of JSON that was read already. */
echo_status fields_read_json(struct speech *out, const struct fields *f, json_t *request,
                             echo_error *err);

#endif
