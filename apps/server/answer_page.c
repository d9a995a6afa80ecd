/* SPDX-License-Identifier: MIT */
/* answer_page.c - the page at /, whose files are in the program. */
#include <string.h>

#include "page.h"
#include "routes.h"

/* Nothing from elsewhere, nothing inline, in nobody's frame. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                             "connect-src 'self'; media-src 'self' blob:; "
                             "img-src 'self' blob: data:; worker-src 'self'; base-uri 'none'; "
                             "form-action 'none'; frame-ancestors 'none'";

const struct page_file *page_find(const char *name)
{
    for (int i = 0; i < n_page_files; i++)
        if (!strcmp(page_files[i].name, name))
            return &page_files[i];
    return NULL;
}

void answer_page(struct request *r)
{
    const struct page_file *f = page_find(*r->name ? r->name : "index.html");
    const char *known = request_header(r, "If-None-Match");

    if (!f) {
        reply_refusal(r, 404, "no_page", NULL, "this program was built without its page");
        return;
    }
    reply_lasting(r, f->mime, f->bytes, f->size);
    if (known && !strcmp(known, f->etag)) {
        reply_lasting(r, NULL, "", 0);
        r->reply.status = 304;
    }
    reply_header(r, "Content-Security-Policy", policy);
    reply_header(r, "Referrer-Policy", "no-referrer");
    reply_header(r, "Cache-Control", "no-cache");
    reply_header(r, "ETag", f->etag);
}
