/* From the text of a regular expression to its steps.  Floor 0.
 *
 *   alternatives = sequence ("|" sequence)*
 *   sequence     = (atom repeat?)*
 *   atom         = "(" alternatives ")" | class | escape | sign
 *
 * A piece of the machine lies in one run of steps, entered at its first, and left to the step behind its
 * last: so that a repeat is a fork before or behind a piece, and a counted one is the piece compiled again.
 */
#include <string.h>

#include "injectors/decision/expression.h"
#include "injectors/decision/text.h"

#define DEPTH_MAX  16
#define COUNT_MAX  1000
#define NO_MAXIMUM (-1)

struct compiler {
    struct expression *e;
    const char *start, *p;
    const char *why;
    bool folds, dot_is_all;
    int depth;
};

static bool fail(struct compiler *c, const char *why)
{
    if (!c->why)
        c->why = why;
    return false;
}

/* --- steps --- */

static bool emit(struct compiler *c, enum expression_op op, unsigned argument)
{
    struct expression *e = c->e;

    /* The last place is the end's, and next[] of the one before must be able to name it. */
    if (e->count >= EXPRESSION_STEPS - 1)
        return fail(
            c, "it is too long: at most 127 signs and repeats, counted ones written out, are understood");
    e->step[e->count] = (struct expression_step){
        (uint8_t)op, (uint8_t)argument, {(uint8_t)(e->count + 1), (uint8_t)(e->count + 1)}};
    e->count++;
    return true;
}

/* A fork before the piece that begins at `at`; what leads behind it, still does. */
static bool insert_fork(struct compiler *c, unsigned at, unsigned other)
{
    struct expression_step *step = c->e->step;
    unsigned end = c->e->count;

    if (!emit(c, EXPRESSION_FORK, 0))
        return false;
    memmove(&step[at + 1], &step[at], (end - at) * sizeof(*step));
    for (unsigned i = at + 1; i <= end; i++)
        for (int k = 0; k < 2; k++)
            step[i].next[k] += step[i].next[k] >= at;
    step[at] = (struct expression_step){EXPRESSION_FORK, 0, {(uint8_t)(at + 1), (uint8_t)other}};
    return true;
}

static bool is_optional(struct compiler *c, unsigned at)
{
    return insert_fork(c, at, c->e->count + 1u);
}

static bool may_repeat(struct compiler *c, unsigned at)
{
    if (!emit(c, EXPRESSION_FORK, 0))
        return false;
    c->e->step[c->e->count - 1].next[1] = (uint8_t)at;
    return true;
}

/* --- classes --- */

typedef uint64_t bytes_set[4];

static void include(uint64_t *set, unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        set[i / 64] |= UINT64_C(1) << i % 64;
}

static void invert(uint64_t *set)
{
    for (int i = 0; i < 4; i++)
        set[i] = ~set[i];
}

static bool is_class_letter(char letter)
{
    return letter && memchr("dwsDWS", letter, 6);
}

static void include_letter(uint64_t *set, char letter)
{
    bytes_set own = {0};
    char lower = text_lower(letter);

    if (lower != 's')
        include(own, '0', '9');
    if (lower == 'w') {
        include(own, 'a', 'z');
        include(own, 'A', 'Z');
        include(own, '_', '_');
    }
    if (lower == 's') {
        include(own, '\t', '\r');
        include(own, ' ', ' ');
    }
    if (lower != letter)
        invert(own);
    for (int i = 0; i < 4; i++)
        set[i] |= own[i];
}

static void fold(uint64_t *set)
{
    for (unsigned i = 'a'; i <= 'z'; i++) {
        unsigned upper = i - 'a' + 'A';
        if ((set[i / 64] >> i % 64 | set[upper / 64] >> upper % 64) & 1) {
            include(set, i, i);
            include(set, upper, upper);
        }
    }
}

