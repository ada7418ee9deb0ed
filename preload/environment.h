/* The variables by which a program that is executed finds its run.  Floor 1.
 *
 * Programs start others with an environment that they made (subprocess.run(env={...}), sshd, su, env -i).
 * Without ours those would be out of reach, so what is missing is added on the way; what is there is left as
 * it is. */
#ifndef PRELOAD_ENVIRONMENT_H
#define PRELOAD_ENVIRONMENT_H

#include <stdbool.h>

#include "preload/real.h"

#define ENVIRONMENT_MAX     256 /* variables; one that was made anew has few */
#define ENVIRONMENT_PRELOAD 1024

/* On the stack of who executes: nothing is allocated, and a vfork child writes nowhere else. */
struct environment {
    char *variables[ENVIRONMENT_MAX + 4];
    char preload[ENVIRONMENT_PRELOAD];
};

/* A variable's value in a list; NULL. */
const char *environment_find(char *const *list, const char *name) HIDDEN;

/* Keep our own for later: the program may free or change what it was given. */
void environment_keep(const char *area, const char *service) HIDDEN;

/* Is a process of a run about to execute with a list that does not lead there? */
bool environment_is_lost(char *const *list) HIDDEN;

/* The list with what is missing.  Returns NULL when it does not fit. */
char *const *environment_restore(struct environment *room, char *const *list) HIDDEN;

#endif
