/* Two threads look at a held connection that nobody looked at before, at the same moment: both make its line,
 * and neither may take it for one that no rule is about. */
#include <sys/epoll.h>

#include "../calls/host.h"

#define CACHE       (1u << 0)
#define THREADS     2
#define CONNECTIONS 1000

static struct pair pairs[CONNECTIONS];
static _Atomic int arrived, told;

/* As close to one moment as the processors allow. */
static void meet(int round)
{
    arrived++;
    while (arrived < (round + 1) * THREADS)
        ;
}

/* Both sets report them in the order in which the bytes came. */
static void *look(void *argument)
{
    int set = *(int *)argument;

    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event e;
        meet(i);
        told += epoll_wait(set, &e, 1, 0);
    }
    return NULL;
}

static void enter(int set, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &e))
        give_up("epoll_ctl");
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int sets[THREADS];

    (void)argc;
    host_begin(argv, 1);
    int listening = listener();
    target_port(0, port_of(listening));
    for (int i = 0; i < THREADS; i++)
        sets[i] = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < CONNECTIONS; i++) {
        pairs[i] = connection(listening);
        for (int k = 0; k < THREADS; k++)
            enter(sets[k], pairs[i].client);
        if (send(pairs[i].server, "x", 1, 0) != 1)
            give_up("send");
    }
    arm((struct rule){.kind = FAULT_blackhole,
                      .effect = EFFECT_HOLD,
                      .calls = fault_calls(FAULT_blackhole),
                      .endless = true,
                      .targets = CACHE,
                      .direction = DIRECTION_OUTBOUND});
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, look, &sets[i]))
            give_up("pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    fact_equal("who looks first at one moment with others is told of nothing held", told, 0);
    return 0;
}
