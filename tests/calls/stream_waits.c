/* Held streams: who waits, who wakes, and what a program may do to its epoll sets meanwhile. */
#include "stream.h"

static void put(int fd)
{
    if (send(fd, "hello", 5, 0) != 5)
        give_up("send");
}

/* --- threads that wait without a time-out --- */

struct waiter {
    struct reader r;
    _Atomic pid_t tid;
    ssize_t got;
    uint64_t woke_ns;
    char buf[10];
};

static void *wait_for_ever(void *argument)
{
    struct waiter *w = argument;

    w->tid = gettid();
    do {
        ready(&w->r, -1);
        w->got = recv(w->r.fd, w->buf, 5, 0);
    } while (w->got == -1 && errno == EAGAIN);
    w->woke_ns = now_ns();
    return NULL;
}

static pthread_t waiting(struct waiter *w, enum manner way, int fd)
{
    pthread_t thread;

    *w = (struct waiter){.r = reader_of(way, fd)};
    if (pthread_create(&thread, NULL, wait_for_ever, w))
        give_up("pthread_create");
    while (!w->tid)
        sched_yield();
    wait_until_in(w->tid, ANY_CALL);
    return thread;
}

static void a_lift_wakes(enum manner way)
{
    char sentence[120];
    struct pair p = connection(listening);
    struct waiter w;
    int rule = arm_blackhole();
    pthread_t thread = waiting(&w, way, p.client);

    put(p.server);
    usleep(100000);
    bool held = !w.woke_ns;
    uint64_t lifted = now_ns();
    lift(rule);
    pthread_join(thread, NULL);
    snprintf(sentence, sizeof(sentence), "%s: a lift wakes one who waits without a time-out", way_names[way]);
    fact(sentence, held && w.got == 5 && !memcmp(w.buf, "hello", 5) && w.woke_ns - lifted < LONG);
    reader_end(&w.r);
    hang_up(p);
}

static void injected_while_it_waits(enum manner way)
{
    char sentence[120];
    struct pair p = connection(listening);
    struct waiter w;
    pthread_t thread = waiting(&w, way, p.client);
    int rule = arm_latency(150 * MS);
    uint64_t sent = now_ns();

    put(p.server);
    pthread_join(thread, NULL);
    snprintf(sentence, sizeof(sentence), "%s: a fault reaches one who waited already", way_names[way]);
    fact(sentence, w.got == 5 && w.woke_ns - sent >= 150 * MS && w.woke_ns - sent < LONG);
    lift(rule);
    reader_end(&w.r);
    hang_up(p);
}

static void two_threads_in_a_set(void)
{
    struct pair p = connection(listening), q = connection(listening);
    int rule = arm_latency(100 * MS);
    struct waiter a, b;
    pthread_t one = waiting(&a, EDGE, p.client), two;

    b = (struct waiter){.r = {.way = LEVEL, .fd = q.client, .set = a.r.set}};
    non_blocking(q.client, true);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.fd = q.client};
    epoll_ctl(a.r.set, EPOLL_CTL_ADD, q.client, &e);
    pthread_create(&two, NULL, wait_for_ever, &b);
    while (!b.tid)
        sched_yield();
    usleep(50000);
    uint64_t sent = now_ns();
    /* Each takes whatever comes out of the set; each gets its own bytes in the end. */
    put(p.server);
    usleep(20000);
    put(q.server);
    usleep(300000);
    /* A thread may have got the other's event, and have gone back to wait. */
    for (int i = 0; i < 50 && !(a.woke_ns && b.woke_ns); i++) {
        struct epoll_event again = {.events = EPOLLIN | EPOLLET, .data.fd = p.client};
        epoll_ctl(a.r.set, EPOLL_CTL_MOD, p.client, &again);
        again.data.fd = q.client;
        epoll_ctl(a.r.set, EPOLL_CTL_MOD, q.client, &again);
        usleep(20000);
    }
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    fact("two threads in one set both wake",
         a.got == 5 && b.got == 5 && a.woke_ns - sent >= 100 * MS && b.woke_ns - sent >= 100 * MS);
    lift(rule);
    reader_end(&a.r);
    hang_up(p);
    hang_up(q);
}

