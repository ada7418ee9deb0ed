/* Sends to a queue that is full for a moment, and waits until it can be read: it is the end that nobody reads
 * from. */
#include <fcntl.h>

#include "corpus.h"

#ifdef FIXED
#define ROOM POLLOUT
#else
#define ROOM POLLIN
#endif

static ssize_t send_all(int fd, const char *text, size_t len)
{
    for (;;) {
        ssize_t sent = write(fd, text, len); /* DEFECT: hang */
        if (sent >= 0 || (errno != EAGAIN && errno != EINTR))
            return sent;
        struct pollfd room = {.fd = fd, .events = ROOM};
        poll(&room, 1, -1);
    }
}

int main(void)
{
    char got[8] = "";
    int queue[2], status = 0;

    if (pipe2(queue, O_CLOEXEC | O_NONBLOCK))
        return complain("queue");
    if (send_all(queue[1], "hello\n", 6) != 6)
        status = complain("send");
    while (!status && read(queue[0], got, sizeof(got) - 1) < 0)
        if (errno != EAGAIN && errno != EINTR)
            status = complain("receive");
    close(queue[0]);
    close(queue[1]);
    return status ? status : say(got);
}
