/* SPDX-License-Identifier: MIT */
#include "weights/pickle.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A checkpoint of a thousand tensors with its optimizer takes 1 MB and 20 MB of memory. */
#define MOST_BYTES  ((size_t)16 << 20)
#define MOST_MEMORY ((size_t)256 << 20)
#define MOST_STACK  ((size_t)1 << 20)
#define MOST_MARKS  1000 /* Python's own limit of depth */
#define CHUNK_BYTES ((size_t)64 << 10)

enum opcode {
    MARK = '(', STOP = '.', POP = '0', POP_MARK = '1', DUP = '2', BININT = 'J', BININT1 = 'K',
    BININT2 = 'M', NONE = 'N', BINFLOAT = 'G', BINSTRING = 'T', SHORT_BINSTRING = 'U',
    BINUNICODE = 'X', APPEND = 'a', BUILD = 'b', GLOBAL = 'c', DICT = 'd', EMPTY_DICT = '}',
    APPENDS = 'e', BINGET = 'h', LONG_BINGET = 'j', LIST = 'l', EMPTY_LIST = ']',
    BINPUT = 'q', LONG_BINPUT = 'r', SETITEM = 's', TUPLE = 't', EMPTY_TUPLE = ')',
    SETITEMS = 'u', BINPERSID = 'Q', REDUCE = 'R', BINBYTES = 'B', SHORT_BINBYTES = 'C',
    PROTO = 0x80, NEWOBJ = 0x81, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87, NEWTRUE = 0x88,
    NEWFALSE = 0x89, LONG1 = 0x8a, LONG4 = 0x8b, SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d,
    BINBYTES8 = 0x8e, EMPTY_SET = 0x8f, ADDITEMS = 0x90, FROZENSET = 0x91, NEWOBJ_EX = 0x92,
    STACK_GLOBAL = 0x93, MEMOIZE = 0x94, FRAME = 0x95, BYTEARRAY8 = 0x96,
};

struct chunk {
    struct chunk *next;
    size_t used, bytes;
    _Alignas(16) char data[];
};

/* A list of values that grows. */
struct values {
    const struct pickle_value **at;
    size_t n, capacity;
};

struct pickle {
    struct chunk *chunks;
    size_t memory;
    const struct pickle_value *root;
};

/* The machine while it runs; it remembers its first failure. */
struct machine {
    struct pickle *p;
    const char *path;
    const unsigned char *data;
    size_t at, bytes;
    const struct pickle_name *names;
    struct values stack, memo;
    size_t marks[MOST_MARKS], n_marks; /* heights of the stack */
    echo_status status;
    echo_error *err;
};

__attribute__((format(printf, 2, 3))) static void fail(struct machine *m, const char *fmt, ...)
{
    char line[400];
    va_list ap;

    if (m->status)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    m->status = echo_fail(m->err, ECHO_ERR_FILE, "%s: %s", m->path, line);
}

static void fail_damaged(struct machine *m, const char *what)
{
    fail(m, "the pickle in it is damaged: %s (byte %zu)", what, m->at);
}

/* ---- memory ---- */

/* Cleared; NULL after a failure. */
static void *take(struct machine *m, size_t bytes)
{
    struct pickle *p = m->p;

    if (m->status)
        return NULL;
    if (!p->chunks || p->chunks->bytes - p->chunks->used < bytes) {
        struct chunk *c = NULL;

        if (p->memory >= MOST_MEMORY)
            fail(m, "the pickle in it takes more than %zu MB of memory: no checkpoint does",
                 MOST_MEMORY >> 20);
        else if (!(c = calloc(1, sizeof *c + CHUNK_BYTES)))
            m->status = echo_fail_memory(m->err, CHUNK_BYTES, "a pickle");
        if (!c)
            return NULL;
        *c = (struct chunk){ .next = p->chunks, .bytes = CHUNK_BYTES };
        p->chunks = c;
        p->memory += CHUNK_BYTES;
    }
    void *at = p->chunks->data + p->chunks->used;

    p->chunks->used += (bytes + 15) & ~(size_t)15;
    return at;
}

static struct pickle_value *make(struct machine *m, enum pickle_kind kind)
{
    struct pickle_value *v = take(m, sizeof *v);

    if (v)
        v->kind = kind;
    return v;
}

