/* What is sent into a black hole succeeds, does not arrive, and arrives in order when the hole is over. */
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "stream.h"

static bool says(int fd, const char *bytes)
{
    return send(fd, bytes, strlen(bytes), MSG_NOSIGNAL) == (ssize_t)strlen(bytes);
}

enum { KEPT = 16384, MUCH = 20000 };

/* The peer, which no rule is about, gets exactly this. */
static bool arrives_whole(int fd, const char *bytes, size_t len)
{
    static char buf[MUCH];
    struct timeval limit = {.tv_sec = 10};
    size_t got = 0;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    while (got < len) {
        ssize_t n = recv(fd, buf + got, len - got, 0);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return !memcmp(buf, bytes, len);
}

static bool arrives(int fd, const char *bytes)
{
    return arrives_whole(fd, bytes, strlen(bytes));
}

static bool nothing_arrives(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 100) == 0;
}

struct peer {
    int fd;
    const char *asked, *answer;
};

static void *answers(void *peer)
{
    struct peer *p = peer;

    if (arrives(p->fd, p->asked))
        says(p->fd, p->answer);
    return NULL;
}

static void *lifts(void *rule)
{
    usleep(100000);
    lift(*(int *)rule);
    return NULL;
}

static pthread_t thread_of(void *(*run)(void *), void *context)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, context))
        give_up("thread");
    return thread;
}

static void who_waits(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm_blackhole();
    char buf[10] = "";

    ready(&r, 0);
    bool sent = says(p.client, "ab") && says(p.client, "cd");
    fact(by_way(way, "what is sent into a hole does not arrive"),
         sent && nothing_arrives(p.server) && hits(rule) >= 1);
    struct peer peer = {p.server, "abcd", "yes"};
    pthread_t answering = thread_of(answers, &peer), lifting = thread_of(lifts, &rule);
    bool got = get_all(&r, buf, 3, 10000) && !memcmp(buf, "yes", 3);
    fact(by_way(way, "who waits while it is lifted gets the answer"), got);
    pthread_join(answering, NULL);
    pthread_join(lifting, NULL);
    reader_end(&r);
    hang_up(p);
}

static void nothing_overtakes(void)
{
    struct pair p = connection(listening);
    int rule = arm_blackhole();

    bool sent = says(p.client, "ab") && write(p.client, "cd", 2) == 2;
    lift(rule);
    sent = sent && says(p.client, "ef");
    fact("the first send after the lift does not overtake", sent && arrives(p.server, "abcdef"));
    hang_up(p);
}

static void a_read_sends_it(void)
{
    struct pair p = connection(listening);
    int rule = arm_blackhole();
    struct peer peer = {p.server, "ask", "yes"};
    char buf[10];

    bool sent = says(p.client, "ask");
    lift(rule);
    pthread_t answering = thread_of(answers, &peer);
    fact("a read that is the first call after the lift gets its answer",
         sent && recv(p.client, buf, 3, MSG_WAITALL) == 3 && !memcmp(buf, "yes", 3));
    pthread_join(answering, NULL);
    hang_up(p);
}

static void half_close(void)
{
    struct pair p = connection(listening);
    int rule = arm_blackhole();
    char byte;

    bool sent = says(p.client, "ask") && !shutdown(p.client, SHUT_WR);
    fact("a shutdown behind it waits too", sent && nothing_arrives(p.server));
    lift(rule);
    struct pollfd any = {.fd = p.client, .events = POLLIN};
    poll(&any, 1, 0);
    fact("and comes behind it", arrives(p.server, "ask") && recv(p.server, &byte, 1, 0) == 0);
    hang_up(p);
}

static void full(enum manner way)
{
    static char much[MUCH];
    struct pair p = connection(listening);
    int rule, set;

    fill(much, MUCH, 7);
    non_blocking(p.client, true);
    set = out_set_of(way, p.client);
    rule = arm_blackhole();
    bool part = send(p.client, much, MUCH, 0) == KEPT;
    fact(by_way(way, "as much as is kept is taken, then EAGAIN"),
         part && send(p.client, much, 1, 0) == -1 && errno == EAGAIN);
    uint64_t busy_ns = cpu_ns();
    fact(by_way(way, "and it cannot be written to"), out_ready(way, p.client, set, 300) == 0);
    fact(by_way(way, "which costs next to nothing"), cpu_ns() - busy_ns < 100 * MS);
    pthread_t lifting = thread_of(lifts, &rule);
    bool woke = out_ready(way, p.client, set, 10000) == 1;
    fact(by_way(way, "who waits while it is lifted may write"), woke);
    bool rest = send(p.client, much + KEPT, MUCH - KEPT, 0) == MUCH - KEPT;
    fact(by_way(way, "and all arrives in order"), rest && arrives_whole(p.server, much, MUCH));
    pthread_join(lifting, NULL);
    close(set);
    hang_up(p);
}

