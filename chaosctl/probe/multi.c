/* libcurl's multi interface on our loop.  Floor 3.
 *
 * libcurl tells which sockets and which one timer to wait for; nothing here ever waits. */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "chaosctl/base/clock.h"
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

    for (CURLMsg *message; (message = curl_multi_info_read(multi->curl, &left));) {
        struct asking *asking = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        int code = (int)message->data.result; /* the message is libcurl's, and goes with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &asking);
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
    curl_multi_socket_action(multi->curl, fd, what, &running);
    reap(multi);
}

static void on_timer(void *arg)
{
    struct multi *multi = arg;
    int running;

    curl_multi_socket_action(multi->curl, CURL_SOCKET_TIMEOUT, 0, &running);
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
        curl_multi_assign(multi->curl, fd, NULL);
        return 0;
    }
    if (known)
        return loop_change_fd(multi->loop, fd, events) ? -1 : 0;
    if (loop_add_fd(multi->loop, fd, events, on_socket, multi))
        return -1;
    curl_multi_assign(multi->curl, fd, multi);
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
    struct multi *multi = calloc(1, sizeof(*multi));

    if (!multi)
        return -ENOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(multi);
        return -ENOMEM;
    }
    *multi = (struct multi){.loop = loop, .timer = {.fn = on_timer, .arg = multi}};
    multi->curl = curl_multi_init();
    if (!multi->curl) {
        multi_free(multi);
        return -ENOMEM;
    }
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, watch_timer);
    curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
    curl_multi_setopt(multi->curl, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    *ret_multi = multi;
    return 0;
}

void multi_free(struct multi *multi)
{
    if (!multi)
        return;
    curl_multi_cleanup(multi->curl);
    loop_unset_timer(multi->loop, &multi->timer);
    free(multi);
    curl_global_cleanup();
}

int multi_add(struct multi *multi, void *easy)
{
    return curl_multi_add_handle(multi->curl, easy) == CURLM_OK ? 0 : -ENOMEM;
}

void multi_remove(struct multi *multi, void *easy)
{
    curl_multi_remove_handle(multi->curl, easy);
}