/* --- sets --- */

static int set_of(int fd, uint32_t events, uint64_t data)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = events, .data.u64 = data};

    non_blocking(fd, true);
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e))
        give_up("epoll");
    return set;
}

static void one_data_value(void)
{
    struct pair p = connection(listening);
    int other[2], set = set_of(p.client, EPOLLIN, 77), rule;
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = 77};

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, other) || epoll_ctl(set, EPOLL_CTL_ADD, other[0], &e))
        give_up("socketpair");
    rule = arm_latency(800 * MS);
    put(p.server);
    bool quiet = epoll_wait(set, &e, 1, 50) == 0;
    put(other[1]);
    bool told = epoll_wait(set, &e, 1, 5000) == 1 && e.events == EPOLLIN && e.data.u64 == 77;
    char buf[5];
    told = told && recv(other[0], buf, 5, MSG_DONTWAIT) == 5;
    bool early = recv(p.client, buf, 5, MSG_DONTWAIT) == 5;
    bool later = epoll_wait(set, &e, 1, 5000) == 1 && recv(p.client, buf, 5, 0) == 5;
    fact("two descriptors with one data value are told apart", quiet && told && !early && later);
    lift(rule);
    close(set);
    close(other[0]);
    close(other[1]);
    hang_up(p);
}

static void changed_while_held(void)
{
    struct pair p = connection(listening);
    int set = set_of(p.client, EPOLLIN, 1), rule = arm_latency(150 * MS);
    struct epoll_event e;

    put(p.server);
    bool right = epoll_wait(set, &e, 1, 20) == 0;
    e = (struct epoll_event){.events = EPOLLIN, .data.u64 = 2};
    right = right && epoll_ctl(set, EPOLL_CTL_ADD, p.client, &e) == -1 && errno == EEXIST;
    right = right && !epoll_ctl(set, EPOLL_CTL_MOD, p.client, &e) && epoll_wait(set, &e, 1, 20) == 0;
    right = right && epoll_wait(set, &e, 1, 5000) == 1 && e.data.u64 == 2 && e.events == EPOLLIN;
    fact("MOD while held: the new registration is told, when it is due", right);
    e = (struct epoll_event){.events = EPOLLIN, .data.u64 = 2};
    char buf[5];
    right = recv(p.client, buf, 5, 0) == 5;
    put(p.server);
    right = right && epoll_wait(set, &e, 1, 20) == 0 && !epoll_ctl(set, EPOLL_CTL_DEL, p.client, &e);
    right = right && epoll_ctl(set, EPOLL_CTL_DEL, p.client, &e) == -1 && errno == ENOENT;
    right = right && epoll_ctl(set, EPOLL_CTL_MOD, p.client, &e) == -1 && errno == ENOENT;
    right = right && epoll_wait(set, &e, 1, 250) == 0;
    fact("DEL while held: it is not told any more, and ENOENT is the kernel's", right);
    e = (struct epoll_event){.events = EPOLLIN, .data.u64 = 3};
    right =
        !epoll_ctl(set, EPOLL_CTL_ADD, p.client, &e) && epoll_wait(set, &e, 1, 5000) == 1 && e.data.u64 == 3;
    fact("added again when it is due, it is told", right);
    lift(rule);
    close(set);
    hang_up(p);
}

static void added_while_held(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(150 * MS);
    struct epoll_event e;
    uint64_t sent = now_ns();

    put(p.server);
    int set = set_of(p.client, EPOLLIN | EPOLLET, 9);
    bool right = epoll_wait(set, &e, 1, 5000) == 1 && since(sent) >= 150 * MS && e.data.u64 == 9;
    fact("a descriptor that is added while held is told when it is due", right);
    lift(rule);
    close(set);
    hang_up(p);
}

