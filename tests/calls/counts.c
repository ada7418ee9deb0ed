/* What is counted adds up, decisions follow from the seed, and nothing of ours is left in the process. */
#include "host.h"

#define CACHE (1u << 0)

static int listening;

/* One bit per send: does it fail? */
static uint64_t failures(uint64_t seed, int *ret_index)
{
    uint64_t failed = 0;
    struct pair p = connection(listening);

    *ret_index = arm((struct rule){.kind = FAULT_error,
                                   .effect = EFFECT_FAIL,
                                   .calls = call_bit(CALL_send),
                                   .error = ETIMEDOUT,
                                   .targets = CACHE,
                                   .seed = seed,
                                   .probability = RULE_ALWAYS / 2});
    for (int i = 0; i < 64; i++)
        failed |= (uint64_t)(send(p.client, "x", 1, 0) < 0) << i;
    lift(*ret_index);
    hang_up(p);
    return failed;
}

static void decisions_follow_from_the_seed(void)
{
    int first, second, other;
    uint64_t one = failures(42, &first), two = failures(42, &second), three = failures(43, &other);
    uint64_t predicted = 0;

    fact("the same seed decides the same", one == two);
    fact("another decides otherwise", one != three);
    for (uint64_t i = 0; i < 64; i++)
        predicted |= (uint64_t)rule_strikes(&table->rules[first], i) << i;
    fact("what happened is what the rule says by itself", one == predicted);
    fact_equal("hits are what failed", (long)hits(first), __builtin_popcountll(one));
    fact_equal("matches are all", (long)table->rules[first].matches, 64);
}

static void counters_add_up(void)
{
    struct pair p = connection(listening);
    int index = arm((struct rule){.kind = FAULT_delay,
                                  .effect = EFFECT_WAIT,
                                  .calls = call_bit(CALL_send),
                                  .delay_ns = MS,
                                  .targets = CACHE,
                                  .after = 3,
                                  .every = 2});
    const struct rule *rule = &table->rules[index];

    for (int i = 0; i < 20; i++)
        send(p.client, "x", 1, i % 3 ? 0 : MSG_DONTWAIT);
    /* 20 matches, 3 let through, every second of the other 17: 9 strikes; at 3 and 9 and 15 it may not wait.
     */
    fact("matches are hits, skipped and those let through",
         rule->matches == 20 && rule->hits == 6 && rule->skipped == 3);
    lift(index);
    hang_up(p);
}

static void the_ring_tells_every_hit(void)
{
    struct pair p = connection(listening);
    struct record r;
    uint64_t numbers = 0;
    int index, told = 0;

    while (ring_take(&table->ring, &r))
        ;
    index = arm_error(CALL_send, ETIMEDOUT, CACHE);
    for (int i = 0; i < 10; i++)
        send(p.client, "x", 1, 0);
    lift(index);
    for (; ring_take(&table->ring, &r); told++)
        numbers |= UINT64_C(1) << r.number;
    fact("the journal tells every hit, and its number",
         told == 10 && numbers == 0x3ff && r.error == ETIMEDOUT);
    for (index = arm_error(CALL_send, ETIMEDOUT, CACHE); hits(index) < RING_SIZE + 5;)
        send(p.client, "x", 1, 0);
    lift(index);
    fact("a full journal drops, and says how many", table->ring.dropped == 5);
    while (ring_take(&table->ring, &r))
        ;
    hang_up(p);
}

/* A request and its answer; the server's part is not ours to count, so it goes past the shim. */
static void exchange(struct pair p)
{
    char byte;

    if (send(p.client, "ab", 2, 0) != 2 || syscall(SYS_read, p.server, &byte, 1) != 1 ||
        syscall(SYS_write, p.server, "c", 1) != 1 || recv(p.client, &byte, 1, 0) != 1)
        give_up("exchange");
}

static void traffic_is_counted(void)
{
    struct traffic *t = &table->traffic[0];

    table_watch(table, CACHE);
    struct pair p = connection(listening);
    fact("a connection is a connect, an accept and a call",
         t->connects == 1 && t->accepts == 1 && t->calls == 1);
    exchange(p);
    fact_equal("with the first request that it carries", (long)t->calls, 1);
    exchange(p);
    send(p.client, "more", 4, 0);
    fact_equal("a further request is a call", (long)t->calls, 3);
    send(p.client, "more", 4, 0);
    fact_equal("more of the same request is none", (long)t->calls, 3);
    int rule = arm_fault(FAULT_refuse, CACHE), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fact("a refused attempt counts as well",
         dial(fd, port_of(listening)) == -1 && t->connects == 2 && t->calls == 4);
    lift(rule);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    dial(fd, port_of(listening));
    poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 5000);
    dial(fd, port_of(listening));
    fact_equal("a non-blocking attempt that is looked after counts once", (long)t->connects, 3);
    close(fd);
    close(accept(listening, NULL, NULL));
    table_watch(table, 0);
    hang_up(p);
}

/* Answered and failed calls to the cache so far, as one number. */
static long ends(void)
{
    return (long)(table->traffic[0].answered * 100 + table->traffic[0].failed);
}

