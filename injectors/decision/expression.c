/* All paths at once, as K. Thompson's (Regular Expression Search Algorithm, CACM 11, 1968): a set of steps
 * for each byte.  Floor 0. */
#include "injectors/decision/expression.h"
#include "injectors/decision/text.h"

struct place {
    const uint8_t *bytes;
    size_t at, len;
};

struct steps {
    uint64_t bits[EXPRESSION_STEPS / 64];
};

static bool is_word(const struct place *p, size_t at)
{
    uint8_t c = at < p->len ? p->bytes[at] : 0; /* at - 1 of the first is none, too */

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* As PCRE2: the end, and a last newline before it. */
static bool is_finish(const struct place *p)
{
    return p->at == p->len || (p->at + 1 == p->len && p->bytes[p->at] == '\n');
}

static bool is_open(enum expression_op op, const struct place *p)
{
    switch (op) {
    case EXPRESSION_FORK: return true;
    case EXPRESSION_START: return !p->at;
    case EXPRESSION_FINISH: return is_finish(p);
    case EXPRESSION_EDGE: return is_word(p, p->at - 1) != is_word(p, p->at);
    case EXPRESSION_INSIDE: return is_word(p, p->at - 1) == is_word(p, p->at);
    case EXPRESSION_END:
    case EXPRESSION_BYTE:
    case EXPRESSION_FOLDED:
    case EXPRESSION_CLASS: break;
    }
    return false;
}

static void add(struct steps *s, uint8_t step)
{
    s->bits[step % EXPRESSION_STEPS / 64] |= UINT64_C(1) << step % 64;
}

static bool take_one(struct steps *from, const struct steps *without, unsigned *ret_step)
{
    for (unsigned i = 0; i < EXPRESSION_STEPS / 64; i++) {
        from->bits[i] &= ~without->bits[i];
        if (!from->bits[i])
            continue;
        *ret_step = i * 64 + (unsigned)__builtin_ctzll(from->bits[i]);
        return true;
    }
    return false;
}

/* Whatever is reached from these without a byte; each once.  Returns true when the end is. */
static bool spread(const struct expression *e, struct steps from, const struct place *p, struct steps *ret)
{
    unsigned i;

    *ret = (struct steps){0};
    while (take_one(&from, ret, &i)) {
        const struct expression_step *step = &e->step[i];
        add(ret, (uint8_t)i);
        if (step->op == EXPRESSION_END)
            return true;
        if (!is_open((enum expression_op)step->op, p))
            continue;
        add(&from, step->next[0]);
        if (step->op == EXPRESSION_FORK)
            add(&from, step->next[1]);
    }
    return false;
}

static bool takes(const struct expression *e, const struct expression_step *step, uint8_t c)
{
    if (step->op == EXPRESSION_BYTE)
        return step->argument == c;
    if (step->op == EXPRESSION_FOLDED)
        return step->argument == (uint8_t)text_lower((char)c);
    return step->op == EXPRESSION_CLASS &&
           e->class[step->argument % EXPRESSION_CLASSES][c / 64] >> c % 64 & 1;
}

bool expression_matches(const struct expression *e, const uint8_t *bytes, size_t len)
{
    struct place p = {.bytes = bytes, .len = len};
    struct steps now = {0}, here;

    for (;; p.at++) {
        const struct steps none = {0};
        unsigned i;
        add(&now, 0); /* it may begin at each byte */
        if (spread(e, now, &p, &here))
            return true;
        if (p.at == len)
            return false;
        now = none;
        for (struct steps left = here; take_one(&left, &none, &i); left.bits[i / 64] &= left.bits[i / 64] - 1)
            if (takes(e, &e->step[i], bytes[p.at]))
                add(&now, e->step[i].next[0]);
    }
}
