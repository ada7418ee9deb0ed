/* Clocks.  Floor 1. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

uint64_t now_mono_ns(void); /* CLOCK_MONOTONIC: for everything that is compared */
uint64_t now_wall_ns(void); /* CLOCK_REALTIME: for people alone */

/* RFC 3339 in UTC with milliseconds: 2026-11-24T05:46:09.123Z.  Returns text. */
#define CLOCK_TEXT_BYTES 32
const char *clock_text(uint64_t wall_ns, char text[static CLOCK_TEXT_BYTES]);

#endif
