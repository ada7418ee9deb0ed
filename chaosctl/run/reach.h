/* Is each process of a service in the run?  Faults would pass one by that is not, and it would pass every
 * test. Floor 3. */
#ifndef RUN_REACH_H
#define RUN_REACH_H

#include <stdbool.h>

struct run;

/* Says which process is out of reach, and why as far as that can be seen; NULL: none.  Having been in is not
 * enough: a process may execute another program without our environment.
 *
 * is_last: nobody will ask again.  Then a process that executes just now is given a moment to come in, for so
 * long this waits, and a service may have no process any more. */
const char *reach_missing(struct run *run, bool is_last);

#endif