/* Room for value number `index`, at most the next one. */
static bool reach(struct machine *m, struct values *v, size_t index)
{
    if (index >= v->capacity) {
        size_t capacity = index < 128 ? 256 : 2 * index;
        const struct pickle_value **more = realloc(v->at, capacity * sizeof *more);

        if (!more) {
            m->status = echo_fail_memory(m->err, capacity * sizeof *more, "a pickle");
            return false;
        }
        v->at = more;
        v->capacity = capacity;
    }
    if (index >= v->n)
        v->n = index + 1;
    return true;
}

/* ---- the stack ---- */

static void push(struct machine *m, const struct pickle_value *v)
{
    if (m->stack.n == MOST_STACK)
        fail(m, "the pickle in it has %zu values at once: no checkpoint has", MOST_STACK);
    if (!m->status && v && reach(m, &m->stack, m->stack.n))
        m->stack.at[m->stack.n - 1] = v;
}

/* Of the part above the last mark. */
static size_t height(const struct machine *m)
{
    return m->stack.n - (m->n_marks ? m->marks[m->n_marks - 1] : 0);
}

/* The value `depth` below the top, or NULL with a failure. */
static struct pickle_value *peek(struct machine *m, size_t depth)
{
    if (m->status)
        return NULL;
    if (height(m) <= depth) {
        fail_damaged(m, "its stack is empty");
        return NULL;
    }
    return (struct pickle_value *)(uintptr_t)m->stack.at[m->stack.n - 1 - depth];
}

static const struct pickle_value *pop(struct machine *m)
{
    const struct pickle_value *v = peek(m, 0);

    if (v)
        m->stack.n--;
    return v;
}

static void push_mark(struct machine *m)
{
    if (m->n_marks == MOST_MARKS)
        fail(m, "the pickle in it is nested more than %d times: no checkpoint is", MOST_MARKS);
    else
        m->marks[m->n_marks++] = m->stack.n;
}

/* The first place above the last mark, which goes. */
static size_t pop_mark(struct machine *m)
{
    if (!m->status && m->n_marks)
        return m->marks[--m->n_marks];
    fail_damaged(m, "a mark is missing");
    return m->stack.n;
}

/* ---- containers ---- */

static void add(struct machine *m, struct pickle_value *to, const struct pickle_value *key,
                const struct pickle_value *value)
{
    struct pickle_item *item = take(m, sizeof *item);

    if (!item)
        return;
    *item = (struct pickle_item){ NULL, key, value };
    if (to->last)
        to->last->next = item;
    else
        to->first = item;
    to->last = item;
    to->items++;
}

/* The values from place `first` on become a container of their own. */
static void gather(struct machine *m, enum pickle_kind kind, size_t first)
{
    struct pickle_value *v = make(m, kind);

    for (size_t i = first; v && i < m->stack.n; i++)
        add(m, v, NULL, m->stack.at[i]);
    if (!m->status)
        m->stack.n = first;
    push(m, v);
}

static void make_tuple(struct machine *m, size_t n)
{
    if (!n || peek(m, n - 1))
        gather(m, PICKLE_TUPLE, m->stack.n - n);
}

/* Values from place `first` on go, one by one or in pairs, into what lies below. */
static void extend(struct machine *m, enum pickle_kind kind, size_t first)
{
    struct pickle_value *to;
    size_t step = kind == PICKLE_DICT ? 2 : 1, n = m->stack.n - first;

    if (m->status)
        return;
    m->stack.n = first;
    if (!(to = peek(m, 0)))
        return;
    if (to->kind != kind || n % step) {
        fail_damaged(m, "it adds to what is no list or dictionary");
        return;
    }
    for (size_t i = first; i < first + n; i += step)
        add(m, to, step == 2 ? m->stack.at[i] : NULL, m->stack.at[i + step - 1]);
}

static void make_dict(struct machine *m, size_t first)
{
    size_t n = m->stack.n - first;
    struct pickle_value *v = make(m, PICKLE_DICT);

    if (m->status)
        return;
    if (n % 2) {
        fail_damaged(m, "a key has no value");
        return;
    }
    for (size_t i = first; i < first + n; i += 2)
        add(m, v, m->stack.at[i], m->stack.at[i + 1]);
    m->stack.n = first;
    push(m, v);
}

/* ---- reading ---- */

