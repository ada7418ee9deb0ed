/* Cleanup attributes and hand-over.  Floor 1.  After systemd's cleanup-util.h and bubblewrap's utils.h in
 * idea. */
#ifndef BASE_CLEAN_H
#define BASE_CLEAN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void clean_free(void *p)
{
    free(*(void **)p);
}

static inline void clean_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void clean_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

#define cleanup_free __attribute__((cleanup(clean_free)))
#define cleanup_fd   __attribute__((cleanup(clean_fd)))
#define cleanup_file __attribute__((cleanup(clean_file)))

/* Hand the thing over: the cleanup of the variable finds nothing. */
static inline int steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static inline void *steal_pointer(void *p)
{
    void *taken = *(void **)p;

    *(void **)p = NULL;
    return taken;
}

#define steal(p) ((__typeof__(*(p)))steal_pointer(p))

#endif
