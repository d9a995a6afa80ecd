/* SPDX-License-Identifier: MIT */
/* license.h - what a model may be used for, shown and accepted once. */
#ifndef HUB_LICENSE_H
#define HUB_LICENSE_H

#include "echotts.h"

struct license {
    char model[200], name[100], line[300], url[300]; /* the line may be "" */
};

/* Has the user accepted it? */
bool license_is_accepted(const struct license *l);

/* Remember that. */
echo_status license_accept(const struct license *l, echo_error *err);

#endif
