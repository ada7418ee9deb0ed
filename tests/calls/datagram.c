/* Loss and doubling of datagrams, by every call that sends one. */
#include "datagram.h"

static int client;

/* What came before this, which no rule hinders.  It may not overtake, so there is nothing to wait for. */
static int arrived(void)
{
    int count = 0;

    send(client, "end", 3, 0);
    for (;;) {
        const char *got = comes(server);
        if (!strcmp(got, "end") || !strcmp(got, "-"))
            return count;
        count++;
    }
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

    return sent == 2 && two[0].msg_len == two[1].msg_len ? (ssize_t)two[0].msg_len : -1;
}

static void struck_by(enum fault_kind kind, const char *call, ssize_t (*send_one)(void), uint64_t count)
{
    char sentence[120];
    int rule = arm(stream_rule(kind));
    bool doubles = kind == FAULT_duplicate;

    errno = FOREIGN;
    ssize_t sent = send_one();
    snprintf(sentence, sizeof(sentence), "%s: %s: the program is told that all was sent", call,
             fault_name(kind));
    fact(sentence, sent == 3 && errno == FOREIGN);
    lift(rule);
    snprintf(sentence, sizeof(sentence), "%s: %s arrives, and each is counted", call,
             doubles ? "each twice" : "nothing");
    fact_equal(sentence, arrived() * 100 + (int)hits(rule), (long)(doubles ? 201 * count : count));
}

static void sent_by(const char *call, ssize_t (*send_one)(void), uint64_t count)
{
    struck_by(FAULT_loss, call, send_one, count);
    struck_by(FAULT_blackhole, call, send_one, count);
    struck_by(FAULT_duplicate, call, send_one, count);
}

/* Of a batch each is decided on its own, and one that is lost is sent for all that the program sees. */
static void one_of_a_batch(void)
{
    struct mmsghdr four[4];
    char letters[] = "abcd", got[5] = "";
    struct iovec part[4];
    int rule = arm_every(FAULT_loss, 2);

    for (int i = 0; i < 4; i++) {
        part[i] = (struct iovec){letters + i, 1};
        four[i] = (struct mmsghdr){
            .msg_hdr = {
                .msg_iov = &part[i], .msg_iovlen = 1, .msg_name = &there, .msg_namelen = sizeof(there)}};
    }
    int fd = datagram_socket(), sent = sendmmsg(fd, four, 4, 0);
    lift(rule);
    for (int i = 0; i < 2; i++)
        got[i] = *comes(server);
    fact("sendmmsg: each is decided on its own", sent == 4 && is(got, "bd") && hits(rule) == 2 && !arrived());
    close(fd);
}

/* The kernel's own refusal is told, as it would be of what was sent once. */
static void copy_meets_an_error(void)
{
    int gone = datagram_socket(), fd = datagram_socket();

    target_datagrams(0, port_of(gone));
    if (dial(fd, port_of(gone)))
        give_up("connect");
    close(gone);
    if (send(fd, "x", 1, 0) != 1 || poll(&(struct pollfd){.fd = fd}, 1, 10000) != 1)
        give_up("no error comes");
    int rule = arm(stream_rule(FAULT_duplicate));
    bool told = send(fd, "x", 1, 0) == -1 && errno == ECONNREFUSED;
    fact("duplicate: an error that is there is told, not lost with the copy",
         told && hits(rule) == 0 && table->rules[rule].skipped == 1);
    lift(rule);
    close(fd);
}

static void requests_of_their_own(void)
{
    struct rule lossy = stream_rule(FAULT_loss);
    const char *why;
    size_t at;

    if (!expression_compile("^get", &lossy.request, &why, &at))
        give_up(why);
    int rule = arm(lossy);
    bool sent = send(client, "set 1", 5, 0) == 5 && send(client, "get 1", 5, 0) == 5;
    fact("request: only what matches is lost",
         sent && is(comes(server), "set 1") && !arrived() && hits(rule) == 1);
    tell(server, client, "get 1");
    fact("request: and nothing that comes back", is(comes(client), "get 1") && hits(rule) == 1);
    lift(rule);
}

static void some_are_lost(void)
{
    int rule = arm_every(FAULT_loss, 3), sent = 0;

    for (int i = 0; i < 9; i++)
        sent += send(client, "x", 1, 0) == 1;
    lift(rule);
    fact("every third: the others arrive", sent == 9 && arrived() == 6 && hits(rule) == 3);
}

static void others_are_spared(void)
{
    int rule = arm(stream_rule(FAULT_loss)), other = datagram_socket(), pair[2], got;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        give_up("sockets");
    tell(other, other, "x");
    fact("what is sent elsewhere arrives", is(comes(other), "x") && hits(rule) == 0);
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
    listening = listener();
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

static void unix_datagrams(void)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct target t = {.kind = TARGET_UNIX};

    snprintf(own.sun_path, sizeof(own.sun_path), "%.80s/log", scratch);
    snprintf(t.text, sizeof(t.text), "%s", own.sun_path);
    target_add(t);
    if (bind(receiver, (struct sockaddr *)&own, sizeof(own)) ||
        connect(sender, (struct sockaddr *)&own, sizeof(own)))
        give_up("unix");
    int rule = arm_every(FAULT_loss, 2);
    bool sent = send(sender, "one", 3, 0) == 3 && send(sender, "two", 3, 0) == 3;
    fact("of a unix socket's what is sent can be lost",
         sent && is(comes(receiver), "two") && is(there_is(receiver), "-") && hits(rule) == 1);
    lift(rule);
    close(receiver);
    close(sender);
}

int main(int argc, char **argv)
{
    (void)argc;
    datagram_begin(argv, 6 * 6 + 10);
    client = connected_client();
    sent_by("send", by_send, 1);
    sent_by("write", by_write, 1);
    sent_by("sendto", by_sendto, 1);
    sent_by("writev", by_writev, 1);
    sent_by("sendmsg", by_sendmsg, 1);
    sent_by("sendmmsg", by_sendmmsg, 2);
    one_of_a_batch();
    copy_meets_an_error();
    some_are_lost();
    requests_of_their_own();
    others_are_spared();
    streams_are_no_datagrams();
    unix_datagrams();
    fact("after the lift it is as before", by_send() == 3 && arrived() == 1);
    return 0;
}
