/* Where our code may be interrupted, and how little stack it may find. */
#include <sys/time.h>

#include "host.h"

#define CACHE  (1u << 0)
#define ROUNDS 3000

static int listening;
static struct pair handlers; /* the connection that the handler uses */
static _Atomic int handled, odd;

/* All of it is allowed in a handler: send and recv are async-signal-safe. */
static void call_in_handler(int number)
{
    int saved_errno = errno;
    char byte;

    (void)number;
    ssize_t sent = send(handlers.client, "x", 1, MSG_DONTWAIT);
    odd += sent < 0 && errno != ETIMEDOUT && errno != EAGAIN;
    while (recv(handlers.server, &byte, 1, MSG_DONTWAIT) == 1)
        ;
    handled++;
    errno = saved_errno;
}

static void signals_every(suseconds_t us)
{
    struct itimerval timer = {.it_interval = {.tv_usec = us}, .it_value = {.tv_usec = us}};

    setitimer(ITIMER_REAL, &timer, NULL);
}

/* One of each kind, over and over, while a rule strikes half of the sends. */
static int calls_in_a_storm(struct pair p)
{
    int wrong = 0;
    char byte;

    for (int i = 0; i < ROUNDS; i++) {
        errno = FOREIGN;
        ssize_t sent = send(p.client, "x", 1, 0);
        wrong += sent == 1 ? errno != FOREIGN : errno != ETIMEDOUT;
        if (sent == 1)
            wrong += recv(p.server, &byte, 1, 0) != 1;
        void *volatile block = malloc(100);
        wrong += !block;
        free(block);
        int fd = dup(p.client);
        wrong += fd < 0 || close(fd);
    }
    return wrong;
}

static void a_signal_storm(void)
{
    struct sigaction action = {.sa_handler = call_in_handler, .sa_flags = SA_RESTART};
    struct pair p = connection(listening);

    handlers = connection(listening);
    int rule = arm((struct rule){.kind = FAULT_error,
                                 .effect = EFFECT_FAIL,
                                 .calls = call_bit(CALL_send),
                                 .error = ETIMEDOUT,
                                 .direction = DIRECTION_OUTBOUND,
                                 .probability = RULE_ALWAYS / 2,
                                 .targets = CACHE});
    sigaction(SIGALRM, &action, NULL);
    signals_every(100);
    int wrong = calls_in_a_storm(p);
    signals_every(0);
    fact_equal("calls and errno are right under a storm of signals", wrong, 0);
    fact("and so are the handler's own calls", handled > 0 && !odd);
    fact("and what was struck is counted", hits(rule) > 0 && !table->rules[rule].skipped);
    lift(rule);
    hang_up(p);
    hang_up(handlers);
}

static void *each_call(void *argument)
{
    struct pair *p = argument;
    char byte;

    send(p->client, "x", 1, 0);
    recv(p->client, &byte, 1, MSG_DONTWAIT);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    dial(fd, port_of(listening));
    close(fd);
    void *volatile block = malloc(10);
    free(block);
    return argument;
}

/* A guard page lies below: too deep is a crash. */
static void small_stacks(void)
{
    struct pair p = connection(listening);
    pthread_attr_t attributes;
    pthread_t thread;
    int outage = arm_fault(FAULT_outage, CACHE), slow = arm_delay(CALL_malloc, MS, 0);

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
    if (pthread_create(&thread, &attributes, each_call, &p))
        give_up("pthread_create");
    pthread_join(thread, NULL);
    fact("the smallest stack of a thread is enough for every effect", hits(outage) == 2 && hits(slow) >= 1);
    lift(outage);
    lift(outage);
    lift(slow);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 4);
    listening = listener();
    target_port(0, port_of(listening));
    small_stacks();
    a_signal_storm();
    return 0;
}
