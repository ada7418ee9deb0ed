/* Connections that are refused, unreachable, reset and out: as a program sees them, compared with what the
 * kernel itself says where it can be made to say it. */
#include <sys/epoll.h>

#include "host.h"

#define CACHE (1u << 0)

static int listening;
static uint16_t port;

/* Everything that a connect can tell. */
struct told {
    int result, error;
    int polled, poll_events;
    int epolled, epoll_events;
    int so_error, so_error_again;
    int next_result, next_error; /* of a send */
};

static int so_error(int fd)
{
    int error = -1;
    socklen_t len = sizeof(error);

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

static int epoll_of(int fd)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT};

    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e))
        give_up("epoll");
    return set;
}

static struct told tell(int domain, int flags, const void *there, socklen_t len)
{
    struct told t;
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), set = epoll_of(fd);
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
    struct epoll_event e = {0};

    memset(&t, 0, sizeof(t));
    t.result = connect(fd, there, len);
    t.error = errno;
    t.polled = poll(&p, 1, 5000);
    t.poll_events = p.revents;
    t.epolled = epoll_wait(set, &e, 1, 5000);
    t.epoll_events = (int)e.events;
    t.so_error = so_error(fd);
    t.so_error_again = so_error(fd);
    t.next_result = (int)send(fd, "x", 1, 0);
    t.next_error = errno;
    close(set);
    close(fd);
    return t;
}

static void tell_apart(const struct told *a, const struct told *b)
{
    const struct told *both[] = {a, b};

    for (int i = 0; i < 2 && memcmp(a, b, sizeof(*a)); i++)
        printf("# %s: connect %d/%d poll %d/%x epoll %d/%x so_error %d,%d send %d/%d\n",
               i ? "shim" : "kernel", both[i]->result, both[i]->error, both[i]->polled, both[i]->poll_events,
               both[i]->epolled, both[i]->epoll_events, both[i]->so_error, both[i]->so_error_again,
               both[i]->next_result, both[i]->next_error);
}

/* The kernel's own answer on a closed port, and the shim's on an open one, must be one. */
static void refused_alike(const char *sentence, int flags)
{
    int closed = bound();
    struct sockaddr_in there = local(port_of(closed)), open_port = local(port);
    struct told native = tell(AF_INET, flags, &there, sizeof(there));
    int rule = arm_fault(FAULT_refuse, CACHE);
    struct told shim = tell(AF_INET, flags, &open_port, sizeof(open_port));

    fact(sentence, !memcmp(&native, &shim, sizeof(native)) && hits(rule) == 1 && native.result == -1);
    tell_apart(&native, &shim);
    lift(rule);
    close(closed);
}

static void refused_over_ipv6(void)
{
    struct sockaddr_in6 there = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    inet_pton(AF_INET6, "::ffff:127.0.0.1", &there.sin6_addr);
    int rule = arm_fault(FAULT_refuse, CACHE);
    struct told shim = tell(AF_INET6, 0, &there, sizeof(there));
    fact("an IPv6 socket is refused the same address, v4-mapped",
         shim.result == -1 && shim.error == ECONNREFUSED && hits(rule) == 1);
    lift(rule);
}

static void bound_sockets_are_refused(void)
{
    int rule = arm_fault(FAULT_refuse, CACHE), fd = bound(), result = dial(fd, port);

    fact("a socket bound to an address of its own is refused", result == -1 && errno == ECONNREFUSED);
    lift(rule);
    fact("and the same socket connects once the fault is lifted", !dial(fd, port));
    close(fd);
    close(accept(listening, NULL, NULL));
}

