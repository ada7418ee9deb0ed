/* Writes a file, asks the disk to keep it, and does not listen to the answer. */
#include <fcntl.h>

#include "corpus.h"

#define LEDGER "ledger.txt"

static int keep(int to)
{
#ifdef FIXED
    return fsync(to);
#else
    fsync(to); /* DEFECT: silent */
    return 0;
#endif
}

int main(void)
{
    int to = open(LEDGER, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (to < 0)
        return complain(LEDGER);
    int failed = put_all(to, "12 paid\n", 8) || keep(to);
    int status = failed ? complain(LEDGER) : 0;
    if (close(to) && !status)
        status = complain(LEDGER);
    return status ? status : say("kept\n");
}
