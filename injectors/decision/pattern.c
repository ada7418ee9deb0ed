/* A backtracking matcher in the manner of Kernighan and Pike's (The Practice of Programming, 9.2), with
 * classes, alternation and a step limit.  Floor 0. */
#include <stddef.h>

#include "injectors/decision/pattern.h"
#include "injectors/decision/text.h"

/* The length of the atom that starts here: a class, an escape or one sign. */
static size_t atom_len(const char *p)
{
    if (p[0] == '\\' && p[1])
        return 2;
    if (p[0] != '[')
        return 1;
    size_t i = p[1] == '^' ? 2 : 1;
    do {
        if (!p[i])
            return 1;
        i += p[i] == '\\' && p[i + 1] ? 2 : 1;
    } while (p[i] != ']');
    return i + 1;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool escape_fits(char escape, char c)
{
    switch (escape) {
    case 'd': return c >= '0' && c <= '9';
    case 'w': return is_word(c);
    default: return text_lower(escape) == c;
    }
}

static bool class_fits(const char *p, size_t len, char c)
{
    bool negated = p[1] == '^', found = false;

    for (size_t i = negated ? 2 : 1; i + 1 < len; i++) {
        if (p[i] == '\\' && i + 2 < len) {
            found |= escape_fits(p[++i], c);
        } else if (p[i + 1] == '-' && i + 3 < len) {
            found |= text_lower(p[i]) <= c && c <= text_lower(p[i + 2]);
            i += 2;
        } else {
            found |= text_lower(p[i]) == c;
        }
    }
    return found != negated;
}

static bool atom_fits(const char *p, size_t len, char c)
{
    if (!c)
        return false;
    c = text_lower(c);
    if (p[0] == '[' && len > 1)
        return class_fits(p, len, c);
    if (p[0] == '\\' && len == 2)
        return escape_fits(p[1], c);
    return p[0] == '.' || text_lower(p[0]) == c;
}

static bool here(const char *p, const char *end, const char *text, int *steps);

static bool repeated(const char *atom, size_t len, const char *end, const char *text, int *steps)
{
    char op = atom[len];
    size_t most = 0, least = op == '+';

    while (atom_fits(atom, len, text[most]) && (op != '?' || !most))
        most++;
    for (size_t n = most + 1; n-- > least;)
        if (here(atom + len + 1, end, text + n, steps))
            return true;
    return false;
}

/* Does the alternative p..end match at the start of text? */
static bool here(const char *p, const char *end, const char *text, int *steps)
{
    for (;;) {
        if (p == end)
            return true;
        if (--*steps < 0)
            return false;
        if (*p == '$' && p + 1 == end)
            return !*text;
        size_t len = atom_len(p);
        if (p + len < end && (p[len] == '*' || p[len] == '+' || p[len] == '?'))
            return repeated(p, len, end, text, steps);
        if (!atom_fits(p, len, *text))
            return false;
        p += len;
        text++;
    }
}

static bool anywhere(const char *p, const char *end, const char *text, int *steps)
{
    if (p < end && *p == '^')
        return here(p + 1, end, text, steps);
    do {
        if (here(p, end, text, steps))
            return true;
    } while (*text++ && *steps > 0);
    return false;
}

static const char *alternative_end(const char *p)
{
    while (*p && *p != '|')
        p += atom_len(p);
    return p;
}

bool pattern_matches(const char *pattern, const char *text)
{
    int steps = PATTERN_STEPS;

    for (;;) {
        const char *end = alternative_end(pattern);
        if (anywhere(pattern, end, text, &steps))
            return true;
        if (!*end)
            return false;
        pattern = end + 1;
    }
}

static bool is_repeat(char c)
{
    return c == '*' || c == '+' || c == '?';
}

static const char *complaint(const char *p, bool may_repeat)
{
    if (*p == '(' || *p == ')')
        return "groups are not understood in a host pattern; write alternatives with a top-level |";
    if (*p == '{' || *p == '}')
        return "counted repeats are not understood in a host pattern";
    if (is_repeat(*p) && !may_repeat)
        return "nothing to repeat";
    if (*p == '[' && atom_len(p) == 1)
        return "a class without its ]";
    if (*p == '\\' && !p[1])
        return "nothing after the last backslash";
    if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
        return "back-references are not understood in a host pattern";
    return NULL;
}

bool pattern_is_valid(const char *pattern, const char **ret_why)
{
    bool may_repeat = false;

    for (const char *p = pattern; *p; p += atom_len(p)) {
        const char *why = complaint(p, may_repeat);
        if (why) {
            *ret_why = why;
            return false;
        }
        may_repeat = !is_repeat(*p) && *p != '^' && *p != '|' && *p != '$';
    }
    return true;
}
