/* A copy of a file to standard output that never asks whether the output took it. */
#include <fcntl.h>

#include "corpus.h"

static int copy(int from)
{
    char block[16];
    ssize_t got;

    while ((got = read(from, block, sizeof(block))) > 0) {
#ifdef FIXED
        if (put_all(STDOUT_FILENO, block, (size_t)got))
            return -1;
#else
        if (write(STDOUT_FILENO, block, (size_t)got) > 0) /* DEFECT: silent */
            continue;
#endif
    }
    return got < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    int from = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return complain(argv[1]);
    int status = copy(from) ? complain("copy") : 0;
    close(from);
    return status;
}
