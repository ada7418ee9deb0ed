/* Bearing SIGBUS in our own pages.  Floor 1. */
#include <signal.h>
#include <sys/mman.h>

#include "preload/damage.h"
#include "preload/shim.h"

static bool is_in_area(const void *address)
{
    return (uintptr_t)address - (uintptr_t)&control < sizeof(control);
}

/* Zeroes are a table with nothing armed. */
static bool replace_area(void)
{
    return mmap(&control, sizeof(control), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                -1, 0) != MAP_FAILED;
}

/* Anything else is the program's own: it happens again, and ends it, where it did. */
static void bear(int number, siginfo_t *info, void *context)
{
    struct sigaction native = {.sa_handler = SIG_DFL};

    (void)context;
    if (info->si_code <= 0 || !is_in_area(info->si_addr) || !replace_area())
        sigaction(number, &native, NULL);
    if (info->si_code <= 0)
        raise(number);
}

void damage_bear(void)
{
    struct sigaction present, ours = {.sa_sigaction = bear, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    if (!sigaction(SIGBUS, NULL, &present) && !(present.sa_flags & SA_SIGINFO) &&
        present.sa_handler == SIG_DFL)
        sigaction(SIGBUS, &ours, NULL);
}