static void writing_is_told(void)
{
    struct pair p = connection(listening);
    int set = set_of(p.client, EPOLLIN | EPOLLOUT, 4), rule = arm_latency(300 * MS), outs = 0;
    struct epoll_event e;

    put(p.server);
    for (int i = 0; i < 5; i++)
        outs += epoll_wait(set, &e, 1, 100) == 1 && e.events == EPOLLOUT;
    fact("while reading is held, writing is told at each wait", outs == 5);
    struct pollfd f = {.fd = p.client, .events = POLLIN | POLLOUT};
    fact("and poll says the same",
         poll(&f, 1, 100) == 1 && f.revents == POLLOUT && f.events == (POLLIN | POLLOUT));
    lift(rule);
    close(set);
    hang_up(p);
}

static void exclusive(void)
{
    struct pair p = connection(listening);
    int set = set_of(p.client, EPOLLIN | EPOLLEXCLUSIVE, 5), rule = arm_latency(100 * MS);
    struct epoll_event e;
    uint64_t sent = now_ns();

    put(p.server);
    bool right = epoll_wait(set, &e, 1, 20) == 0 && epoll_wait(set, &e, 1, 5000) == 1 && e.data.u64 == 5;
    fact("EPOLLEXCLUSIVE is held too", right && since(sent) >= 100 * MS);
    lift(rule);
    close(set);
    hang_up(p);
}

static void nested(void)
{
    struct pair p = connection(listening);
    int inner = set_of(p.client, EPOLLIN, 6), outer = epoll_create1(EPOLL_CLOEXEC), rule;
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 60};

    if (epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e))
        give_up("epoll_ctl");
    rule = arm_latency(150 * MS);
    uint64_t sent = now_ns();
    put(p.server);
    int told = 0;
    while (!told && since(sent) < 5 * SECOND)
        if (epoll_wait(outer, &e, 1, 5000) == 1)
            told = epoll_wait(inner, &e, 1, 0);
    fact("a set in a set wakes when the inner one is due",
         told == 1 && e.data.u64 == 6 && since(sent) >= 150 * MS && since(sent) < 5 * SECOND);
    lift(rule);
    close(inner);
    close(outer);
    hang_up(p);
}

static void dup_ed(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(100 * MS), other = dup(p.client);
    char buf[10];

    put(p.server);
    usleep(1000);
    bool early = recv(other, buf, 2, MSG_DONTWAIT) == 2;
    struct pollfd f = {.fd = other, .events = POLLIN};
    bool right = !early && poll(&f, 1, 5000) == 1 && recv(other, buf, 2, MSG_DONTWAIT) == 2 &&
                 recv(p.client, buf + 2, 8, MSG_DONTWAIT) == 3 && !memcmp(buf, "hello", 5);
    fact("two numbers for one connection share what is held", right && hits(rule) == 1);
    lift(rule);
    close(other);
    hang_up(p);
}

static void only_what_was_named(void)
{
    struct pair p = connection(listening);
    put(p.client);
    int other[2], rule = arm_blackhole();
    char buf[5];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, other))
        give_up("socketpair");
    put(other[0]);
    put(p.server);
    struct pollfd f[] = {{.fd = other[1], .events = POLLIN},
                         {.fd = p.client, .events = POLLIN},
                         {.fd = -1, .events = POLLIN},
                         {.fd = p.server, .events = POLLIN}};
    int told = poll(f, 4, 1000);
    fact("poll reports the others, and hides the held one",
         told == 2 && f[0].revents == POLLIN && !f[1].revents && f[3].revents == POLLIN &&
             f[1].fd == p.client && f[1].events == POLLIN && recv(other[1], buf, 5, 0) == 5);
    lift(rule);
    close(other[0]);
    close(other[1]);
    hang_up(p);
}

/* --- reads --- */

static void how_much(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(150 * MS), count = -1;
    char buf[10];

    put(p.server);
    ioctl(p.client, FIONREAD, &count);
    bool none = count == 0;
    bool peeked = recv(p.client, buf, 5, MSG_PEEK) == 5;
    ioctl(p.client, FIONREAD, &count);
    fact("FIONREAD tells only what is due", none && peeked && count == 5);
    fact("MSG_PEEK leaves it there", recv(p.client, buf, 10, 0) == 5 && !memcmp(buf, "hello", 5));
    lift(rule);
    hang_up(p);
}

