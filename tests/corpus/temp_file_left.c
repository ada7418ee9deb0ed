/* A report that is written aside and renamed, as it should be; half of it stays when the disk is full. */
#include <fcntl.h>

#include "corpus.h"

#define ASIDE "report.tmp"

static int write_aside(void)
{
    static const char text[] = "all is well\n";
    int to = open(ASIDE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (to < 0)
        return -1;
    ssize_t put = write(to, text, sizeof(text) - 1); /* DEFECT: leak-file */
    int error = close(to);
    if (put != sizeof(text) - 1) {
#ifdef FIXED
        unlink(ASIDE);
#endif
        return -1;
    }
    if (error)
        unlink(ASIDE);
    return error;
}

int main(void)
{
    if (write_aside())
        return complain(ASIDE);
    if (rename(ASIDE, "report.txt")) {
        int status = complain("report.txt");
        unlink(ASIDE);
        return status;
    }
    return say("written\n");
}