static bool emit_class(struct compiler *c, const uint64_t *set)
{
    struct expression *e = c->e;
    unsigned i = 0;

    while (i < e->classes && memcmp(e->class[i], set, sizeof(e->class[i])))
        i++;
    if (i == EXPRESSION_CLASSES)
        return fail(
            c, "it is too long: at most 8 different classes ([...], \\d, \\w, \\s and .) are understood");
    memcpy(e->class[i], set, sizeof(e->class[i]));
    e->classes = (uint8_t)(i < e->classes ? e->classes : i + 1);
    return emit(c, EXPRESSION_CLASS, i);
}

/* --- escapes --- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = text_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hex(struct compiler *c)
{
    int high = hex_of(c->p[0]), low = high < 0 ? -1 : hex_of(c->p[1]);

    if (low < 0) {
        fail(c, "\\x wants two hexadecimal digits, such as \\x0d");
        return -1;
    }
    c->p += 2;
    return high * 16 + low;
}

/* The byte that an escape stands for; -1 when it is wrong.  p is behind the backslash. */
static int read_escape(struct compiler *c)
{
    static const char letters[] = "nrtfvae0", meant[] = "\n\r\t\f\v\a\033";
    char letter = *c->p;
    const char *found = letter ? memchr(letters, letter, sizeof(letters) - 1) : NULL;

    if (!letter) {
        fail(c, "nothing follows the last backslash");
        return -1;
    }
    if (letter >= '1' && letter <= '9') {
        fail(c, "back-references are not understood in request; write the text out");
        return -1;
    }
    if (!found && letter != 'x' && ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))) {
        fail(c,
             "this escape is not understood in request; these are: \\d \\D \\w \\W \\s \\S \\b \\B \\n \\r "
             "\\t \\f \\e \\0 \\xHH");
        return -1;
    }
    c->p++;
    if (letter == 'x')
        return read_hex(c);
    return found ? (uint8_t)meant[found - letters] : (uint8_t)letter;
}

/* --- [...] --- */

static int read_class_byte(struct compiler *c)
{
    if ((uint8_t)*c->p >= 0x80) {
        fail(c, "a class of request is of single bytes, all ASCII or \\xHH; write alternatives: (?:a|b)");
        return -1;
    }
    if (*c->p != '\\')
        return (uint8_t)*c->p++;
    c->p++;
    if (*c->p == 'b') {
        c->p++;
        return '\b';
    }
    return read_escape(c);
}

static bool read_range(struct compiler *c, uint64_t *set)
{
    int from = read_class_byte(c), to = from;

    if (from < 0)
        return false;
    if (c->p[0] == '-' && c->p[1] && c->p[1] != ']') {
        c->p++;
        if (c->p[0] == '\\' && is_class_letter(c->p[1]))
            return fail(c, "a range ends with a sign");
        to = read_class_byte(c);
        if (to >= 0 && to < from)
            return fail(c, "the range runs backwards");
    }
    if (to >= 0)
        include(set, (unsigned)from, (unsigned)to);
    return to >= 0;
}

static bool read_member(struct compiler *c, uint64_t *set)
{
    if (c->p[0] == '[' && c->p[1] && memchr(":.=", c->p[1], 3))
        return fail(c, "POSIX classes are not understood in request; write the range: [a-z], \\d, \\w");
    if (c->p[0] == '\\' && is_class_letter(c->p[1])) {
        include_letter(set, c->p[1]);
        c->p += 2;
        return true;
    }
    return read_range(c, set);
}

static bool read_class(struct compiler *c)
{
    const char *from = c->p++;
    bytes_set set = {0};
    bool negated = *c->p == '^';

    c->p += negated;
    do {
        if (!*c->p) {
            c->p = from;
            return fail(c, "a class without its ]");
        }
        if (!read_member(c, set))
            return false;
    } while (*c->p != ']');
    c->p++;
    if (c->folds)
        fold(set);
    if (negated)
        invert(set);
    return emit_class(c, set);
}

