/* The rows of failing.def.  Floor 1. */
#include <errno.h>
#include <netdb.h>
#include <sys/syscall.h>

#include "injectors/explore/failing.h"
#include "preload/number.h"

const struct failing_row failing_rows[FAILING_COUNT] = {
#define CALL(name, family, ...)                    {#name, -1, "", FAMILY_##family, {__VA_ARGS__}},
#define TRAP(name, number, functions, family, ...) {#name, number, functions, FAMILY_##family, {__VA_ARGS__}},
#include "injectors/explore/failing.def"
};

static bool applies_to_stream(int error, enum explore_kind kind)
{
    bool is_stream = kind == EXPLORE_SOCKET || kind == EXPLORE_PIPE;

    switch (error) {
    case EPIPE: return is_stream;
    case EIO:
    case ENOSPC: return !is_stream;
    case ECONNRESET: return kind == EXPLORE_SOCKET;
    default: return true;
    }
}

static bool is_transfer(enum failing_family family)
{
    return family == FAMILY_READ || family == FAMILY_WRITE;
}

bool failing_applies(enum failing call, int error, const struct explore_place *place)
{
    enum failing_family family = failing_rows[call].family;

    if (error == EAGAIN && (is_transfer(family) || family == FAMILY_NETWORK))
        return place->is_nonblocking;
    if (family == FAMILY_NAME) /* a descriptor's access was granted long ago */
        return (error == EIO) == (place->kind != EXPLORE_NO_FILE);
    return !is_transfer(family) || applies_to_stream(error, place->kind);
}

bool failing_lasts(enum failing call, int error)
{
    enum failing_family family = failing_rows[call].family;

    if (error == EAGAIN && (is_transfer(family) || family == FAMILY_NETWORK))
        return false;
    return family != FAMILY_NAME && family != FAMILY_CLOSE;
}

_Static_assert(FAILING_COUNT <= EXPLORE_CALLS_MAX, "counts[] of struct explore_area is full");