/* A kernel lets a datagram socket connect, and refuses what is sent. */
static void datagrams_are_refused(void)
{
    struct target t = {.kind = TARGET_ADDRESS, .bit = 1, .protocol = PROTOCOL_UDP, .prefix = 96};

    t.address[10] = t.address[11] = 0xff;
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = local(0);
    if (bind(server, (struct sockaddr *)&own, sizeof(own)))
        give_up("bind");
    t.port = port_of(server);
    target_add(t);
    int rule = arm_fault(FAULT_refuse, 1u << 1), result = dial(fd, t.port);
    ssize_t sent = send(fd, "x", 1, 0);
    fact("UDP: connect succeeds, and what is sent is refused",
         !result && sent == -1 && errno == ECONNREFUSED);
    own = local(t.port);
    sent = sendto(other, "x", 1, 0, (struct sockaddr *)&own, sizeof(own));
    fact("UDP: with an address of its own too", sent == -1 && errno == ECONNREFUSED);
    fact("UDP: nothing arrives", recv(server, &(char){0}, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    lift(rule);
    fact("UDP: after the lift the same socket sends to its peer",
         send(fd, "y", 1, 0) == 1 && recv(server, &(char){0}, 1, 0) == 1);
    close(other);
    close(fd);
    close(server);
}

static void unreachable(void)
{
    int rule = arm((struct rule){.kind = FAULT_unreachable,
                                 .effect = EFFECT_FAIL,
                                 .calls = fault_calls(FAULT_unreachable),
                                 .error = EHOSTUNREACH,
                                 .targets = CACHE});
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result = dial(fd, port);

    fact("unreachable: connect finds no route to the host", result == -1 && errno == EHOSTUNREACH);
    lift(rule);
    fact("and the same socket connects once it is lifted", !dial(fd, port));
    close(fd);
    close(accept(listening, NULL, NULL));
}

static bool fails_with(ssize_t result, int error)
{
    bool right = result == -1 && errno == error;

    if (!right)
        printf("# result %zd, errno %d, wanted %d\n", result, errno, error);
    return right;
}

/* The process plays both ends: the server's is left alone. */
static struct rule outbound_reset(uint64_t probability)
{
    return (struct rule){.kind = FAULT_reset,
                         .effect = EFFECT_RESET,
                         .calls = fault_calls(FAULT_reset),
                         .probability = probability,
                         .direction = DIRECTION_OUTBOUND,
                         .targets = CACHE};
}

static void reset_on_send(void)
{
    struct pair p = connection(listening);
    int rule = arm(outbound_reset(RULE_ALWAYS));
    char byte;

    fact("reset: a send meets ECONNRESET", fails_with(send(p.client, "x", 1, 0), ECONNRESET));
    fact("reset: the peer sees a reset, not an end", fails_with(recv(p.server, &byte, 1, 0), ECONNRESET));
    fact("after it, receiving reads the end", recv(p.client, &byte, 1, 0) == 0);
    fact("after it, sending meets EPIPE", fails_with(send(p.client, "x", 1, 0), EPIPE));
    fact_equal("one connection, one hit", (long)hits(rule), 1);
    lift(rule);
    hang_up(p);
}

/* Connected without blocking, so that the connect itself never said that it succeeded. */
static void reset_on_the_first_send(void)
{
    int rule = arm_fault(FAULT_reset, CACHE),
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    dial(fd, port);
    poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 5000);
    fact("reset: the first send of a non-blocking connection", fails_with(send(fd, "x", 1, 0), ECONNRESET));
    lift(rule);
    close(accept(listening, NULL, NULL));
    close(fd);
}

/* The orchestrator's part: it takes the descriptor (pidfd_getfd) and disconnects it.  Not through the shim.
 */
static void reset_from_outside(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    syscall(SYS_connect, fd, &nowhere, sizeof(nowhere));
}

struct waiter {
    int fd;
    _Atomic pid_t tid;
    ssize_t result;
    int error, events;
};

/* Programs give the size of what they keep addresses in. */
static void any_length_of_address_is_understood(void)
{
    struct sockaddr_storage room = {0};
    struct sockaddr_in there = local(port_of(listening));
    int rule = arm_fault(FAULT_refuse, CACHE), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(&room, &there, sizeof(there));
    int result = connect(fd, (struct sockaddr *)&room, sizeof(room));
    fact("an address of sockaddr_storage's length is refused too", result == -1 && errno == ECONNREFUSED);
    there.sin_addr.s_addr = htonl(INADDR_ANY);
    result = connect(fd, (struct sockaddr *)&there, sizeof(there));
    fact("and so is no address in particular, which is this machine", result == -1 && errno == ECONNREFUSED);
    fact_equal("both were counted", (long)hits(rule), 2);
    lift(rule);
    close(fd);
}

static void another_try_is_refused_again(void)
{
    int rule = arm_fault(FAULT_refuse, CACHE);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    bool refused = true;

    for (int i = 0; i < 4; i++) {
        int result = dial(fd, port_of(listening));
        if (!result || errno != EINPROGRESS)
            refused &= result == -1 && errno == ECONNREFUSED;
        poll(&p, 1, 1000);
    }
    fact("a program that tries again on the same socket is refused again", refused && hits(rule) >= 2);
    lift(rule);
    close(fd);
}

/* A number that belonged to the dependency's connection, closed while nothing was armed. */
static void a_number_used_again_is_nobody_elses(void)
{
    struct pair old = connection(listening);
    int rule = arm_fault(FAULT_reset, CACHE);

    send(old.client, "x", 1, MSG_NOSIGNAL);
    lift(rule);
    int number = old.client;
    hang_up(old);
    int fd = listener();
    if (fd != number && dup2(fd, number) == number)
        close(fd);
    rule = arm_error(CALL_accept, EMFILE, CACHE);
    fcntl(number, F_SETFL, O_NONBLOCK);
    int result = accept(number, NULL, NULL);
    fact("a listener that got the number of a target's connection is not struck",
         result == -1 && errno == EAGAIN && !hits(rule));
    lift(rule);
    close(number);
}

static void what_is_accepted_later_is_known(void)
{
    int rule = arm_error(CALL_accept, EMFILE, CACHE);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    table->rules[rule].direction = DIRECTION_INBOUND;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct sockaddr_in own = local(0);
    if (bind(fd, (struct sockaddr *)&own, sizeof(own)) || listen(fd, 1))
        give_up("listen");
    target_port(2, port_of(fd));
    lift(rule);
    rule = arm_error(CALL_accept, EMFILE, 1u << 2);
    table->rules[rule].direction = DIRECTION_INBOUND;
    int result = accept(fd, NULL, NULL);
    fact("a listener that was made under a fault is known as the dependency's",
         result == -1 && errno == EMFILE);
    lift(rule);
    close(fd);
}

static void *receive(void *argument)
{
    struct waiter *w = argument;
    char byte;

    w->tid = gettid();
    w->result = recv(w->fd, &byte, 1, 0);
    w->error = errno;
    return NULL;
}

static void *poll_for(void *argument)
{
    struct waiter *w = argument;
    struct pollfd p = {.fd = w->fd, .events = POLLIN};

    w->tid = gettid();
    w->result = poll(&p, 1, 20000);
    w->events = p.revents;
    return NULL;
}

static pthread_t start(struct waiter *w, void *(*body)(void *), long system_call)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, body, w))
        give_up("pthread_create");
    while (!w->tid)
        sched_yield();
    wait_until_in(w->tid, system_call);
    return thread;
}

