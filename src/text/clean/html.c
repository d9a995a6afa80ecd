/* SPDX-License-Identifier: MIT */
#include "text/clean/html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/character.h"
#include "text/clean/entity.h"
#include "text/clean/ssml.h"
#include "text/text.h"

/* ---- tags by name ---- */

typedef void act(struct html *h, const struct tag *t);

static act ignore, block, paragraph, soft_block, heading, term, list, item, table, row, cell,
    column, line, rule, image, pause_tag, sub, say_as, sentence, quote;

enum content {
    SAID,
    LEFT_OUT, /* what is between the tag and its end */
    IS_CODE,  /* perhaps */
};

static const struct kind {
    const char *name;
    act *act;
    enum content content;
    const char *close; /* of what is left out */
} kinds[] = {
    /* in order */
    { .name = "a", .act = ignore },
    { .name = "abbr", .act = ignore },
    { .name = "address", .act = block },
    { .name = "article", .act = block },
    { .name = "aside", .act = block },
    { .name = "audio", .act = ignore },
    { .name = "b", .act = ignore },
    { .name = "bdi", .act = ignore },
    { .name = "bdo", .act = ignore },
    { .name = "big", .act = ignore },
    { .name = "blockquote", .act = block },
    { .name = "body", .act = block },
    { .name = "br", .act = line },
    { .name = "break", .act = pause_tag },
    { .name = "button", .act = block },
    { .name = "caption", .act = block },
    { .name = "center", .act = block },
    { .name = "cite", .act = ignore },
    { .name = "code", .act = ignore },
    { .name = "col", .act = ignore },
    { .name = "colgroup", .act = ignore },
    { .name = "dd", .act = block },
    { .name = "del", .act = ignore },
    { .name = "desc", .act = ignore },
    { .name = "details", .act = block },
    { .name = "dfn", .act = ignore },
    { .name = "dialog", .act = block },
    { .name = "div", .act = soft_block },
    { .name = "dl", .act = block },
    { .name = "dt", .act = term },
    { .name = "em", .act = ignore },
    { .name = "emphasis", .act = ignore },
    { .name = "fieldset", .act = block },
    { .name = "figcaption", .act = block },
    { .name = "figure", .act = block },
    { .name = "font", .act = ignore },
    { .name = "footer", .act = block },
    { .name = "form", .act = block },
    { .name = "h1", .act = heading },
    { .name = "h2", .act = heading },
    { .name = "h3", .act = heading },
    { .name = "h4", .act = heading },
    { .name = "h5", .act = heading },
    { .name = "h6", .act = heading },
    { "head", block, LEFT_OUT, "</head" },
    { .name = "header", .act = block },
    { .name = "hr", .act = rule },
    { .name = "html", .act = block },
    { .name = "i", .act = ignore },
    { "iframe", ignore, LEFT_OUT, "</iframe" },
    { .name = "img", .act = image },
    { .name = "input", .act = ignore },
    { .name = "ins", .act = ignore },
    { .name = "kbd", .act = ignore },
    { .name = "label", .act = ignore },
    { .name = "lang", .act = ignore },
    { .name = "legend", .act = block },
    { .name = "lexicon", .act = ignore },
    { .name = "li", .act = item },
    { .name = "link", .act = ignore },
    { .name = "lookup", .act = ignore },
    { .name = "main", .act = block },
    { .name = "mark", .act = ignore },
    { .name = "math", .act = ignore },
    { .name = "meta", .act = ignore },
    { "metadata", ignore, LEFT_OUT, "</metadata" },
    { .name = "nav", .act = block },
    { .name = "noscript", .act = block },
    { .name = "object", .act = ignore },
    { .name = "ol", .act = list },
    { .name = "option", .act = block },
    { .name = "p", .act = paragraph },
    { .name = "phoneme", .act = ignore },
    { .name = "pre", .act = block, .content = IS_CODE },
    { .name = "prosody", .act = ignore },
    { .name = "q", .act = quote },
    { .name = "rp", .act = ignore },
    { .name = "rt", .act = ignore },
    { .name = "ruby", .act = ignore },
    { .name = "s", .act = sentence },
    { .name = "samp", .act = ignore },
    { .name = "say-as", .act = say_as },
    { "script", ignore, LEFT_OUT, "</script" },
    { .name = "section", .act = block },
    { .name = "select", .act = block },
    { .name = "small", .act = ignore },
    { .name = "source", .act = ignore },
    { .name = "span", .act = ignore },
    { .name = "speak", .act = block },
    { .name = "strike", .act = ignore },
    { .name = "strong", .act = ignore },
    { "style", ignore, LEFT_OUT, "</style" },
    { .name = "sub", .act = sub },
    { .name = "summary", .act = block },
    { .name = "sup", .act = ignore },
    { "svg", ignore, LEFT_OUT, "</svg" },
    { .name = "table", .act = table },
    { .name = "tbody", .act = row },
    { .name = "td", .act = cell },
    { "template", ignore, LEFT_OUT, "</template" },
    { .name = "textarea", .act = block },
    { .name = "tfoot", .act = row },
    { .name = "th", .act = column },
    { .name = "thead", .act = row },
    { .name = "time", .act = ignore },
    { .name = "title", .act = block },
    { .name = "tr", .act = row },
    { .name = "tt", .act = ignore },
    { .name = "u", .act = ignore },
    { .name = "ul", .act = list },
    { .name = "var", .act = ignore },
    { .name = "video", .act = ignore },
    { .name = "voice", .act = ignore },
    { .name = "wbr", .act = ignore },
};

