/* A small regular expression for host names.  Floor 0.
 *
 * It lives here because the shim must match names without allocating or locking, which no library promises.
 * Understood: literals, . [a-z] [^a-z] \d \w and \ before any sign, each followed by * + or ?, and ^ $ and
 * top-level |. Refused at validate time: groups, counted repeats, back-references.  Letters match without
 * case. */
#ifndef DECISION_PATTERN_H
#define DECISION_PATTERN_H

#include <stdbool.h>

/* Does the pattern match anywhere in the text?  Gives up (false) after PATTERN_STEPS steps, so that no
 * pattern hangs. */
#define PATTERN_STEPS 20000
bool pattern_matches(const char *pattern, const char *text);

/* Is it written in what is understood here?  Otherwise *ret_why says what is not; a string constant. */
bool pattern_is_valid(const char *pattern, const char **ret_why);

#endif
