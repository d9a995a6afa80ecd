/* SPDX-License-Identifier: MIT */
#include <cmark.h>
#include <stdint.h>
#include <string.h>

#include "text/character.h"
#include "text/clean/readers.h"
#include "text/clean/shield.h"
#include "text/text.h"

#define FOOTNOTE_BYTES 40 /* a longer name is none */

struct markdown {
    struct passage *p;
    struct html h;
    bool sure;        /* indented lines are code */
    bool image_stops; /* the picture that is read stands first */
};

/* ---- text ---- */

/* Bytes of "[^1]" at s, or 0. */
static size_t footnote(const char *s)
{
    size_t n;

    if (s[0] != '[' || s[1] != '^')
        return 0;
    n = strcspn(s, "] \n");
    return s[n] == ']' && n > 2 && n < FOOTNOTE_BYTES ? n + 1 : 0;
}

static void put_text(struct markdown *m, const char *s)
{
    const char *start = s;

    for (; *s; s++) {
        size_t n = footnote(s);

        if (!n)
            continue;
        echo_html_put(&m->h, start, (size_t)(s - start));
        s += n - 1;
        start = s + 1;
    }
    echo_html_put(&m->h, start, (size_t)(s - start));
}

/* "[ ] ", "[x] " before a task. */
static size_t box(cmark_node *text)
{
    cmark_node *paragraph = cmark_node_parent(text);
    const char *s = cmark_node_get_literal(text);

    if (cmark_node_previous(text) || cmark_node_previous(paragraph) ||
        cmark_node_get_type(cmark_node_parent(paragraph)) != CMARK_NODE_ITEM)
        return 0;
    return s[0] == '[' && s[1] && strchr(" xX", s[1]) && s[2] == ']' && s[3] == ' ' ? 4 : 0;
}

/* ---- signs that cmark does not know: ~~gone~~, ==marked== ---- */

static bool is_word(const char *text, const char *s)
{
    uint32_t code;

    while (s > text && ((unsigned char)*s & 0xc0) == 0x80)
        s--;
    return echo_character(s, &code) && echo_character_is_letter(code);
}

static bool is_sign(const char *s)
{
    return (s[0] == '~' || s[0] == '=') && s[0] == s[1] && s[2] != s[0];
}

/* Signs in pairs, each with a word on its inner side, become spaces of no width. */
static void strip(struct text_buffer *b)
{
    char *open[2] = { NULL, NULL }, *text = b->bytes;

    for (char *s = text; s && *s; s++) {
        char **pair = &open[*s == '='];
        bool before, after;

        if (!is_sign(s))
            continue;
        before = s > text && is_word(text, s - 1);
        after = s[2] && !strchr(" \n", s[2]);
        if (*pair && s > text && !strchr(" \n", s[-1])) {
            memset(s, '\a', 2);
            memset(*pair, '\a', 2);
            *pair = NULL;
        } else if (after && !before) {
            *pair = s;
        }
        s++;
    }
}

static void drop_signs(struct text_buffer *b)
{
    size_t n = 0;

    strip(b);
    for (size_t i = 0; i < b->length; i++)
        if (b->bytes[i] != '\a')
            b->bytes[n++] = b->bytes[i];
    echo_buffer_cut(b, n);
}

/* ---- blocks ---- */

static void end_block(struct markdown *m)
{
    drop_signs(&m->p->text);
    echo_html_end(&m->h);
    echo_passage_end(m->p, SCRIPT_PARAGRAPH);
}

static void enter_item(struct markdown *m, cmark_node *item)
{
    cmark_node *list = cmark_node_parent(item);
    intptr_t before = (intptr_t)cmark_node_get_user_data(list);

    echo_buffer_cut(&m->p->number, 0);
    if (cmark_node_get_list_type(list) != CMARK_ORDERED_LIST)
        return;
    cmark_node_set_user_data(list, (void *)(before + 1));
    echo_passage_number(m->p, (long)(cmark_node_get_list_start(list) + before));
}

static int count_lines(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += *s == '\n';
    return n;
}