/* --- atoms --- */

static bool read_alternatives(struct compiler *c);

static bool read_group(struct compiler *c)
{
    const char *from = c->p++;

    if (*c->p == '?' && c->p[1] != ':')
        return fail(
            c, "of groups that begin with (? only (?:...) is understood in request, and (?i) and (?s) at "
               "its start");
    if (*c->p == '*')
        return fail(c, "verbs are not understood in request");
    c->p += *c->p == '?' ? 2 : 0;
    if (++c->depth > DEPTH_MAX)
        return fail(c, "groups are too deep: 16 are understood");
    if (!read_alternatives(c))
        return false;
    c->depth--;
    if (*c->p != ')') {
        c->p = from;
        return fail(c, "a group without its )");
    }
    c->p++;
    return true;
}

static bool emit_byte(struct compiler *c, uint8_t byte)
{
    char lower = text_lower((char)byte);
    bool is_letter = lower >= 'a' && lower <= 'z';

    return emit(c, c->folds && is_letter ? EXPRESSION_FOLDED : EXPRESSION_BYTE,
                c->folds && is_letter ? (uint8_t)lower : byte);
}

static bool read_backslash(struct compiler *c)
{
    char letter = *++c->p;
    bytes_set set = {0};

    if (letter == 'b' || letter == 'B') {
        c->p++;
        return emit(c, letter == 'b' ? EXPRESSION_EDGE : EXPRESSION_INSIDE, 0);
    }
    if (is_class_letter(letter)) {
        c->p++;
        include_letter(set, letter);
        return emit_class(c, set);
    }
    int byte = read_escape(c);
    return byte >= 0 && emit_byte(c, (uint8_t)byte);
}

static bool read_dot(struct compiler *c)
{
    bytes_set set = {0};

    c->p++;
    if (!c->dot_is_all)
        include(set, '\n', '\n');
    invert(set);
    return emit_class(c, set);
}

/* A repeat behind a character of several bytes is of all of them. */
static bool read_character(struct compiler *c)
{
    do {
        if (!emit_byte(c, (uint8_t)*c->p++))
            return false;
    } while (((uint8_t)*c->p & 0xc0) == 0x80);
    return true;
}

static bool read_atom(struct compiler *c)
{
    switch (*c->p) {
    case '(': return read_group(c);
    case '[': return read_class(c);
    case '\\': return read_backslash(c);
    case '.': return read_dot(c);
    case '^': c->p++; return emit(c, EXPRESSION_START, 0);
    case '$': c->p++; return emit(c, EXPRESSION_FINISH, 0);
    case '*':
    case '+':
    case '?': return fail(c, "there is nothing to repeat; write \\ before the sign itself");
    default: return read_character(c);
    }
}

/* --- repeats --- */

struct repeat {
    int least, most; /* NO_MAXIMUM */
};

static int read_number(const char **p)
{
    int n = -1;

    for (; **p >= '0' && **p <= '9'; ++*p)
        n = n < 0 ? **p - '0' : n > COUNT_MAX ? n : n * 10 + (**p - '0');
    return n;
}

/* A brace that is no count is a sign, as in JSON. */
static bool read_braces(struct compiler *c, struct repeat *ret)
{
    const char *p = c->p + 1;

    ret->least = ret->most = read_number(&p);
    if (ret->least < 0)
        return false;
    if (*p == ',') {
        p++;
        ret->most = *p == '}' ? NO_MAXIMUM : read_number(&p);
        if (ret->most < 0 && *p != '}')
            return false;
    }
    if (*p != '}')
        return false;
    c->p = p + 1;
    return true;
}

static bool read_repeat(struct compiler *c, struct repeat *ret)
{
    if (*c->p == '{')
        return read_braces(c, ret);
    if (!*c->p || !memchr("*+?", *c->p, 3))
        return false;
    *ret = (struct repeat){*c->p == '+', *c->p == '?' ? 1 : NO_MAXIMUM};
    c->p++;
    return true;
}