static int compare(const void *key, const void *element)
{
    return strcmp(key, ((const struct kind *)element)->name);
}

static const struct kind *kind_of(const char *name)
{
    return bsearch(name, kinds, sizeof kinds / sizeof *kinds, sizeof *kinds, compare);
}

/* It ends what is before it. */
static bool is_block(const struct kind *kind)
{
    static act *const within[] = {
        ignore, line, image, pause_tag, sub, say_as, sentence, quote,
    };

    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        if (kind->act == within[i])
            return kind->content == LEFT_OUT;
    return true;
}

bool echo_html_knows(const char *name)
{
    return kind_of(name) != NULL;
}

bool echo_html_is_block(const char *name)
{
    const struct kind *kind = kind_of(name);

    return kind && is_block(kind);
}

/* ---- what tags do ---- */

static void ignore(struct html *h, const struct tag *t)
{
    (void)h, (void)t;
}

/* A cell that has blocks of its own is no cell. */
static void block(struct html *h, const struct tag *t)
{
    h->in_row = false;
    if (t->closes)
        echo_passage_end(h->p, SCRIPT_PARAGRAPH);
    else
        echo_passage_begin(h->p);
}

static void soft_block(struct html *h, const struct tag *t)
{
    if (h->in_row)
        echo_passage_put(h->p, " ", 1);
    else
        block(h, t);
}

static void paragraph(struct html *h, const struct tag *t)
{
    soft_block(h, t);
}

static void heading(struct html *h, const struct tag *t)
{
    block(h, t);
    if (t->closes)
        return;
    h->p->level = t->name[1] - '0';
    h->p->stop = true;
}

static void term(struct html *h, const struct tag *t)
{
    block(h, t);
    h->p->stop = !t->closes;
}

static void list(struct html *h, const struct tag *t)
{
    struct text_buffer start = { 0 };
    long first = 1;

    block(h, t);
    if (t->closes) {
        h->depth -= h->depth > 0;
        return;
    }
    if (echo_tag_attribute(t, "start", &start))
        first = strtol(echo_buffer_text(&start), NULL, 10);
    if (first < 1 || first > 1000000)
        first = 1;
    if (h->depth < HTML_LISTS)
        h->next[h->depth++] = t->name[0] == 'o' ? first : 0;
    echo_buffer_free(&start);
}

static void item(struct html *h, const struct tag *t)
{
    long *next = h->depth ? &h->next[h->depth - 1] : NULL;

    block(h, t);
    echo_buffer_cut(&h->p->number, 0);
    if (t->closes)
        return;
    h->p->stop = true;
    if (next && *next)
        echo_passage_number(h->p, (*next)++);
}

static void table(struct html *h, const struct tag *t)
{
    block(h, t);
    echo_buffer_cut(&h->p->columns, 0);
}

static void row(struct html *h, const struct tag *t)
{
    block(h, t);
    h->in_row = t->name[1] == 'r' && !t->closes;
}

