/* Delays: for whom, until when, and what cuts them short. */
#include <setjmp.h>
#include <sys/time.h>

#include "host.h"

#define CACHE (1u << 0)
#define LONG  (30 * SECOND) /* nobody waits so long for a test */

static int listening;

static uint64_t since(uint64_t start_ns)
{
    return now_ns() - start_ns;
}

static void a_blocking_call_waits(void)
{
    struct pair p = connection(listening);
    int rule = arm_delay(CALL_send, 50 * MS, CACHE);
    uint64_t start = now_ns();

    errno = FOREIGN;
    bool works = send(p.client, "x", 1, 0) == 1;
    fact("a delayed call is made, and no earlier than its delay", works && since(start) >= 50 * MS);
    fact_equal("errno is as it was", errno, FOREIGN);
    fact_equal("that is a hit", (long)hits(rule), 1);
    lift(rule);
    hang_up(p);
}

static void two_delays_add_up(void)
{
    struct pair p = connection(listening);
    int one = arm_delay(CALL_send, 30 * MS, CACHE), two = arm_delay(CALL_send, 40 * MS, CACHE);
    uint64_t start = now_ns();

    send(p.client, "x", 1, 0);
    fact("two delays on one call add up", since(start) >= 70 * MS && hits(one) == 1 && hits(two) == 1);
    lift(one);
    lift(two);
    hang_up(p);
}

static void a_delay_before_a_failure(void)
{
    struct rule dns = {.kind = FAULT_dns,
                       .effect = EFFECT_FAIL,
                       .calls = fault_calls(FAULT_dns),
                       .error = EAI_AGAIN,
                       .delay_ns = 40 * MS};
    struct addrinfo *list = NULL;
    int rule = arm(dns);
    uint64_t start = now_ns();
    int error = getaddrinfo("localhost", NULL, NULL, &list);

    fact("a name server that does not answer fails after its time-out",
         error == EAI_AGAIN && since(start) >= 40 * MS && hits(rule) == 1);
    lift(rule);
}

