/* SPDX-License-Identifier: MIT */
/* page_files.h - the files of the page, as page/embed.cmake puts them into the program. */
#ifndef SERVER_PAGE_FILES_H
#define SERVER_PAGE_FILES_H

#include <stddef.h>

struct page_file {
    const char *name, *mime; /* "index.html", "text/html; charset=utf-8" */
    const unsigned char *bytes;
    size_t size;
    const char *etag; /* in its quotes: of the bytes alone */
};

extern const struct page_file page_files[];
extern const int n_page_files;

#endif
