/* respond: the request does not arrive, and an answer that nobody sent is read, in every way to wait. */
#include "respond.h"

/* --- every way to wait --- */

static void once(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_for("^DEL");
    bool before = served(p, &r) && served(p, &r) && !hits(rule);

    fact(by_way(way, "a request that matches is answered, others are served"),
         before && put(p.client, DEL) && answered(&r, whole) && hits(rule) == 1);
    fact(by_way(way, "then the connection is at its end, on both sides"),
         ends(&r) && recv(p.server, (char[1]){0}, 1, 0) == 0 && is_settled());
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void kept(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_answer(false);
    bool good = true;

    for (int i = 0; i < 3; i++)
        good = good && put(p.client, GET) && answered(&r, whole) && nothing(&r);
    fact(by_way(way, "a connection that is kept is answered again and again, and quiet in between"),
         good && hits(rule) == 3);
    fact(by_way(way, "the dependency was not called"), was_not_called(p.server));
    fact(by_way(way, "and what concerns no dependency is idle"), !(table->armed[CALL_recv] & TARGET_ANY));
    lift(rule);
    fact(by_way(way, "lifted, it is at its end"), ends(&r));
    reader_end(&r);
    hang_up(p);
    fact(by_way(way, "and nothing is left"), is_settled());
}

static void in_two(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_answer(true);

    bool asked = put(p.client, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab") && nothing(&r);
    fact(by_way(way, "no answer before the request is whole"), asked && hits(rule) == 1);
    fact(by_way(way, "and then it is there"), put(p.client, "cd") && answered(&r, whole) && ends(&r));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void late(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    struct rule slow = answering(HEAD, BODY, false, true);
    int rule = (slow.delay_ns = 150 * MS, arm(slow));
    uint64_t start = now_ns();

    bool asked = put(p.client, GET) && nothing(&r);
    shutdown(p.server, SHUT_WR);
    fact(by_way(way, "late: it comes after its delay, though the dependency hung up"),
         asked && answered(&r, whole) && since(start) >= 150 * MS && ends(&r));
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

/* --- threads --- */

struct waiter {
    struct reader r;
    _Atomic int tid;
    bool good;
};

static void *wait_for_answer(void *arg)
{
    struct waiter *w = arg;
    struct pollfd in = {.fd = w->r.fd, .events = POLLIN};
    fd_set set;
    char buf[sizeof(whole)] = "";

    FD_ZERO(&set);
    FD_SET(w->r.fd, &set);
    w->tid = (int)syscall(SYS_gettid);
    int got = w->r.way == BLOCKING ? 1
              : w->r.way == POLL   ? poll(&in, 1, -1)
              : w->r.way == SELECT ? select(w->r.fd + 1, &set, NULL, NULL, NULL)
                                   : ready(&w->r, -1);
    w->good =
        got == 1 && recv(w->r.fd, buf, sizeof(whole) - 1, 0) == sizeof(whole) - 1 && !strcmp(buf, whole);
    return NULL;
}

/* The first answer, and the next on a connection that is kept. */
static void wakes(enum manner way)
{
    struct pair p = connection(listening);
    int rule = arm_answer(false);

    for (int i = 0; i < 2; i++) {
        struct waiter w = {.r = reader_of(way, p.client)};
        pthread_t thread;
        pthread_create(&thread, NULL, wait_for_answer, &w);
        while (!w.tid)
            sched_yield();
        wait_until_in(w.tid, ANY_CALL);
        bool asked = put(p.client, GET);
        pthread_join(thread, NULL);
        fact(by_way(way, i ? "who waits for the next answer in a thread wakes"
                           : "who waits without end in a thread wakes"),
             asked && w.good);
        reader_end(&w.r);
    }
    lift(rule);
    hang_up(p);
}

static void *sleep_and_read(void *arg)
{
    struct waiter *w = arg;
    char buf[sizeof(whole)] = "";
    ssize_t got;

    w->tid = (int)syscall(SYS_gettid);
    while ((got = recv(w->r.fd, buf, sizeof(buf) - 1, 0)) < 0 && errno == EINTR)
        ;
    w->good = got == sizeof(whole) - 1 && !strcmp(buf, whole);
    return NULL;
}

/* While nothing was asked about it, or its traffic was. */
static void asleep_before(bool is_watched)
{
    struct pair p = connection(listening);
    struct waiter w = {.r = {.way = BLOCKING, .fd = p.client}};
    pthread_t thread;

    table_watch(table, is_watched ? CACHE : 0);
    pthread_create(&thread, NULL, sleep_and_read, &w);
    while (!w.tid)
        sched_yield();
    wait_until_in(w.tid, SYS_recvfrom);
    int rule = arm_answer(false);
    bool asked = put(p.client, GET);
    pthread_join(thread, NULL);
    fact(is_watched ? "so it does when its traffic was watched"
                    : "who slept in recv before the rule was armed reads it",
         asked && w.good);
    fact("a read of nothing reads nothing", put(p.client, GET) && recv(p.client, NULL, 0, 0) == 0);
    lift(rule);
    table_watch(table, 0);
    hang_up(p);
}

/* --- the other end --- */

static void reset_by_peer(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    struct linger at_once = {.l_onoff = 1};
    int rule = arm_answer(false);
    char byte;

    bool asked = put(p.client, GET) && answered(&r, whole);
    setsockopt(p.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(p.server);
    uint64_t used = cpu_ns();
    asked = asked && get(&r, &byte, 1, 600) == -1 && errno == EAGAIN;
    fact(by_way(way, "a reset by the dependency is not seen, and costs nothing"),
         asked && cpu_ns() - used < 60 * MS);
    fact(by_way(way, "answers go on"), put(p.client, GET) && answered(&r, whole));
    lift(rule);
    reader_end(&r);
    close(p.client);
}

/* --- the lift --- */

static void lifted_unread(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    struct rule slow = answering(HEAD, BODY, false, false);
    int rule = (slow.delay_ns = 30 * SECOND, arm(slow));

    bool asked = put(p.client, GET) && nothing(&r);
    lift(rule);
    fact(by_way(way, "what was not read by the lift comes then, and the end behind it"),
         asked && answered(&r, whole) && ends(&r) && is_settled());
    reader_end(&r);
    hang_up(p);
}

static void lifted_in_the_middle(void)
{
    struct pair p = connection(listening), q = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_answer(false);

    bool asked = put(p.client, "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab");
    lift(rule);
    errno = 0;
    fact("lifted in the middle of a request, the rest cannot be sent",
         asked && send(p.client, "cd", 2, MSG_NOSIGNAL) == -1 && errno == EPIPE);
    fact("and no half of it arrives anywhere", ends(&r) && recv(p.server, (char[1]){0}, 1, 0) == 0);
    rule = arm_answer(false);
    asked = put(q.client, GET) && arrives(q.client, whole);
    lift(rule);
    errno = 0;
    fact("nor does a request on a connection that was kept",
         asked && send(q.client, GET, strlen(GET), MSG_NOSIGNAL) == -1 && errno == EPIPE &&
             recv(q.server, (char[1]){0}, 1, 0) == 0 && is_settled());
    hang_up(p);
    hang_up(q);
}

static void without_a_lease(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    int rule = arm_answer(false);

    bool asked = put(p.client, GET);
    table->lease_ns = now_ns();
    fact("without a lease what was answered is read, and no more", asked && answered(&r, whole) && ends(&r));
    table->lease_ns = now_ns() + 60 * SECOND;
    lift(rule);
    hang_up(p);
}

static void used_up(void)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    struct rule two = answering(HEAD, BODY, false, false);

    two.times = 1; /* against what its reply says */
    int rule = arm(two);
    fact("a kept connection whose next request is not struck is at its end",
         put(p.client, GET) && answered(&r, whole) && put(p.client, GET) && ends(&r) &&
             was_not_called(p.server) && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

/* --- with others --- */

static void composed(void)
{
    struct pair p = connection(listening), q = connection(listening), s = connection(listening);
    struct reader r = reader_of(EDGE, p.client), t = reader_of(POLL, q.client);
    uint64_t start = now_ns();
    char buf[100];
    int rule = arm_answer(false), other = arm_latency(100 * MS);

    fact("latency: an answer of ours is late too",
         put(p.client, GET) && answered(&r, whole) && since(start) >= 100 * MS && hits(other) == 1);
    lift(other);
    other = arm(stream_rule(FAULT_corrupt));
    fact("corrupt: it is changed", put(p.client, GET) && get_all(&r, buf, sizeof(whole) - 1, 20000) &&
                                       memcmp(buf, whole, sizeof(whole) - 1) != 0);
    lift(other);
    struct rule cut = stream_rule(FAULT_truncate);
    other = (cut.bytes = 20, arm(cut));
    fact("truncate: it ends where it is cut", put(q.client, GET) && get_all(&t, buf, 20, 20000) && ends(&t));
    lift(other);
    struct rule slice = stream_rule(FAULT_slice);
    other = (slice.bytes = 7, arm(slice));
    bool sent = true;
    for (size_t at = 0; at < strlen(GET) && sent;) {
        ssize_t n = send(s.client, GET + at, strlen(GET) - at, 0);
        sent = n > 0 && n <= 7;
        at += sent ? (size_t)n : 0;
    }
    fact("slice: it comes in pieces", sent && recv(s.client, buf, sizeof(buf), 0) == 7);
    lift(other);
    lift(rule);
    reader_end(&r);
    hang_up(p);
    hang_up(q);
    hang_up(s);
}

static void connecting(void)
{
    int rule = arm_answer(true), other = arm_latency(150 * MS),
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bool going = dial(fd, port_of(listening)) == -1 && errno == EINPROGRESS;
    bool early = send(fd, GET, strlen(GET), MSG_NOSIGNAL) == -1 && errno == EAGAIN && !hits(rule);
    struct pollfd out = {.fd = fd, .events = POLLOUT};
    struct reader r = reader_of(POLL, fd);
    int server = accept(listening, NULL, NULL);

    fact("what is sent too early is not swallowed, and is when it can be sent",
         going && early && poll(&out, 1, 20000) == 1 && put(fd, GET) && answered(&r, whole) && ends(&r) &&
             hits(rule) == 1 && was_not_called(server));
    close(fd);
    close(server);
    lift(other);
    lift(rule);
}

static void never_connected(void)
{
    int rule = arm_answer(true), other = arm_blackhole();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    bool going = dial(fd, port_of(listening)) == -1 && errno == EINPROGRESS;
    fact("in a blackhole nothing is connected, and nobody answered",
         going && send(fd, GET, strlen(GET), MSG_NOSIGNAL) == -1 && errno == EAGAIN && !hits(rule));
    close(fd);
    lift(other);
    lift(rule);
}

static void local_sockets(void)
{
    struct target t = {.kind = TARGET_UNIX, .bit = 0};
    struct sockaddr_un there = {.sun_family = AF_UNIX};
    int listens = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(there.sun_path, sizeof(there.sun_path), "%.90s/s", scratch);
    snprintf(t.text, sizeof(t.text), "%s", there.sun_path);
    target_add(t);
    if (bind(listens, (struct sockaddr *)&there, sizeof(there)) || listen(listens, 4) ||
        connect(fd, (struct sockaddr *)&there, sizeof(there)))
        give_up("unix");
    struct pair p = {fd, accept(listens, NULL, NULL)};
    struct reader r = reader_of(LEVEL, fd);
    int rule = arm_for("^DEL");
    fact("on a unix socket too", served(p, &r) && put(fd, DEL) && answered(&r, whole) && ends(&r) &&
                                     recv(p.server, (char[1]){0}, 1, 0) == 0);
    reader_end(&r);
    hang_up(p);
    close(listens);
    lift(rule);
}

static void damaged(void)
{
    struct pair p = connection(listening), q = connection(listening);
    struct rule none = stream_rule(FAULT_respond), wild = answering(HEAD, BODY, false, true);
    static char buf[3 * REPLY_BYTES];
    struct reader r = reader_of(POLL, q.client);
    int rule = arm(none);

    fact("a rule without an answer lets through",
         put(p.client, GET) && arrives(p.server, GET) && table->rules[rule].skipped == 1);
    lift(rule);
    table->replies[wild.reply - 1].len = UINT32_MAX;
    rule = arm(wild);
    fact("an answer of a wild length is bounded",
         put(q.client, GET) && get_all(&r, buf, REPLY_BYTES, 20000) && ends(&r));
    lift(rule);
    hang_up(p);
    hang_up(q);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 15 * WAYS + 4 + 2 + 3 + 1 + 1 + 3 + 1 + 1 + 2);
    for (enum manner way = 0; way < WAYS; way++) {
        once(way);
        kept(way);
        in_two(way);
        late(way);
        wakes(way);
        lifted_unread(way);
        reset_by_peer(way);
    }
    asleep_before(false);
    asleep_before(true);
    lifted_in_the_middle();
    without_a_lease();
    used_up();
    composed();
    connecting();
    never_connected();
    local_sockets();
    damaged();
    return 0;
}
