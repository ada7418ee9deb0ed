/* Whether memory ran out, of whoever noticed and could only leave something out.  Floor 1.
 *
 * buf.h and jansson go on without what they could not allocate, so that what they make is shorter and nobody
 * says so.  Here it is noted, and a command that otherwise succeeds says it at its end. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>

/* From now on jansson's allocations are watched, too.  ran_out: called at once, from then on, where something
 * could not be allocated, for who has nothing to put in order; NULL: it is noted alone. */
void memory_watch(void (*ran_out)(void));

/* Something could not be allocated. */
void memory_is_out(void);

bool memory_ran_out(void);

#endif
