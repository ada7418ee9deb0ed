/* What a program may ask of a UDP socket while its datagrams are late: each answer is the kernel's own, as if
 * they had come later. */
#include "datagram.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static int client;
static struct reader r;

static void limit_receive(int fd, unsigned ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* --- time-outs and signals --- */

static void time_outs(void)
{
    char buf[10];
    int rule = arm_latency(300 * MS);

    limit_receive(client, 50);
    uint64_t start = now_ns();
    tell(server, client, "late");
    bool ended = recv(client, buf, 10, 0) == -1 && errno == EAGAIN;
    uint64_t took = since(start);
    fact("SO_RCVTIMEO ends a wait for what is late", ended && took >= 50 * MS);
    limit_receive(client, 0);
    fact("and then it comes all the same",
         recv(client, buf, 10, 0) == 4 && since(start) >= 300 * MS && hits(rule) == 1);
    lift(rule);
}

static _Atomic bool is_over;

static void *send_on(void *unused)
{
    (void)unused;
    for (uint64_t end = now_ns() + LONG; !is_over && now_ns() < end; usleep(20000))
        tell(server, client, "lost");
    return NULL;
}

static void time_out_of_losses(void)
{
    char buf[10];
    int rule = arm(stream_rule(FAULT_loss));
    pthread_t thread;

    limit_receive(client, 200);
    is_over = false;
    uint64_t start = now_ns();
    pthread_create(&thread, NULL, send_on, NULL);
    bool ended = recv(client, buf, 10, 0) == -1 && errno == EAGAIN;
    uint64_t took = since(start);
    is_over = true;
    pthread_join(thread, NULL);
    fact("those that are lost do not begin a time-out anew", ended && took >= 200 * MS && took < LONG / 2);
    limit_receive(client, 0);
    there_is(client);
    lift(rule);
}

static _Atomic int rings;

static void ring(int number)
{
    (void)number;
    rings++;
}

static void handle(int flags)
{
    struct sigaction action = {.sa_handler = ring, .sa_flags = flags};

    sigaction(SIGUSR1, &action, NULL);
}

struct sleeper {
    _Atomic pid_t tid;
    ssize_t got;
    int error;
    char buf[16];
};

static void *receive(void *arg)
{
    struct sleeper *c = arg;

    c->tid = (pid_t)syscall(SYS_gettid);
    c->got = recv(client, c->buf, sizeof(c->buf), 0);
    c->error = errno;
    return NULL;
}

static pthread_t begin(struct sleeper *c, long number)
{
    pthread_t thread;

    *c = (struct sleeper){0};
    pthread_create(&thread, NULL, receive, c);
    while (!c->tid)
        sched_yield();
    wait_until_in(c->tid, number);
    return thread;
}

static void interrupted(const char *what, bool held)
{
    struct sleeper c;
    int rule = arm_latency(SECOND);
    char sentence[100];

    for (int restarts = 0; restarts < 2; restarts++) {
        handle(restarts ? SA_RESTART : 0);
        if (held)
            tell(server, client, "late");
        pthread_t thread = begin(&c, held ? SYS_futex_waitv : SYS_recvfrom);
        rings = 0;
        pthread_kill(thread, SIGUSR1);
        while (!rings)
            sched_yield();
        if (!held)
            tell(server, client, "late");
        pthread_join(thread, NULL);
        snprintf(sentence, sizeof(sentence), "%s: a handler %s SA_RESTART %s it", what,
                 restarts ? "with" : "without", restarts ? "does not end" : "ends");
        fact(sentence, restarts ? c.got == 4 : c.got == -1 && c.error == EINTR);
        if (!restarts)
            heard(&r, 10000);
    }
    lift(rule);
}

/* --- sizes and peeks --- */

static void peeks(void)
{
    char buf[10] = "";
    int late = arm_latency(100 * MS), twice = arm(stream_rule(FAULT_duplicate));

    tell(server, client, "twins");
    fact("MSG_PEEK does not see what is late",
         recv(client, buf, 10, MSG_PEEK | MSG_DONTWAIT) == -1 && errno == EAGAIN);
    fact("and waits for it", recv(client, buf, 10, MSG_PEEK) == 5 && is(buf, "twins"));
    bool twins = recv(client, buf, 10, MSG_PEEK) == 5 && recv(client, buf, 10, 0) == 5 &&
                 recv(client, buf, 10, 0) == 5 && is(there_is(client), "-");
    fact("and takes none of two away", twins && hits(late) == 1 && hits(twice) == 1);
    lift(late);
    lift(twice);
}

static void sizes(void)
{
    char buf[3];
    struct iovec part = {.iov_base = buf, .iov_len = sizeof(buf)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int rule = arm_latency(20 * MS);

    tell(server, client, "longer");
    fact("MSG_TRUNC tells the whole length", recv(client, buf, 3, MSG_TRUNC) == 6);
    tell(server, client, "longer");
    bool got = recvmsg(client, &message, 0) == 3;
    fact("and msg_flags that it was cut", got && message.msg_flags & MSG_TRUNC && is(there_is(client), "-"));
    tell(server, client, "");
    fact("one without bytes comes too", recv(client, buf, 3, 0) == 0 && hits(rule) == 3);
    tell(server, client, "x");
    fact("a read of nothing takes none", read(client, buf, 0) == 0);
    fact("but a recv without room takes one",
         recv(client, buf, 0, 0) == 0 && is(there_is(client), "-") && hits(rule) == 4);
    lift(rule);
}

static int readable(int fd)
{
    int size = -1;

    return ioctl(fd, FIONREAD, &size) ? -1 : size;
}

static void counts(void)
{
    int rule = arm_latency(100 * MS);

    tell(server, client, "hello");
    fact_equal("FIONREAD: nothing while it is late", readable(client), 0);
    poll(&(struct pollfd){.fd = client, .events = POLLIN}, 1, 10000);
    fact_equal("and its size when it is due", readable(client), 5);
    heard(&r, 0);
    fact_equal("and nothing when it was read", readable(client), 0);
    lift(rule);
    rule = arm_reorder(10 * SECOND);
    tell(server, client, "one");
    tell(server, client, "longer");
    for (uint64_t end = now_ns() + 10 * SECOND; !readable(client) && now_ns() < end;)
        sched_yield();
    fact_equal("FIONREAD: the size of what overtakes", readable(client), 6);
    fact("which is what comes", is(heard(&r, 10000), "longer") && is(heard(&r, 10000), "one"));
    lift(rule);
}

/* --- control messages --- */

static size_t controls(int fd, int wanted, struct timespec *ret_stamp)
{
    char buf[10];
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(struct in_pktinfo)) * 4];
    struct iovec part = {.iov_base = buf, .iov_len = sizeof(buf)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    size_t count = 0;

    if (recvmsg(fd, &message, 0) < 0 || message.msg_flags & MSG_CTRUNC)
        return 1000;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(ret_stamp, CMSG_DATA(c), sizeof(*ret_stamp));
        count += c->cmsg_type == wanted ? 1 : 100;
    }
    return count;
}

