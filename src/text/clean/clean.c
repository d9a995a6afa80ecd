/* SPDX-License-Identifier: MIT */
#include "text/clean/clean.h"

#include <string.h>

#include "base/error.h"
#include "text/clean/readers.h"
#include "text/text.h"

static void read_html(struct passage *p, const char *text, enum html_dialect dialect)
{
    struct html h = echo_html_open(p, dialect, text);

    echo_html_read(&h, text);
    echo_passage_end(p, SCRIPT_PARAGRAPH);
}

/* Plain text that nobody called so may have tags and entities now and then. */
static void read_plain(struct passage *p, const char *text, bool sure)
{
    struct html h = echo_html_open(p, HTML_WITHIN, text);

    echo_read_plain(p, sure ? NULL : &h, text);
}

void echo_read(struct passage *p, const char *text, enum markup markup)
{
    struct text_buffer sifted = { 0 };
    enum markup as;

    echo_sift(&sifted, text);
    echo_drop_thoughts(&sifted);
    text = echo_buffer_text(&sifted);
    as = markup == MARKUP_AUTO ? echo_guess(text) : markup;
    if (as == MARKUP_MARKDOWN)
        echo_read_markdown(p, text, markup == MARKUP_MARKDOWN);
    else if (as == MARKUP_PLAIN || as == MARKUP_AUTO)
        read_plain(p, text, markup == MARKUP_PLAIN);
    else
        read_html(p, text, as == MARKUP_SSML ? HTML_SSML : HTML_PAGE);
    p->failed |= sifted.failed;
    echo_buffer_free(&sifted);
}

echo_status echo_markup_named(enum markup *out, const char *name, echo_error *err)
{
    static const char *const names[] = {
        [MARKUP_AUTO] = "auto", [MARKUP_PLAIN] = "plain", [MARKUP_MARKDOWN] = "markdown",
        [MARKUP_HTML] = "html", [MARKUP_SSML] = "ssml",
    };

    *out = MARKUP_AUTO;
    if (!name)
        return ECHO_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) {
            *out = (enum markup)i;
            return ECHO_OK;
        }
    return echo_fail_field(err, "markup", "markup '%.40s': expected auto, plain, markdown, "
                                          "html or ssml", name);
}

echo_status echo_clean(struct script *out, const char *text, const struct clean_opts *opts,
                       echo_error *err)
{
    struct passage p = { .out = out, .cast = opts->cast };
    int before = out->n;
    echo_status status;

    if ((status = echo_text_utf8(text, err)) ||
        (status = echo_speller_open(&p.speller, opts->language ? opts->language : "en", err)))
        return status;
    echo_read(&p, text, opts->markup);
    if (p.failed || out->failed || (opts->cast && opts->cast->failed))
        status = echo_fail_memory(err, strlen(text), "a text that is cleaned");
    else if (out->n == before)
        status = echo_text_nothing(err);
    echo_passage_close(&p);
    echo_speller_close(&p.speller);
    return status;
}
