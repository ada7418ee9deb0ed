/* Whose datagrams are struck, and who else notices: sockets without a peer, other sockets, other processes,
 * threads that wait while a fault comes and goes. */
#include "datagram.h"

static const char *heard_from(int fd, uint16_t *ret_port)
{
    static char text[100];
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    ssize_t got = recvfrom(fd, text, sizeof(text) - 1, 0, (struct sockaddr *)&from, &len);

    *ret_port = got < 0 ? 0 : ntohs(from.sin_port);
    text[got < 0 ? 0 : got] = 0;
    return text;
}

/* Each way to wait, on a socket without a peer. */
static void apart(enum manner way)
{
    int fd = datagram_socket(), other = datagram_socket();
    struct reader r = reader_of(way, fd);
    int rule = arm_latency(60 * MS);
    uint16_t port = 0;

    tell(other, fd, "other's");
    fact(by_way(way, "without a peer: what others send is not late"),
         is(heard(&r, 0 + (way == BLOCKING ? 10000 : 0)), "other's") && hits(rule) == 0);
    uint64_t sent = now_ns();
    tell(server, fd, "target's");
    bool late = is(there_is(fd), "-") || since(sent) >= 60 * MS;
    ready(&r, 10000);
    fact(by_way(way, "without a peer: what the target sends is, and says whose it is"),
         late && is(heard_from(fd, &port), "target's") && port == port_of(server) && since(sent) >= 60 * MS &&
             hits(rule) == 1);
    lift(rule);
    reader_end(&r);
    close(fd);
    close(other);
}

static void behind_another(void)
{
    int fd = datagram_socket(), other = datagram_socket(), rule = arm_latency(60 * MS);
    struct reader r = reader_of(POLL, fd);

    tell(server, fd, "late");
    tell(other, fd, "other's");
    fact("without a peer: what is behind a late one waits with it",
         is(there_is(fd), "-") && is(heard(&r, 10000), "late") && is(comes(fd), "other's") &&
             hits(rule) == 1);
    lift(rule);
    close(fd);
    close(other);
}

static void spares_others(void)
{
    int fd = datagram_socket(), other = datagram_socket(), rule = arm_latency(10 * SECOND);

    if (dial(fd, port_of(other)))
        give_up("connect");
    tell(other, fd, "x");
    fact("who is connected to another is left alone", is(comes(fd), "x") && hits(rule) == 0);
    if (dial(fd, port_of(server)))
        give_up("connect");
    tell(server, fd, "x");
    fact("until it is connected to the target", hits_come_to(rule, 1, fd));
    lift(rule);
    fact("after the lift it is there", is(comes(fd), "x"));
    rule = arm_latency(10 * SECOND);
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    struct sockaddr_in own = local(0);
    if (connect(fd, &nowhere, sizeof(nowhere)) || bind(fd, (struct sockaddr *)&own, sizeof(own)))
        give_up("connect to nobody");
    tell(server, fd, "y");
    fact("and a peer that it gave up is found by what comes from it", hits_come_to(rule, 1, fd));
    lift(rule);
    close(fd);
    close(other);
}

static void inbound(void)
{
    struct rule lossy = stream_rule(FAULT_loss), late = stream_rule(FAULT_latency);
    int fd = datagram_socket();
    struct reader r = reader_of(POLL, server);

    lossy.direction = late.direction = DIRECTION_INBOUND;
    lossy.every = 2;
    late.delay_ns = 30 * MS;
    int loses = arm(lossy), delays = arm(late);
    uint64_t sent = now_ns();
    tell(fd, server, "one");
    tell(fd, server, "two");
    fact("inbound: what comes to the target is struck",
         is(heard(&r, 10000), "two") && since(sent) >= 30 * MS && hits(loses) == 1 && hits(delays) == 1);
    tell(server, fd, "x");
    fact("inbound: what it sends is not", is(comes(fd), "x") && hits(loses) == 1);
    lift(loses);
    lift(delays);
    non_blocking(server, false);
    close(fd);
}

/* --- other processes --- */

static void forked(void)
{
    int fd = connected_client(), rule = arm_latency(200 * MS);
    struct reader r = reader_of(POLL, fd);
    uint64_t sent = now_ns();

    tell(server, fd, "one");
    bool held = is(there_is(fd), "-");
    pid_t pid = fork();
    if (!pid)
        _exit(is(heard(&r, 10000), "one") && since(sent) >= 200 * MS ? 0 : 1);
    fact("a forked child waits as long", held && exit_code_of(pid) == 0);
    tell(server, fd, "two");
    fact("and takes it from both", is(heard(&r, 10000), "two") && hits(rule) == 2);
    lift(rule);
    close(fd);
}