static void full_and_blocking(void)
{
    static char much[MUCH];
    struct pair p = connection(listening);
    struct timeval limit = {.tv_usec = 100000};
    int rule = arm_blackhole();

    fill(much, MUCH, 8);
    bool part = send(p.client, much, MUCH, 0) == KEPT;
    setsockopt(p.client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    uint64_t start_ns = now_ns();
    bool timed_out = send(p.client, "x", 1, 0) == -1 && errno == EAGAIN && since(start_ns) >= 100 * MS;
    fact("a blocking send waits as long as SO_SNDTIMEO says", part && timed_out);
    limit = (struct timeval){0};
    setsockopt(p.client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    pthread_t lifting = thread_of(lifts, &rule);
    bool rest = send(p.client, much + KEPT, MUCH - KEPT, 0) == MUCH - KEPT;
    fact("or until the lift", rest && arrives_whole(p.server, much, MUCH));
    pthread_join(lifting, NULL);
    hang_up(p);
}

static void a_child_sends_nothing(void)
{
    struct pair p = connection(listening);
    int rule = arm_blackhole(), status;

    bool sent = says(p.client, "ab");
    lift(rule);
    pid_t child = fork();
    if (!child) {
        struct pollfd any = {.fd = p.client, .events = POLLIN};
        poll(&any, 1, 0);
        send(p.client, "", 0, 0);
        _exit(0);
    }
    waitpid(child, &status, 0);
    fact("a forked child sends nothing of it, its parent does",
         sent && says(p.client, "cd") && arrives(p.server, "abcd"));
    hang_up(p);
}

/* --- several threads on one connection --- */

enum { SENDERS = 4, ROUNDS = 500 };

static pthread_barrier_t round_begins, round_ends;
static struct pair shared;
static _Atomic uint32_t unsent;

static void *sends_each_round(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&round_begins);
        unsent += send(shared.client, "x", 1, 0) != 1;
        pthread_barrier_wait(&round_ends);
    }
    return unused;
}

/* With two of them, what comes first could go out last. */
static void one_box_for_all(void)
{
    pthread_t senders[SENDERS];
    int odd = 0;

    pthread_barrier_init(&round_begins, NULL, SENDERS + 1);
    pthread_barrier_init(&round_ends, NULL, SENDERS + 1);
    for (int i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, sends_each_round, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        shared = connection(listening);
        int rule = arm_blackhole();
        pthread_barrier_wait(&round_begins);
        pthread_barrier_wait(&round_ends);
        odd += table->leftovers != 1;
        lift(rule);
        hang_up(shared);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    fact_equal("threads that send on one connection share one place", odd + (int)unsent, 0);
}

static void files_and_parts(void)
{
    struct pair p = connection(listening);
    struct iovec parts[] = {{"ab", 2}, {"cd", 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    struct mmsghdr messages[] = {{.msg_hdr = message}};
    int file = memfd_create("hole", MFD_CLOEXEC), rule;
    off_t at = 1;

    if (write(file, "xefx", 4) != 4)
        give_up("memfd");
    rule = arm_blackhole();
    bool sent = writev(p.client, parts, 2) == 4 && sendmsg(p.client, &message, 0) == 4 &&
                sendmmsg(p.client, messages, 1, 0) == 1 && messages[0].msg_len == 4 &&
                sendfile(p.client, file, &at, 2) == 2 && at == 3;
    bool silent = nothing_arrives(p.server);
    lift(rule);
    says(p.client, "!");
    fact("writev, sendmsg, sendmmsg and sendfile go there too",
         sent && silent && arrives(p.server, "abcdabcdabcdef!"));
    close(file);
    hang_up(p);
}

static void idle_again(void)
{
    table_tidy(table);
    fact("when all is sent, calls are idle again",
         !table->leftovers && !table->armed[CALL_send] && !table->armed[CALL_shutdown]);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 2 * WAYS + 5 * (WAYS - 1) + 10);
    for (enum manner way = 0; way < WAYS; way++)
        who_waits(way);
    nothing_overtakes();
    a_read_sends_it();
    half_close();
    for (enum manner way = POLL; way < WAYS; way++)
        full(way);
    full_and_blocking();
    a_child_sends_nothing();
    one_box_for_all();
    files_and_parts();
    idle_again();
    return 0;
}
