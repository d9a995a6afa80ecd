/* SPDX-License-Identifier: MIT */
#include "common/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/failure.h"

static bool is_stdout(const char *path)
{
    return !strcmp(path, "-");
}

echo_status output_check(const char *path, echo_error *err)
{
    if (!*path)
        return echo_fail(err, ECHO_ERR_ARG, "an empty name cannot be written to");
    if (is_stdout(path) && isatty(STDOUT_FILENO))
        return echo_fail(err, ECHO_ERR_ARG, "-o -: sound on a terminal is noise: redirect it, "
                                            "or pipe it into a player");
    return echo_file_check(path, err);
}

static const char *const latents[] = { "safetensors", NULL };
static const char *const tensors[] = { "pt", "pth", "ckpt", "bin", "npy", "npz", "pkl", "gguf",
                                       NULL };

/* The ending of a file name, behind its last dot, or NULL. */
static const char *ending(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && !strchr(dot, '/') ? dot + 1 : NULL;
}

static bool ends_like(const char *path, const char *const *endings)
{
    const char *end = ending(path);

    for (; end && *endings; endings++)
        if (!strcasecmp(end, *endings))
            return true;
    return false;
}

/* Of the name, without its dot and ending: for "%.*s". */
static int stem(const char *path)
{
    return (int)(ending(path) - 1 - path);
}

/* Is this the name of a sound file, be it written here or not? */
static bool names_sound(const char *path)
{
    echo_format format;

    return echo_format_of_path(path, &format, NULL) || format.ending;
}

echo_status output_check_sound(const char *path, echo_error *err)
{
    echo_format format;

    if (ends_like(path, latents) || ends_like(path, tensors))
        return echo_fail(err, ECHO_ERR_ARG,
                         "%s: sound is written as WAV, or .mp3, .flac, .ogg, .opus: name it "
                         "%.*s.wav (latents are written by encode, and by say --latent-out)",
                         path, stem(path), path);
    if (echo_format_of_path(path, &format, err))
        return err->status;
    return output_check(path, err);
}

echo_status output_check_latents(const char *path, echo_error *err)
{
    if (is_stdout(path))
        return echo_fail(err, ECHO_ERR_ARG, "latents go to a file, not to standard output");
    if (names_sound(path) || ends_like(path, tensors))
        return echo_fail(err, ECHO_ERR_ARG,
                       "%s: latents are written as safetensors: name it %.*s.safetensors", path,
                       stem(path), path);
    return output_check(path, err);
}

echo_status output_save(const char *path, const void *data, size_t bytes, echo_error *err)
{
    if (!is_stdout(path))
        return echo_file_write(path, data, bytes, err);
    fwrite(data, 1, bytes, stdout);
    return output_flush(err);
}

const char *output_name(const char *path)
{
    return is_stdout(path) ? "standard output" : path;
}

echo_status output_flush(echo_error *err)
{
    if (fflush(stdout) || ferror(stdout))
        return echo_fail(err, ECHO_ERR_FILE, "standard output: cannot be written: %s",
                         strerror(errno));
    return ECHO_OK;
}
