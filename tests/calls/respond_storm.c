/* respond armed and lifted again and again under clients: each request has one whole answer, the server's or
 * ours, or the connection ends before it; and the server has whole requests alone. */
#include "respond.h"

#define CLIENTS 8

static _Atomic bool enough;
static _Atomic unsigned long theirs, ours, ended, wrong;

/* Reads whole requests, answers each. */
static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char buf[sizeof(GET)];
    ssize_t got;

    while ((got = recv(fd, buf, strlen(GET), MSG_WAITALL)) == (ssize_t)strlen(GET)) {
        wrong += memcmp(buf, GET, strlen(GET)) != 0;
        if (!put(fd, OK))
            break;
    }
    wrong += got > 0 && got < (ssize_t)strlen(GET);
    close(fd);
    return NULL;
}

static void *take_in(void *arg)
{
    pthread_t thread;
    int fd;

    (void)arg;
    while ((fd = accept(listening, NULL, NULL)) >= 0)
        if (!pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd))
            pthread_detach(thread);
    return NULL;
}

/* 1: answered, 0: ended before it, -1: something else. */
static int ask_once(struct reader *r)
{
    char buf[200] = "";
    size_t at = 0;

    if (!put(r->fd, GET))
        return 0;
    while (at < strlen(OK) || (at < strlen(whole) && memcmp(buf, OK, strlen(OK)) != 0)) {
        ssize_t got = get(r, buf + at, sizeof(buf) - 1 - at, 20000);
        if (got <= 0)
            return at || (got < 0 && errno == EAGAIN) ? -1 : 0;
        at += (size_t)got;
    }
    ours += !strcmp(buf, whole);
    theirs += !strcmp(buf, OK);
    return !strcmp(buf, whole) || !strcmp(buf, OK) ? 1 : -1;
}

static void *ask_on(void *arg)
{
    enum manner way = (enum manner)((intptr_t)arg % WAYS);

    while (!enough) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), got = 1;
        struct linger at_once = {.l_onoff = 1};
        if (dial(fd, port_of(listening)))
            give_up("connect");
        /* Thousands of connections a second would use up the ports. */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        struct reader r = reader_of(way, fd);
        for (int i = 0; i < 20 && got == 1 && !enough; i++)
            got = ask_once(&r);
        wrong += got < 0;
        ended += got == 0;
        reader_end(&r);
        close(fd);
    }
    return NULL;
}

static void switch_on_and_off(uint64_t until_ns)
{
    unsigned seed = 7;

    while (now_ns() < until_ns) {
        struct rule rule = answering(HEAD, BODY, false, rand_r(&seed) % 2);
        if (rand_r(&seed) % 2)
            rule.probability = RULE_ALWAYS / 2;
        rule.delay_ns = rand_r(&seed) % 3 ? 0 : rand_r(&seed) % 3 * MS;
        int index = arm(rule);
        usleep(rand_r(&seed) % 5000);
        lift(index);
        usleep(rand_r(&seed) % 3000);
    }
}

int main(int argc, char **argv)
{
    pthread_t acceptor, clients[CLIENTS];
    struct pollfd nothing = {.fd = -1};
    int before;

    (void)argc;
    stream_begin(argv, 4);
    before = open_descriptors();
    pthread_create(&acceptor, NULL, take_in, NULL);
    for (intptr_t i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, ask_on, (void *)i);
    switch_on_and_off(now_ns() + 3 * SECOND);
    enough = true;
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    fact("each answer is whole, and the server's requests are", !wrong);
    fact("there were some of each kind", theirs && ours && ended);
    for (uint64_t end = now_ns() + LONG; open_descriptors() > before && now_ns() < end;)
        poll(&nothing, 1, 1); /* the timer of a set that was closed after a lift goes with the next wait */
    fact_equal("no descriptor is left", open_descriptors(), before);
    fact_equal("and nothing is kept", table->kept, 0);
    printf("# %lu of the server's, %lu of ours, %lu ends, %lu wrong\n", theirs, ours, ended, wrong);
    return 0;
}
