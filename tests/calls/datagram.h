/* What the datagram tests share: a server that is the target, a client that is connected to it, and rules.
 * The process plays both ends; the rules are outbound, so that the server's end is left alone. */
#ifndef TESTS_DATAGRAM_H
#define TESTS_DATAGRAM_H

#include "stream.h"

static int server;
static struct sockaddr_in there; /* the server */

static UNUSED int datagram_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = local(0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
        give_up("socket");
    return fd;
}

static UNUSED void target_datagrams(int bit, uint16_t port)
{
    target_port(bit, port);
    table->targets[table->target_count - 1].protocol = PROTOCOL_UDP;
}

static UNUSED void datagram_begin(char **argv, int plan)
{
    host_begin(argv, plan);
    setvbuf(stdout, NULL, _IONBF, 0);
    server = datagram_socket();
    there = local(port_of(server));
    target_datagrams(0, port_of(server));
}

/* On loopback what was sent is there when the call returns, mostly: on a busy machine a moment later. */
static UNUSED void tell(int from, int to, const char *text)
{
    struct sockaddr_in address = local(port_of(to));

    if (sendto(from, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address)) < 0)
        give_up("sendto");
}

static UNUSED int connected_client(void)
{
    int fd = datagram_socket();

    if (dial(fd, port_of(server)))
        give_up("connect");
    return fd;
}

/* The next as text; "-" when there is none within that time.  One that is found only when the time is over
 * woke nobody: that is late. */
static UNUSED const char *heard(struct reader *r, int ms)
{
    static char text[100];
    uint64_t start = now_ns();
    ssize_t got = get(r, text, sizeof(text) - 1, ms);

    if (got < 0)
        return errno == EAGAIN ? "-" : "error";
    text[got] = 0;
    return ms && since(start) >= (uint64_t)ms * MS ? "late" : text;
}

/* And without waiting. */
static UNUSED const char *there_is(int fd)
{
    static char text[100];
    ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN ? "-" : "error";
    text[got] = 0;
    return text;
}

/* One that is due. */
static UNUSED const char *comes(int fd)
{
    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 10000);
    return there_is(fd);
}

static UNUSED bool is(const char *got, const char *wanted)
{
    if (strcmp(got, wanted))
        printf("# got \"%s\", wanted \"%s\"\n", got, wanted);
    return !strcmp(got, wanted);
}

/* By looking, as often as it takes. */
static UNUSED bool hits_come_to(int rule, uint64_t wanted, int fd)
{
    for (uint64_t end = now_ns() + 10 * SECOND; hits(rule) < wanted && now_ns() < end; usleep(1000))
        if (strcmp(there_is(fd), "-"))
            return false;
    return hits(rule) == wanted;
}

static UNUSED int arm_reorder(uint64_t delay_ns)
{
    struct rule rule = stream_rule(FAULT_reorder);

    rule.delay_ns = delay_ns;
    rule.every = 2;
    return arm(rule);
}

static UNUSED int arm_every(enum fault_kind kind, uint64_t every)
{
    struct rule rule = stream_rule(kind);

    rule.every = every;
    return arm(rule);
}

#endif
