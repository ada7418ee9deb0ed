/* Halting from outside.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/run/rundir.h"
#include "chaosctl/run/state.h"

char *halt_path(void)
{
    cleanup_free char *base = rundir_base();
    char *path = NULL;

    return base && asprintf(&path, "%s/halt", base) >= 0 ? path : NULL;
}

static bool is_there(const char *path)
{
    return !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

const char *halt_in_force(const char *own)
{
    if (is_there(HALT_EVERYBODY))
        return HALT_EVERYBODY;
    return own && is_there(own) ? own : NULL;
}

/* That it is there is all that counts; what is in it is for people, and may be missing on a full disk. */
static int put(const char *path, mode_t mode)
{
    char when[CLOCK_TEXT_BYTES];
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode);

    if (fd < 0)
        return errno == ELOOP ? 0 : -errno; /* whatever is there, is there */
    dprintf(fd, "halted by uid %u, process %d, at %s\n", (unsigned)getuid(), (int)getpid(),
            clock_text(now_wall_ns(), when));
    return 0;
}

int halt_set(bool everybody)
{
    cleanup_free char *base = NULL;
    int error = everybody ? put(HALT_EVERYBODY, 0644) : control_base(&base);

    if (everybody || error)
        return error;
    cleanup_free char *own = halt_path();
    return own ? put(own, 0600) : -ENOMEM;
}

static int take_away(const char *path)
{
    return unlink(path) && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

int halt_clear(bool everybody)
{
    cleanup_free char *own = halt_path();
    int error = own ? take_away(own) : -ENOMEM;

    return everybody && !error ? take_away(HALT_EVERYBODY) : error;
}

/* --- leases --- */

static int expire(const char *path)
{
    struct stat st;
    cleanup_fd int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size != sizeof(struct table))
        return -EBADMSG;
    struct table *table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (table == MAP_FAILED)
        return -errno;
    atomic_store(&table->lease_ns, 0);
    atomic_fetch_add(&table->epoch, 1);
    syscall(SYS_futex, &table->epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    munmap(table, sizeof(*table));
    return 0;
}

int halt_expire_all(size_t *ret_count)
{
    cleanup_free char *base = NULL;
    struct state *states = NULL;
    size_t count = 0;
    int error = control_base(&base);

    *ret_count = 0;
    if (error)
        return error;
    struct arena *arena = arena_new();
    error = arena ? state_list(base, arena, &states, &count) : -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int r = states[i].control ? expire(states[i].control) : 0;
        *ret_count += !r && states[i].control && state_is_alive(&states[i]);
        error = error ? error : r;
    }
    arena_free(arena);
    return error;
}