/* n bytes that are there, or NULL with a failure. */
static const unsigned char *bytes_of(struct machine *m, uint64_t n)
{
    const unsigned char *p = m->data + m->at;

    if (m->status)
        return NULL;
    if (n > m->bytes - m->at) {
        fail_damaged(m, "it ends too early, or a length in it is too large");
        return NULL;
    }
    m->at += (size_t)n;
    return p;
}

static uint64_t number_of(struct machine *m, int bytes)
{
    const unsigned char *p = bytes_of(m, (uint64_t)bytes);
    uint64_t n = 0;

    for (int i = 0; p && i < bytes; i++)
        n |= (uint64_t)p[i] << 8 * i;
    return n;
}

static void push_int(struct machine *m, int64_t number)
{
    struct pickle_value *v = make(m, PICKLE_INT);

    if (v)
        v->number = number;
    push(m, v);
}

/* Bytes of a length that stands before them. */
static void push_counted(struct machine *m, enum pickle_kind kind, int length_bytes)
{
    uint64_t n = number_of(m, length_bytes);
    const unsigned char *p = bytes_of(m, n);
    struct pickle_value *v = make(m, kind);

    if (v) {
        v->text = (const char *)p;
        v->bytes = (size_t)n;
    }
    push(m, v);
}

/* Two's complement of any length; nobody asks for those of more than eight bytes. */
static void push_long(struct machine *m, int length_bytes)
{
    uint64_t n = number_of(m, length_bytes), value = 0;
    const unsigned char *p = bytes_of(m, n);

    if (!p)
        return;
    if (n > 8) {
        push(m, make(m, PICKLE_OTHER));
        return;
    }
    for (uint64_t i = 0; i < n; i++)
        value |= (uint64_t)p[i] << 8 * i;
    if (n && n < 8 && p[n - 1] & 0x80)
        value |= UINT64_MAX << 8 * n;
    push_int(m, (int64_t)value);
}

static void skip(struct machine *m, enum pickle_kind kind, int bytes)
{
    bytes_of(m, (uint64_t)bytes);
    push(m, make(m, kind));
}

/* ---- the memo ---- */

static void remember(struct machine *m, uint64_t index)
{
    const struct pickle_value *v = peek(m, 0);

    if (!v)
        return;
    if (index > m->memo.n) /* picklers count: else a few bytes could take much memory */
        fail_damaged(m, "its memo has a gap");
    else if (reach(m, &m->memo, (size_t)index))
        m->memo.at[index] = v;
}

static void recall(struct machine *m, uint64_t index)
{
    if (m->status)
        return;
    if (index >= m->memo.n)
        fail_damaged(m, "it asks its memo for what is not there");
    else
        push(m, m->memo.at[index]);
}

/* ---- names and calls ---- */

static bool same(const char *text, const char *bytes, size_t n)
{
    return strlen(text) == n && !memcmp(text, bytes, n);
}

/* For a line of text: printable, cut. */
static void show(char *out, size_t size, const char *text, size_t n)
{
    size_t used = 0;

    for (; used < n && used + 1 < size; used++)
        out[used] = text[used] >= ' ' && text[used] < 127 ? text[used] : '?';
    out[used] = 0;
}

static void push_name(struct machine *m, const char *module, size_t module_bytes,
                      const char *name, size_t name_bytes)
{
    char shown_module[64], shown_name[64];
    struct pickle_value *v;

    for (const struct pickle_name *n = m->names; n->module; n++)
        if (same(n->module, module, module_bytes) && same(n->name, name, name_bytes)) {
            if ((v = make(m, PICKLE_NAME)))
                v->name = n;
            push(m, v);
            return;
        }
    show(shown_module, sizeof shown_module, module, module_bytes);
    show(shown_name, sizeof shown_name, name, name_bytes);
    fail(m, "it wants to call %s.%s: it is refused, only tensors are read; "
            "save the model's state_dict() alone", shown_module, shown_name);
}

/* Two lines of text. */
static void push_global(struct machine *m)
{
    const char *lines[2];
    size_t length[2];

    for (int i = 0; i < 2; i++) {
        const unsigned char *end = memchr(m->data + m->at, '\n', m->bytes - m->at);

        if (!end) {
            fail_damaged(m, "a name does not end");
            return;
        }
        lines[i] = (const char *)m->data + m->at;
        length[i] = (size_t)(end - (m->data + m->at));
        m->at += length[i] + 1;
    }
    push_name(m, lines[0], length[0], lines[1], length[1]);
}

