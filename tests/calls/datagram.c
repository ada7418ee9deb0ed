/* Loss of datagrams, by every call that sends one. */
#include <sys/uio.h>

#include "host.h"

#define PEER (1u << 1)

static int server, client;
static struct sockaddr_in there;

static int datagram_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        give_up("socket");
    return fd;
}

static void begin(void)
{
    struct target t = {.kind = TARGET_ADDRESS, .bit = 1, .protocol = PROTOCOL_UDP, .prefix = 96};

    server = datagram_socket();
    client = datagram_socket();
    there = local(0);
    if (bind(server, (struct sockaddr *)&there, sizeof(there)))
        give_up("bind");
    t.address[10] = t.address[11] = 0xff;
    t.port = port_of(server);
    target_add(t);
    there = local(t.port);
    if (dial(client, t.port))
        give_up("connect");
}

/* On loopback what was sent is there when the call returns. */
static int arrived(void)
{
    int count = 0;

    while (recv(server, (char[16]){0}, 16, MSG_DONTWAIT) > 0)
        count++;
    return count;
}

static ssize_t by_send(void)
{
    return send(client, "abc", 3, 0);
}

static ssize_t by_write(void)
{
    return write(client, "abc", 3);
}

static ssize_t by_sendto(void)
{
    int fd = datagram_socket();
    ssize_t sent = sendto(fd, "abc", 3, 0, (struct sockaddr *)&there, sizeof(there));

    close(fd);
    return sent;
}

static struct iovec parts[] = {{"ab", 2}, {"c", 1}};

static ssize_t by_writev(void)
{
    return writev(client, parts, 2);
}

static ssize_t by_sendmsg(void)
{
    return sendmsg(client, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, 0);
}

static ssize_t by_sendmmsg(void)
{
    struct mmsghdr two[2] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}},
                             {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}}};
    int sent = sendmmsg(client, two, 2, 0);

    return sent == 1 ? (ssize_t)two[0].msg_len : -1;
}

static void lost_by(const char *call, ssize_t (*send_one)(void))
{
    char sentence[80];
    int rule = arm_fault(FAULT_loss, PEER);

    errno = FOREIGN;
    ssize_t sent = send_one();
    snprintf(sentence, sizeof(sentence), "%s: the program is told that all was sent", call);
    fact(sentence, sent == 3 && errno == FOREIGN);
    snprintf(sentence, sizeof(sentence), "%s: nothing arrives, and it is counted", call);
    fact(sentence, arrived() == 0 && hits(rule) == 1);
    lift(rule);
}

static void some_are_lost(void)
{
    int rule = arm((struct rule){.kind = FAULT_loss,
                                 .effect = EFFECT_LOSE,
                                 .calls = fault_calls(FAULT_loss),
                                 .targets = PEER,
                                 .every = 3}),
        sent = 0;

    for (int i = 0; i < 9; i++)
        sent += send(client, "x", 1, 0) == 1;
    fact("every third: the others arrive", sent == 9 && arrived() == 6 && hits(rule) == 3);
    lift(rule);
}

static void others_are_spared(void)
{
    int rule = arm_fault(FAULT_loss, PEER), other = datagram_socket(), pair[2], got;
    struct sockaddr_in own = local(0);

    if (bind(other, (struct sockaddr *)&own, sizeof(own)) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        give_up("sockets");
    own = local(port_of(other));
    sendto(server, "x", 1, 0, (struct sockaddr *)&own, sizeof(own));
    got = (int)recv(other, &(char){0}, 1, MSG_DONTWAIT);
    fact("what is sent elsewhere arrives", got == 1 && hits(rule) == 0);
    got = write(pair[0], "x", 1) == 1 ? (int)recv(pair[1], &(char){0}, 1, MSG_DONTWAIT) : -1;
    fact("and so does what a stream sends", got == 1 && hits(rule) == 0);
    lift(rule);
    close(pair[0]);
    close(pair[1]);
    close(other);
}

/* A dependency may be spoken to by both. */
static void streams_are_no_datagrams(void)
{
    int listening = listener();

    target_port(2, port_of(listening));
    struct pair p = connection(listening);
    int rule = arm_fault(FAULT_loss, 1u << 2);
    bool sent = write(p.client, "x", 1) == 1,
         came = poll(&(struct pollfd){.fd = p.server, .events = POLLIN}, 1, 5000) == 1;
    fact("a stream to the target itself loses nothing", sent && came && hits(rule) == 0);
    lift(rule);
    hang_up(p);
    close(listening);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 17);
    begin();
    lost_by("send", by_send);
    lost_by("write", by_write);
    lost_by("sendto", by_sendto);
    lost_by("writev", by_writev);
    lost_by("sendmsg", by_sendmsg);
    lost_by("sendmmsg, one of two", by_sendmmsg);
    some_are_lost();
    others_are_spared();
    streams_are_no_datagrams();
    fact("after the lift it is as before", by_send() == 3 && arrived() == 1);
    return 0;
}