static void put_cell(struct html *h, const struct tag *t, enum mark mark)
{
    if (t->closes)
        echo_passage_put(h->p, " ", 1);
    else if (h->in_row)
        echo_passage_mark(h->p, mark);
    else
        echo_passage_begin(h->p);
}

static void cell(struct html *h, const struct tag *t)
{
    put_cell(h, t, MARK_CELL);
}

static void column(struct html *h, const struct tag *t)
{
    put_cell(h, t, MARK_NAME);
}

static void line(struct html *h, const struct tag *t)
{
    (void)t;
    if (h->in_row)
        echo_passage_put(h->p, " ", 1);
    else
        echo_passage_mark(h->p, MARK_LINE);
}

static void rule(struct html *h, const struct tag *t)
{
    (void)t;
    h->in_row = false;
    echo_passage_rule(h->p);
}

static void image(struct html *h, const struct tag *t)
{
    struct text_buffer alt = { 0 };
    size_t length;
    bool first;

    if (echo_tag_attribute(t, "alt", &alt) && echo_text_word(echo_buffer_text(&alt), &length)) {
        first = echo_passage_image(h->p);
        echo_passage_put(h->p, alt.bytes, alt.length);
        echo_passage_put(h->p, ". ", first ? 2 : 0);
    }
    h->p->failed |= alt.failed;
    echo_buffer_free(&alt);
}

static void pause_tag(struct html *h, const struct tag *t)
{
    echo_ssml_break(h->p, t);
}

static void sub(struct html *h, const struct tag *t)
{
    if (echo_ssml_alias(h->p, t))
        strcpy(h->muted, t->name);
}

static void say_as(struct html *h, const struct tag *t)
{
    echo_ssml_say_as(h->p, t);
}

/* In HTML it strikes out. */
static void sentence(struct html *h, const struct tag *t)
{
    (void)t;
    if (h->dialect == HTML_SSML && !echo_passage_is_blank(h->p))
        echo_passage_end(h->p, SCRIPT_SENTENCE);
}

static void quote(struct html *h, const struct tag *t)
{
    (void)t;
    echo_passage_put(h->p, "\"", 1);
}

/* ---- tags in a text ---- */

/* The first `what` from s on, or NULL.  It is remembered, so that many tags with one end far
 * away, or with none, are read fast. */
static const char *find(struct html *h, const char *s, const char *what)
{
    struct html_found *found = h->found;

    while (found->what && strcmp(found->what, what))
        found++;
    if (!found->what || (found->at && found->at < s))
        *found = (struct html_found){ what, strcasestr(s, what) };
    return found->at;
}

/* Bytes of what is left out, from behind the tag on; 0: it has no end and is said. */
static size_t left_out(struct html *h, const char *s, const struct kind *kind,
                       const struct tag *t)
{
    const char *close = t->closes || t->alone ? NULL : find(h, s, kind->close);
    struct tag end;

    if (!close && kind->act == block && !t->closes) /* many pages forget </head> */
        return (close = find(h, s, "<body")) ? (size_t)(close - s) : 0;
    if (!close)
        return 0;
    return (size_t)(close - s) + (echo_tag_read(&end, close) ? end.length : 2);
}

static bool is_code(const char *s, const char *end)
{
    s += strspn(s, " \t\n");
    return end - s > 5 && !strncasecmp(s, "<code", 5);
}

/* Code is told of.  Other text in <pre> has the lines that it is meant to have. */
static size_t preformatted(struct html *h, const char *s, const struct tag *t)
{
    const char *close = t->closes || t->alone ? NULL : find(h, s, "</pre");
    struct text_buffer code = { 0 };
    struct tag inner;
    size_t n = close ? (size_t)(close - s) : 0;

    if (!close || !is_code(s, close))
        return 0;
    for (const char *end = close; s < end;) {
        size_t entity;

        if (echo_tag_read(&inner, s))
            s += inner.length;
        else if (*s == '&' && (entity = echo_entity(&code, s)))
            s += entity;
        else
            echo_buffer_put(&code, s++, 1);
    }
    echo_passage_code(h->p, echo_buffer_text(&code));
    h->p->failed |= code.failed;
    echo_buffer_free(&code);
    return n;
}

/* Bytes from `open` to the end of `close`, or 0. */
static size_t between(struct html *h, const char *s, const char *open, const char *close)
{
    const char *end;

    if (strncasecmp(s, open, strlen(open)) || !(end = find(h, s + strlen(open), close)))
        return 0;
    return (size_t)(end - s) + strlen(close);
}