static void *hello_later(void *argument)
{
    usleep(100000);
    put(*(int *)argument);
    return NULL;
}

static void every_read(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(30 * MS);
    char buf[10] = "";
    struct iovec parts[2] = {{buf, 2}, {buf + 2, 3}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    struct mmsghdr mm = {.msg_hdr = m};
    pthread_t thread;
    bool right = true;

    for (int i = 0; i < 5; i++) {
        uint64_t sent = now_ns();
        memset(buf, 0, sizeof(buf));
        put(p.server);
        ssize_t got = i == 0   ? read(p.client, buf, 5)
                      : i == 1 ? readv(p.client, parts, 2)
                      : i == 2 ? recvfrom(p.client, buf, 5, 0, NULL, NULL)
                      : i == 3 ? recvmsg(p.client, &m, 0)
                               : recvmmsg(p.client, &mm, 1, 0, NULL) * (ssize_t)mm.msg_len;
        right = right && got == 5 && !memcmp(buf, "hello", 5) && since(sent) >= 30 * MS;
        if (!right)
            printf("# call %d: %zd\n", i, got);
    }
    fact("read, readv, recvfrom, recvmsg and recvmmsg wait, and read all", right);
    put(p.server);
    pthread_create(&thread, NULL, hello_later, &p.server);
    fact("MSG_WAITALL waits for all of it",
         recv(p.client, buf, 10, MSG_WAITALL) == 10 && !memcmp(buf, "hellohello", 10));
    pthread_join(thread, NULL);
    lift(rule);
    hang_up(p);
}

static void time_outs(void)
{
    struct pair p = connection(listening);
    struct timeval limit = {.tv_usec = 50000};
    int rule = arm_blackhole();
    char buf[5];
    uint64_t start = now_ns();

    put(p.server);
    setsockopt(p.client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    bool right = recv(p.client, buf, 5, 0) == -1 && errno == EAGAIN && since(start) >= 50 * MS;
    fact("SO_RCVTIMEO ends a blocking read of what is held", right && since(start) < LONG);
    struct timeval left = {.tv_sec = 1};
    fd_set in;
    FD_ZERO(&in);
    FD_SET(p.client, &in);
    start = now_ns();
    right = select(p.client + 1, &in, NULL, NULL, &left) == 0 && !left.tv_sec && !left.tv_usec &&
            !FD_ISSET(p.client, &in) && since(start) >= SECOND;
    fact("select's time-out runs out, and says so", right);
    lift(rule);
    hang_up(p);
}

static void on_alarm(int number)
{
    (void)number;
}

static void interrupted(bool restarts)
{
    struct pair p = connection(listening);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = restarts ? SA_RESTART : 0};
    struct itimerval soon = {.it_value.tv_usec = 50000};
    int rule = arm_latency(200 * MS);
    char buf[5];
    uint64_t sent = now_ns();

    sigaction(SIGALRM, &action, NULL);
    put(p.server);
    setitimer(ITIMER_REAL, &soon, NULL);
    ssize_t got = recv(p.client, buf, 5, 0);
    fact(restarts ? "with SA_RESTART a signal does not cut a held read short"
                  : "without SA_RESTART a held read ends with EINTR",
         restarts ? got == 5 && since(sent) >= 200 * MS : got == -1 && errno == EINTR);
    action.sa_handler = SIG_DFL;
    sigaction(SIGALRM, &action, NULL);
    lift(rule);
    hang_up(p);
}

/* --- costs --- */

static void nobody_sleeps(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(20 * SECOND);
    char buf[5];
    uint64_t start = now_ns();

    put(p.server);
    non_blocking(p.client, true);
    int set = set_of(p.client, EPOLLIN, 1);
    struct epoll_event e;
    struct pollfd f = {.fd = p.client, .events = POLLIN};
    bool right = true;
    for (int i = 0; i < 100; i++)
        right = right && recv(p.client, buf, 5, 0) == -1 && errno == EAGAIN && poll(&f, 1, 0) == 0 &&
                epoll_wait(set, &e, 1, 0) == 0 && send(p.client, "x", 1, 0) == 1;
    fact("no call sleeps on a non-blocking descriptor", right && since(start) < 10 * SECOND);
    lift(rule);
    close(set);
    hang_up(p);
}

static void cpu(enum manner way)
{
    char sentence[120];
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_blackhole();

    put(p.server);
    shutdown(p.server, SHUT_WR);
    uint64_t start = cpu_ns();
    ready(&r, 1000);
    uint64_t used = cpu_ns() - start;
    snprintf(sentence, sizeof(sentence), "%s: what is held costs next to nothing", way_names[way]);
    fact(sentence, used < 200 * MS);
    printf("# %lu us of a second\n", used / 1000);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void cpu_after_a_reset(enum manner way)
{
    char sentence[120];
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_blackhole();
    struct linger hard = {.l_onoff = 1};

    setsockopt(p.server, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(p.server);
    uint64_t start = cpu_ns();
    bool quiet = ready(&r, 500) == 0;
    uint64_t used = cpu_ns() - start;
    snprintf(sentence, sizeof(sentence), "%s: nor does a RST", way_names[way]);
    fact(sentence, quiet && used < 200 * MS);
    lift(rule);
    reader_end(&r);
    close(p.client);
}

static void nothing_is_left(void)
{
    struct pair p = connection(listening);
    int set = set_of(p.client, EPOLLIN, 1);
    struct epoll_event e;

    /* Sets that were closed after a lift left theirs until a call that waits. */
    epoll_wait(set, &e, 1, 0);
    int before = open_descriptors(), rule = arm_blackhole();
    put(p.server);
    bool quiet = epoll_wait(set, &e, 1, 50) == 0;
    int lowest = dup(0);
    close(lowest);
    lift(rule);
    bool told = epoll_wait(set, &e, 1, 5000) == 1;
    int after = open_descriptors();
    fact("after the lift no descriptor of ours is left, and none was low",
         quiet && told && after == before && lowest < 100);
    rule = arm_blackhole();
    e = (struct epoll_event){0};
    epoll_wait(set, &e, 1, 20);
    close(set);
    fact("closing the set closes what we had in it", open_descriptors() == before - 1);
    lift(rule);
    hang_up(p);
}

static void a_child(void)
{
    struct pair p = connection(listening);
    int set = set_of(p.client, EPOLLIN, 1), rule = arm_latency(200 * MS);
    struct epoll_event e;
    uint64_t sent = now_ns();

    put(p.server);
    epoll_wait(set, &e, 1, 20);
    pid_t pid = fork();
    if (!pid) {
        char buf[5];
        non_blocking(p.client, false);
        _exit(recv(p.client, buf, 5, 0) == 5 && since(sent) >= 200 * MS ? 0 : 1);
    }
    fact("a child of a fork reads what is held when it is due", exit_code_of(pid) == 0);
    put(p.server);
    fact("and its parent's set goes on", epoll_wait(set, &e, 1, 5000) == 1 && e.data.u64 == 1);
    lift(rule);
    close(set);
    hang_up(p);
}

static void the_lease_ends_it(void)
{
    struct pair p = connection(listening);
    int set = set_of(p.client, EPOLLIN, 1), rule = arm_blackhole();
    struct epoll_event e;

    table->lease_ns = now_ns() + 300 * MS;
    put(p.server);
    uint64_t start = now_ns();
    fact("no hold outlives the lease", epoll_wait(set, &e, 1, 10000) == 1 && since(start) < 8 * SECOND);
    lift(rule);
    close(set);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 4 * WAYS - 2 + 25 + 1);
    for (enum manner way = 0; way < WAYS; way++) {
        a_lift_wakes(way);
        injected_while_it_waits(way);
        if (way == BLOCKING)
            continue;
        cpu(way);
        cpu_after_a_reset(way);
    }
    two_threads_in_a_set();
    one_data_value();
    changed_while_held();
    added_while_held();
    writing_is_told();
    exclusive();
    nested();
    dup_ed();
    only_what_was_named();
    how_much();
    every_read();
    time_outs();
    interrupted(true);
    interrupted(false);
    nobody_sleeps();
    nothing_is_left();
    a_child();
    the_lease_ends_it();
    return 0;
}