static void nobody_sleeps_on_a_non_blocking_descriptor(void)
{
    struct pair p = connection(listening);
    int rule = arm_delay(CALL_recv, LONG, CACHE);
    struct record r;
    char byte;

    while (ring_take(&table->ring, &r))
        ;
    uint64_t start = now_ns();
    bool empty = recv(p.client, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
    fcntl(p.client, F_SETFL, O_NONBLOCK);
    empty = recv(p.client, &byte, 1, 0) == -1 && errno == EAGAIN && empty;
    fact("no call sleeps on a non-blocking descriptor", empty && since(start) < LONG / 3);
    fact("that is counted as skipped, not as hit", table->rules[rule].skipped == 2 && !hits(rule));
    bool told = ring_take(&table->ring, &r) && r.kind == RECORD_SKIPPED && r.rule == rule && r.fd == p.client;
    fact("and the journal says so", told);
    lift(rule);
    hang_up(p);
}

struct sender {
    struct pair pair;
    _Atomic pid_t tid;
    uint64_t took_ns;
    ssize_t result;
    int error;
};

static void *send_slowly(void *argument)
{
    struct sender *c = argument;
    uint64_t start = now_ns();

    c->tid = gettid();
    c->result = send(c->pair.client, "x", 1, 0);
    c->error = errno;
    c->took_ns = since(start);
    return NULL;
}

static pthread_t asleep(struct sender *c)
{
    pthread_t thread;

    *c = (struct sender){.pair = connection(listening)};
    if (pthread_create(&thread, NULL, send_slowly, c))
        give_up("pthread_create");
    while (!c->tid)
        sched_yield();
    wait_until_in(c->tid, SYS_futex_waitv);
    return thread;
}

static void a_lift_wakes(void)
{
    struct sender c;
    int rule = arm_delay(CALL_send, LONG, CACHE);
    pthread_t thread = asleep(&c);
    uint64_t lifted = now_ns();

    lift(rule);
    pthread_join(thread, NULL);
    fact("lifting wakes a delayed call, which is then made", c.result == 1 && since(lifted) < LONG / 3);
    hang_up(c.pair);
}

static void another_change_does_not_wake(void)
{
    struct sender c;
    int rule = arm_delay(CALL_send, 300 * MS, CACHE);
    pthread_t thread = asleep(&c);
    int other = arm_error(CALL_pvalloc, ENOMEM, 0);

    syscall(SYS_futex, &table->epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    lift(other);
    pthread_join(thread, NULL);
    fact("another rule's change does not cut a delay short", c.result == 1 && c.took_ns >= 300 * MS);
    lift(rule);
    hang_up(c.pair);
}

static void the_lease_ends_it(void)
{
    struct sender c;
    int rule = arm_delay(CALL_send, LONG, CACHE);

    table->lease_ns = now_ns() + 200 * MS;
    pthread_t thread = asleep(&c);
    pthread_join(thread, NULL);
    fact("no delay outlives the lease", c.result == 1 && c.took_ns < LONG / 3);
    uint64_t before = table->rules[rule].matches, start = now_ns();
    bool works = send(c.pair.client, "x", 1, 0) == 1;
    fact("an expired lease never fires",
         works && since(start) < LONG / 3 && table->rules[rule].matches == before);
    lift(rule);
    hang_up(c.pair);
}

static void a_lease_of_years_is_damage(void)
{
    struct pair p = connection(listening);
    int rule = arm_error(CALL_send, EIO, CACHE);

    table->lease_ns = UINT64_MAX;
    fact("a lease of years is taken for damage, and passes", send(p.client, "x", 1, 0) == 1 && !hits(rule));
    lift(rule);
    hang_up(p);
}

static void the_callers_own_time_out_holds(void)
{
    struct pair p = connection(listening);
    struct timeval limit = {.tv_usec = 50000};
    int rule = arm_delay(CALL_recv, LONG, CACHE);
    uint64_t start = now_ns();
    char byte;

    setsockopt(p.client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    bool timed_out = recv(p.client, &byte, 1, 0) == -1 && errno == EAGAIN;
    fact("SO_RCVTIMEO ends a longer delay", timed_out && since(start) >= 50 * MS && since(start) < LONG / 3);
    lift(rule);
    hang_up(p);
}

static void a_delayed_call_can_be_cancelled(void)
{
    struct sender c;
    void *end;
    int rule = arm_delay(CALL_send, LONG, CACHE);
    pthread_t thread = asleep(&c);
    uint64_t start = now_ns();

    pthread_cancel(thread);
    pthread_join(thread, &end);
    fact("a thread can be cancelled in a delay", end == PTHREAD_CANCELED && since(start) < LONG / 3);
    lift(rule);
    hang_up(c.pair);
}

static _Atomic int handled;

static void count_signal(int number)
{
    (void)number;
    handled++;
}

static void a_handler_runs_and_the_rest_is_waited(void)
{
    struct sender c;
    int rule = arm_delay(CALL_send, 300 * MS, CACHE);

    signal(SIGUSR1, count_signal);
    pthread_t thread = asleep(&c);
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    fact("a signal's handler runs during a delay, and the rest is waited",
         handled == 1 && c.took_ns >= 300 * MS);
    lift(rule);
    hang_up(c.pair);
}

static void ignore_it(int number)
{
    (void)number;
}

/* As recv does itself: EINTR after a handler that was installed without SA_RESTART. */
static void a_handler_without_restart_ends_it(void)
{
    struct pair p = connection(listening);
    int rule = arm_delay(CALL_recv, LONG, CACHE);
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    struct sigaction once = {.sa_handler = ignore_it};
    uint64_t start = now_ns();

    sigaction(SIGALRM, &once, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    ssize_t got = recv(p.client, &(char){0}, 1, 0);
    fact("a handler without SA_RESTART ends a delayed call with EINTR",
         got == -1 && errno == EINTR && since(start) < LONG);
    fact_equal("that is a hit all the same", (long)hits(rule), 1);
    lift(rule);
    hang_up(p);
}

static sigjmp_buf out;

static void jump(int number)
{
    siglongjmp(out, number);
}

static void a_handler_may_jump_away(void)
{
    struct pair p = connection(listening);
    int rule = arm_delay(CALL_send, LONG, CACHE);
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};

    signal(SIGALRM, jump);
    if (!sigsetjmp(out, 1)) {
        setitimer(ITIMER_REAL, &soon, NULL);
        send(p.client, "x", 1, 0);
    }
    lift(rule);
    rule = arm_error(CALL_send, EIO, CACHE);
    fact("after a jump out of a delay, faults strike the thread as before",
         send(p.client, "x", 1, 0) == -1 && errno == EIO);
    lift(rule);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 19);
    listening = listener();
    target_port(0, port_of(listening));
    a_blocking_call_waits();
    two_delays_add_up();
    a_delay_before_a_failure();
    nobody_sleeps_on_a_non_blocking_descriptor();
    a_lift_wakes();
    another_change_does_not_wake();
    the_lease_ends_it();
    a_lease_of_years_is_damage();
    the_callers_own_time_out_holds();
    a_delayed_call_can_be_cancelled();
    a_handler_runs_and_the_rest_is_waited();
    a_handler_without_restart_ends_it();
    a_handler_may_jump_away();
    return 0;
}