/* Fences have lines of their own. */
static bool is_fenced(cmark_node *code)
{
    int lines = cmark_node_get_end_line(code) - cmark_node_get_start_line(code) + 1;

    return lines > count_lines(cmark_node_get_literal(code)) ||
           *cmark_node_get_fence_info(code);
}

static void code_block(struct markdown *m, cmark_node *code)
{
    const char *text = cmark_node_get_literal(code);

    if (m->sure || is_fenced(code))
        echo_passage_code(m->p, text);
    else
        echo_read_plain(m->p, &m->h, text);
}

static void html_block(struct markdown *m, cmark_node *html)
{
    echo_passage_begin(m->p);
    echo_html_read(&m->h, cmark_node_get_literal(html));
    if (!m->h.in_row)
        echo_passage_end(m->p, SCRIPT_PARAGRAPH);
}

/* ---- images ---- */

static bool is_described(cmark_node *image)
{
    cmark_node *n = cmark_node_first_child(image);
    size_t length;

    for (; n; n = cmark_node_next(n)) {
        const char *s = cmark_node_get_literal(n);

        if (s ? echo_text_word(s, &length) != NULL : cmark_node_first_child(n) != NULL)
            return true;
    }
    return false;
}

static void enter_image(struct markdown *m, cmark_node *image)
{
    m->image_stops = is_described(image) && echo_passage_image(m->p);
}

static void leave_image(struct markdown *m)
{
    if (m->image_stops)
        echo_html_put(&m->h, ". ", 2);
    m->image_stops = false;
}

/* ---- the tree ---- */

static void enter(struct markdown *m, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
        m->p->level = cmark_node_get_heading_level(node);
        m->p->stop = true;
        break;
    case CMARK_NODE_PARAGRAPH:
        m->p->stop = cmark_node_get_type(cmark_node_parent(node)) == CMARK_NODE_ITEM;
        break;
    case CMARK_NODE_ITEM:
        enter_item(m, node);
        break;
    case CMARK_NODE_CODE_BLOCK:
        code_block(m, node);
        break;
    case CMARK_NODE_HTML_BLOCK:
        html_block(m, node);
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        echo_passage_rule(m->p);
        break;
    case CMARK_NODE_TEXT:
        put_text(m, cmark_node_get_literal(node) + box(node));
        break;
    case CMARK_NODE_CODE: {
        const char *code = cmark_node_get_literal(node);

        echo_html_put(&m->h, code, strlen(code));
        break;
    }
    case CMARK_NODE_HTML_INLINE:
        echo_html_read(&m->h, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_SOFTBREAK:
        echo_html_put(&m->h, "\n", 1);
        break;
    case CMARK_NODE_LINEBREAK:
        echo_passage_mark(m->p, MARK_LINE);
        break;
    case CMARK_NODE_IMAGE:
        enter_image(m, node);
        break;
    default:
        break;
    }
}

static void leave(struct markdown *m, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
    case CMARK_NODE_PARAGRAPH:
        end_block(m);
        break;
    case CMARK_NODE_ITEM:
        echo_buffer_cut(&m->p->number, 0);
        break;
    case CMARK_NODE_IMAGE:
        leave_image(m);
        break;
    default:
        break;
    }
}

static void walk(struct markdown *m, cmark_node *document)
{
    cmark_iter *iter = cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        if (event == CMARK_EVENT_ENTER)
            enter(m, cmark_iter_get_node(iter));
        else
            leave(m, cmark_iter_get_node(iter));
    }
    cmark_iter_free(iter);
}

void echo_read_markdown(struct passage *p, const char *text, bool sure)
{
    struct markdown m = { .p = p, .h = echo_html_open(p, HTML_WITHIN, text), .sure = sure };
    struct text_buffer ready = { 0 };
    cmark_node *document;

    echo_shield(&ready, text);
    document = cmark_parse_document(echo_buffer_text(&ready), ready.length, CMARK_OPT_DEFAULT);
    p->failed |= ready.failed;
    echo_buffer_free(&ready);
    cmark_consolidate_text_nodes(document);
    walk(&m, document);
    cmark_node_free(document);
    echo_passage_end(p, SCRIPT_PARAGRAPH);
}
