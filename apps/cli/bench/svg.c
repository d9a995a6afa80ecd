/* SPDX-License-Identifier: MIT */
#include "bench/svg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/failure.h"
#include "common/output.h"
#include "common/report.h"

#define INK   "#1f2933"
#define FONTS "Helvetica, Arial, 'DejaVu Sans', sans-serif"

struct svg {
    FILE *f;
    char *text;
    size_t bytes;
};

/* Names of files and machines come in here: nothing of them may end the text or the file. */
static void put_escaped(FILE *f, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", f);
            break;
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? '?' : *text, f);
        }
}

struct svg *svg_open(double width, double height, const char *title)
{
    struct svg *s = calloc(1, sizeof *s);

    if (!s || !(s->f = open_memstream(&s->text, &s->bytes))) {
        free(s);
        return NULL;
    }
    fprintf(s->f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" "
            "height=\"%g\" font-family=\"" FONTS "\">\n<title>",
            width, height, width, height);
    put_escaped(s->f, title);
    fprintf(s->f, "</title>\n");
    svg_box(s, 0, 0, width, height, "#ffffff");
    return s;
}

void svg_box(struct svg *s, double x, double y, double width, double height, const char *colour)
{
    if (s)
        fprintf(s->f,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x,
                y, width, height, colour);
}

void svg_line(struct svg *s, double x1, double y1, double x2, double y2, const char *colour,
              double width, bool dashed)
{
    if (s)
        fprintf(s->f,
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
                "stroke-width=\"%g\"%s/>\n",
                x1, y1, x2, y2, colour, width, dashed ? " stroke-dasharray=\"6 4\"" : "");
}

void svg_text(struct svg *s, double x, double y, struct svg_font font, const char *fmt, ...)
{
    static const char *const anchors[] = { "start", "middle", "end" };
    char text[512], plain[512];
    va_list ap;

    if (!s)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    report_plain(plain, sizeof plain, text);
    fprintf(s->f, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" text-anchor=\"%s\" fill=\"%s\"",
            x, y, font.size, anchors[font.anchor], font.colour ? font.colour : INK);
    if (font.bold)
        fputs(" font-weight=\"bold\"", s->f);
    if (font.upwards)
        fprintf(s->f, " transform=\"rotate(-90 %.1f %.1f)\"", x, y);
    fputc('>', s->f);
    put_escaped(s->f, plain);
    fputs("</text>\n", s->f);
}

double svg_text_width(const char *text, double size)
{
    return (double)strlen(text) * size * 0.56;
}

echo_status svg_save(struct svg *s, const char *path, echo_error *err)
{
    echo_status status;
    bool good = s;

    if (s) {
        fputs("</svg>\n", s->f);
        good = !fclose(s->f);
    }
    status = good ? output_save(path, s->text, s->bytes, err)
                  : echo_fail(err, ECHO_ERR_MEMORY, "%s: out of memory", path);
    if (s)
        free(s->text);
    free(s);
    return status;
}