/* Comments and the like, which are no elements. */
static size_t other(struct html *h, const char *s)
{
    static const char cdata[] = "<![CDATA[";
    size_t n;

    if (s[1] != '!' && s[1] != '?')
        return 0;
    if ((n = between(h, s, "<!--", "-->")) || (n = between(h, s, "<?", "?>")))
        return n;
    if ((n = between(h, s, cdata, "]]>"))) {
        echo_html_put(h, s + strlen(cdata), n - strlen(cdata) - strlen("]]>"));
        return n;
    }
    return between(h, s, "<!doctype", ">");
}

/* "<https://a.b>" and "<a@b.c>": they are without the signs around them. */
static size_t address(struct html *h, const char *s)
{
    size_t n = strcspn(s + 1, "<> \t\n");
    const char *end = s + 1 + n;

    if (*end != '>' || n < 3 || (!memchr(s + 1, '@', n) && !memmem(s + 1, n, "://", 3)))
        return 0;
    echo_html_put(h, s + 1, n);
    return n + 2;
}

static bool is_pair(const struct html *h, const char *name)
{
    for (int i = 0; i < h->n_pairs; i++)
        if (!strcmp(h->pairs[i], name))
            return true;
    return false;
}

static char last_byte(const struct passage *p)
{
    return p->text.length ? p->text.bytes[p->text.length - 1] : ' ';
}

/* A tag that nobody knows.  In a text that hardly has any it may be words in angles. */
static size_t unknown(struct html *h, const char *s, const struct tag *t)
{
    if (h->dialect != HTML_WITHIN || t->closes || t->alone || strpbrk(t->name, "-:") ||
        memchr(t->attributes, '=', t->attributes_length) || is_pair(h, t->name))
        return t->length;
    if (echo_character_is_letter((unsigned char)last_byte(h->p)))
        echo_html_put(h, " ", 1); /* "List<String>" */
    echo_html_put(h, s + 1, t->length - 2);
    return t->length;
}

/* Bytes of the tag at s, with what it leaves out; 0: it is none. */
static size_t element(struct html *h, const char *s)
{
    const struct kind *kind;
    struct tag t;

    if (!echo_tag_read(&t, s))
        return 0;
    kind = kind_of(t.name);
    if (*h->muted) {
        bool ends = t.closes && !strcmp(h->muted, t.name);

        if (ends || (kind && is_block(kind)))
            *h->muted = '\0';
        if (ends || *h->muted)
            return t.length;
    }
    if (!kind)
        return unknown(h, s, &t);
    kind->act(h, &t);
    if (kind->content == LEFT_OUT)
        return t.length + left_out(h, s + t.length, kind, &t);
    if (kind->content == IS_CODE)
        return t.length + preformatted(h, s + t.length, &t);
    return t.length;
}

void echo_html_put(struct html *h, const char *text, size_t n)
{
    if (!*h->muted)
        echo_passage_put(h->p, text, n);
}

void echo_html_read(struct html *h, const char *text)
{
    struct text_buffer left = { 0 };

    memset(h->found, 0, sizeof h->found);
    while (*text) {
        struct text_buffer *out = *h->muted ? &left : &h->p->text;
        size_t n = strcspn(text, "<&");

        echo_html_put(h, text, n);
        text += n;
        if (*text == '&' && (n = echo_entity(out, text)))
            text += n;
        else if (*text == '<' &&
                 ((n = element(h, text)) || (n = other(h, text)) || (n = address(h, text))))
            text += n;
        else if (*text)
            echo_html_put(h, text++, 1);
        echo_buffer_cut(&left, 0);
    }
    echo_buffer_free(&left);
}

void echo_html_end(struct html *h)
{
    *h->muted = '\0';
}

struct html echo_html_open(struct passage *p, enum html_dialect dialect, const char *whole)
{
    struct html h = { .p = p, .dialect = dialect };
    struct tag t;

    for (const char *s = whole; dialect == HTML_WITHIN && (s = strstr(s, "</")); s += 2)
        if (h.n_pairs < HTML_PAIRS && echo_tag_read(&t, s) && !kind_of(t.name) &&
            !is_pair(&h, t.name))
            strcpy(h.pairs[h.n_pairs++], t.name);
    return h;
}