/* Unwatched, the shim knew nothing of the connection, and counts nothing. */
static void reset_of_a_blocked_receive(const char *sentence, uint32_t watched)
{
    struct pair p = connection(listening);
    struct waiter w = {.fd = p.client};

    table_watch(table, watched);
    pthread_t thread = start(&w, receive, SYS_recvfrom);
    int rule = arm_fault(FAULT_reset, CACHE);
    reset_from_outside(p.client);
    pthread_join(thread, NULL);
    /* Who reset it counts it: one connection is one hit. */
    fact(sentence, w.result == -1 && w.error == ECONNRESET && !hits(rule));
    if (w.error != ECONNRESET)
        printf("# result %zd, errno %d\n", w.result, w.error);
    lift(rule);
    table_watch(table, 0);
    hang_up(p);
}

static void reset_wakes_poll(void)
{
    struct pair p = connection(listening);
    struct waiter w = {.fd = p.client};
    pthread_t thread = start(&w, poll_for, SYS_poll);
    int rule = arm_fault(FAULT_reset, CACHE);

    send(p.client, "x", 1, 0);
    pthread_join(thread, NULL);
    fact("reset: a thread in poll wakes to an error and a hang-up",
         w.result == 1 && (w.events & (POLLERR | POLLHUP)) != 0);
    lift(rule);
    hang_up(p);
}

static void a_half_reset_spares_receives(void)
{
    struct pair p = connection(listening);
    int rule = arm(outbound_reset(RULE_ALWAYS - 1));
    char byte;

    send(p.server, "x", 1, 0);
    fact("a reset that is not certain spares receives",
         recv(p.client, &byte, 1, 0) == 1 && !table->rules[rule].matches);
    fact("and draws on sends", fails_with(send(p.client, "x", 1, 0), ECONNRESET));
    lift(rule);
    hang_up(p);
}

