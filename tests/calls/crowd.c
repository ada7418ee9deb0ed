/* Many threads wait in epoll sets, in one together or each in its own, while rules come and go and what is
 * registered is held, due, changed and read by all of them: no message is lost, doubled or read out of
 * order.  Without the locks of sets, lines and registrations it hangs or crashes. */
#include "stream.h"

#define THREADS     6
#define CONNECTIONS 48
#define MESSAGES    400 /* of a connection */

/* How they are shared: a thread waits in sets[its number % shared], for connections with the same remainder.
 */
static const struct way_to_share {
    const char *all_come, *in_order;
    int sets;
    uint32_t kinds[2]; /* of connections, in turns */
    bool is_steady;    /* one rule, from before the first wait to the last */
} manners[] = {
    {"a crowd in one set takes every message, oneshot",
     "each once, and in order",
     1,
     {EPOLLONESHOT, EPOLLONESHOT | EPOLLET},
     false},
    {"each in its own, level and edge", "likewise", THREADS, {0, EPOLLET}, false},
    {"a crowd under one rule, oneshot, without taking turns",
     "no two are told at a time",
     1,
     {EPOLLONESHOT, EPOLLONESHOT | EPOLLET},
     true},
};

#define MANNERS ((int)(sizeof(manners) / sizeof(*manners)))

static const struct way_to_share *manner;

static struct talk {
    struct pair p;
    pthread_mutex_t turn;  /* a change of rules may have two threads told (watch.h) */
    _Atomic uint64_t next; /* the message that is to come */
    _Atomic bool is_wrong;
} talks[CONNECTIONS];

static int sets[THREADS];
static _Atomic uint64_t taken;

static uint64_t all(void)
{
    return (uint64_t)CONNECTIONS * MESSAGES;
}

static struct epoll_event event_of(int i)
{
    return (struct epoll_event){.events = EPOLLIN | manner->kinds[i / THREADS % 2], .data.u32 = (uint32_t)i};
}

static void take_messages(struct talk *t)
{
    uint64_t message;

    if (!manner->is_steady)
        pthread_mutex_lock(&t->turn);
    while (recv(t->p.client, &message, sizeof(message), MSG_DONTWAIT) == (ssize_t)sizeof(message)) {
        t->is_wrong = t->is_wrong || message != t->next;
        t->next++;
        taken++;
    }
    if (!manner->is_steady)
        pthread_mutex_unlock(&t->turn);
}

static void take_told(int set, int i)
{
    struct epoll_event again = event_of(i);

    take_messages(&talks[i]);
    if (again.events & EPOLLONESHOT)
        epoll_ctl(set, EPOLL_CTL_MOD, talks[i].p.client, &again);
}

static void *take_all(void *argument)
{
    int set = *(int *)argument;
    struct epoll_event events[8];
    uint64_t end_ns = now_ns() + LONG;

    while (taken < all() && now_ns() < end_ns) {
        int got = epoll_wait(set, events, 8, 50);
        for (int k = 0; k < got; k++)
            take_told(set, (int)events[k].data.u32);
    }
    return NULL;
}

static void *send_all(void *unused)
{
    for (uint64_t message = 0; message < MESSAGES; message++)
        for (int i = 0; i < CONNECTIONS; i++) {
            if (send(talks[i].p.server, &message, sizeof(message), 0) != sizeof(message))
                give_up("send");
            if (rule_draw(message, (uint64_t)i) % 16 == 0)
                usleep(300);
        }
    return unused;
}

/* The set is learned, left and learned again meanwhile. */
static void *change_rules(void *unused)
{
    for (uint64_t n = 0; taken < all() && n < 4000 && !manner->is_steady; n++) {
        int index = arm_latency(MS + rule_draw(7, n) % (3 * MS));
        usleep(5000);
        lift(index);
        if (n % 8 == 0)
            usleep(500);
    }
    return unused;
}

static bool all_right(void)
{
    bool right = true;

    for (int i = 0; i < CONNECTIONS; i++)
        right = right && !talks[i].is_wrong && talks[i].next == MESSAGES;
    return right;
}

static void set_up(void)
{
    taken = 0;
    for (int i = 0; i < manner->sets; i++)
        sets[i] = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event e = event_of(i);
        talks[i] = (struct talk){.p = connection(listening), .turn = PTHREAD_MUTEX_INITIALIZER};
        epoll_ctl(sets[i % manner->sets], EPOLL_CTL_ADD, talks[i].p.client, &e);
    }
}

static void tear_down(void)
{
    for (int i = 0; i < CONNECTIONS; i++)
        hang_up(talks[i].p);
    for (int i = 0; i < manner->sets; i++)
        close(sets[i]);
}

static void talk_by(const struct way_to_share *m)
{
    pthread_t threads[THREADS + 2];

    manner = m;
    set_up();
    int steady = m->is_steady ? arm_latency(2 * MS) : -1;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_all, &sets[i % m->sets]);
    pthread_create(&threads[THREADS], NULL, send_all, NULL);
    pthread_create(&threads[THREADS + 1], NULL, change_rules, NULL);
    for (int i = 0; i < THREADS + 2; i++)
        pthread_join(threads[i], NULL);
    if (steady >= 0)
        lift(steady);
    fact_equal(m->all_come, (long)taken, (long)all());
    fact(m->in_order, all_right());
    tear_down();
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 2 * MANNERS);
    listening = listener();
    target_port(0, port_of(listening));
    for (int i = 0; i < MANNERS; i++)
        talk_by(&manners[i]);
    return 0;
}
