/* libcurl's multi interface on our loop.  Floor 3.
 *
 * libcurl tells which sockets and which one timer to wait for; nothing here ever waits. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/probe/libcurl.h"
#include "chaosctl/probe/way.h"

struct multi {
    struct loop *loop;
    CURLM *curl;
    struct timer timer;
};

/* Tell the askings whose transfers have ended.  Each lets go of its handle, so the list shrinks. */
static void reap(struct multi *multi)
{
    int left;

    for (CURLMsg *message; (message = libcurl.multi_info_read(multi->curl, &left));) {
        struct asking *asking = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        int code = (int)message->data.result; /* the message is libcurl's, and goes with the handle */
        libcurl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &asking);
        http_transfer_ended(asking, code);
    }
}

static void on_socket(void *arg, int fd, uint32_t events)
{
    struct multi *multi = arg;
    int what = 0, running;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
        what |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        what |= CURL_CSELECT_ERR;
    libcurl.multi_socket_action(multi->curl, fd, what, &running);
    reap(multi);
}

static void on_timer(void *arg)
{
    struct multi *multi = arg;
    int running;

    libcurl.multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    reap(multi);
}

/* libcurl: watch this socket so.  known: we told libcurl that we have it already. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct multi *multi = arg;
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        loop_remove_fd(multi->loop, fd);
        libcurl.multi_assign(multi->curl, fd, NULL);
        return 0;
    }
    if (known)
        return loop_change_fd(multi->loop, fd, events) ? -1 : 0;
    if (loop_add_fd(multi->loop, fd, events, on_socket, multi))
        return -1;
    libcurl.multi_assign(multi->curl, fd, multi);
    return 0;
}

static int watch_timer(CURLM *curl, long timeout_ms, void *arg)
{
    struct multi *multi = arg;

    (void)curl;
    if (timeout_ms < 0)
        loop_unset_timer(multi->loop, &multi->timer);
    else
        loop_set_timer(multi->loop, &multi->timer, now_mono_ns() + (uint64_t)timeout_ms * NS_PER_MS);
    return 0;
}

int multi_new(struct loop *loop, struct multi **ret_multi)
{
    int error = libcurl_load();
    struct multi *multi = error ? NULL : calloc(1, sizeof(*multi));

    if (!multi)
        return error ? error : -ENOMEM;
    if (libcurl.global_init(CURL_GLOBAL_DEFAULT)) {
        free(multi);
        return -ENOMEM;
    }
    *multi = (struct multi){.loop = loop, .timer = {.fn = on_timer, .arg = multi}};
    multi->curl = libcurl.multi_init();
    if (!multi->curl) {
        multi_free(multi);
        return -ENOMEM;
    }
    libcurl.multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, watch_socket);
    libcurl.multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    libcurl.multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, watch_timer);
    libcurl.multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    libcurl.multi_setopt(multi->curl, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    *ret_multi = multi;
    return 0;
}

void multi_free(struct multi *multi)
{
    if (!multi)
        return;
    libcurl.multi_cleanup(multi->curl);
    loop_unset_timer(multi->loop, &multi->timer);
    free(multi);
    libcurl.global_cleanup();
}

int multi_add(struct multi *multi, void *easy)
{
    return libcurl.multi_add_handle(multi->curl, easy) == CURLM_OK ? 0 : -ENOMEM;
}

void multi_remove(struct multi *multi, void *easy)
{
    libcurl.multi_remove_handle(multi->curl, easy);
}
