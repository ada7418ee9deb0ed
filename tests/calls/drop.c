/* drop_response: the request arrives, and its answer does not. */
#include "stream.h"

static struct rule dropping(const char *pattern, int then)
{
    struct rule rule = stream_rule(FAULT_drop_response);
    const char *why;
    size_t at;

    rule.error = then;
    if (pattern && !expression_compile(pattern, &rule.request, &why, &at))
        give_up(why);
    return rule;
}

static bool put(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static bool arrives(int fd, const char *text)
{
    char buf[100] = "";

    return recv(fd, buf, strlen(text), MSG_WAITALL) == (ssize_t)strlen(text) && !strcmp(buf, text);
}

static bool served(struct pair p, struct reader *r, const char *request)
{
    char buf[3] = "";

    return put(p.client, request) && arrives(p.server, request) && put(p.server, "ok") &&
           get_all(r, buf, 2, 20000) && !strcmp(buf, "ok");
}

/* Until it was seen to arrive: a look is what drops it. */
static bool comes_to_nothing(struct reader *r)
{
    char byte;

    return get(r, &byte, 1, 300) == -1 && errno == EAGAIN;
}

static void silence(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    char byte;
    int rule = arm(dropping("^DEL", 0)), queued = -1;

    fact(by_way(way, "answers to other requests come"),
         served(p, &r, "GET") && served(p, &r, "GET") && !hits(rule));
    fact(by_way(way, "a request that matches arrives"), put(p.client, "DEL") && arrives(p.server, "DEL"));
    put(p.server, "answer");
    fact(by_way(way, "and its answer does not"), comes_to_nothing(&r) && hits(rule) == 1);
    put(p.server, "more");
    shutdown(p.server, SHUT_WR);
    fact(by_way(way, "nor the rest, nor its end"),
         comes_to_nothing(&r) && !ioctl(p.client, FIONREAD, &queued) && !queued);
    fact(by_way(way, "more can be sent"), put(p.client, "X") && arrives(p.server, "X"));
    lift(rule);
    fact(by_way(way, "lifted, it is at its end"), get(&r, &byte, 1, 20000) == 0);
    reader_end(&r);
    hang_up(p);
}

static void resets(enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);
    int rule = arm(dropping("^DEL", ECONNRESET));
    char byte;

    bool asked = served(p, &r, "GET") && put(p.client, "DEL") && arrives(p.server, "DEL") && !hits(rule);
    put(p.server, "answer");
    errno = 0;
    fact(by_way(way, "reset: the caller meets ECONNRESET when the answer begins"),
         asked && get(&r, &byte, 1, 20000) == -1 && errno == ECONNRESET && hits(rule) == 1);
    fact(by_way(way, "then it is at its end"), get(&r, &byte, 1, 20000) == 0);
    errno = 0;
    fact(by_way(way, "and the peer meets a reset too"),
         recv(p.server, &byte, 1, 0) == -1 && errno == ECONNRESET);
    lift(rule);
    reader_end(&r);
    hang_up(p);
}

static void former_answers(void)
{
    char buf[10] = "";
    struct pair p = connection(listening);
    int rule = arm(dropping("^DEL", 0));

    bool asked = put(p.client, "GET") && arrives(p.server, "GET") && put(p.server, "former") &&
                 recv(p.client, buf, 2, MSG_WAITALL) == 2;
    asked = asked && put(p.client, "DEL") && arrives(p.server, "DEL") && put(p.server, "answer");
    usleep(20000);
    fact("the unread rest of a former answer comes",
         asked && recv(p.client, buf + 2, 8, 0) == 4 && !memcmp(buf, "former", 6));
    fact("and no more", recv(p.client, buf, 8, MSG_DONTWAIT) == -1 && errno == EAGAIN && hits(rule) == 1);
    lift(rule);
    hang_up(p);
}