static void control_messages(void)
{
    int rule = arm_latency(100 * MS), fd = connected_client(), on = 1;
    struct timespec stamp, now;

    there_is(fd);
    tell(server, fd, "x");
    fact("what the program did not ask for does not come along", controls(fd, IP_PKTINFO, &stamp) == 0);
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    tell(server, fd, "x");
    fact("and what it did does", controls(fd, IP_PKTINFO, &stamp) == 1);
    close(fd);
    fd = connected_client();
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    uint64_t start = now_ns();
    tell(server, fd, "x");
    bool got = controls(fd, SCM_TIMESTAMPNS, &stamp) == 1;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (now.tv_sec - stamp.tv_sec) * (int64_t)SECOND + now.tv_nsec - stamp.tv_nsec;
    fact("a stamp that it asked for says when it came",
         got && since(start) >= 100 * MS && age >= (int64_t)(100 * MS) && hits(rule) == 3);
    if (age < (int64_t)(100 * MS))
        printf("# age %ld us\n", (long)(age / 1000));
    close(fd);
    lift(rule);
}

/* --- from when on --- */

/* First of all: the kernel stamps for whoever asks, and then for everybody. */
static void asked_first(void)
{
    int fd = connected_client(), rule = arm_latency(500 * MS);

    if (send(fd, "x", 1, 0) != 1)
        give_up("send");
    usleep(100000);
    tell(server, fd, "y");
    usleep(600000);
    fact("the delay counts from the arrival, when all that was done before was to ask",
         is(there_is(fd), "y"));
    lift(rule);
    close(fd);
    usleep(100000);
}

/* Of what was there before nobody can tell when it came; but together it came. */
static void were_there_before(void)
{
    int fd = connected_client(), count = 0;

    for (int i = 0; i < 4; i++)
        tell(server, fd, "x");
    int rule = arm_latency(SECOND);
    uint64_t start = now_ns();
    while (count < 4 && recv(fd, &(char){0}, 1, 0) == 1)
        count++;
    uint64_t took = since(start);
    fact("what was there before the fault is late, and all of it once",
         count == 4 && took >= SECOND && took < 3 * SECOND && hits(rule) == 4);
    lift(rule);
    close(fd);
}