static void push_stack_global(struct machine *m)
{
    const struct pickle_value *name = pop(m), *module = pop(m);

    if (m->status)
        return;
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        fail_damaged(m, "a name is no text");
    else
        push_name(m, module->text, module->bytes, name->text, name->bytes);
}

/* A class that is a dict begins empty, or by others that are empty too. */
static bool is_empty(const struct pickle_value *args)
{
    for (const struct pickle_item *i = args->first; i; i = i->next)
        if (i->value->items || i->value->kind == PICKLE_CALL)
            return false;
    return true;
}

/* Nothing is called: it is noted what would be. */
static void call(struct machine *m)
{
    const struct pickle_value *args = pop(m), *what = pop(m);
    struct pickle_value *v;

    if (m->status)
        return;
    if (what->kind != PICKLE_NAME || args->kind != PICKLE_TUPLE) {
        fail(m, "it wants to call a result of its own: it is refused, only tensors are read");
        return;
    }
    if (what->name->makes == PICKLE_DICT && !is_empty(args)) {
        fail(m, "its %s.%s is filled by a call: it is refused", what->name->module,
             what->name->name);
        return;
    }
    if ((v = make(m, what->name->makes)) && v->kind == PICKLE_CALL) {
        v->name = what->name;
        v->of = args;
    }
    push(m, v);
}

/* A thing's own fields (`_metadata` of a state_dict): not looked at. */
static void build(struct machine *m)
{
    struct pickle_value *what;

    pop(m);
    if ((what = peek(m, 0)) && what->kind != PICKLE_CALL && what->kind != PICKLE_DICT)
        fail(m, "it wants to change what is no tensor: it is refused");
}

static void push_stored(struct machine *m)
{
    const struct pickle_value *of = pop(m);
    struct pickle_value *v = make(m, PICKLE_STORED);

    if (v)
        v->of = of;
    push(m, v);
}

/* ---- the machine ---- */

static void read_protocol(struct machine *m)
{
    uint64_t protocol = number_of(m, 1);

    if (!m->status && (protocol < 2 || protocol > 5))
        fail(m, "its pickle is of protocol %d, 2 to 5 are read", (int)protocol);
}

static void read_frame(struct machine *m)
{
    uint64_t bytes = number_of(m, 8);

    if (!m->status && bytes > m->bytes - m->at)
        fail_damaged(m, "it ends too early");
}

/* Values of their own. */
static bool run_value(struct machine *m, unsigned op)
{
    switch (op) {
    case NONE: push(m, make(m, PICKLE_OTHER)); return true;
    case NEWTRUE: push_int(m, 1); return true;
    case NEWFALSE: push_int(m, 0); return true;
    case BININT: push_int(m, (int32_t)number_of(m, 4)); return true;
    case BININT1: push_int(m, (int64_t)number_of(m, 1)); return true;
    case BININT2: push_int(m, (int64_t)number_of(m, 2)); return true;
    case LONG1: push_long(m, 1); return true;
    case LONG4: push_long(m, 4); return true;
    case BINFLOAT: skip(m, PICKLE_OTHER, 8); return true;
    case BINUNICODE: push_counted(m, PICKLE_TEXT, 4); return true;
    case SHORT_BINUNICODE: push_counted(m, PICKLE_TEXT, 1); return true;
    case BINUNICODE8: push_counted(m, PICKLE_TEXT, 8); return true;
    case SHORT_BINSTRING: push_counted(m, PICKLE_TEXT, 1); return true; /* Python 2's */
    case BINSTRING: push_counted(m, PICKLE_TEXT, 4); return true;
    case BINBYTES: push_counted(m, PICKLE_OTHER, 4); return true;
    case SHORT_BINBYTES: push_counted(m, PICKLE_OTHER, 1); return true;
    case BINBYTES8:
    case BYTEARRAY8: push_counted(m, PICKLE_OTHER, 8); return true;
    case EMPTY_DICT: push(m, make(m, PICKLE_DICT)); return true;
    case EMPTY_LIST:
    case EMPTY_SET: push(m, make(m, PICKLE_LIST)); return true;
    case EMPTY_TUPLE: push(m, make(m, PICKLE_TUPLE)); return true;
    }
    return false;
}

