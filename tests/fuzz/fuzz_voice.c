/* SPDX-License-Identifier: MIT */
/* fuzz_voice.c - any bytes as a voice file: refused with a line, or its notes can be shown and
 * its data read; and any name of a file. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/voice_file.h"
#include "engine/voice_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that is taken is one that makes the same file again. */
static void check_name(const uint8_t *data, size_t size)
{
    char file[300], name[ECHO_VOICE_NAME], again[ECHO_VOICE_NAME], made[VOICE_FILE];
    size_t n = size < sizeof file - 1 ? size : sizeof file - 1;

    memcpy(file, data, n);
    file[n] = '\0';
    if (!echo_voice_name(name, file, NULL)) {
        echo_voice_name_file(made, name);
        ECHO_ASSERT(!strchr(made, '/') && *made != '.' && strlen(made) < VOICE_FILE);
        ECHO_ASSERT(echo_voice_name_of_file(again, made) && !strcmp(again, name));
    }
    if (echo_voice_name_of_file(name, file))
        ECHO_ASSERT(*name && !strchr(name, '/') && *name != '.');
}

static void check_about(const struct voice_file *v)
{
    char name[ECHO_VOICE_NAME];

    ECHO_ASSERT(!echo_voice_name(name, v->about.name, NULL) && !strcmp(name, v->about.name));
    ECHO_ASSERT(echo_voice_is_line(v->about.consent, sizeof v->about.consent));
    ECHO_ASSERT(strlen(v->about.checksum) == 32 && v->about.seconds >= 0);
    ECHO_ASSERT(v->array.bytes < v->about.bytes && v->array.bytes > 0);
}

static void read_voice(const uint8_t *data, size_t size, bool notes_only)
{
    struct voice_file v;
    struct source in;
    echo_error e = { 0 };
    char sum[VOICE_CONTENT];

    echo_source_memory(&in, data, size, "input");
    if (echo_voice_file_read(&v, &in, notes_only, &e)) {
        ECHO_ASSERT(e.status && !strncmp(e.text, "input: ", 7));
    } else {
        check_about(&v);
        echo_voice_file_content(sum, &v);
        if (!notes_only && echo_voice_file_verify(&v, &e))
            ECHO_ASSERT(!strncmp(e.text, "input: ", 7));
    }
    echo_voice_file_close(&v);
    echo_source_close(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_name(data, size);
    read_voice(data, size, true);
    read_voice(data, size, false);
    return 0;
}