static void late_looks(void)
{
    int fd = connected_client(), stamped = connected_client(), on = 1, rule = arm_latency(500 * MS);

    setsockopt(stamped, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    there_is(fd);
    there_is(stamped);
    usleep(100000);
    tell(server, fd, "x");
    tell(server, stamped, "y");
    usleep(600000);
    fact("the delay counts from the arrival, not from the look", is(there_is(fd), "x"));
    fact("also where the program asked for stamps itself", is(there_is(stamped), "y") && hits(rule) == 2);
    lift(rule);
    close(stamped);
    close(fd);
}

/* --- several at once --- */

static void many(void)
{
    char buf[4][10] = {"", "", "", ""};
    struct iovec part[4];
    struct mmsghdr four[4];
    int rule = arm_latency(100 * MS);
    struct timespec limit = {.tv_nsec = 50000000};

    for (int i = 0; i < 4; i++) {
        part[i] = (struct iovec){.iov_base = buf[i], .iov_len = 10};
        four[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &part[i], .msg_iovlen = 1}};
    }
    errno = FOREIGN;
    bool none = recvmmsg(client, four, 4, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN;
    tell(server, client, "one");
    none = none && recvmmsg(client, four, 4, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN;
    fact("recvmmsg: nothing while they are late", none);
    tell(server, client, "three");
    usleep(20000);
    tell(server, client, "fourth");
    errno = FOREIGN;
    int got = recvmmsg(client, four, 4, MSG_WAITFORONE, NULL);
    fact("recvmmsg: what is due comes together", got >= 1 && got <= 3 && errno == FOREIGN);
    while (got < 3) {
        int more = recvmmsg(client, four + got, (unsigned)(4 - got), MSG_WAITFORONE, NULL);
        got = more > 0 ? got + more : 4;
    }
    fact("recvmmsg: all of it, with its lengths", got == 3 && four[0].msg_len == 3 && four[1].msg_len == 5 &&
                                                      four[2].msg_len == 6 && is(buf[2], "fourth"));
    tell(server, client, "one");
    tell(server, client, "two");
    got = recvmmsg(client, four, 2, 0, &limit);
    fact("recvmmsg: its time-out is looked at behind each", got == 1 && !limit.tv_nsec && hits(rule) == 5);
    heard(&r, 10000);
    limit = (struct timespec){.tv_sec = -1};
    fact("recvmmsg: a time-out that is none is refused",
         recvmmsg(client, four, 2, 0, &limit) == -1 && errno == EINVAL);
    limit = (struct timespec){.tv_sec = INT64_MAX};
    tell(server, client, "one");
    fact("recvmmsg: and one for ever is one", recvmmsg(client, four, 1, 0, &limit) == 1);
    lift(rule);
}

static void in_order(void)
{
    struct rule shaky = stream_rule(FAULT_latency);
    char text[10];
    bool right = true;

    shaky.delay_ns = shaky.jitter_ns = 10 * MS;
    int rule = arm(shaky);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "%d", i);
        tell(server, client, text);
    }
    for (int i = 0; i < 50 && right; i++) {
        snprintf(text, sizeof(text), "%d", i);
        right = is(heard(&r, 10000), text);
    }
    fact("jitter lets none overtake another", right && hits(rule) == 50);
    lift(rule);
}

static _Atomic int heard_by_threads;
static _Atomic uint64_t sum;

static void *reader(void *unused)
{
    char buf[10];

    (void)unused;
    while (heard_by_threads < 200) {
        ssize_t got = recv(client, buf, sizeof(buf) - 1, 0);
        if (got <= 0)
            continue;
        buf[got] = 0;
        sum += (uint64_t)atoi(buf);
        heard_by_threads++;
    }
    return NULL;
}

static void several_readers(void)
{
    int late = arm_latency(10 * MS), twice = arm(stream_rule(FAULT_duplicate));
    pthread_t threads[4];
    char text[10];

    limit_receive(client, 100);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, reader, NULL);
    for (int i = 1; i <= 100; i++) {
        snprintf(text, sizeof(text), "%d", i);
        tell(server, client, text);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    limit_receive(client, 0);
    fact("four threads get each of 100 twice", sum == 2 * 5050 && heard_by_threads == 200);
    lift(late);
    lift(twice);
}

int main(int argc, char **argv)
{
    (void)argc;
    datagram_begin(argv, 35);
    client = connected_client();
    r = reader_of(POLL, client);
    non_blocking(client, false);
    asked_first();
    were_there_before();
    time_outs();
    time_out_of_losses();
    interrupted("what is late", true);
    interrupted("what has not come", false);
    peeks();
    sizes();
    counts();
    control_messages();
    late_looks();
    many();
    in_order();
    several_readers();
    return 0;
}
