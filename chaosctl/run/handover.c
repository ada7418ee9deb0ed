/* The child loads the filter and says which descriptor the listener is; we fetch it by pidfd_getfd and say
 * that it may go on.  (To send it would be a call that the filter may ask about.)  Floor 3. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/handover.h"
#include "chaosctl/run/supervisor.h"
#include "injectors/seccomp.h"

int handover_begin(struct handover *h, struct supervisor *supervisor, uint32_t service)
{
    *h = (struct handover){.supervisor = supervisor, .service = service, .ends = {-1, -1}};
    if (!supervisor)
        return 0;
    int error = seccomp_filter_make(&h->filter);
    if (error)
        return error;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, h->ends) ? -errno : 0;
}

static bool read_number(int fd, int *ret_number)
{
    ssize_t got;

    do
        got = read(fd, ret_number, sizeof(*ret_number));
    while (got < 0 && errno == EINTR);
    return got == sizeof(*ret_number);
}

int handover_give(const struct handover *h)
{
    int error = 0;

    if (!h->supervisor)
        return 0;
    int listener = seccomp_filter_load(&h->filter);
    if (listener < 0)
        return -1;
    if (write(h->ends[1], &listener, sizeof(listener)) != sizeof(listener) ||
        !read_number(h->ends[1], &error))
        error = EPIPE;
    close(listener);
    errno = error;
    return error ? -1 : 0;
}

void handover_take(struct handover *h, pid_t child)
{
    int listener;

    if (!h->supervisor)
        return;
    close(steal_fd(&h->ends[1]));
    if (!read_number(h->ends[0], &listener))
        return; /* it failed, and says why elsewhere */
    int error = -supervisor_take(h->supervisor, child, listener, h->service);
    /* A child that is gone needs no answer. */
    if (send(h->ends[0], &error, sizeof(error), MSG_NOSIGNAL) < 0)
        return;
}

void handover_end(struct handover *h)
{
    clean_fd(&h->ends[0]);
    clean_fd(&h->ends[1]);
    free(h->filter.filter);
    h->filter.filter = NULL;
}
