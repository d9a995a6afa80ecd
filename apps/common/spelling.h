/* SPDX-License-Identifier: MIT */
/* spelling.h - which known word a mistyped one may have meant. */
#ifndef COMMON_SPELLING_H
#define COMMON_SPELLING_H

/* The known word that may have been meant: offer all of them. */
struct spelling {
    const char *wanted;
    int distance;        /* of the nearest; 0: it is the word itself */
    const char *nearest; /* the first of equals; NULL: none is near */
};

struct spelling spelling_of(const char *wanted);
/* known may be NULL, and must outlive what is done with the nearest. */
void spelling_offer(struct spelling *s, const char *known);
/* The same, where words are compared in another form than they are shown in. */
void spelling_offer_as(struct spelling *s, const char *known, const char *shown);

#endif
