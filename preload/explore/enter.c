/* The way in: the area is mapped, and what brought us here leaves the environment.  Floor 1. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/explore/explore.h"

#define LIBRARY "/libchaosctl-explore.so"

struct explore_area *area;
struct explore_end *own_end;

static char **variable(char **environment, const char *name)
{
    size_t len = strlen(name);

    for (char **e = environment; e && *e; e++)
        if (!strncmp(*e, name, len) && (*e)[len] == '=')
            return e;
    return NULL;
}

static void remove_variable(char **e)
{
    for (; *e; e++)
        e[0] = e[1];
}

/* Ours is the first of the list; what stands behind it is the user's. */
static void restore_preload(char **environment)
{
    char **e = variable(environment, "LD_PRELOAD"), *ours = e ? strstr(*e, LIBRARY) : NULL;

    if (!ours)
        return;
    char *theirs = ours + sizeof(LIBRARY) - 1;
    if (*theirs != ':')
        remove_variable(e);
    else
        memmove(strchr(*e, '=') + 1, theirs + 1, strlen(theirs));
}

static struct explore_area *map(const char *path)
{
    long fd = raw(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CLOEXEC, 0, 0, 0);

    if (fd < 0)
        return NULL;
    long at = raw(SYS_mmap, 0, sizeof(struct explore_area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    raw(SYS_close, fd, 0, 0, 0, 0, 0);
    if (at < 0 && at > -4096)
        return NULL;
    struct explore_area *mapped = (struct explore_area *)at;
    return mapped->magic == EXPLORE_MAGIC ? mapped : NULL;
}

/* The first of all constructors, libc's own among them (-z initfirst), so environ is not set yet; and it is
 * the array that is handed to us. */
__attribute__((constructor)) static void enter(int argc, char **argv, char **environment)
{
    char **e = variable(environment, EXPLORE_VARIABLE);
    struct explore_area *mapped = e ? map(strchr(*e, '=') + 1) : NULL;

    if (e)
        remove_variable(e);
    restore_preload(environment);
    (void)argc;
    (void)argv;
    if (!mapped)
        return;
    area = mapped;
    own_end = &mapped->ends[0];
    stack_prepare();
    branch_prepare();
    bool is_trapping = mapped->traps && trap_install();
    mapped->traps = is_trapping;
    atomic_store(&mapped->entered, is_trapping ? 2 : 1);
}
