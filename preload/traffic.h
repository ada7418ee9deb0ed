/* Counting what watched dependencies are asked: struct traffic.  Floor 1. */
#ifndef PRELOAD_TRAFFIC_H
#define PRELOAD_TRAFFIC_H

#include "preload/ask.h"

/* An attempt counts whether it is then made, refused or failed. */
void traffic_ask(const struct ask *a) HIDDEN;

/* It ended there, or failed: whoever waited for an answer has none. */
void traffic_failed(const struct ask *a, int error) HIDDEN;

/* Bytes came back, or none will; errno is kept. */
void traffic_done(const struct ask *a, ssize_t result) HIDDEN;

/* A connection was accepted for these dependencies. */
void traffic_accepted(uint32_t targets) HIDDEN;

#endif
