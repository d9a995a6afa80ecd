/* SPDX-License-Identifier: MIT */
/* page.h - the files of the page at /, which are in the program. */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include "page_files.h"

/* NULL: it has none of this name. */
const struct page_file *page_find(const char *name);

#endif
