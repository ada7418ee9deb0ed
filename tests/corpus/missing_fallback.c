/* The rate of today is optional, that of yesterday is at hand; without either, everything costs nothing. */
#include <fcntl.h>
#include <stdlib.h>

#include "corpus.h"

#define RATE_OF_YESTERDAY 5

static int rate_of_today(const char *path)
{
    char text[8] = "";
    int from = open(path, O_RDONLY | O_CLOEXEC); /* DEFECT: wrong-output */
    int rate = -1;

    if (from < 0)
        return -1;
    if (read(from, text, sizeof(text) - 1) > 0)
        rate = (int)strcspn(text, " ");
    close(from);
    return rate < 0 ? RATE_OF_YESTERDAY : rate;
}

int main(int argc, char **argv)
{
    char text[32];

    if (argc != 2)
        return 2;
    int rate = rate_of_today(argv[1]);
#ifdef FIXED
    if (rate < 0)
        rate = RATE_OF_YESTERDAY;
#else
    if (rate < 0)
        rate = 0;
#endif
    snprintf(text, sizeof(text), "total %d\n", 100 * rate);
    return say(text);
}
