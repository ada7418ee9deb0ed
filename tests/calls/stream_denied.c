/* An edge is told once.  Who was told, and then did not get what it came for because a rule held it by then,
 * is told again when the rule is gone: also if it was gone before the program waited again. */
#include "stream.h"

static bool is_denied(int fd)
{
    char bytes[2];

    return recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

/* The shim has met the connection, and given it room: that tells of it, too. */
static bool warm_up(struct pair p, struct reader *r)
{
    int rule = arm_latency(1);
    char byte;
    bool right = send(p.server, "x", 1, 0) == 1 && ready(r, 5000) == 1 && recv(p.client, &byte, 1, 0) == 1;

    lift(rule);
    return right && ready(r, 0) == 0;
}

/* another: a rule that is about the same connection, and comes before the first one goes. */
static bool is_told_again(enum manner way, bool another)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int late = -1;
    char byte = 0;

    bool right = warm_up(p, &r) && send(p.server, "x", 1, 0) == 1 && ready(&r, 5000) == 1;
    int hole = arm_blackhole();
    right = right && is_denied(p.client);
    if (another)
        late = arm_latency(1);
    lift(hole);
    right = right && ready(&r, 5000) == 1 && recv(p.client, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'x';
    if (late >= 0)
        lift(late);
    right = right && ready(&r, 0) == 0;
    reader_end(&r);
    hang_up(p);
    return right;
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 2 * 2);
    listening = listener();
    target_port(0, port_of(listening));
    for (enum manner way = LEVEL; way <= EDGE; way++) {
        fact(by_way(way, "told, denied, and told again when the rule is gone"), is_told_again(way, false));
        fact(by_way(way, "and when another has come"), is_told_again(way, true));
    }
    return 0;
}
