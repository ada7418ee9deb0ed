/* Threads that wait on sets of their own and on one in common, while all that is in them is held and lifted,
 * again and again: what the shim knows of sets lies in pools that they share. */
#include <sys/epoll.h>

#include "../calls/host.h"

#define CACHE   (1u << 0)
#define THREADS 4
#define EACH    40
#define ROUNDS  60
#define LOOKS   20

static int listening, common, rule;
static pthread_barrier_t barrier;
static _Atomic int early, missing, twice;

struct worker {
    pthread_t thread;
    int number, set;
    struct pair pairs[EACH];
};

static const uint32_t manners[] = {EPOLLIN, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT};

static void enter(int set, int op, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event e = {.events = events, .data.u64 = data};

    if (epoll_ctl(set, op, fd, &e))
        give_up("epoll_ctl");
}

static void worker_make(struct worker *w, int number)
{
    w->number = number;
    w->set = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < EACH; i++) {
        w->pairs[i] = connection(listening);
        enter(w->set, EPOLL_CTL_ADD, w->pairs[i].client, manners[i % 3], (uint64_t)i);
        enter(common, EPOLL_CTL_ADD, w->pairs[i].client, EPOLLIN, (uint64_t)(number * EACH + i));
    }
}

static void hold_all(void)
{
    rule = arm((struct rule){.kind = FAULT_blackhole,
                             .effect = EFFECT_HOLD,
                             .calls = fault_calls(FAULT_blackhole),
                             .endless = true,
                             .targets = CACHE,
                             .direction = DIRECTION_OUTBOUND});
}

static void look_while_held(struct worker *w)
{
    struct epoll_event e[16];

    for (int i = 0; i < LOOKS; i++) {
        early += epoll_wait(w->set, e, 16, 0);
        early += epoll_wait(common, e, 16, 0);
    }
}

/* Each of them is told, and once, for it is read at once. */
static void drain(struct worker *w)
{
    bool seen[EACH] = {false};
    struct epoll_event e[16];
    char byte;
    int left = EACH;

    while (left > 0) {
        int got = epoll_wait(w->set, e, 16, 5000);
        if (got <= 0)
            break;
        for (int i = 0; i < got; i++) {
            uint64_t at = e[i].data.u64 % EACH;
            twice += seen[at] || recv(w->pairs[at].client, &byte, 1, MSG_DONTWAIT) != 1;
            left -= !seen[at];
            seen[at] = true;
        }
    }
    missing += left;
}

/* Oneshot ones are asked for again, and one leaves and comes back: both with the pools. */
static void refresh(struct worker *w)
{
    for (int i = 2; i < EACH; i += 3)
        enter(w->set, EPOLL_CTL_MOD, w->pairs[i].client, manners[2], (uint64_t)i);
    enter(w->set, EPOLL_CTL_DEL, w->pairs[0].client, 0, 0);
    enter(w->set, EPOLL_CTL_ADD, w->pairs[0].client, manners[0], 0);
}

static void *work(void *argument)
{
    struct worker *w = argument;

    for (int i = 0; i < ROUNDS; i++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            hold_all();
        pthread_barrier_wait(&barrier);
        for (int j = 0; j < EACH; j++)
            if (send(w->pairs[j].server, "x", 1, 0) != 1)
                give_up("send");
        look_while_held(w);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            lift(rule);
        pthread_barrier_wait(&barrier);
        drain(w);
        refresh(w);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct worker workers[THREADS];

    (void)argc;
    host_begin(argv, 3);
    listening = listener();
    target_port(0, port_of(listening));
    common = epoll_create1(EPOLL_CLOEXEC);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        worker_make(&workers[i], i);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            give_up("pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    fact_equal("many sets at a time: nothing held is told", early, 0);
    fact_equal("after each lift all of it is", missing, 0);
    fact_equal("and once", twice, 0);
    return 0;
}