static void another_number(void)
{
    int fd = connected_client(), again = dup(fd), rule = arm_latency(50 * MS);
    struct reader r = reader_of(EDGE, again);

    tell(server, fd, "one");
    tell(server, fd, "two");
    bool held = is(there_is(fd), "-");
    fact("a number more for the socket sees the same",
         held && is(heard(&r, 10000), "one") && is(comes(fd), "two") && hits(rule) == 2);
    lift(rule);
    reader_end(&r);
    close(fd);
    close(again);
}

/* --- coming and going --- */

struct waiter {
    struct reader r;
    _Atomic pid_t tid;
    char text[20];
};

static void *wait_for_ever(void *arg)
{
    struct waiter *w = arg;
    ssize_t got;

    w->tid = (pid_t)syscall(SYS_gettid);
    do {
        ready(&w->r, -1);
        got = recv(w->r.fd, w->text, sizeof(w->text) - 1, 0);
    } while (got < 0 && errno == EAGAIN);
    w->text[got < 0 ? 0 : got] = 0;
    return NULL;
}

static pthread_t waiting(struct waiter *w, enum manner way, int fd)
{
    pthread_t thread;

    *w = (struct waiter){.r = reader_of(way, fd)};
    pthread_create(&thread, NULL, wait_for_ever, w);
    while (!w->tid)
        sched_yield();
    wait_until_in(w->tid, ANY_CALL);
    return thread;
}

static bool woken(pthread_t thread, struct waiter *w, const char *wanted)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)(LONG / SECOND);
    errno = pthread_timedjoin_np(thread, NULL, &end);
    if (errno)
        give_up("a thread that should wake does not");
    reader_end(&w->r);
    return is(w->text, wanted);
}

static void lifted(enum manner way)
{
    struct waiter w;
    int fd = connected_client(), rule = arm_latency(1000 * SECOND);

    tell(server, fd, "one");
    pthread_t thread = waiting(&w, way, fd);
    bool held = hits_come_to(rule, 1, fd) && !*w.text;
    usleep(20000);
    lift(rule);
    fact(by_way(way, "a lift wakes who waits for what is late"), woken(thread, &w, "one") && held);
    close(fd);
}

static void lifted_alone(enum manner way)
{
    struct waiter w;
    int fd = connected_client(), rule = arm_reorder(1000 * SECOND);

    tell(server, fd, "one");
    pthread_t thread = waiting(&w, way, fd);
    bool held = hits_come_to(rule, 1, fd) && !*w.text;
    usleep(20000);
    lift(rule);
    fact(by_way(way, "and for what nobody overtakes"), woken(thread, &w, "one") && held);
    close(fd);
}

/* Another rule stays, so that the socket is still looked at. */
static void lifted_one_of_two(enum manner way)
{
    struct waiter w;
    struct rule never = stream_rule(FAULT_loss);
    int fd = connected_client(), late = arm_latency(1000 * SECOND), swapped = arm_reorder(1000 * SECOND);

    never.after = 1000;
    int stays = arm(never);
    tell(server, fd, "one");
    pthread_t thread = waiting(&w, way, fd);
    bool held = hits_come_to(late, 1, fd) && !*w.text && hits(swapped) == 1;
    usleep(20000);
    lift(late);
    lift(swapped);
    fact(by_way(way, "also when another fault stays"), woken(thread, &w, "one") && held);
    lift(stays);
    close(fd);
}

/* Who slept in the kernel before.  select has no sets any more to wait with again. */
static void straddles(enum manner way)
{
    struct waiter w;
    int fd = connected_client();
    pthread_t thread = waiting(&w, way, fd);
    int rule = arm_latency(100 * MS);
    uint64_t sent = now_ns();

    tell(server, fd, "one");
    fact(by_way(way, "who waited before the fault came gets it late"),
         woken(thread, &w, "one") && since(sent) >= 100 * MS && hits(rule) >= 1);
    lift(rule);
    close(fd);
}

