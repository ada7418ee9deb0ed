/* Counts lines, and takes a disk that cannot be read for a file that has ended. */
#include <fcntl.h>

#include "corpus.h"

static int lines_of(int from)
{
    char block[16];
    ssize_t got;
    int lines = 0;

    while ((got = read(from, block, sizeof(block))) > 0) /* DEFECT: wrong-output */
        for (ssize_t i = 0; i < got; i++)
            lines += block[i] == '\n';
#ifdef FIXED
    if (got < 0)
        return -1;
#endif
    return lines;
}

int main(int argc, char **argv)
{
    char text[32];

    if (argc != 2)
        return 2;
    int from = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return complain(argv[1]);
    int lines = lines_of(from);
    close(from);
    if (lines < 0)
        return complain(argv[1]);
    snprintf(text, sizeof(text), "%d lines\n", lines);
    return say(text);
}