static bool again(struct compiler *c, const char *atom)
{
    const char *behind = c->p;

    c->p = atom;
    if (!read_atom(c))
        return false;
    c->p = behind;
    return true;
}

/* The piece that begins at `at` is there once. */
static bool write_out(struct compiler *c, const char *atom, unsigned at, struct repeat r)
{
    unsigned last = at;

    if (!r.most) {
        c->e->count = (uint8_t)at;
        return true;
    }
    for (int i = 1; i < r.least; i++) {
        last = c->e->count;
        if (!again(c, atom))
            return false;
    }
    if (r.most == NO_MAXIMUM)
        return may_repeat(c, last) && (r.least || is_optional(c, at));
    if (!r.least && !is_optional(c, at))
        return false;
    for (int i = r.least ? r.least : 1; i < r.most; i++) {
        last = c->e->count;
        if (!again(c, atom) || !is_optional(c, last))
            return false;
    }
    return true;
}

static bool read_repeated(struct compiler *c)
{
    const char *atom = c->p;
    unsigned at = c->e->count;
    struct repeat r;

    if (!read_atom(c))
        return false;
    const char *behind = c->p;
    if (!read_repeat(c, &r))
        return true;
    if (r.most != NO_MAXIMUM && r.most < r.least)
        return fail(c, "the count runs backwards");
    if (*c->p == '+')
        return fail(c, "possessive repeats are not understood in request; leave the second + out");
    c->p += *c->p == '?'; /* lazy: what matches is the same */
    if (*c->p && (memchr("*+?", *c->p, 3) || (*c->p == '{' && read_braces(c, &(struct repeat){0}))))
        return fail(c, "a repeat of a repeat; put the first in (?:...)");
    const char *end = c->p;
    if (!write_out(c, atom, at, r)) {
        c->p = behind;
        return false;
    }
    c->p = end;
    return true;
}

/* --- the whole --- */

static bool read_sequence(struct compiler *c)
{
    while (*c->p && *c->p != '|' && *c->p != ')')
        if (!read_repeated(c))
            return false;
    return true;
}

/* A sequence that is not the last ends with a jump behind them all: a fork with one way. */
static bool read_alternatives(struct compiler *c)
{
    unsigned at = c->e->count;

    if (!read_sequence(c) || *c->p != '|')
        return !c->why;
    c->p++;
    if (!emit(c, EXPRESSION_FORK, 0))
        return false;
    if (!insert_fork(c, at, c->e->count + 1u))
        return false;
    unsigned jump = c->e->count - 1u;
    if (!read_alternatives(c))
        return false;
    c->e->step[jump].next[0] = c->e->step[jump].next[1] = c->e->count;
    return true;
}

static void read_options(struct compiler *c)
{
    while (c->p[0] == '(' && c->p[1] == '?') {
        const char *p = c->p + 2;
        bool folds = c->folds, all = c->dot_is_all;
        for (; *p == 'i' || *p == 's'; p++) {
            folds = folds || *p == 'i';
            all = all || *p == 's';
        }
        if (*p != ')' || p == c->p + 2)
            return;
        c->folds = folds;
        c->dot_is_all = all;
        c->p = p + 1;
    }
}

bool expression_compile(const char *text, struct expression *ret, const char **ret_why, size_t *ret_at)
{
    struct compiler c = {.e = ret, .start = text, .p = text};

    memset(ret, 0, sizeof(*ret));
    read_options(&c);
    if (read_alternatives(&c) && *c.p == ')')
        fail(&c, "a ) without its group; write \\) for the sign");
    if (c.why) {
        *ret_why = c.why;
        *ret_at = (size_t)(c.p - text);
        return false;
    }
    ret->step[ret->count++] = (struct expression_step){.op = EXPRESSION_END};
    return true;
}
