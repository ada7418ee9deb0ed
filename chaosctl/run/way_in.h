/* Which way a program is entered, and which faults cannot be had by it.  Floor 3. */
#ifndef RUN_WAY_IN_H
#define RUN_WAY_IN_H

#include <stdbool.h>

#include "chaosctl/base/diag.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/scenario/scenario.h"

/* INJECT_PRELOAD or INJECT_SECCOMP; INJECT_NONE: it cannot be entered as wanted. */
enum inject way_in_of(const struct entry *entry, enum inject wanted);

/* May it hand the shim on to what it starts?  Not where that would end it, or where the way was chosen by
 * somebody. */
bool way_in_preloads(const struct entry *entry, enum inject wanted);

/* "preload", "seccomp" */
const char *way_in_name(enum inject way);

/* Find out for each service, and say what is wrong: with a program, and with faults that cannot be had in it.
 * strict: what cannot be found or started is an error too, and names are looked up where that is needed.  0
 * or -ENOMEM. */
int way_in_settle(struct scenario *scenario, bool strict, struct diag *diag);

/* Is some service entered by seccomp? */
bool way_in_is_supervised(const struct scenario *scenario);

/* Why a fault cannot be had in the services that are entered by seccomp, of which *ret_service is one; NULL:
 * it can, or there is none.  A string constant. */
const char *way_in_obstacle(const struct scenario *scenario, const struct fault *fault,
                            const struct service **ret_service);

/* The dependencies whose connections must be led through the relay from their beginning: those of the faults,
 * and those whose calls are counted. */
uint32_t way_in_relayed(const struct scenario *scenario);

#endif