/* A second of holding is little work. */
static void sleeps(enum manner way)
{
    int fd = connected_client(), late = arm_latency(SECOND), swapped = arm_reorder(SECOND);
    struct reader r = reader_of(way, fd);
    uint64_t used = cpu_ns();

    tell(server, fd, "x");
    fact(by_way(way, "nobody spins meanwhile"), is(heard(&r, 10000), "x") && cpu_ns() - used < 300 * MS);
    lift(late);
    lift(swapped);
    reader_end(&r);
    close(fd);
}

/* --- errors, and what is left alone --- */

static void refused(enum manner way)
{
    int gone = datagram_socket(), fd = datagram_socket(), error = 0;
    socklen_t len = sizeof(error);

    target_datagrams(0, port_of(gone));
    if (dial(fd, port_of(gone)))
        give_up("connect");
    close(gone);
    struct reader r = reader_of(way, fd);
    int rule = arm_latency(10 * SECOND);
    bool sent = send(fd, "x", 1, 0) == 1;
    bool told = ready(&r, 10000) == 1;
    fact(by_way(way, "a closed port is told at once"),
         sent && told && recv(fd, &(char){0}, 1, 0) == -1 && errno == ECONNREFUSED && is(there_is(fd), "-"));
    sent = send(fd, "x", 1, 0) == 1;
    poll(&(struct pollfd){.fd = fd}, 1, 10000);
    fact(by_way(way, "and by SO_ERROR"), sent && !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) &&
                                             error == ECONNREFUSED && is(there_is(fd), "-"));
    lift(rule);
    reader_end(&r);
    close(fd);
}

static void places(void)
{
    int fd = connected_client(), at = 0, rule = arm_every(FAULT_loss, 1);
    char buf[10];

    setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at));
    tell(server, fd, "ab");
    bool got =
        recv(fd, buf, 1, MSG_PEEK) == 1 && *buf == 'a' && recv(fd, buf, 1, MSG_PEEK) == 1 && *buf == 'b';
    fact("a program that peeks at places of its own is left alone", got && hits(rule) == 0);
    lift(rule);
    close(fd);
}

static void composed(void)
{
    int fd = connected_client(), late = arm_latency(40 * MS), later = arm_latency(50 * MS),
        twice = arm(stream_rule(FAULT_duplicate)), changed = arm(stream_rule(FAULT_corrupt));
    struct reader r = reader_of(POLL, fd);
    uint64_t sent = now_ns();
    char first[20];

    tell(server, fd, "hello");
    snprintf(first, sizeof(first), "%s", heard(&r, 10000));
    fact("several faults add up", since(sent) >= 90 * MS && strcmp(first, "hello") &&
                                      is(heard(&r, 10000), first) && is(there_is(fd), "-") &&
                                      hits(late) + hits(later) + hits(twice) + hits(changed) == 4);
    lift(later);
    int lost = arm_blackhole();
    tell(server, fd, "hello");
    fact("and what is lost is nothing else", hits_come_to(lost, 1, fd) && is(there_is(fd), "-") &&
                                                 hits(late) == 1 && table->rules[twice].skipped == 1);
    lift(late);
    lift(twice);
    lift(changed);
    lift(lost);
    close(fd);
}

static void reordered_and_late(void)
{
    int fd = connected_client(), late = arm_latency(100 * MS), swapped = arm_reorder(10 * SECOND);
    struct reader r = reader_of(POLL, fd);
    uint64_t sent = now_ns();

    tell(server, fd, "one");
    tell(server, fd, "longer");
    fact("reorder and latency: the second first, when it is due",
         is(heard(&r, 10000), "longer") && since(sent) >= 100 * MS && is(heard(&r, 10000), "one") &&
             is(heard(&r, 50), "-") && hits(late) == 2 && hits(swapped) == 1);
    lift(late);
    lift(swapped);
    close(fd);
}

int main(int argc, char **argv)
{
    (void)argc;
    datagram_begin(argv, 9 * WAYS - 1 + 15);
    int before = open_descriptors();
    for (enum manner way = 0; way < WAYS; way++)
        apart(way);
    behind_another();
    spares_others();
    inbound();
    forked();
    another_number();
    for (enum manner way = 0; way < WAYS; way++) {
        lifted(way);
        lifted_alone(way);
        lifted_one_of_two(way);
        if (way != SELECT)
            straddles(way);
        refused(way);
        sleeps(way);
    }
    places();
    composed();
    reordered_and_late();
    fact_equal("no descriptor is left open", open_descriptors(), before);
    return 0;
}
