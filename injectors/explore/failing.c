/* The rows of failing.def.  Floor 1. */
#include <errno.h>
#include <netdb.h>
#include <sys/syscall.h>

#include "injectors/explore/failing.h"

const struct failing_row failing_rows[FAILING_COUNT] = {
#define CALL(name, family, ...)                    {#name, -1, "", FAMILY_##family, {__VA_ARGS__}},
#define TRAP(name, number, functions, family, ...) {#name, number, functions, FAMILY_##family, {__VA_ARGS__}},
#include "injectors/explore/failing.def"
};

_Static_assert(FAILING_COUNT <= EXPLORE_CALLS_MAX, "counts[] of struct explore_area is full");
