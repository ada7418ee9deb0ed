/* Noting whom the process connects to, while it is observed: struct seen.  Floor 1. */
#ifndef PRELOAD_OBSERVE_H
#define PRELOAD_OBSERVE_H

#include "preload/ask.h"

/* A connect returned result.  errno is kept. */
void observe_connected(const struct ask *a, int result) HIDDEN;

/* Something is about to be sent; something was received.  errno may change. */
void observe_ask(const struct ask *a) HIDDEN;
void observe_done(const struct ask *a, ssize_t result) HIDDEN;

/* The numbers are about to be other files', or none's.  errno is kept. */
void observe_forget(unsigned first, unsigned last) HIDDEN;

#endif
