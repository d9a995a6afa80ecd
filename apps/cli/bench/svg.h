/* SPDX-License-Identifier: MIT */
/*
 * svg.h - a drawing, written as text: shapes, and letters of which only the width is guessed.
 *
 * Lengths are pixels from the top left corner.  Nothing fails until svg_save().
 */
#ifndef CLI_SVG_H
#define CLI_SVG_H

#include "echotts.h"

struct svg;

enum svg_anchor { SVG_START,
                  SVG_MIDDLE,
                  SVG_END };

struct svg_font {
    double size;
    enum svg_anchor anchor;
    const char *colour; /* NULL: nearly black */
    bool bold, upwards; /* upwards: turned to read from below */
};

/* NULL without memory, which the other calls accept. */
struct svg *svg_open(double width, double height, const char *title);

void svg_box(struct svg *s, double x, double y, double width, double height,
             const char *colour);
void svg_line(struct svg *s, double x1, double y1, double x2, double y2, const char *colour,
              double width, bool dashed);

/* y is the line that letters stand on. */
__attribute__((format(printf, 5, 6))) void svg_text(struct svg *s, double x, double y,
                                                    struct svg_font font, const char *fmt, ...);

/* About what a text takes. */
double svg_text_width(const char *text, double size);

/* Write it to path, whole or not at all, and let go of it. */
echo_status svg_save(struct svg *s, const char *path, echo_error *err);

#endif