static void pipelined(void)
{
    struct pair p = connection(listening);
    int rule = arm(dropping("^DEL", 0));

    bool asked = put(p.client, "GET") && put(p.client, "DEL") && arrives(p.server, "GETDEL");
    fact("what is sent before the last was answered cannot be told apart: its answer comes",
         asked && put(p.server, "both") && arrives(p.client, "both"));
    fact("and that is counted",
         !hits(rule) && table->rules[rule].skipped == 1 && table->rules[rule].matches == 1);
    lift(rule);
    hang_up(p);
}

static void every_request(void)
{
    struct pair p = connection(listening), q = connection(listening);
    struct rule second = dropping(NULL, 0);
    char byte;

    second.after = 1;
    second.times = 1;
    int rule = arm(second);
    struct reader r = reader_of(POLL, p.client), other = reader_of(POLL, q.client);
    bool first = served(p, &r, "a");
    bool asked = put(q.client, "b") && arrives(q.server, "b") && put(q.server, "answer");
    fact("without a regex requests are counted one by one: the second is struck",
         first && asked && get(&other, &byte, 1, 300) == -1 && hits(rule) == 1);
    fact("and not the third", served(p, &r, "c") && table->rules[rule].matches == 3);
    lift(rule);
    hang_up(p);
    hang_up(q);
}

static void nothing_dropped_yet(void)
{
    struct pair p = connection(listening);
    int rule = arm(dropping("^DEL", 0));
    struct rule late = stream_rule(FAULT_latency);
    int other = (late.delay_ns = 1 * MS, arm(late));
    bool asked = put(p.client, "DEL") && arrives(p.server, "DEL");

    lift(rule);
    fact("an answer that has not begun to come when the fault is lifted, comes",
         asked && put(p.server, "ok") && arrives(p.client, "ok") && !hits(rule));
    lift(other);
    hang_up(p);
}

static void the_lift(bool more, const char *sentence)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(POLL, p.client);
    struct pollfd in = {.fd = p.client, .events = POLLIN};
    char buf[8];
    int rule = arm(dropping("^DEL", 0));
    bool asked =
        put(p.client, "DEL") && arrives(p.server, "DEL") && put(p.server, "half") && comes_to_nothing(&r);

    if (more)
        put(p.server, "rest");
    lift(rule);
    fact(sentence, asked && (!more || poll(&in, 1, 20000) == 1) && recv(p.client, buf, 8, 0) == 0);
    hang_up(p);
}

static char chunk[1 << 16];

static void *receive_one(void *arg)
{
    char byte;

    return (void *)recv(*(int *)arg, &byte, 1, 0);
}

/* Longer than what the kernel keeps, while a thread waits without a time-out. */
static void a_long_answer(void)
{
    struct pair p = connection(listening);
    struct timeval patience = {.tv_sec = 20};
    pthread_t thread;
    void *end = (void *)-2;
    size_t sent = 0;
    int rule = arm(dropping("^DEL", 0));

    bool asked = put(p.client, "DEL") && arrives(p.server, "DEL");
    pthread_create(&thread, NULL, receive_one, &p.client);
    setsockopt(p.server, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while (asked && sent < 64u << 20) {
        ssize_t n = send(p.server, chunk, sizeof(chunk), MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    fact("the peer can send all of a long answer", sent >= 64u << 20 && hits(rule) == 1);
    put(p.server, "the rest");
    lift(rule);
    pthread_join(thread, &end);
    fact("who waits for it wakes at the lift, at the end", !end);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 9 * WAYS + 2 + 2 + 2 + 1 + 2 + 2);
    for (enum manner way = 0; way < WAYS; way++) {
        silence(way);
        resets(way);
    }
    former_answers();
    pipelined();
    every_request();
    nothing_dropped_yet();
    the_lift(false, "lifted, a connection whose peer did not close it is at its end too");
    the_lift(true, "and what came unseen before the lift is not read");
    a_long_answer();
    return 0;
}
