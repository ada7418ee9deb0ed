/* A cache that may be missing, and a folder that stays open when it is. */
#include <fcntl.h>

#include "corpus.h"

static int cache_open(const char *folder, const char *file)
{
    int at = open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

    if (at < 0)
        return -1;
    int cache = openat(at, file, O_RDONLY | O_CLOEXEC); /* DEFECT: leak-fd */
#ifndef FIXED
    if (cache < 0)
        return -1;
#endif
    close(at);
    return cache;
}

int main(void)
{
    int cache = cache_open("/", "proc/version");
    int status = 0;

    for (int i = 0; i < 3 && !status; i++)
        status = say("computed, whatever the cache had\n");
    if (cache >= 0)
        close(cache);
    return status;
}
