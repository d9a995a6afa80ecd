/* SPDX-License-Identifier: MIT */
#include "hub/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/failure.h"

static const char *set(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* The value of the first that is set, NULL: none is. */
static const char *first_set(const char *const *names)
{
    const char *value = NULL;

    while (!value && *names)
        value = set(*names++);
    return value;
}

/* As huggingface_hub reads it. */
static bool is_on(const char *name)
{
    const char *const words[] = { "1", "on", "yes", "true" };
    const char *value = set(name);

    for (size_t i = 0; value && i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(value, words[i]))
            return true;
    return false;
}

static echo_status read_seconds(double *out, const char *name, double preset, double max,
                                echo_error *err)
{
    const char *value = set(name);
    char *end;

    *out = preset;
    if (!value)
        return ECHO_OK;
    *out = strtod(value, &end);
    if (*end || !(*out > 0 && *out <= max))
        return echo_fail(err, ECHO_ERR_ARG, "%s: '%.60s' is not a number of seconds up to %g",
                         name, value, max);
    return ECHO_OK;
}

/* Only what goes into a header as it is; blanks round it are not meant. */
static bool clean_token(char *out, size_t size, const char *text)
{
    size_t length;

    text += strspn(text, " \t\r\n");
    length = strcspn(text, " \t\r\n");
    if (length >= size || text[length + strspn(text + length, " \t\r\n")])
        return false;
    memcpy(out, text, length);
    out[length] = 0;
    for (const char *p = out; *p; p++)
        if (*p < ' ' || *p > '~')
            return false;
    return true;
}

static echo_status read_token(struct hub_settings *s, echo_error *err)
{
    const char *const names[] = { "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN" };
    char path[HUB_PATH], text[sizeof s->token + 64] = "";

    s->token_off = is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN");
    if (s->token_off)
        return ECHO_OK;
    for (int i = 0; i < 2 && !*s->token; i++) {
        if (!set(names[i]))
            continue;
        if (!clean_token(s->token, sizeof s->token, set(names[i])))
            return echo_fail(err, ECHO_ERR_ARG, "%s: this is no token: it has blanks, or "
                             "characters that a token cannot have", names[i]);
        s->token_from = *s->token ? names[i] : NULL;
    }
    if (*s->token || !echo_user_place(path, sizeof path, ECHO_USER_HUB_TOKEN))
        return ECHO_OK;
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = 0;
    if (!clean_token(s->token, sizeof s->token, text))
        return echo_fail(err, ECHO_ERR_ARG, "%.400s: this is no token: write it again (hf auth "
                         "login does), or remove the file", path);
    s->token_from = *s->token ? "the file that hf auth login wrote" : NULL;
    return ECHO_OK;
}

static echo_status read_endpoint(struct hub_settings *s, echo_error *err)
{
    const char *value = set("HF_ENDPOINT") ? set("HF_ENDPOINT") : "https://huggingface.co";
    size_t length = strlen(value);

    while (length && value[length - 1] == '/')
        length--;
    if (length >= sizeof s->endpoint ||
        (strncmp(value, "https://", 8) && strncmp(value, "http://", 7)))
        return echo_fail(err, ECHO_ERR_ARG,
                         "HF_ENDPOINT: '%.60s' is no address: it begins with https://", value);
    snprintf(s->endpoint, sizeof s->endpoint, "%.*s", (int)length, value);
    return ECHO_OK;
}

echo_status hub_settings_read(struct hub_settings *s, echo_error *err)
{
    *s = (struct hub_settings){ .offline = is_on("HF_HUB_OFFLINE") ||
                                           is_on("TRANSFORMERS_OFFLINE"),
                                .no_bars = is_on("HF_HUB_DISABLE_PROGRESS_BARS"),
                                .no_links = is_on("HF_HUB_DISABLE_SYMLINKS") };
    s->certificates = first_set((const char *const[]){ "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
                                                       "CURL_CA_BUNDLE", NULL });
    if (!echo_user_place(s->cache, sizeof s->cache, ECHO_USER_HUB_CACHE))
        return echo_fail(err, ECHO_ERR_ARG, "there is no home directory to keep models in: set "
                                            "HF_HUB_CACHE to a directory");
    if (read_endpoint(s, err) || read_token(s, err) ||
        read_seconds(&s->answer_s, "HF_HUB_ETAG_TIMEOUT", 10, 3600, err) ||
        read_seconds(&s->download_s, "HF_HUB_DOWNLOAD_TIMEOUT", 10, 3600, err))
        return err->status;
    return read_seconds(&s->backoff_s, "ECHOTTS_HUB_BACKOFF", 1, 60, err);
}
