/* A regular expression over the first bytes of a request, compiled.  Floor 0.
 *
 * Compiled where the scenario is read, and matched inside the shim, which has no place for a library that
 * allocates.  A state machine in fixed arrays: every byte is looked at once, whatever the pattern, so there
 * is nothing to give up on; and whatever lies in a damaged one, a match ends and reads nothing else.
 *
 * Understood, as PCRE2 does: literals, . [a-z] [^a-z] \d \D \w \W \s \S \b \B \n \r \t \f \e \0 \xHH and \
 * before any other sign; * + ? {n} {n,} {n,m}, greedy or lazy; ( ) (?: ) and |; ^ and $; (?i) and (?s) at the
 * start.  Bytes, not characters: . is one byte.  Refused: back-references, look-around, atomic and named
 * groups, Unicode properties, POSIX classes. */
#ifndef DECISION_EXPRESSION_H
#define DECISION_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPRESSION_STEPS   128 /* a power of two; a literal is one, a repeat one or two */
#define EXPRESSION_CLASSES 8   /* different [...] and \d, \w, \s; a power of two */

struct expression_step {
    uint8_t op, argument; /* a byte, or a class */
    uint8_t next[2];
};

struct expression {
    uint8_t count; /* steps; 0: none, whatever is sent fits */
    uint8_t classes;
    uint8_t reserved[6];
    uint64_t class[EXPRESSION_CLASSES][4]; /* a bit for each byte */
    struct expression_step step[EXPRESSION_STEPS];
};

/* Returns false when it is not understood, or too long: *ret_why says why and what would work (a string
 * constant), *ret_at where, in bytes. */
bool expression_compile(const char *text, struct expression *ret, const char **ret_why, size_t *ret_at);

/* Does it match anywhere in these bytes? */
bool expression_matches(const struct expression *e, const uint8_t *bytes, size_t len);

enum expression_op {
    EXPRESSION_END, /* it matches */
    EXPRESSION_BYTE,
    EXPRESSION_FOLDED, /* a letter, in whatever case */
    EXPRESSION_CLASS,
    EXPRESSION_FORK,
    EXPRESSION_START,
    EXPRESSION_FINISH,
    EXPRESSION_EDGE,   /* \b */
    EXPRESSION_INSIDE, /* \B */
};

#endif