static void what_became_of_each_call_is_told(void)
{
    struct traffic *t = &table->traffic[0];
    char byte;

    table_watch(table, CACHE);
    atomic_store(&table->followed, CACHE);
    struct pair p = connection(listening);
    send(p.client, "ab", 2, 0);
    fact("a call that waits has not ended", ends() == 0 && inflight_count(table->inflight, CACHE) == 1);
    usleep(20000);
    exchange(p);
    fact("one that bytes came back for is answered, and it is told how long that took",
         ends() == 100 && t->took_ns >= 20 * MS && !inflight_count(table->inflight, CACHE));
    exchange(p);
    fact_equal("so is the next", ends(), 200);
    send(p.client, "x", 1, 0);
    hang_up(p);
    fact_equal("who leaves before the answer gave up: it failed", ends(), 201);
    hang_up(connection(listening));
    fact_equal("who leaves before he asked did not", ends(), 201);
    p = connection(listening);
    send(p.client, "x", 1, 0);
    shutdown(p.server, SHUT_RDWR);
    fact("an end in place of an answer is a failure", recv(p.client, &byte, 1, 0) == 0 && ends() == 202);
    hang_up(p);
    fact_equal("and one alone", ends(), 202);
    int rule = arm_fault(FAULT_refuse, CACHE), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fact("so is a refused attempt", dial(fd, port_of(listening)) == -1 && ends() == 203);
    lift(rule);
    close(fd);
    p = connection(listening);
    send(p.client, "x", 1, 0);
    rule = arm_error(CALL_recv, ETIMEDOUT, CACHE);
    fact("and a call that a fault fails", recv(p.client, &byte, 1, 0) == -1 && ends() == 204);
    lift(rule);
    hang_up(p);
    fact_equal("once", ends(), 204);
    atomic_store(&table->followed, 0);
    table_watch(table, 0);
}

static void who_speaks_first(void)
{
    struct traffic *t = &table->traffic[0];
    char byte;

    table_watch(table, CACHE);
    struct pair p = connection(listening);
    uint64_t calls = t->calls;
    if (syscall(SYS_write, p.server, "c", 1) != 1 || recv(p.client, &byte, 1, 0) != 1)
        give_up("greeting");
    send(p.client, "x", 1, 0);
    fact("a greeting before the first request makes it none further", t->calls == calls);
    hang_up(p);
    p = connection(listening);
    calls = t->calls;
    int other = dup(p.client);
    send(other, "x", 1, 0);
    fact("nor does sending it through a copy of the descriptor", t->calls == calls);
    close(other);
    table_watch(table, 0);
    hang_up(p);
}

static void a_watched_call_does_not_strike(void)
{
    struct pair p = connection(listening);

    table_watch(table, CACHE);
    errno = FOREIGN;
    bool works = send(p.client, "x", 1, 0) == 1 && errno == FOREIGN;
    fact("watching changes nothing, errno included", works);
    table_watch(table, 0);
    hang_up(p);
}

/* What is open, as one number per descriptor. */
static uint64_t descriptors(void)
{
    uint64_t open_ones = 0;

    for (int fd = 0; fd < 64; fd++)
        open_ones |= (uint64_t)(syscall(SYS_fcntl, fd, F_GETFD) >= 0) << fd;
    return open_ones;
}

/* Standard input, output and error, and what whoever started us left open: the same set without the shim. */
static uint64_t natively(void)
{
    int pipes[2];
    uint64_t answer = 0;

    if (pipe2(pipes, O_CLOEXEC))
        give_up("pipe2");
    pid_t pid = fork();
    if (!pid) {
        char number[20];
        unsetenv("LD_PRELOAD");
        snprintf(number, sizeof(number), "%d", fcntl(pipes[1], F_DUPFD, 50));
        execv("/proc/self/exe", (char *[]){"counts", number, NULL});
        _exit(127);
    }
    close(pipes[1]);
    if (read(pipes[0], &answer, sizeof(answer)) != sizeof(answer))
        give_up("descriptors");
    waitpid(pid, NULL, 0);
    close(pipes[0]);
    return answer;
}

static void nothing_is_left_open(uint64_t at_start)
{
    int index = arm_fault(FAULT_outage, CACHE);
    struct pair p = {.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    dial(p.client, port_of(listening));
    close(p.client);
    lift(index);
    close(listening);
    fact("no descriptor of ours is open at the start", at_start == natively());
    fact("nor after faults", descriptors() == at_start);
}

int main(int argc, char **argv)
{
    uint64_t at_start = descriptors();

    if (argc == 2) {
        at_start &= ~(UINT64_C(1) << atoi(argv[1]));
        return write(atoi(argv[1]), &at_start, sizeof(at_start)) != sizeof(at_start);
    }
    host_begin(argv, 29);
    listening = listener();
    target_port(0, port_of(listening));
    decisions_follow_from_the_seed();
    counters_add_up();
    the_ring_tells_every_hit();
    traffic_is_counted();
    what_became_of_each_call_is_told();
    who_speaks_first();
    a_watched_call_does_not_strike();
    nothing_is_left_open(at_start);
    return 0;
}