static void outage(void)
{
    struct pair p = connection(listening);
    int rule = arm_fault(FAULT_outage, CACHE), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;

    fact("outage: a new connection is refused", fails_with(dial(fd, port), ECONNREFUSED));
    fact("outage: an established one is reset, on a receive too",
         fails_with(recv(p.client, &byte, 1, 0), ECONNRESET));
    close(fd);
    hang_up(p);
    lift(rule);
    p = connection(listening);
    fact("after it all is well", send(p.client, "x", 1, 0) == 1 && recv(p.server, &byte, 1, 0) == 1);
    hang_up(p);
}

/* The process plays both ends here, so a rule for the target's own side must leave the caller's alone. */
static void directions_are_kept_apart(void)
{
    struct pair p = connection(listening);
    struct rule rule = {.kind = FAULT_error,
                        .effect = EFFECT_FAIL,
                        .calls = call_bit(CALL_send),
                        .error = ETIMEDOUT,
                        .direction = DIRECTION_INBOUND,
                        .targets = CACHE};
    int index = arm(rule);

    fact("an inbound fault strikes the side that accepted", fails_with(send(p.server, "x", 1, 0), ETIMEDOUT));
    fact("and not the side that connected", send(p.client, "x", 1, 0) == 1);
    lift(index);
    hang_up(p);
}

static void damaged_errors(void)
{
    struct pair p = connection(listening);
    struct addrinfo *list = NULL;
    int zero = arm_error(CALL_send, 0, CACHE), resolves = arm_error(CALL_getaddrinfo, 7, 0);

    fact("a failure without an error is EIO", fails_with(send(p.client, "x", 1, 0), EIO));
    fact_equal("a resolution never fails with what is no EAI_ code",
               getaddrinfo("localhost", NULL, NULL, &list), EAI_FAIL);
    lift(zero);
    lift(resolves);
    hang_up(p);
}

static _Atomic int pipes_broken;

static void on_sigpipe(int number)
{
    (void)number;
    pipes_broken++;
}

static void broken_pipes(void)
{
    struct pair p = connection(listening);
    int rule = arm_error(CALL_send, EPIPE, CACHE);

    signal(SIGPIPE, on_sigpipe);
    fact("EPIPE comes with SIGPIPE", fails_with(send(p.client, "x", 1, 0), EPIPE) && pipes_broken == 1);
    fact("and without, where MSG_NOSIGNAL says so",
         fails_with(send(p.client, "x", 1, MSG_NOSIGNAL), EPIPE) && pipes_broken == 1);
    signal(SIGPIPE, SIG_IGN);
    lift(rule);
    hang_up(p);
}

/* The listener itself has no peer; to disconnect it would end the service. */
static void a_listener_survives(void)
{
    int rule = arm((struct rule){
        .kind = FAULT_reset, .effect = EFFECT_RESET, .calls = fault_calls(FAULT_reset), .targets = CACHE});
    char byte;

    recv(listening, &byte, 1, MSG_DONTWAIT);
    send(listening, "x", 1, MSG_DONTWAIT);
    lift(rule);
    struct pair p = connection(listening);
    fact("a reset never ends a listener", p.server >= 0);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 38);
    listening = listener();
    port = port_of(listening);
    target_port(0, port);
    refused_alike("a blocking connect is refused as on a closed port", 0);
    refused_alike("a non-blocking connect is refused as on a closed port", SOCK_NONBLOCK);
    refused_over_ipv6();
    bound_sockets_are_refused();
    datagrams_are_refused();
    any_length_of_address_is_understood();
    another_try_is_refused_again();
    a_number_used_again_is_nobody_elses();
    what_is_accepted_later_is_known();
    unreachable();
    reset_on_send();
    reset_on_the_first_send();
    reset_of_a_blocked_receive("reset: a receive that sleeps since before it was armed wakes to ECONNRESET",
                               0);
    reset_of_a_blocked_receive("and the same on a watched dependency", CACHE);
    reset_wakes_poll();
    a_half_reset_spares_receives();
    outage();
    directions_are_kept_apart();
    damaged_errors();
    broken_pipes();
    a_listener_survives();
    return 0;
}