/* Values of those on the stack. */
static bool run_container(struct machine *m, unsigned op)
{
    switch (op) {
    case TUPLE1: make_tuple(m, 1); return true;
    case TUPLE2: make_tuple(m, 2); return true;
    case TUPLE3: make_tuple(m, 3); return true;
    case TUPLE: gather(m, PICKLE_TUPLE, pop_mark(m)); return true;
    case LIST:
    case FROZENSET: gather(m, PICKLE_LIST, pop_mark(m)); return true;
    case DICT: make_dict(m, pop_mark(m)); return true;
    case APPENDS:
    case ADDITEMS: extend(m, PICKLE_LIST, pop_mark(m)); return true;
    case SETITEMS: extend(m, PICKLE_DICT, pop_mark(m)); return true;
    case APPEND:
        if (peek(m, 1))
            extend(m, PICKLE_LIST, m->stack.n - 1);
        return true;
    case SETITEM:
        if (peek(m, 2))
            extend(m, PICKLE_DICT, m->stack.n - 2);
        return true;
    }
    return false;
}

static bool run_other(struct machine *m, unsigned op)
{
    switch (op) {
    case PROTO: read_protocol(m); return true;
    case FRAME: read_frame(m); return true;
    case MARK: push_mark(m); return true;
    case POP: pop(m); return true;
    case POP_MARK: m->stack.n = pop_mark(m); return true;
    case DUP: push(m, peek(m, 0)); return true;
    case BINPUT: remember(m, number_of(m, 1)); return true;
    case LONG_BINPUT: remember(m, number_of(m, 4)); return true;
    case MEMOIZE: remember(m, m->memo.n); return true;
    case BINGET: recall(m, number_of(m, 1)); return true;
    case LONG_BINGET: recall(m, number_of(m, 4)); return true;
    case GLOBAL: push_global(m); return true;
    case STACK_GLOBAL: push_stack_global(m); return true;
    case NEWOBJ_EX: pop(m); call(m); return true;
    case REDUCE:
    case NEWOBJ: call(m); return true;
    case BUILD: build(m); return true;
    case BINPERSID: push_stored(m); return true;
    }
    return false;
}

static void run(struct machine *m)
{
    while (!m->status) {
        unsigned op = (unsigned)number_of(m, 1);

        if (m->status)
            return;
        if (op == STOP)
            break;
        if (!run_value(m, op) && !run_container(m, op) && !run_other(m, op))
            fail(m, "its pickle has the instruction 0x%02x, which torch.save() does not write: "
                    "it is refused", op);
    }
    m->p->root = pop(m);
    if (!m->status && (m->stack.n || m->n_marks))
        fail_damaged(m, "it ends with more than one value");
}

echo_status echo_pickle_open(struct pickle **out, const char *path, const void *data,
                             size_t bytes, const struct pickle_name *names, echo_error *err)
{
    struct machine m = { .path = path, .data = data, .bytes = bytes, .names = names,
                         .err = err };

    *out = NULL;
    if (bytes > MOST_BYTES)
        return echo_fail(err, ECHO_ERR_FILE, "%s: its pickle has %zu MB: no checkpoint's has "
                                             "more than %zu", path, bytes >> 20,
                         MOST_BYTES >> 20);
    if (!(m.p = calloc(1, sizeof *m.p)))
        return echo_fail_memory(err, sizeof *m.p, "a pickle");
    run(&m);
    free(m.stack.at);
    free(m.memo.at);
    if (m.status)
        echo_pickle_close(&m.p);
    *out = m.p;
    return m.status;
}

void echo_pickle_close(struct pickle **p)
{
    if (!*p)
        return;
    for (struct chunk *c = (*p)->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(*p);
    *p = NULL;
}

const struct pickle_value *echo_pickle_root(const struct pickle *p)
{
    return p->root;
}

const struct pickle_value *echo_pickle_get(const struct pickle_value *dict, const char *key)
{
    const struct pickle_value *found = NULL;

    for (const struct pickle_item *i = dict->first; i; i = i->next)
        if (i->key && i->key->kind == PICKLE_TEXT && same(key, i->key->text, i->key->bytes))
            found = i->value;
    return found;
}

const struct pickle_value *echo_pickle_item(const struct pickle_value *list, size_t i)
{
    const struct pickle_item *item = list->first;

    for (; item && i; i--)
        item = item->next;
    return item ? item->value : NULL;
}
