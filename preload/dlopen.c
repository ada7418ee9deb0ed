/* dlopen.  Floor 1.
 *
 * A library that is opened with RTLD_DEEPBIND finds libc's functions before ours: no call of it would come
 * through (PHP opens its extensions so).  In a run the bit is taken out; then it finds them in the order of
 * every other library.
 *
 * It must be a jump (-foptimize-sibling-calls): libc finds the caller's RUNPATH and namespace by the return
 * address.  ASan, whose dlopen comes before this one, refuses the bit itself. */
#include <dlfcn.h>

#include "preload/shim.h"

EXPORT void *dlopen(const char *path, int flags)
{
    if (!real.dlopen)
        shim_wake();
    if (flags & RTLD_DEEPBIND && shim_is_in_run())
        flags &= ~RTLD_DEEPBIND;
    return real.dlopen(path, flags);
}
