/* For the programs of the corpus: output that is either whole or an error.
 *
 * Each program has one defect, on the line that says `DEFECT: class`, and is right in all else: so that one
 * finding is what there is to be found.  Built with -DFIXED it is its own twin, in which there is nothing. */
#ifndef CORPUS_H
#define CORPUS_H

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All of it, or -1 with errno. */
static inline int put_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t put = write(fd, text, len);
        if (put < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        text += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* An exit code: why something failed, to the one place left to tell it. */
static inline int complain(const char *what)
{
    dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
    return 1;
}

/* An exit code. */
static inline int say(const char *text)
{
    return put_all(STDOUT_FILENO, text, strlen(text)) ? complain("standard output") : 0;
}

#endif
