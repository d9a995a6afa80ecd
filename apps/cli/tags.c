/* SPDX-License-Identifier: MIT */
#include "tags.h"

#include <stdio.h>
#include <string.h>

#include "config.h"

bool tags_wanted(const char *path, const char *format, bool plain)
{
    echo_format f;

    if (!path)
        return false;
    if (format ? echo_format_named(format, &f, NULL) : echo_format_of_path(path, &f, NULL))
        return false;
    return strcmp(f.name, "pcm") && !(plain && !strcmp(f.name, "wav"));
}

/* The first words, up to the end of a sentence. */
static void take_title(char *out, size_t size, const char *text)
{
    size_t n, end;

    if (!strncmp(text, "[S", 2) && strchr(text, ' '))
        text = strchr(text, ' ') + 1;
    end = strcspn(text, ".!?\n");
    n = end < size ? end : size - 1;
    while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--; /* no half character */
    snprintf(out, size, "%.*s", (int)n, text);
}

/* "num_steps 20, cfg_scale_text 3, ..." */
static void list_settings(char *out, size_t size, const echo_params *params)
{
    json_t *all = config_of_params(params), *value;
    const char *name;
    size_t used = 0;

    *out = '\0';
    json_object_foreach(all, name, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
                                             JSON_REAL_PRECISION(6));

        if (text && used < size && strcmp(text, "[]"))
            used += (size_t)snprintf(out + used, size - used, "%s%s %s", used ? ", " : "",
                                     name, text);
        free(text);
    }
    json_decref(all);
}

/* Its own name: where it lies is nothing for all who get the file. */
static const char *name_of(const char *path, int *length)
{
    const char *hub = strstr(path, "models--"), *at = hub ? hub : path, *slash;
    size_t n = hub ? strcspn(hub, "/") : strlen(path);

    while (n > 1 && at[n - 1] == '/')
        n--;
    while (n > 1 && (slash = memchr(at, '/', n - 1))) {
        n -= (size_t)(slash + 1 - at);
        at = slash + 1;
    }
    *length = (int)n;
    return at;
}

void tags_fill(struct tags *t, echo_writer_opts *opts, const char *title, const char *text,
               const char *voice, const echo_model_info *model, const echo_params *params)
{
    char settings[900];
    int n = 0, length;
    const char *name = name_of(model->path, &length);

    if (title)
        snprintf(t->title, sizeof t->title, "%s", title);
    else
        take_title(t->title, sizeof t->title, text);
    list_settings(settings, sizeof settings, params);
    snprintf(t->software, sizeof t->software, "echotts %s", echo_version());
    snprintf(t->comment, sizeof t->comment, "Synthetic speech. Model: %.*s. Settings: %s.",
             length < 200 ? length : 200, name, settings);
    t->items[n++] = (echo_tag){ "title", t->title };
    if (voice)
        t->items[n++] = (echo_tag){ "artist", voice };
    t->items[n++] = (echo_tag){ "text", text };
    t->items[n++] = (echo_tag){ "comment", t->comment };
    t->items[n++] = (echo_tag){ "genre", "Speech" };
    t->items[n++] = (echo_tag){ "software", t->software };
    if (*model->license)
        t->items[n++] = (echo_tag){ "license", model->license };
    opts->tags = t->items;
    opts->n_tags = n;
}
