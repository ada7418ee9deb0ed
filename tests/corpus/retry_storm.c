/* Asks for a file until it gets it: at once, without a pause, for ever. */
#include <fcntl.h>

#include "corpus.h"

#define TRIES 3

static int open_patiently(const char *path)
{
    int fd = -1;

#ifdef FIXED
    for (int i = 0; i < TRIES && fd < 0; i++)
#else
    while (fd < 0)
#endif
        fd = open(path, O_RDONLY | O_CLOEXEC); /* DEFECT: hang */
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    int fd = open_patiently(argv[1]);
    if (fd < 0)
        return complain(argv[1]);
    close(fd);
    return say("there it is\n");
}
